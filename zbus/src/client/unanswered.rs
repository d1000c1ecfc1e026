//! Why a call has no answer: nobody is there, or the broker was restarted.

use std::time::Duration;

use tokio::time::Instant;

use super::RemoteObject;
use crate::broker::{BrokerError, BrokerErrorKind};
use crate::error::{Error, Fate};
use crate::object_id;

/// How long a broker may take to tell it at the end of a call, whose time is over then.
const AFTERTHOUGHT: Duration = Duration::from_millis(250);

impl RemoteObject {
    /// For a call that is to fail at once where nobody is there.
    pub(super) async fn require_server(&self, deadline: Option<Instant>, limit: Duration) -> Result<(), Error> {
        let told = match deadline {
            None => self.no_server().await,
            Some(deadline) => tokio::time::timeout_at(deadline, self.no_server()).await.map_err(|_| {
                let target = self.queue.to_string();
                Error::Timeout { target, after: limit, fate: Fate::NeverWritten }
            })?,
        };
        if told { Err(self.no_server_error(None)) } else { Ok(()) }
    }

    /// What a call ends with at its deadline, `otherwise` where there is no more to be said of it; `restarts` were seen when it began.
    /// `inbox` says that its reply was waited for there.
    pub(super) async fn unanswered(
        &self,
        after: Duration,
        fate: Fate,
        inbox: bool,
        restarts: u64,
        otherwise: Error,
    ) -> Error {
        let asked = async {
            if fate == Fate::Unknown {
                self.client.shared.restarts.look().await;
                if self.client.shared.restarts.seen() != restarts {
                    return Some(self.restarted_error(after));
                }
                let unseen = inbox && self.no_server().await;
                unseen.then(|| self.timed_out(after, Fate::Unseen))
            } else {
                self.no_server().await.then(|| self.no_server_error(Some(after)))
            }
        };
        tokio::time::timeout(AFTERTHOUGHT, asked).await.ok().flatten().unwrap_or(otherwise)
    }

    /// False also where that cannot be known: what is not told is not the same as none.
    async fn no_server(&self) -> bool {
        let announced = self.client.shared.broker.announced(&object_id::instances(&self.module)).await;
        announced.is_ok_and(|instances| instances.is_empty())
    }

    fn restarted_error(&self, after: Duration) -> Error {
        let message = format!(
            "no reply in {after:?} from {}; the broker was restarted meanwhile, and the request or its reply may be lost with it",
            self.queue
        );
        BrokerError::new(BrokerErrorKind::Restarted, message).into()
    }

    fn no_server_error(&self, after: Option<Duration>) -> Error {
        Error::NoServer { target: self.queue.to_string(), module: self.module.to_string(), after }
    }
}
