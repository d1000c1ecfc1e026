//! What generated code uses, beside the rest of this crate's public surface. Not meant to be written by hand.

pub use futures::Stream;
pub use serde::{self, Deserialize, Serialize};
pub use serde_with::{As, Same};

/// How types travel whose own serde form is another one: adapters in the shape of `serde_with`'s.
pub mod wire {
    pub use crate::wire::adapter::{Any, Bytes, Cidr, Duration, Ip, OptionalCidr, SharedBytes, SortedMap, Timestamp};
}
