//! The bus without a schema: calls of methods by name, and objects made of closures.
//!
//! [`Client::request`](crate::Client::request), [`Client::subscribe`](crate::Client::subscribe) and [`UntypedObject`] do what the code
//! generated from a schema does, with names and types that you write in the program. Nothing checks them against the other end before a
//! call.
//!
//! ```
//! use zbus::types::Value;
//! use zbus::{Client, Failure, Server, UntypedObject};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let calculator = UntypedObject::new("calculator@1.0")
//!     .method("Add", |a: f64, b: f64| async move { a + b })
//!     .throwing("Divide", |a: i64, b: i64| async move {
//!         a.checked_div(b).ok_or_else(|| Failure::new("division by zero"))
//!     });
//! let server = Server::new("calc").register(calculator)?.start("memory://untyped-docs").await?;
//!
//! let client = Client::connect("memory://untyped-docs").await?;
//! let sum: f64 = client.request("calc", "calculator@1.0", "Add", (1.0, 2.0)).await?.get()?;
//! assert_eq!(sum, 3.0);
//! let any = client.request("calc", "calculator@1.0", "Divide", (7, 2)).await?.value()?;
//! assert_eq!(any, Value::from(3));
//! let error = client.request("calc", "calculator@1.0", "Divide", (7, 0)).await.unwrap_err();
//! assert_eq!(error.to_string(), "division by zero");
//! # server.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Types
//! Every type that implements `Serialize` and `Deserialize` can be sent. It has the same bytes as a type of the same shape in a schema:
//! integers and floats at their width, structs as maps of their fields' names. Some types of a schema have another form on the wire than in
//! `serde`, such as [`Timestamp`]: wrap them in [`Wire`].
//!
//! # Encoded values
//! A program that has a codec of its own, such as a binding for another language, passes [`Document`]s: encoded values that are sent as they
//! are. [`Returned::document`] gives the reply as it came.

use std::net::IpAddr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_with::{DeserializeAs, SerializeAs};

pub use crate::client::{RequestArguments, Returned, UntypedRequest};
pub use crate::server::{
    Event, Function, LastParameter, MethodFuture, MethodName, Parameter, Parameters, ThrowingFuture, UntypedObject,
};
use crate::types::{Bytes, Duration, IpNet, Timestamp, Value, zero};
use crate::wire::adapter;

pub use crate::wire::Document;

/// The arguments of a variadic parameter, which is the last one: `...T` in a schema. Each is an argument of its own on the wire.
///
/// ```
/// # use zbus::untyped::Variadic;
/// # use zbus::{Client, Server, UntypedObject};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let object = UntypedObject::new("calculator@1.0")
///     .method("Scale", |by: f64, Variadic(values): Variadic<f64>| async move {
///         values.into_iter().map(|value| value * by).collect::<Vec<_>>()
///     });
/// # let server = Server::new("calc").register(object)?.start("memory://variadic-docs").await?;
/// # let client = Client::connect("memory://variadic-docs").await?;
/// let arguments = (2.0, Variadic(vec![1.0, 2.0, 3.0])); // four arguments
/// let scaled: Vec<f64> = client.request("calc", "calculator@1.0", "Scale", arguments).await?.get()?;
/// assert_eq!(scaled, [2.0, 4.0, 6.0]);
/// # server.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variadic<T>(pub Vec<T>);

/// A value in the form that its type has in a schema, if that is another than its `serde` form: a [`Timestamp`], a [`Duration`] (or those of
/// the standard library and of chrono), an [`IpAddr`], an [`IpNet`], bytes, and a [`Value`] whose integers are sent as `i64`, as Go's `int`
/// is. Its `Default` is the zero value of the type in a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wire<T>(pub T);

/// A type that [`Wire`] carries.
#[diagnostic::on_unimplemented(
    message = "`Wire` does not carry `{Self}`",
    label = "not a type with a form of its own on the wire",
    note = "`Wire` is for `zbus::types::{{Timestamp, Duration, IpNet, Bytes, Value}}`, the standard library's `SystemTime`, `Duration` and \
            `IpAddr`, chrono's times, and `Vec<u8>`; all other types that implement `Serialize` and `Deserialize` are sent as they are"
)]
pub trait WireForm: Sized {
    #[doc(hidden)]
    type Adapter: SerializeAs<Self> + for<'de> DeserializeAs<'de, Self>;

    /// The value that a missing or nil one is read as.
    fn zero() -> Self;
}

macro_rules! wire_forms {
    ($($type:ty: $adapter:ty, $zero:expr;)*) => {
        $(
            impl WireForm for $type {
                type Adapter = $adapter;

                fn zero() -> Self {
                    $zero
                }
            }
        )*
    };
}

wire_forms! {
    Timestamp: adapter::Timestamp, zero::timestamp();
    Duration: adapter::Duration, Duration::ZERO;
    std::time::SystemTime: adapter::Timestamp, zero::system_time();
    std::time::Duration: adapter::Duration, std::time::Duration::ZERO;
    IpAddr: adapter::Ip, zero::ip();
    IpNet: adapter::Cidr, zero::cidr();
    Option<IpNet>: adapter::OptionalCidr, None;
    Vec<u8>: adapter::Bytes, Vec::new();
    Bytes: adapter::SharedBytes, Bytes::new();
    Value: adapter::Any, Value::Nil;
}

#[cfg(feature = "chrono")]
wire_forms! {
    chrono::DateTime<chrono::Utc>: adapter::Timestamp, zero::date_time();
    chrono::TimeDelta: adapter::Duration, chrono::TimeDelta::zero();
}

impl<T: WireForm> Default for Wire<T> {
    fn default() -> Self {
        Self(T::zero())
    }
}

impl<T: WireForm> Serialize for Wire<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        T::Adapter::serialize_as(&self.0, serializer)
    }
}

impl<'de, T: WireForm> Deserialize<'de> for Wire<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::Adapter::deserialize_as(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{decode, encode};

    fn bytes(value: &impl Serialize) -> String {
        let mut out = Vec::new();
        encode(value, &mut out).unwrap();
        hex::encode(out)
    }

    #[test]
    fn wire_values_travel_as_a_schemas_do_and_default_to_its_zero_values() {
        assert_eq!(bytes(&Wire(Timestamp::UNIX_EPOCH)), "d6ff00000000");
        assert_eq!(bytes(&Wire(Duration::from_secs(1))), "d3000000003b9aca00");
        assert_eq!(bytes(&Wire(IpAddr::from([10, 0, 0, 1]))), "c4040a000001");
        assert_eq!(bytes(&Wire(vec![1_u8, 2])), "c4020102");
        assert_eq!(bytes(&vec![Wire(Value::from(1))]), "91d30000000000000001");
        assert_eq!(Wire::<Timestamp>::default().0, zero::timestamp());
        let read: Vec<Wire<Timestamp>> = decode(&hex::decode("91c0").unwrap()).unwrap();
        assert_eq!(read, [Wire::default()]);
    }
}
