//! A broker that misbehaves as planned.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::plan::{Fault, FaultPlan, Traffic};
use crate::broker::{
    BoxFuture, Broker, BrokerError, BrokerErrorKind, Deliveries, Delivery, DeliverySender, Popped, Popper, Write,
    memory,
};

/// A broker inside the process, or any other, with the faults of a plan: see [the module](super).
///
/// Messages are counted in the order in which they are written, by whichever client or server. A fault of the broker itself, such as a lost
/// connection, meets all that share it.
#[derive(Debug)]
pub struct FaultyBroker {
    line: Arc<Line>,
}

/// A fault that has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Struck {
    /// The kind of the message.
    pub traffic: Traffic,
    /// The index of the message among those of its kind.
    pub index: u64,
    /// The fault that it met.
    pub fault: Fault,
}

impl FaultyBroker {
    /// A new broker inside the process.
    pub fn new(plan: FaultPlan) -> Arc<Self> {
        Self::over(memory::open(&format!("zbus-testing-{}", Uuid::new_v4())), plan)
    }

    /// These faults in front of another broker.
    pub fn over(broker: Arc<dyn Broker>, plan: FaultPlan) -> Arc<Self> {
        let (state, _) = watch::channel(State::default());
        Arc::new(Self { line: Arc::new(Line { broker, traffic: Mutex::new(Met { plan, ..Met::default() }), state }) })
    }

    /// The faults that have happened so far. A test that relies on a fault should check that it has happened.
    pub fn struck(&self) -> Vec<Struck> {
        self.line.traffic.lock().struck.clone()
    }

    /// Cuts all connections, and lets nobody connect for a while. This is independent of the plan.
    pub fn disconnect(&self, lasting: Duration) {
        self.line.disconnect(lasting);
    }

    /// Has the broker stand still for a while, as a stopped process does: everything that needs it hangs, and goes on afterwards. Nothing is
    /// lost.
    pub fn stall(&self, lasting: Duration) {
        self.line.begin(lasting, |state| &mut state.stalled);
    }

    /// Has the broker be without memory for a while, as Redis at its `maxmemory`: pushes and presence entries are refused as
    /// [`Unready`](BrokerErrorKind::Unready), while pops, withdrawals and events work.
    pub fn fill(&self, lasting: Duration) {
        self.line.begin(lasting, |state| &mut state.full);
    }

    /// Has the broker be a replica for a while, as a Redis server in whose place another was promoted: pushes, pops, withdrawals and
    /// presence entries are refused as [`Unready`](BrokerErrorKind::Unready), and pops that wait end. Events are still published and
    /// delivered. What is in the lists stays there.
    pub fn demote(&self, lasting: Duration) {
        self.line.begin(lasting, |state| &mut state.read_only);
    }

    /// Ends the plan: no further message meets a fault, and transfers are fast. An outage that has begun still ends at its time.
    pub fn calm(&self) {
        self.line.traffic.lock().plan = FaultPlan::new();
    }
}

/// The connections between the bus and the broker.
struct Line {
    broker: Arc<dyn Broker>,
    traffic: Mutex<Met>,
    state: watch::Sender<State>,
}

impl fmt::Debug for Line {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Line").field("broker", &self.broker).finish_non_exhaustive()
    }
}

/// The messages so far.
#[derive(Default)]
struct Met {
    plan: FaultPlan,
    counts: HashMap<Traffic, u64>,
    struck: Vec<Struck>,
}

/// What is wrong with the broker, each until a time.
#[derive(Clone, Copy, Default)]
struct State {
    /// How often all connections were cut.
    cuts: u64,
    unreachable: Option<Instant>,
    stalled: Option<Instant>,
    full: Option<Instant>,
    read_only: Option<Instant>,
}

/// Whether a time is still to come.
fn lasts(until: Option<Instant>) -> bool {
    until.is_some_and(|until| until > Instant::now())
}

impl Line {
    fn disconnect(&self, lasting: Duration) {
        self.begin(lasting, |state| {
            state.cuts += 1;
            &mut state.unreachable
        });
    }

    /// Begins an outage, or extends it.
    fn begin(&self, lasting: Duration, outage: impl FnOnce(&mut State) -> &mut Option<Instant>) {
        let now = Instant::now();
        let until = now.checked_add(lasting).or_else(|| now.checked_add(FOREVER));
        self.state.send_modify(|state| {
            let outage = outage(state);
            *outage = (*outage).max(until);
        });
    }

    /// Waits while the broker stands still.
    async fn answering(&self) {
        loop {
            let stalled = self.state.borrow().stalled;
            match stalled.filter(|until| *until > Instant::now()) {
                Some(until) => tokio::time::sleep_until(until).await,
                None => return,
            }
        }
    }

    /// Waits while the broker stands still. An error while it is out of reach.
    async fn reachable(&self) -> Result<(), BrokerError> {
        self.answering().await;
        if lasts(self.state.borrow().unreachable) {
            return Err(BrokerError::new(BrokerErrorKind::Unreachable, "no broker: out of reach, as planned"));
        }
        Ok(())
    }

    /// An error while the broker does not change its lists and sets.
    fn changeable(&self) -> Result<(), BrokerError> {
        if lasts(self.state.borrow().read_only) { Err(read_only()) } else { Ok(()) }
    }

    /// An error while the broker does not add to its lists and sets.
    fn extendable(&self) -> Result<(), BrokerError> {
        self.changeable()?;
        if lasts(self.state.borrow().full) {
            return Err(BrokerError::new(BrokerErrorKind::Unready, "the broker is out of memory, as planned"));
        }
        Ok(())
    }

    /// What a pop gave, once it has come through.
    async fn arrived(&self, popped: Result<Popped, BrokerError>) -> Result<Popped, BrokerError> {
        self.answering().await;
        if let Ok(popped) = &popped {
            self.transfer(popped.messages.iter().map(Bytes::len).sum()).await;
        }
        popped
    }

    /// Takes the time of a transfer.
    async fn transfer(&self, bytes: usize) {
        let time = self.traffic.lock().plan.transfer(bytes);
        if !time.is_zero() {
            tokio::time::sleep(time).await;
        }
    }

    fn strike(&self, write: &Write) -> Option<Fault> {
        let traffic = traffic(write);
        let mut met = self.traffic.lock();
        let count = met.counts.entry(traffic).or_default();
        let index = *count;
        *count += 1;
        let fault = met.plan.fault(traffic, index)?;
        met.struck.push(Struck { traffic, index, fault });
        Some(fault)
    }

    /// None if the connection is lost before the end: then nobody knows what was written.
    async fn write(&self, batch: Vec<Write>) -> Option<Vec<Result<(), BrokerError>>> {
        let connection = self.state.borrow().cuts;
        self.transfer(batch.iter().map(|write| write.message().len()).sum()).await;
        let mut outcomes = Vec::with_capacity(batch.len());
        let mut untouched = Vec::new();
        for write in batch {
            let fault = self.strike(&write);
            match fault {
                Some(Fault::Full(lasting)) => self.begin(lasting, |state| &mut state.full),
                Some(Fault::ReadOnly(lasting)) => self.begin(lasting, |state| &mut state.read_only),
                _ => {}
            }
            let pushes = !matches!(write, Write::Publish { .. });
            let refused = self.extendable().err().filter(|_| pushes);
            if fault.is_none() && refused.is_none() {
                untouched.push(write);
                continue;
            }
            outcomes.append(&mut self.broker.write(std::mem::take(&mut untouched)).await);
            if let Some(refused) = refused {
                outcomes.push(Err(refused));
                continue;
            }
            match fault {
                // Events work.
                None | Some(Fault::Full(_) | Fault::ReadOnly(_)) => untouched.push(write),
                Some(Fault::Stall(lasting)) => {
                    self.begin(lasting, |state| &mut state.stalled);
                    self.answering().await;
                    untouched.push(write);
                }

                Some(Fault::Drop) => outcomes.push(Ok(())),
                Some(Fault::Delay(time)) => {
                    tokio::time::sleep(time).await;
                    untouched.push(write);
                }
                Some(Fault::Duplicate) => {
                    outcomes.extend(self.broker.write(vec![write.clone(), write]).await.into_iter().take(1));
                }
                Some(Fault::Disconnect { written, lasting }) => {
                    if written {
                        // Its writer gets no outcome.
                        let _ = self.broker.write(vec![write]).await;
                    }
                    self.disconnect(lasting);
                }
            }
            if self.state.borrow().cuts != connection {
                return None;
            }
        }
        outcomes.append(&mut self.broker.write(untouched).await);
        Some(outcomes)
    }
}

/// How long an outage lasts that has no end, in practice.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 86_400);

fn lost() -> BrokerError {
    BrokerError::new(BrokerErrorKind::Lost, "lost the broker, as planned")
}

fn read_only() -> BrokerError {
    BrokerError::new(BrokerErrorKind::Unready, "the broker is a replica, as planned")
}

fn traffic(write: &Write) -> Traffic {
    match write {
        Write::Publish { .. } => Traffic::Event,
        Write::Push { list, .. } | Write::PushBelow { list, .. } => {
            // The reply list of a single call is named by an id alone.
            let reply = list.starts_with("zbus.inbox.") || Uuid::try_parse(list).is_ok();
            if reply { Traffic::Reply } else { Traffic::Request }
        }
    }
}

impl Broker for FaultyBroker {
    fn write(&self, batch: Vec<Write>) -> BoxFuture<'_, Vec<Result<(), BrokerError>>> {
        Box::pin(async move {
            let count = batch.len();
            if let Err(error) = self.line.reachable().await {
                let outcome = || Err(BrokerError::new(error.kind(), error.to_string()));
                return std::iter::repeat_with(outcome).take(count).collect();
            }
            let outcomes = self.line.write(batch).await;
            outcomes.unwrap_or_else(|| std::iter::repeat_with(|| Err(lost())).take(count).collect())
        })
    }

    fn popper(&self) -> BoxFuture<'_, Result<Box<dyn Popper>, BrokerError>> {
        Box::pin(async move {
            self.line.reachable().await?;
            let inner = self.line.broker.popper().await?;
            Ok(Box::new(FaultyPopper { inner, line: Arc::clone(&self.line) }) as Box<dyn Popper>)
        })
    }

    fn subscribe(&self, channel: &str) -> BoxFuture<'_, Result<Deliveries, BrokerError>> {
        let channel = channel.to_owned();
        Box::pin(async move {
            self.line.reachable().await?;
            let inner = self.line.broker.subscribe(&channel).await?;
            let stop = CancellationToken::new();
            let (sender, deliveries) = Deliveries::channel(stop.clone().drop_guard());
            tokio::spawn(stop.run_until_cancelled_owned(forward(inner, sender, Arc::clone(&self.line))));
            Ok(deliveries)
        })
    }

    fn withdraw(&self, list: &str, message: Bytes) -> BoxFuture<'_, Result<bool, BrokerError>> {
        let list = list.to_owned();
        Box::pin(async move {
            self.line.reachable().await?;
            self.line.changeable()?;
            self.line.broker.withdraw(&list, message).await
        })
    }

    fn withdraw_each<'a>(
        &'a self,
        list: &'a str,
        messages: Vec<Bytes>,
    ) -> BoxFuture<'a, Result<Vec<bool>, BrokerError>> {
        Box::pin(async move {
            self.line.reachable().await?;
            self.line.changeable()?;
            self.line.broker.withdraw_each(list, messages).await
        })
    }

    fn now(&self) -> BoxFuture<'_, Result<i64, BrokerError>> {
        Box::pin(async move {
            self.line.reachable().await?;
            self.line.broker.now().await
        })
    }

    fn run_id(&self) -> BoxFuture<'_, Result<Option<String>, BrokerError>> {
        Box::pin(async move {
            self.line.reachable().await?;
            self.line.broker.run_id().await
        })
    }

    fn announce(&self, set: &str, member: &str, lasting: Duration) -> BoxFuture<'_, Result<(), BrokerError>> {
        let (set, member) = (set.to_owned(), member.to_owned());
        Box::pin(async move {
            self.line.reachable().await?;
            self.line.extendable()?;
            self.line.broker.announce(&set, &member, lasting).await
        })
    }

    fn retract(&self, set: &str, member: &str) -> BoxFuture<'_, Result<(), BrokerError>> {
        let (set, member) = (set.to_owned(), member.to_owned());
        Box::pin(async move {
            self.line.reachable().await?;
            self.line.changeable()?;
            self.line.broker.retract(&set, &member).await
        })
    }

    fn announced(&self, set: &str) -> BoxFuture<'_, Result<Vec<String>, BrokerError>> {
        let set = set.to_owned();
        Box::pin(async move {
            self.line.reachable().await?;
            self.line.broker.announced(&set).await
        })
    }
}

/// Passes deliveries on, with a gap for each lost connection.
async fn forward(mut inner: Deliveries, sender: DeliverySender, line: Arc<Line>) {
    let mut states = line.state.subscribe();
    let mut cuts = states.borrow_and_update().cuts;
    loop {
        let delivery = tokio::select! {
            delivery = inner.next() => delivery,
            // This task holds the line, and with it the sender of states.
            _ = states.changed() => {
                let state = *states.borrow_and_update();
                if state.cuts == cuts {
                    continue;
                }
                cuts = state.cuts;
                let lost = Instant::now();
                if let Some(until) = state.unreachable {
                    tokio::time::sleep_until(until).await;
                }
                Some(Delivery::Gap { lasted: lost.elapsed() })
            }
        };
        let Some(delivery) = delivery else { return };
        line.answering().await;
        if let Delivery::Message(message) = &delivery {
            line.transfer(message.len()).await;
        }
        if !sender.send(delivery) {
            return;
        }
    }
}

struct FaultyPopper {
    inner: Box<dyn Popper>,
    line: Arc<Line>,
}

impl Popper for FaultyPopper {
    fn pop<'a>(
        &'a mut self,
        lists: &'a [Arc<str>],
        max: usize,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Popped, BrokerError>> {
        Box::pin(async move {
            let mut states = self.line.state.subscribe();
            tokio::select! {
                reachable = self.line.reachable() => reachable?,
                () = stop.cancelled() => return Ok(Popped::default()),
            }
            self.line.changeable()?;
            let cuts = states.borrow_and_update().cuts;
            let cut = stop.child_token();
            let mut popping = self.inner.pop(lists, max, &cut);
            let error = loop {
                tokio::select! {
                    popped = &mut popping => return self.line.arrived(popped).await,
                    _ = states.changed() => {}
                }
                let state = *states.borrow_and_update();
                if state.cuts != cuts {
                    break lost();
                }
                // Redis ends waiting pops when it becomes a replica.
                if lasts(state.read_only) {
                    break read_only();
                }
            };
            cut.cancel();
            // What was popped by then is not lost. `Fault::Drop` is for that.
            match popping.await {
                Ok(popped) if popped.messages.is_empty() && !stop.is_cancelled() => Err(error),
                popped => self.line.arrived(popped).await,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use futures::StreamExt;

    use super::*;
    use crate::client::RemoteObject;
    use crate::error::{Error, Fate};
    use crate::server::{Call, Object, Rejection, Returns, RunningServer, Server};
    use crate::{Client, ObjectId, StreamError};
    use serde_with::Same;

    const COUNTER: ObjectId = ObjectId::from_static("counter", "1.0");

    /// Counts how often it is called.
    #[derive(Default)]
    struct Counter(AtomicU64);

    impl Object for Arc<Counter> {
        fn id(&self) -> ObjectId {
            COUNTER
        }

        async fn call(&self, call: Call) -> Result<Returns, Rejection> {
            let mut returns = call.returns();
            returns.value::<Same, u64>(&(self.0.fetch_add(1, Ordering::Relaxed) + 1))?;
            Ok(returns)
        }
    }

    struct Bus {
        broker: Arc<FaultyBroker>,
        counter: Arc<Counter>,
        object: RemoteObject,
        _server: RunningServer,
    }

    impl Bus {
        async fn start(plan: FaultPlan) -> Self {
            let (broker, counter) = (FaultyBroker::new(plan), Arc::new(Counter::default()));
            let server = Server::new("counters").register(Arc::clone(&counter)).unwrap();
            let server = server.start_with(broker.clone()).await.unwrap();
            let client = Client::builder().timeout(Duration::from_secs(20)).connect_with(broker.clone()).await.unwrap();
            let object = RemoteObject::new(client, "counters", COUNTER);
            Self { broker, counter, object, _server: server }
        }

        async fn count(&self) -> Result<u64, Error> {
            self.object.request("Count").call(1).await?.value::<Same, u64>()
        }

        fn counted(&self) -> u64 {
            self.counter.0.load(Ordering::Relaxed)
        }
    }

    const LATER: Fault = Fault::Delay(Duration::from_millis(20));

    #[tokio::test]
    async fn a_dropped_request_is_never_run_and_a_dropped_reply_comes_too_late() {
        for (plan, runs) in [(FaultPlan::new().request(0, Fault::Drop), 0), (FaultPlan::new().reply(0, Fault::Drop), 1)]
        {
            let bus = Bus::start(plan).await;
            let hasty = bus.object.request("Count").timeout(Duration::from_millis(200)).call(1).await;
            assert!(matches!(hasty.unwrap_err(), Error::Timeout { fate: Fate::Unknown, .. }));
            assert_eq!((bus.counted(), bus.broker.struck().len()), (runs, 1));
            assert_eq!(bus.count().await.unwrap(), runs + 1);
        }
    }

    #[tokio::test]
    async fn a_request_that_comes_twice_runs_twice_and_a_reply_that_does_is_read_once() {
        let bus = Bus::start(FaultPlan::new().request(0, Fault::Duplicate)).await;
        bus.count().await.unwrap();
        let twice = async {
            while bus.counted() < 2 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), twice).await.unwrap();

        let bus = Bus::start(FaultPlan::new().reply(0, Fault::Duplicate).reply(1, LATER)).await;
        for number in 1..=3 {
            assert_eq!(bus.count().await.unwrap(), number);
        }
    }

    #[tokio::test]
    async fn after_a_lost_connection_an_idempotent_call_is_tried_again_and_no_other_is() {
        for written in [false, true] {
            let lost = Fault::Disconnect { written, lasting: Duration::from_millis(30) };
            let bus = Bus::start(FaultPlan::new().request(0, lost).request(2, lost)).await;
            let error = bus.count().await.unwrap_err();
            assert!(error.may_have_run() && matches!(error, Error::Broker(_)), "{error}");
            // Nothing is written meanwhile, and calls wait.
            assert_eq!(bus.count().await.unwrap(), 1 + u64::from(written));
            let again = bus.object.request("Count").idempotent().call(1).await.unwrap().value::<Same, u64>().unwrap();
            assert!(again == 2 + u64::from(written) || written, "{again}");
        }
    }

    #[tokio::test]
    async fn a_disconnection_is_a_gap_for_those_who_listen() {
        let bus = Bus::start(FaultPlan::new().event(1, LATER)).await;
        let mut events = bus.object.subscribe::<Same, u64>("Ticks").await.unwrap();
        bus.object.publish::<Same, u64>("Ticks", &1).await.unwrap();
        assert_eq!(events.next().await.unwrap().unwrap(), 1);
        bus.broker.disconnect(Duration::from_millis(20));
        assert!(bus.object.publish::<Same, u64>("Ticks", &2).await.is_err());
        assert!(matches!(events.next().await.unwrap().unwrap_err(), StreamError::Gap { .. }));
        bus.object.publish::<Same, u64>("Ticks", &3).await.unwrap();
        assert_eq!(events.next().await.unwrap().unwrap(), 3);
    }

    const OUTAGE: Duration = Duration::from_millis(300);

    #[tokio::test(start_paused = true)]
    async fn while_the_broker_stands_still_everything_hangs_and_nothing_is_lost() {
        let bus = Bus::start(FaultPlan::new().request(1, Fault::Stall(OUTAGE)).event(0, Fault::Stall(OUTAGE))).await;
        assert_eq!(bus.count().await.unwrap(), 1);
        let began = Instant::now();
        assert_eq!(bus.count().await.unwrap(), 2);
        assert!(began.elapsed() >= OUTAGE);
        let mut events = bus.object.subscribe::<Same, u64>("Ticks").await.unwrap();
        bus.object.publish::<Same, u64>("Ticks", &1).await.unwrap();
        assert_eq!(events.next().await.unwrap().unwrap(), 1);
        assert!(began.elapsed() >= 2 * OUTAGE);

        bus.broker.stall(OUTAGE);
        let began = Instant::now();
        let hasty = bus.object.request("Count").timeout(OUTAGE / 3).call(1).await;
        assert!(matches!(hasty.unwrap_err(), Error::Timeout { .. }));
        assert!(bus.count().await.unwrap() >= 3);
        assert!(began.elapsed() >= OUTAGE);
        // A pop that waits when it begins holds what it gets.
        let mut popper = bus.broker.popper().await.unwrap();
        bus.broker.stall(Duration::MAX);
        let stop = CancellationToken::new();
        stop.cancel();
        assert!(popper.pop(&["list".into()], 1, &stop).await.unwrap().messages.is_empty());
    }

    fn push(list: &str) -> Write {
        Write::Push { list: list.into(), message: Bytes::from_static(b"m"), expire: None }
    }

    async fn kinds(broker: &FaultyBroker, batch: Vec<Write>) -> Vec<Option<BrokerErrorKind>> {
        broker.write(batch).await.into_iter().map(|outcome| outcome.err().map(|error| error.kind())).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_broker_without_memory_refuses_pushes_and_gives_out_what_it_has() {
        let broker = FaultyBroker::new(FaultPlan::new().request(2, Fault::Full(OUTAGE)));
        let event = Write::Publish { channel: "c".into(), message: Bytes::from_static(b"m") };
        let unready = Some(BrokerErrorKind::Unready);
        let batch = vec![push("a"), push("a"), push("a"), event.clone(), push("a")];
        assert_eq!(kinds(&broker, batch).await, [None, None, unready, None, unready]);
        let stop = CancellationToken::new();
        let mut popper = broker.popper().await.unwrap();
        assert_eq!(popper.pop(&["a".into()], 1, &stop).await.unwrap().messages, ["m"]);
        assert!(broker.withdraw("a", Bytes::from_static(b"m")).await.unwrap());
        let announced = broker.announce("set", "member", OUTAGE).await;
        assert_eq!(announced.unwrap_err().kind(), BrokerErrorKind::Unready);
        tokio::time::sleep(OUTAGE).await;
        assert_eq!(kinds(&broker, vec![push("a"), event]).await, [None, None]);
        // Calls go on by themselves.
        let bus = Bus::start(FaultPlan::new()).await;
        bus.broker.fill(OUTAGE);
        assert_eq!(bus.count().await.unwrap(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_replica_neither_takes_nor_gives_messages_and_keeps_them() {
        let broker = FaultyBroker::new(FaultPlan::new().request(1, Fault::ReadOnly(OUTAGE)));
        let unready = Some(BrokerErrorKind::Unready);
        let mut popper = broker.popper().await.unwrap();
        let stop = CancellationToken::new();
        let lists = ["b".into()];
        let waiting = popper.pop(&lists, 1, &stop);
        let event = Write::Publish { channel: "c".into(), message: Bytes::from_static(b"m") };
        let demoted = kinds(&broker, vec![push("a"), push("a"), event]);
        let (waited, demoted) = tokio::join!(waiting, demoted);
        assert_eq!(waited.unwrap_err().kind(), BrokerErrorKind::Unready);
        assert_eq!(demoted, [None, unready, None]);
        let lists = ["a".into()];
        assert_eq!(popper.pop(&lists, 1, &stop).await.unwrap_err().kind(), BrokerErrorKind::Unready);
        assert!(broker.withdraw("a", Bytes::from_static(b"m")).await.is_err());
        assert!(broker.announced("set").await.unwrap().is_empty());
        tokio::time::sleep(OUTAGE).await;
        assert_eq!(popper.pop(&lists, 1, &stop).await.unwrap().messages, ["m"]);
        // Calls go on by themselves.
        let bus = Bus::start(FaultPlan::new()).await;
        bus.broker.demote(OUTAGE);
        assert_eq!(bus.count().await.unwrap(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn slow_transfers_take_their_time_in_both_directions() {
        let bus = Bus::start(FaultPlan::new().bytes_per_second(1000)).await;
        let began = Instant::now();
        bus.count().await.unwrap();
        // Request and reply have some 100 bytes each, and pass two connections each.
        let slow = began.elapsed();
        assert!(slow >= Duration::from_millis(400), "{slow:?}");
        bus.broker.calm();
        let began = Instant::now();
        bus.count().await.unwrap();
        assert!(began.elapsed() < slow / 2);
    }

    #[tokio::test]
    async fn a_plan_that_is_ended_does_nothing_more() {
        let bus = Bus::start(FaultPlan::random(3).one_in(1)).await;
        bus.broker.calm();
        for number in 1..=100 {
            assert_eq!(bus.count().await.unwrap(), number);
        }
    }
}
