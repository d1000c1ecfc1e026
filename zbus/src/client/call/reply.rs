//! What comes back: values, what was thrown, or why the method was not run.

use std::sync::Arc;

use bytes::Bytes;
use serde_with::DeserializeAs;

use super::request::Request;
use crate::client::in_flight::Answered;
use crate::error::{Error, Fate};
use crate::wire::{Body, DecodeError, Generation, InvalidText, Thrown, Values, decode_as};

/// What a reply holds: values, or what was thrown.
type Read<R> = Result<Result<R, Thrown>, DecodeError>;

fn read<R>(request: &Request<'_>, answered: Answered, read: impl FnOnce(Body) -> Read<R>) -> Result<R, Error> {
    let client = &request.object().client;
    let response = match answered {
        Answered::Reply(response) => response,
        // Only a request that is not answered ends so.
        Answered::Written => {
            let (target, after) = (request.target(), request.limit().unwrap_or_default());
            return Err(Error::Timeout { target, after, fate: Fate::Unknown });
        }
    };
    let answered = match response.body {
        Body::One { .. } => Generation::One,
        Body::Zero { .. } => Generation::Zero,
    };
    let sent = client.shared.settings.generation;
    if sent != Generation::Auto && sent != answered {
        return Err(Error::Generation { target: request.target(), sent, answered });
    }
    if let Some(rejection) = response.rejection {
        let (kind, message) = *rejection;
        return Err(Error::Rejected { target: request.target(), kind, message });
    }
    match client.max_depth().check_body(&response.body).and_then(|()| read(response.body)) {
        Ok(Ok(values)) => Ok(values),
        Ok(Err(thrown)) => Err(thrown.into()),
        Err(source) => Err(Error::Decode { target: request.target(), source }),
    }
}

/// All values as one document, if there is any.
pub(super) fn document(
    request: &Request<'_>,
    answered: Answered,
    throws: Option<bool>,
) -> Result<Option<Bytes>, Error> {
    read(request, answered, |body| body.document(throws))
}

/// The values that a method returned, to be read in order.
#[derive(Debug)]
pub struct Reply {
    object: Arc<str>,
    values: Values,
    text: InvalidText,
}

impl Reply {
    pub(super) fn read(request: &Request<'_>, answered: Answered, returns: usize, throws: bool) -> Result<Self, Error> {
        let values = read(request, answered, |body| body.returns(returns, throws))?;
        let object = request.object();
        Ok(Self { object: Arc::clone(&object.queue), values, text: object.client.invalid_text() })
    }

    /// The next of the values.
    ///
    /// # Errors
    /// [`Error::Decode`] if it is of another type, or if there is none left.
    pub fn value<A, T>(&mut self) -> Result<T, Error>
    where
        A: for<'de> DeserializeAs<'de, T>,
    {
        let value = self.values.next().unwrap_or_default();
        let read = self.text.scope(|| decode_as::<A, T>(&value));
        read.map_err(|source| Error::Decode { target: self.object.to_string(), source })
    }
}
