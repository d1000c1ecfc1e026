//! Pops from a broker that says what it should not.

use super::super::RedisBroker;
use super::super::client::scripted::{Peer, Scripted};
use super::*;
use crate::broker::Broker;

/// A popper, and the other end of its connection.
struct Set {
    scripted: Scripted,
    popper: Box<dyn Popper>,
    pops: Peer,
    /// The shared connection.
    shared: Peer,
}

impl Set {
    async fn new() -> Self {
        let scripted = Scripted::start().await;
        let (broker, shared) = tokio::join!(RedisBroker::connect(scripted.endpoint()), scripted.broker());
        let broker = broker.unwrap();
        let (popper, pops) = tokio::join!(broker.popper(), scripted.popper());
        Self { scripted, popper: popper.unwrap(), pops, shared }
    }
}

async fn pop(popper: &mut Box<dyn Popper>) -> Result<Vec<Bytes>, BrokerError> {
    let lists = ["list".into()];
    Ok(popper.pop(&lists, 4, &CancellationToken::new()).await?.messages)
}

const MESSAGE: &str = "*2\r\n$4\r\nlist\r\n*1\r\n$1\r\nm\r\n";

#[tokio::test]
async fn a_pop_is_read_byte_by_byte_and_its_connection_is_kept() {
    let Set { mut popper, mut pops, shared: _shared, .. } = Set::new().await;
    for _ in 0..2 {
        let served = async {
            assert_eq!(pops.command().await[0], "BLMPOP");
            pops.say_slowly(MESSAGE).await;
        };
        assert_eq!(tokio::join!(pop(&mut popper), served).0.unwrap(), ["m"]);
    }
}

#[tokio::test]
async fn a_pop_that_is_cut_or_answered_with_garbage_is_lost_and_the_next_has_a_connection_of_its_own() {
    for said in
        ["", "*2\r\n$4\r\nli", "garbage\r\n", "+OK\r\n", ":1\r\n", "*1\r\n:1\r\n", "*2\r\n$4\r\nlist\r\n*1\r\n:1\r\n"]
    {
        let Set { scripted, mut popper, mut pops, shared: _shared } = Set::new().await;
        let cut = async move {
            pops.answer("BLMPOP", said).await;
            drop(pops);
        };
        let (popped, ()) = tokio::join!(pop(&mut popper), cut);
        assert_eq!(popped.unwrap_err().kind(), BrokerErrorKind::Lost, "{said:?}");
        let next = async { scripted.popper().await.answer("BLMPOP", MESSAGE).await };
        assert_eq!(tokio::join!(pop(&mut popper), next).0.unwrap(), ["m"]);
    }
}

#[tokio::test]
async fn what_nobody_asked_for_is_the_answer_of_no_pop() {
    let Set { scripted, mut popper, mut pops, shared: _shared } = Set::new().await;
    pops.say(MESSAGE).await;
    // The runtime has to learn of it.
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(pop(&mut popper).await.unwrap_err().kind(), BrokerErrorKind::Lost);
    // The answer for another list shows that it is another pop's: so would be the next one's.
    let again = async {
        scripted.popper().await.answer("BLMPOP", &MESSAGE.replace("list", "tsil")).await;
        scripted.popper().await.answer("BLMPOP", MESSAGE).await;
    };
    let pops = async {
        assert_eq!(pop(&mut popper).await.unwrap_err().kind(), BrokerErrorKind::Lost);
        pop(&mut popper).await.unwrap()
    };
    assert_eq!(tokio::join!(pops, again).0, ["m"]);
}

#[tokio::test]
async fn what_came_while_the_process_stood_still_is_the_pops_answer() {
    let Set { mut popper, mut pops, shared: _shared, .. } = Set::new().await;
    let mut popping = Box::pin(pop(&mut popper));
    tokio::select! {
        biased;
        _ = &mut popping => panic!("nothing was there"),
        command = pops.command() => assert_eq!(command[0], "BLMPOP"),
    }
    // The answer is in the socket, and the runtime does not know yet; the timers are due first.
    pops.say(MESSAGE).await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(60)).await;
    tokio::time::resume();
    assert_eq!(popping.await.unwrap(), ["m"]);
}

#[tokio::test]
async fn a_pop_that_has_begun_to_come_is_read_to_its_end_however_long_that_takes() {
    let Set { mut popper, mut pops, shared: _shared, .. } = Set::new().await;
    let mut popping = Box::pin(pop(&mut popper));
    tokio::select! {
        biased;
        _ = &mut popping => panic!("nothing was there"),
        command = pops.command() => assert_eq!(command[0], "BLMPOP"),
    }
    let (last, pieces) = MESSAGE.as_bytes().split_last().unwrap();
    for piece in pieces.chunks(4) {
        pops.say(std::str::from_utf8(piece).unwrap()).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert!(futures::poll!(&mut popping).is_pending());
        tokio::time::pause();
        tokio::time::advance(STALLED.mul_f32(0.95)).await;
        tokio::time::resume();
        assert!(futures::poll!(&mut popping).is_pending());
    }
    pops.say(std::str::from_utf8(&[*last]).unwrap()).await;
    assert_eq!(popping.await.unwrap(), ["m"]);
}

#[tokio::test]
async fn a_popper_follows_the_shared_link_to_another_server() {
    let Set { scripted, mut popper, mut pops, shared } = Set::new().await;
    let mut popping = Box::pin(pop(&mut popper));
    tokio::select! {
        biased;
        _ = &mut popping => panic!("nothing was there"),
        command = pops.command() => assert_eq!(command[0], "BLMPOP"),
    }
    drop(shared);
    let moved = async {
        let mut shared = scripted.greeted().await;
        shared.answer("INFO", "$12\r\nrun_id:other\r\n").await;
        shared
    };
    let (popped, _shared) = tokio::join!(popping, moved);
    assert_eq!(popped.unwrap_err().kind(), BrokerErrorKind::Lost);
    assert_eq!(pops.next().await, None, "it takes nothing from the old server any more");
    let next = async {
        let mut pops = scripted.greeted().await;
        pops.answer("INFO", "$12\r\nrun_id:other\r\n").await;
        pops.answer("CLIENT", "-ERR unknown command\r\n").await;
        pops.answer("BLMPOP", MESSAGE).await;
    };
    assert_eq!(tokio::join!(pop(&mut popper), next).0.unwrap(), ["m"]);
}
