//! Closures as methods: how one is called, and what it gives back.

use std::marker::PhantomData;

use serde::Serialize;

use super::parameters::Parameters;
use crate::broker::BoxFuture;
use crate::failure::Failure;
use crate::server::object::{Call, Returns};
use crate::server::rejection::Rejection;

/// A closure of up to 8 parameters, whose types are `P`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a function that can be a method",
    label = "not a method",
    note = "a method is a closure of up to 8 parameters, each with its type: `|a: f64, b: f64| async move {{ a + b }}`",
    note = "it can be called any number of times, from any thread: what it captures is `Send`, `Sync` and owned (or an `Arc`), and is \
            cloned into the future"
)]
pub trait Function<P>: Send + Sync + 'static {
    /// What a call gives.
    type Output;

    #[doc(hidden)]
    fn invoke(&self, parameters: P) -> Self::Output;
}

/// What a method's closure gives: a future of the values that it returns.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what a method's closure gives",
    label = "not a future that can be sent between threads, of values that travel",
    note = "a method's closure gives a future: `|a: f64| async move {{ … }}`; the future is `Send` and owns what it uses",
    note = "its value implements `Serialize`; one that is a `Result` belongs to `throwing`, not to `method`"
)]
pub trait MethodFuture: Future<Output: Serialize> + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<R: Future<Output: Serialize> + Send + 'static> MethodFuture for R {}

/// What the closure of a method gives that may fail: a future of a `Result`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what a throwing method's closure gives",
    label = "not a future of a `Result` that can be sent between threads",
    note = "its future is `Send`, owns what it uses, and gives a `Result`, whose value implements `Serialize` and `Default` and whose \
            error is a `Failure` or any `std::error::Error`"
)]
pub trait ThrowingFuture: Future + Send + 'static {
    #[doc(hidden)]
    type Value: Serialize;

    #[doc(hidden)]
    fn split(result: Self::Output) -> (Self::Value, Option<Failure>);
}

#[diagnostic::do_not_recommend]
impl<R, T, E> ThrowingFuture for R
where
    R: Future<Output = Result<T, E>> + Send + 'static,
    T: Serialize + Default,
    E: Into<Failure>,
{
    type Value = T;

    fn split(result: Result<T, E>) -> (T, Option<Failure>) {
        match result {
            Ok(value) => (value, None),
            Err(error) => (T::default(), Some(error.into())),
        }
    }
}

/// The name of a method on the wire, with or without names for its parameters: `"Add"` or `("Add", ["a", "b"])`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name a method and its parameters",
    label = "not a name, or not as many names as the closure has parameters",
    note = "a method is named by a text, or by a text and one name for each parameter of its closure: `(\"Add\", [\"a\", \"b\"])`"
)]
pub trait MethodName<P> {
    #[doc(hidden)]
    fn split(self) -> (String, Vec<String>);
}

impl<P> MethodName<P> for &str {
    fn split(self) -> (String, Vec<String>) {
        (self.to_owned(), Vec::new())
    }
}

impl<P> MethodName<P> for String {
    fn split(self) -> (String, Vec<String>) {
        (self, Vec::new())
    }
}

macro_rules! functions {
    ($([$count:literal $($type:ident)*])*) => {
        $(
            impl<F, R, $($type),*> Function<($($type,)*)> for F
            where
                F: Fn($($type),*) -> R + Send + Sync + 'static,
            {
                type Output = R;

                #[allow(non_snake_case, reason = "a parameter is named as its type")]
                fn invoke(&self, ($($type,)*): ($($type,)*)) -> R {
                    self($($type),*)
                }
            }

            impl<N: Into<String>, L: Into<String>, $($type),*> MethodName<($($type,)*)> for (N, [L; $count]) {
                fn split(self) -> (String, Vec<String>) {
                    (self.0.into(), self.1.into_iter().map(Into::into).collect())
                }
            }
        )*
    };
}

functions! {
    [0]
    [1 A]
    [2 A B]
    [3 A B C]
    [4 A B C D]
    [5 A B C D E]
    [6 A B C D E G]
    [7 A B C D E G H]
    [8 A B C D E G H I]
}

/// A method of whatever type.
pub(super) trait Method: Send + Sync {
    fn run(&self, call: Call) -> BoxFuture<'_, Result<Returns, Rejection>>;
}

/// Writes what a method gave.
type Write<T> = fn(T, &mut Returns) -> Result<(), Rejection>;

pub(super) struct Closure<F: Function<P>, P>
where
    F::Output: Future,
{
    function: F,
    /// The names of the parameters, for errors alone.
    labels: Vec<String>,
    write: Write<<F::Output as Future>::Output>,
    parameters: PhantomData<fn(P)>,
}

impl<F: Function<P>, P: Parameters> Closure<F, P>
where
    F::Output: Future,
{
    pub(super) fn new(function: F, names: Vec<String>, write: Write<<F::Output as Future>::Output>) -> Self {
        let labels =
            if names.is_empty() { (1..=P::COUNT).map(|position| format!("#{position}")).collect() } else { names };
        Self { function, labels, write, parameters: PhantomData }
    }
}

impl<F, P> Method for Closure<F, P>
where
    F: Function<P>,
    P: Parameters,
    F::Output: Future + Send + 'static,
{
    fn run(&self, call: Call) -> BoxFuture<'_, Result<Returns, Rejection>> {
        let result = match P::extract(&call, &self.labels) {
            Ok(parameters) => self.function.invoke(parameters),
            Err(rejection) => return Box::pin(std::future::ready(Err(rejection))),
        };
        let write = self.write;
        Box::pin(async move {
            let value = result.await;
            let mut returns = call.returns();
            write(value, &mut returns)?;
            Ok(returns)
        })
    }
}
