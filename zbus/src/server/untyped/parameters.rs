//! Arguments of a call as the parameters of a closure.

use serde::de::DeserializeOwned;
use serde_with::Same;

use crate::server::object::{Arguments, Call};
use crate::server::rejection::Rejection;
use crate::untyped::Variadic;

/// The parameters of a method's closure, as a tuple.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the parameters of a method",
    label = "an argument cannot be read as one of these",
    note = "each parameter implements `Deserialize` and borrows nothing (`String`, not `&str`); the last may be a `Variadic`"
)]
pub trait Parameters: Sized + 'static {
    #[doc(hidden)]
    const COUNT: usize;

    #[doc(hidden)]
    fn extract(call: &Call, names: &[String]) -> Result<Self, Rejection>;
}

/// A parameter of a method's closure.
#[diagnostic::on_unimplemented(
    message = "an argument cannot be read as `{Self}`",
    label = "not a parameter of a method",
    note = "a parameter implements `Deserialize` and borrows nothing (`String`, not `&str`); a `Variadic` is the last"
)]
pub trait Parameter: DeserializeOwned + 'static {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + 'static> Parameter for T {}

/// The last parameter of a method's closure: one that implements `Deserialize`, or a [`Variadic`].
#[diagnostic::on_unimplemented(
    message = "an argument cannot be read as `{Self}`",
    label = "not the last parameter of a method",
    note = "a parameter implements `Deserialize` and borrows nothing (`String`, not `&str`); the last may be a `Variadic`"
)]
pub trait LastParameter: Sized + 'static {
    #[doc(hidden)]
    fn arguments(call: &Call, count: usize) -> Result<Arguments<'_>, Rejection>;

    #[doc(hidden)]
    fn last(arguments: &mut Arguments<'_>, name: &str) -> Result<Self, Rejection>;
}

#[diagnostic::do_not_recommend]
impl<T: Parameter> LastParameter for T {
    fn arguments(call: &Call, count: usize) -> Result<Arguments<'_>, Rejection> {
        call.arguments(count)
    }

    fn last(arguments: &mut Arguments<'_>, name: &str) -> Result<Self, Rejection> {
        arguments.next::<Same, T>(name)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Parameter> LastParameter for Variadic<T> {
    fn arguments(call: &Call, count: usize) -> Result<Arguments<'_>, Rejection> {
        call.variadic_arguments(count.saturating_sub(1))
    }

    fn last(arguments: &mut Arguments<'_>, name: &str) -> Result<Self, Rejection> {
        arguments.rest::<Same, T>(name).map(Self)
    }
}

impl Parameters for () {
    const COUNT: usize = 0;

    fn extract(call: &Call, _names: &[String]) -> Result<Self, Rejection> {
        call.arguments(0).map(drop)
    }
}

macro_rules! tuples {
    ($([$count:literal $($first:ident)*] $last:ident;)*) => {
        $(
            #[diagnostic::do_not_recommend]
            impl<$($first: Parameter,)* $last: LastParameter> Parameters for ($($first,)* $last,) {
                const COUNT: usize = $count;

                fn extract(call: &Call, names: &[String]) -> Result<Self, Rejection> {
                    let mut arguments = $last::arguments(call, Self::COUNT)?;
                    let mut names = names.iter();
                    let mut name = || names.next().map_or("", String::as_str);
                    Ok(($(arguments.next::<Same, $first>(name())?,)* $last::last(&mut arguments, name())?,))
                }
            }
        )*
    };
}

tuples! {
    [1] A;
    [2 A] B;
    [3 A B] C;
    [4 A B C] D;
    [5 A B C D] E;
    [6 A B C D E] F;
    [7 A B C D E F] G;
    [8 A B C D E F G] H;
}
