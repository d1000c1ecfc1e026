//! The calling side.

use futures::StreamExt;
use redis::AsyncCommands;
use serde::de::DeserializeOwned;

use super::protocol::{Error, ObjectName, Output, Request, Response, decode};

/// A client. rbus keeps a pool of connections; this one opens one for each call.
#[derive(Clone, Debug)]
pub struct Client {
    address: String,
}

impl Client {
    /// A client of the broker at a `redis://` address.
    pub fn new(address: &str) -> Self {
        Self { address: address.to_owned() }
    }

    /// Makes a call, and waits for its reply for ever.
    pub async fn request(&self, module: &str, request: Request) -> Result<Output, Error> {
        let mut connection = super::connect(&self.address).await?;
        let queue = format!("{module}.{}", request.object);
        let sent = rmp_serde::to_vec_named(&request).map_err(|error| Error::Encoding(error.to_string()))?;
        let _: i64 = connection
            .rpush(queue, sent)
            .await
            .map_err(|error| Error::Protocol(format!("failed to send request: {error}")))?;
        let (_, reply): (String, Vec<u8>) = connection
            .blpop(&request.id, 0.0)
            .await
            .map_err(|error| Error::Protocol(format!("failed to get response: {error}")))?;
        let response: Response =
            decode(&reply).map_err(|error| Error::Protocol(format!("failed to get response: {error}")))?;
        match response.error {
            Some(reason) => Err(Error::Protocol(reason)),
            None => Ok(response.output),
        }
    }

    /// The next event of a stream.
    pub async fn event<T: DeserializeOwned>(&self, module: &str, object: &ObjectName, name: &str) -> Result<T, Error> {
        let protocol = |error: redis::RedisError| Error::Protocol(error.to_string());
        let client = redis::Client::open(&*self.address).map_err(protocol)?;
        let mut events = client.get_async_pubsub().await.map_err(protocol)?;
        events.subscribe(format!("{module}.{object}.{name}")).await.map_err(protocol)?;
        let event = events.into_on_message().next().await;
        decode(event.ok_or_else(|| Error::Protocol("the subscription ended".to_owned()))?.get_payload_bytes())
    }
}
