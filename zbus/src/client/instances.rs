//! Every server of a module, asked one by one.

use std::time::Duration;

use super::{Client, RemoteObject};
use crate::ObjectId;
use crate::error::Error;
use crate::object_id;
use crate::status::Status;

/// How long one that has died is waited for; those that live answer in a round trip, however busy they are.
const LIMIT: Duration = Duration::from_secs(2);

/// A request that nobody takes is gone with its list.
const EXPIRY: Duration = Duration::from_secs(60);

/// A server of a module that has shown itself.
#[derive(Debug)]
#[non_exhaustive]
pub struct Instance {
    /// Its id: a UUID, another one each time that a server starts.
    pub id: String,
    /// What it tells of itself, or why it does not: for some 15 s a server that has died without a farewell is still among those that
    /// have shown themselves, and is an [`Error::Timeout`] here.
    pub status: Result<Status, Error>,
}

impl Client {
    /// Every server of a module that has shown itself, in the order of their ids, each asked for its status: 1024 of them at most. It
    /// takes 2 s at most, or the client's time limit where that is less, however many do not answer.
    ///
    /// Servers show themselves by themselves, every 5 s, until they stop. Those of the Go library and on rbus never do, and are not in here: for
    /// them there is [`Client::status`], which one of a module's servers answers. It is open which one, so that asking again does not
    /// find all.
    ///
    /// Dropping the future withdraws what was asked.
    ///
    /// # Errors
    /// [`Error::Broker`] where the broker is out of reach, or refuses to tell who is there.
    pub async fn instances(&self, module: &str) -> Result<Vec<Instance>, Error> {
        let mut ids = self.shared.broker.announced(&object_id::instances(module)).await?;
        // What is no id was written by a stranger.
        ids.retain(|id| uuid::Uuid::try_parse(id).is_ok());
        ids.sort_unstable();
        let limit = self.shared.settings.limit.duration().map_or(LIMIT, |limit| limit.min(LIMIT));
        let asked = ids.into_iter().map(async |id| {
            let queue = object_id::instance_queue(module, &id).into();
            let object = RemoteObject::new(self.clone(), module, ObjectId::STATUS).with_timeout(limit);
            let object = RemoteObject { queue, expiry: Some(EXPIRY), ..object };
            Instance { id, status: status_of(&object).await }
        });
        Ok(futures::future::join_all(asked).await)
    }
}

pub(super) async fn status_of(object: &RemoteObject) -> Result<Status, Error> {
    object.request("").call(1).await?.value::<serde_with::Same, Status>()
}
