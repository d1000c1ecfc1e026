//! What a server tells of itself. Go's `zbus.Status`, key by key.

use serde::{Deserialize, Serialize};
use serde_with::As;

use crate::ObjectId;
use crate::types::{Timestamp, zero};
use crate::wire::adapter;

/// A server's objects and workers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct Status {
    /// The objects that it serves.
    pub objects: Vec<ObjectStatus>,
    /// Its workers, free or busy.
    pub workers: Vec<WorkerStatus>,
}

/// An object that a server serves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct ObjectStatus {
    /// The object's name.
    pub name: String,
    /// The object's version; empty for none.
    pub version: String,
}

impl From<&ObjectId> for ObjectStatus {
    fn from(id: &ObjectId) -> Self {
        Self { name: id.name().to_owned(), version: id.version().to_owned() }
    }
}

/// A worker of a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct WorkerStatus {
    /// `free` or `busy`.
    pub state: String,
    /// Since when.
    #[serde(with = "As::<adapter::Timestamp>")]
    pub start_time: Timestamp,
    /// What a busy worker runs: `[object@version].Method()`.
    pub action: String,
}

impl Default for WorkerStatus {
    fn default() -> Self {
        Self { state: String::new(), start_time: zero::timestamp(), action: String::new() }
    }
}
