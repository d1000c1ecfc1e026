//! What a server tells of itself. Go's `zbus.Status`, key by key, and optional keys that Go ignores.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_with::As;

use crate::ObjectId;
use crate::types::{Timestamp, zero};
use crate::wire::adapter;

/// What a server tells of itself. Go's servers give its objects and workers alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct Status {
    /// The objects that it serves.
    pub objects: Vec<ObjectStatus>,
    /// Its workers, free or busy.
    pub workers: Vec<WorkerStatus>,
    /// The id of the server among those of its module: a UUID, another one each time that a server starts. None from Go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// What [`Server::version`](crate::Server::version) says. None from Go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The contract hash (see `docs/contract-hash.md`) of each object that was generated from a schema, by `name@version`:
    /// two that differ belong to schemas of which a message could tell that they do. Empty from Go.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub contracts: BTreeMap<String, String>,
    /// How its requests ended. None from Go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counters: Option<Counters>,
}

/// How the requests of a server have ended since it started, each counted once. Those for the status do not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct Counters {
    /// The method ended, and threw nothing.
    pub served: u64,
    /// The method ended with an error of its own.
    pub failed: u64,
    /// The method could not be run, or not to its end, and its caller learned why (see [`RejectionKind`](crate::RejectionKind)).
    pub rejected: u64,
    /// No answer was due: the deadline had passed, the caller had given the call up, or the message was no request.
    pub dropped: u64,
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
    /// It runs a call whose deadline has passed, or one without a deadline for more than a minute: its method may hang, or block its
    /// thread. False from Go.
    #[serde(skip_serializing_if = "is_false")]
    pub overdue: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_false(value: &bool) -> bool {
    !value
}

impl Default for WorkerStatus {
    fn default() -> Self {
        Self { state: String::new(), start_time: zero::timestamp(), action: String::new(), overdue: false }
    }
}
