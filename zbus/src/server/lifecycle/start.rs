//! The start of a server: the state first, then each part over it, what takes calls last.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::running::RunningServer;
use super::{presence, streams};
use crate::ObjectId;
use crate::broker::Broker;
use crate::clock::Clock;
use crate::drops::Drops;
use crate::error::Error;
use crate::outbox::Outbox;
use crate::scheduling::Scheduling;
use crate::server::Streams;
use crate::server::calls::{Cancellations, Objects, Registered};
use crate::server::intake::{self, StatusSource};
use crate::server::replies::{ReplyLists, ReplyTracker};
use crate::server::state::{CancellationRegistry, Counters, Limits, Refusals, State};

/// What a server is to be.
pub(crate) struct Plan {
    pub(crate) module: String,
    pub(crate) objects: HashMap<ObjectId, Registered>,
    pub(crate) streams: Vec<(ObjectId, Streams)>,
    /// Those that objects share.
    pub(crate) workers: u32,
    pub(crate) drain: Duration,
    pub(crate) version: Option<String>,
    pub(crate) contracts: BTreeMap<String, String>,
    pub(crate) limits: Limits,
}

/// Starts the parts on the current runtime.
pub(crate) async fn start(plan: Plan, broker: Arc<dyn Broker>) -> Result<RunningServer, Error> {
    let stop = CancellationToken::new();
    // What runs by then ends again if the rest cannot be started, or the start is given up.
    let unfinished = stop.clone().drop_guard();
    let clock = Clock::start(Arc::clone(&broker), stop.clone()).await?;
    let (objects, workers) = Objects::new(plan.objects, plan.workers, &plan.module);
    let objects = Arc::new(objects);
    let (outbox, writer) = Outbox::start(Arc::clone(&broker), ReplyTracker::default());
    let state = Arc::new(State {
        module: plan.module,
        instance: Uuid::new_v4().to_string().into(),
        broker,
        outbox,
        clock,
        scheduling: Scheduling::current(),
        workers,
        cancellations: Arc::new(CancellationRegistry::default()),
        counters: Counters::default(),
        drops: Drops::default(),
        refusals: Refusals::default(),
        reply_lists: ReplyLists::default(),
        limits: plan.limits,
        lost: Notify::new(),
        stop,
        abort: CancellationToken::new(),
        tasks: TaskTracker::new(),
    });

    let status = StatusSource::new(Arc::clone(&state), &objects, plan.version, plan.contracts);
    intake::start_status(&state, status).await?;
    for (object, streams) in plan.streams {
        streams::start(streams, &object, &state).await;
    }
    // Beyond `stop`: calls are given up while the server drains, too.
    let listening = CancellationToken::new();
    let listens = listening.clone().drop_guard();
    if objects.pools().next().is_some() {
        Cancellations::start(&state, listening).await;
    }
    presence::start(&state).await;
    // Last: what is taken from here on is answered, whatever comes.
    for (pool, queues) in objects.pools() {
        intake::start(&state, &objects, pool, queues.to_vec()).await?;
    }
    state.tasks.close();
    tracing::info!(module = state.module, "serving");
    Ok(RunningServer {
        stop: unfinished.disarm(),
        abort: state.abort.clone(),
        tasks: state.tasks.clone(),
        workers: Arc::clone(&state.workers),
        writer,
        drain: plan.drain,
        _listens: listens,
    })
}
