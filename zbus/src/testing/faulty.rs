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
/// Every message is counted as it is written, whoever writes it; a fault meets all who share the broker.
#[derive(Debug)]
pub struct FaultyBroker {
    line: Arc<Line>,
}

/// A fault that has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Struck {
    /// What the message was.
    pub traffic: Traffic,
    /// Which of its kind.
    pub index: u64,
    /// What became of it.
    pub fault: Fault,
}

impl FaultyBroker {
    /// A new broker inside the process.
    pub fn new(plan: FaultPlan) -> Arc<Self> {
        Self::over(memory::open(&format!("zbus-testing-{}", Uuid::new_v4())), plan)
    }

    /// Another broker, which has the faults of its own too.
    pub fn over(broker: Arc<dyn Broker>, plan: FaultPlan) -> Arc<Self> {
        let (outages, _) = watch::channel(Outages::default());
        Arc::new(Self { line: Arc::new(Line { broker, traffic: Mutex::new(Met { plan, ..Met::default() }), outages }) })
    }

    /// The faults that have happened so far: a test that relies on one should look whether it has.
    pub fn struck(&self) -> Vec<Struck> {
        self.line.traffic.lock().struck.clone()
    }

    /// Cuts all connections, and lets nobody connect for a while, beside the plan.
    pub fn disconnect(&self, lasting: Duration) {
        self.line.disconnect(lasting);
    }

    /// Ends the plan: nothing more goes wrong.
    pub fn calm(&self) {
        self.line.traffic.lock().plan = FaultPlan::new();
    }
}

/// What lies between the bus and the broker.
struct Line {
    broker: Arc<dyn Broker>,
    traffic: Mutex<Met>,
    outages: watch::Sender<Outages>,
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

#[derive(Clone, Copy, Default)]
struct Outages {
    count: u64,
    until: Option<Instant>,
}

impl Line {
    fn disconnect(&self, lasting: Duration) {
        let until = Instant::now().checked_add(lasting);
        self.outages.send_modify(|outages| {
            outages.count += 1;
            outages.until = outages.until.max(until);
        });
    }

    fn reachable(&self) -> Result<(), BrokerError> {
        let until = self.outages.borrow().until;
        if until.is_some_and(|until| until > Instant::now()) {
            return Err(BrokerError::new(BrokerErrorKind::Unreachable, "no broker: out of reach, as planned"));
        }
        Ok(())
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

    /// None where the connection is lost before the end: then it is open what was done.
    async fn write(&self, batch: Vec<Write>) -> Option<Vec<Result<(), BrokerError>>> {
        let connection = self.outages.borrow().count;
        let mut outcomes = Vec::with_capacity(batch.len());
        let mut untouched = Vec::new();
        for write in batch {
            let Some(fault) = self.strike(&write) else {
                untouched.push(write);
                continue;
            };
            outcomes.append(&mut self.broker.write(std::mem::take(&mut untouched)).await);
            match fault {
                Fault::Drop => outcomes.push(Ok(())),
                Fault::Delay(time) => {
                    tokio::time::sleep(time).await;
                    untouched.push(write);
                }
                Fault::Duplicate => {
                    outcomes.extend(self.broker.write(vec![write.clone(), write]).await.into_iter().take(1));
                }
                Fault::Disconnect { written, lasting } => {
                    if written {
                        // Nobody is told what came of it.
                        let _ = self.broker.write(vec![write]).await;
                    }
                    self.disconnect(lasting);
                }
            }
            if self.outages.borrow().count != connection {
                return None;
            }
        }
        outcomes.append(&mut self.broker.write(untouched).await);
        Some(outcomes)
    }
}

fn lost() -> BrokerError {
    BrokerError::new(BrokerErrorKind::Lost, "lost the broker, as planned")
}

fn traffic(write: &Write) -> Traffic {
    match write {
        Write::Publish { .. } => Traffic::Event,
        Write::Push { list, .. } | Write::PushBelow { list, .. } => {
            // Replies of calls with a list of their own are in one that is named by an id alone.
            let reply = list.starts_with("zbus.inbox.") || Uuid::try_parse(list).is_ok();
            if reply { Traffic::Reply } else { Traffic::Request }
        }
    }
}

impl Broker for FaultyBroker {
    fn write(&self, batch: Vec<Write>) -> BoxFuture<'_, Vec<Result<(), BrokerError>>> {
        Box::pin(async move {
            let count = batch.len();
            if let Err(error) = self.line.reachable() {
                let told = || Err(BrokerError::new(error.kind(), error.to_string()));
                return std::iter::repeat_with(told).take(count).collect();
            }
            let outcomes = self.line.write(batch).await;
            outcomes.unwrap_or_else(|| std::iter::repeat_with(|| Err(lost())).take(count).collect())
        })
    }

    fn popper(&self) -> BoxFuture<'_, Result<Box<dyn Popper>, BrokerError>> {
        Box::pin(async move {
            self.line.reachable()?;
            let inner = self.line.broker.popper().await?;
            Ok(Box::new(FaultyPopper { inner, line: Arc::clone(&self.line) }) as Box<dyn Popper>)
        })
    }

    fn subscribe(&self, channel: &str) -> BoxFuture<'_, Result<Deliveries, BrokerError>> {
        let channel = channel.to_owned();
        Box::pin(async move {
            self.line.reachable()?;
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
            self.line.reachable()?;
            self.line.broker.withdraw(&list, message).await
        })
    }

    fn withdraw_each<'a>(
        &'a self,
        list: &'a str,
        messages: Vec<Bytes>,
    ) -> BoxFuture<'a, Result<Vec<bool>, BrokerError>> {
        Box::pin(async move {
            self.line.reachable()?;
            self.line.broker.withdraw_each(list, messages).await
        })
    }

    fn now(&self) -> BoxFuture<'_, Result<i64, BrokerError>> {
        Box::pin(async move {
            self.line.reachable()?;
            self.line.broker.now().await
        })
    }

    fn run_id(&self) -> BoxFuture<'_, Result<Option<String>, BrokerError>> {
        Box::pin(async move {
            self.line.reachable()?;
            self.line.broker.run_id().await
        })
    }

    fn announce(&self, set: &str, member: &str, lasting: Duration) -> BoxFuture<'_, Result<(), BrokerError>> {
        let (set, member) = (set.to_owned(), member.to_owned());
        Box::pin(async move {
            self.line.reachable()?;
            self.line.broker.announce(&set, &member, lasting).await
        })
    }

    fn retract(&self, set: &str, member: &str) -> BoxFuture<'_, Result<(), BrokerError>> {
        let (set, member) = (set.to_owned(), member.to_owned());
        Box::pin(async move {
            self.line.reachable()?;
            self.line.broker.retract(&set, &member).await
        })
    }

    fn announced(&self, set: &str) -> BoxFuture<'_, Result<Vec<String>, BrokerError>> {
        let set = set.to_owned();
        Box::pin(async move {
            self.line.reachable()?;
            self.line.broker.announced(&set).await
        })
    }
}

/// Hands deliveries on, with a gap for each outage.
async fn forward(mut inner: Deliveries, sender: DeliverySender, line: Arc<Line>) {
    let mut outages = line.outages.subscribe();
    loop {
        let delivery = tokio::select! {
            delivery = inner.next() => delivery,
            // The line, and so its sender, is held here.
            _ = outages.changed() => {
                let lost = Instant::now();
                let until = outages.borrow_and_update().until;
                if let Some(until) = until {
                    tokio::time::sleep_until(until).await;
                }
                Some(Delivery::Gap { lasted: lost.elapsed() })
            }
        };
        let Some(delivery) = delivery else { return };
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
            let mut outages = self.line.outages.subscribe();
            self.line.reachable()?;
            let cut = stop.child_token();
            let mut popping = self.inner.pop(lists, max, &cut);
            tokio::select! {
                popped = &mut popping => return popped,
                _ = outages.changed() => cut.cancel(),
            }
            // What was taken by then is not lost: that is what `Drop` is for.
            match popping.await {
                Ok(popped) if popped.messages.is_empty() && !stop.is_cancelled() => Err(lost()),
                popped => popped,
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
            // Meanwhile nothing is written, and whoever may wait does.
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

    #[tokio::test]
    async fn a_plan_that_is_ended_does_nothing_more() {
        let bus = Bus::start(FaultPlan::random(3).one_in(1)).await;
        bus.broker.calm();
        for number in 1..=100 {
            assert_eq!(bus.count().await.unwrap(), number);
        }
    }
}
