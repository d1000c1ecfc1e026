//! The status of a server: Go's `zbus.Status`, key by key, and optional keys that Go ignores.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_with::As;

use crate::ObjectId;
use crate::types::{Timestamp, zero};
use crate::wire::adapter;

/// The status of a server. Go servers report only objects and workers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct Status {
    /// The objects that it serves.
    pub objects: Vec<ObjectStatus>,
    /// Its workers, free or busy.
    pub workers: Vec<WorkerStatus>,
    /// The id of the server among the servers of its module: a UUID, new each time that a server starts. `None` from Go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The version set with [`Server::version`](crate::Server::version). `None` from Go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The contract hash (see `docs/contract-hash.md`) of each object that was generated from a schema, by `name@version`.
    /// If two hashes differ, the schemas differ in a way that a message can show. Empty from Go.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub contracts: BTreeMap<String, String>,
    /// How its requests ended. `None` from Go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counters: Option<Counters>,
}

/// How the requests of a server have ended since it started. Each is counted once. Status requests are not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct Counters {
    /// The method ended without an error.
    pub served: u64,
    /// The method ended with an error of its own.
    pub failed: u64,
    /// The method could not run, or not to its end, and its caller got the reason (see [`RejectionKind`](crate::RejectionKind)).
    pub rejected: u64,
    /// No reply was due: the deadline had passed, the caller had given up the call, or the message was not a request.
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
    /// When the worker entered this state.
    #[serde(with = "As::<adapter::Timestamp>")]
    pub start_time: Timestamp,
    /// The call that a busy worker runs: `[object@version].Method()`.
    pub action: String,
    /// The worker runs a call whose deadline has passed, or has run a call without a deadline for more than a minute. The method may
    /// hang, or block its thread. False from Go.
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
