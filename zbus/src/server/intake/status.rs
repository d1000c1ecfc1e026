//! Answers to requests for the status of the server itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::drops::{Beginning, Reason};
use crate::server::calls::Objects;
use crate::server::replies::ReplyTo;
use crate::server::state::State;
use crate::server::workers::Free;
use crate::status::{ObjectStatus, Status};
use crate::wire::{OutgoingResponse, Request};

/// What the server knows of itself.
pub(crate) struct StatusSource {
    state: Arc<State>,
    /// What does not change while it serves.
    constant: Status,
}

impl StatusSource {
    pub(crate) fn new(
        state: Arc<State>,
        objects: &Objects,
        version: Option<String>,
        contracts: BTreeMap<String, String>,
    ) -> Self {
        let constant = Status {
            objects: objects.ids().map(ObjectStatus::from).collect(),
            instance: Some(state.instance.to_string()),
            version,
            contracts,
            ..Status::default()
        };
        Self { state, constant }
    }

    pub(super) async fn answer(&self, message: &Bytes, free: &mut Free) {
        let state = &self.state;
        let request = match Request::decode(message) {
            Ok(request) => request,
            Err(error) => return state.drops.note(Reason::Malformed, error),
        };
        let Some(reply_to) = ReplyTo::new(request.generation, request.reply_to, None, &state.reply_lists) else {
            return state.drops.note(Reason::ForeignReplyTo, Beginning(request.reply_to));
        };
        let status = Status {
            workers: state.workers.status(),
            counters: Some(state.counters.status()),
            ..self.constant.clone()
        };
        let mut response = OutgoingResponse::new(request.generation, request.id);
        match response.value::<serde_with::Same, _>(&status).and_then(|()| response.encode()) {
            Ok(message) => {
                // There is one, as no more was popped than was reserved.
                let Some(unwritten) = free.take_reply() else { return };
                reply_to.send(&state.outbox, message, unwritten).await;
            }
            Err(error) => tracing::error!(%error, "the status cannot be encoded"),
        }
    }
}
