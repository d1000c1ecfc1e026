//! Pops and their passengers, against a broker that says what it should not.

use futures::FutureExt;

use super::super::RedisBroker;
use super::super::scripted::{Peer, Scripted};
use super::*;
use crate::broker::{Broker, Write};

/// A broker with one popper, and the other ends of their connections.
struct Set {
    scripted: Scripted,
    broker: RedisBroker,
    popper: Box<dyn Popper>,
    shared: Peer,
    pops: Peer,
}

impl Set {
    async fn new() -> Self {
        let scripted = Scripted::start().await;
        let (broker, shared) = tokio::join!(RedisBroker::connect(scripted.place()), scripted.broker());
        let broker = broker.unwrap();
        let (popper, pops) = tokio::join!(broker.popper(), scripted.popper());
        let popper = popper.unwrap();
        Self { scripted, broker, popper, shared, pops }
    }
}

fn write(broker: &RedisBroker) -> BoxFuture<'_, Vec<Result<(), BrokerError>>> {
    broker.write(vec![Write::Push { list: "out".into(), message: "w".into(), expire: None }])
}

fn kind<T>(outcome: Result<T, BrokerError>) -> BrokerErrorKind {
    outcome.err().expect("it should fail").kind()
}

async fn pop(popper: &mut Box<dyn Popper>) -> Result<Vec<Bytes>, BrokerError> {
    let lists = ["list".into()];
    Ok(popper.pop(&lists, 4, &CancellationToken::new()).await?.messages)
}

const MESSAGE: &str = "*2\r\n$4\r\nlist\r\n*1\r\n$1\r\nm\r\n";

#[tokio::test]
async fn a_write_travels_with_the_pop_that_is_about_to_go_out() {
    let mut set = Set::new().await;
    let mut popper = set.popper;
    for answer in [":1\r\n", "-OOM command not allowed\r\n"] {
        let popped = pop(&mut popper);
        let writing = write(&set.broker);
        let served = async {
            set.pops.answer("RPUSH", "").await;
            assert_eq!(set.pops.command().await[0], "BLMPOP");
            set.pops.say_slowly(&format!("{answer}{MESSAGE}")).await;
        };
        // The pop boards first, and the write finds it.
        let (popped, written, ()) = tokio::join!(biased; popped, writing, served);
        assert_eq!(popped.unwrap(), ["m"]);
        let error = written.into_iter().next().unwrap().err().map(|error| error.kind());
        assert_eq!(error, answer.starts_with('-').then_some(BrokerErrorKind::Unready));
    }
    assert!(set.shared.next().now_or_never().is_none(), "nothing went the other way");
}

#[tokio::test]
async fn a_pop_with_nobody_along_goes_out_and_the_next_write_goes_alone() {
    let mut set = Set::new().await;
    let popped = pop(&mut set.popper);
    let served = async {
        assert_eq!(set.pops.command().await[0], "BLMPOP");
        let writing = write(&set.broker);
        let (written, ()) = tokio::join!(writing, set.shared.answer("RPUSH", ":1\r\n"));
        assert!(written[0].is_ok());
        set.pops.say(MESSAGE).await;
    };
    assert_eq!(tokio::join!(popped, served).0.unwrap(), ["m"]);
}

#[tokio::test]
async fn a_passenger_of_a_pop_that_fails_is_told_that_it_may_have_been_done() {
    for said in ["", ":1", "garbage\r\n", "*1\r\n:1"] {
        let Set { broker, mut popper, mut pops, .. } = Set::new().await;
        let writing = write(&broker);
        let served = async move {
            pops.answer("RPUSH", said).await;
            drop(pops);
        };
        let (popped, written, ()) = tokio::join!(biased; pop(&mut popper), writing, served);
        assert_eq!(kind(popped), BrokerErrorKind::Lost, "{said:?}");
        assert_eq!(kind(written.into_iter().next().unwrap()), BrokerErrorKind::Lost, "{said:?}");
    }
}

#[tokio::test]
async fn a_passenger_whose_pop_is_dropped_on_its_way_is_told_that_it_may_have_been_done() {
    let Set { broker, mut popper, mut pops, .. } = Set::new().await;
    let writing = write(&broker);
    let cut = async {
        tokio::select! {
            biased;
            _ = pop(&mut popper) => panic!("it was not answered"),
            command = pops.command() => assert_eq!(command[0], "RPUSH"),
        }
    };
    let ((), written) = tokio::join!(biased; cut, writing);
    assert_eq!(kind(written.into_iter().next().unwrap()), BrokerErrorKind::Lost);
}

#[tokio::test]
async fn a_write_whose_pop_is_dropped_before_it_went_out_goes_alone() {
    let mut set = Set::new().await;
    let lists = ["list".into()];
    let stop = CancellationToken::new();
    let mut popped = set.popper.pop(&lists, 4, &stop);
    assert!(popped.as_mut().now_or_never().is_none());
    let mut written = write(&set.broker);
    assert!(written.as_mut().now_or_never().is_none());
    drop(popped);
    let (written, ()) = tokio::join!(written, set.shared.answer("RPUSH", ":1\r\n"));
    assert!(written[0].is_ok());
    assert_eq!(set.pops.next().await, None, "nothing went out with the pop");
}

#[tokio::test]
async fn no_write_travels_on_a_connection_that_is_closed_or_was_not_used_for_a_while() {
    // Closed: known before the pop goes out.
    let Set { broker, mut popper, mut shared, pops, .. } = Set::new().await;
    drop(pops);
    tokio::time::sleep(Duration::from_millis(5)).await;
    let writing = write(&broker);
    let (popped, written, ()) = tokio::join!(biased; pop(&mut popper), writing, shared.answer("RPUSH", ":1\r\n"));
    assert_eq!(kind(popped), BrokerErrorKind::Lost);
    assert!(written[0].is_ok());

    // Idle for longer: whether it works is not known.
    let Set { broker, mut popper, mut shared, mut pops, .. } = Set::new().await;
    tokio::time::sleep(IDLE).await;
    let writing = write(&broker);
    let served = async {
        shared.answer("PING", "+PONG\r\n").await;
        shared.answer("RPUSH", ":1\r\n").await;
        pops.answer("BLMPOP", MESSAGE).await;
    };
    let (popped, written, ()) = tokio::join!(biased; pop(&mut popper), writing, served);
    assert_eq!(popped.unwrap(), ["m"]);
    assert!(written[0].is_ok());
}

#[tokio::test]
async fn what_nobody_asked_for_is_the_answer_of_no_pop() {
    let Set { scripted, mut popper, mut pops, .. } = Set::new().await;
    pops.say(MESSAGE).await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(kind(pop(&mut popper).await), BrokerErrorKind::Lost);
    // The answer for another list shows that it is another pop's: so would be the next one's.
    let again = async {
        scripted.popper().await.answer("BLMPOP", &MESSAGE.replace("list", "tsil")).await;
        scripted.popper().await.answer("BLMPOP", MESSAGE).await;
    };
    let pops = async {
        assert_eq!(kind(pop(&mut popper).await), BrokerErrorKind::Lost);
        pop(&mut popper).await.unwrap()
    };
    assert_eq!(tokio::join!(pops, again).0, ["m"]);
}
