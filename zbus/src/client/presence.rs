//! Whether a module has servers that have shown themselves.

use std::time::Duration;

use tokio::time::Instant;

use super::RemoteObject;
use crate::error::Error;
use crate::object_id;

/// How long a broker may take to tell it at the end of a call, whose time is over then.
const AFTERTHOUGHT: Duration = Duration::from_millis(500);

impl RemoteObject {
    /// For a call that is to fail at once where nobody is there.
    pub(super) async fn require_server(&self, deadline: Option<Instant>, limit: Duration) -> Result<(), Error> {
        let told = match deadline {
            None => self.no_server().await,
            Some(deadline) => tokio::time::timeout_at(deadline, self.no_server()).await.map_err(|_| {
                let target = self.queue.to_string();
                Error::Timeout { target, after: limit, written: false }
            })?,
        };
        if told { Err(self.no_server_error(None)) } else { Ok(()) }
    }

    /// What a call ends with at its deadline that no server will run any more.
    pub(super) async fn unanswered(&self, after: Duration, otherwise: Error) -> Error {
        match tokio::time::timeout(AFTERTHOUGHT, self.no_server()).await {
            Ok(true) => self.no_server_error(Some(after)),
            _ => otherwise,
        }
    }

    /// False also where that cannot be known: what is not told is not the same as none.
    async fn no_server(&self) -> bool {
        let announced = self.client.shared.broker.announced(&object_id::instances(&self.module)).await;
        announced.is_ok_and(|instances| instances.is_empty())
    }

    fn no_server_error(&self, after: Option<Duration>) -> Error {
        Error::NoServer { target: self.queue.to_string(), module: self.module.to_string(), after }
    }
}
