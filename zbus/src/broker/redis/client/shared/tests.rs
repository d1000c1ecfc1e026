//! A shared link to a broker that says what it should not, or nothing.

use super::super::scripted::{Peer, Scripted};
use super::*;

/// Counts what the link tells.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<(u32, u32)>>);

impl Observer for Seen {
    fn lost(&self, _: &RedisError) {
        self.0.lock().0 += 1;
    }

    fn connected(&self) {
        self.0.lock().1 += 1;
    }
}

async fn connected() -> (Scripted, SharedLink, Peer) {
    let scripted = Scripted::start().await;
    let endpoint = Arc::new(scripted.endpoint());
    let (link, peer) = tokio::join!(SharedLink::open(endpoint, Seen::default()), scripted.identified());
    (scripted, link.unwrap(), peer)
}

fn commands(word_of_it: &str, count: usize) -> BytesMut {
    let mut commands = BytesMut::new();
    for _ in 0..count {
        command(&mut commands, 1);
        word(&mut commands, word_of_it.as_bytes());
    }
    commands
}

async fn ask(link: &SharedLink) -> Result<String, Failed> {
    let exchanged = link.exchange(commands("ASK", 1), 1, Priority::Normal).await?;
    let [reply] = <[Reply; 1]>::try_from(exchanged.replies).unwrap();
    Ok(read(reply).unwrap())
}

/// The runtime has to learn what has come.
async fn pause() {
    tokio::time::sleep(Duration::from_millis(5)).await;
}

#[tokio::test]
async fn replies_that_come_byte_by_byte_are_read_and_the_connection_is_kept() {
    let (_scripted, link, mut peer) = connected().await;
    for _ in 0..2 {
        let answer = async {
            peer.command().await;
            peer.say_slowly("$6\r\nan\r\ner\r\n").await;
        };
        assert_eq!(tokio::join!(ask(&link), answer).0.unwrap(), "an\r\ner");
    }
}

#[tokio::test]
async fn garbage_and_half_a_reply_and_a_close_leave_open_what_was_done_and_the_next_exchange_has_another_connection() {
    for answer in ["garbage\r\n", "$6\r\nhalf", "", "*99999999999999999999\r\n"] {
        let (scripted, link, mut peer) = connected().await;
        let cut = async move {
            peer.answer("ASK", answer).await;
            drop(peer);
        };
        let (asked, ()) = tokio::join!(ask(&link), cut);
        assert!(matches!(asked, Err(Failed::Unanswered(_))), "{answer:?}: {asked:?}");
        let next = async { scripted.identified().await.answer("ASK", "+two\r\n").await };
        assert_eq!(tokio::join!(ask(&link), next).0.unwrap(), "two");
    }
}

#[tokio::test]
async fn what_nobody_asked_for_is_the_answer_to_nothing() {
    // Two replies to one command, and one to none.
    let (scripted, link, mut peer) = connected().await;
    let (asked, ()) = tokio::join!(ask(&link), peer.answer("ASK", "+one\r\n+more\r\n"));
    assert_eq!(asked.unwrap(), "one");
    let next = async { scripted.identified().await.answer("ASK", "+two\r\n").await };
    assert_eq!(tokio::join!(ask(&link), next).0.unwrap(), "two");

    let (scripted, link, mut peer) = connected().await;
    peer.say("+too early\r\n").await;
    pause().await;
    let next = async { scripted.identified().await.answer("ASK", "+one\r\n").await };
    assert_eq!(tokio::join!(ask(&link), next).0.unwrap(), "one");
}

#[tokio::test]
async fn an_exchange_that_is_given_up_disturbs_no_other_and_keeps_the_connection() {
    let (_scripted, link, mut peer) = connected().await;
    for _ in 0..3 {
        let mut given_up = Box::pin(ask(&link));
        tokio::select! {
            biased;
            _ = &mut given_up => panic!("it was not answered"),
            command = peer.command() => assert_eq!(command, ["ASK"]),
        }
    }
    let answers = async {
        peer.answer("ASK", "+1\r\n+2\r\n+3\r\n").await;
        peer.say("+four\r\n").await;
    };
    assert_eq!(tokio::join!(ask(&link), answers).0.unwrap(), "four");
}

#[tokio::test]
async fn exchanges_do_not_wait_for_each_others_replies() {
    let (_scripted, link, mut peer) = connected().await;
    let answers = async {
        for _ in 0..3 {
            assert_eq!(peer.command().await, ["ASK"]);
        }
        peer.say("+one\r\n+two\r\n+three\r\n").await;
    };
    let (one, two, three, ()) = tokio::join!(ask(&link), ask(&link), ask(&link), answers);
    assert_eq!([one, two, three].map(Result::unwrap), ["one", "two", "three"]);
}

#[tokio::test]
async fn a_connection_closed_in_an_idle_time_is_replaced_before_anything_is_written() {
    let (scripted, link, peer) = connected().await;
    drop(peer);
    pause().await;
    let next = async { scripted.identified().await.answer("ASK", "+one\r\n").await };
    assert_eq!(tokio::join!(ask(&link), next).0.unwrap(), "one");

    // Even if the owner has had no turn since.
    let (scripted, link, peer) = connected().await;
    drop(peer);
    std::thread::sleep(Duration::from_millis(5));
    let next = async { scripted.identified().await.answer("ASK", "+one\r\n").await };
    let asked = async {
        tokio::task::yield_now().await;
        ask(&link).await
    };
    assert_eq!(tokio::join!(asked, next).0.unwrap(), "one");
}

#[tokio::test]
async fn a_broker_that_says_nothing_is_given_up_in_time() {
    let (scripted, link, mut peer) = connected().await;
    tokio::time::pause();
    let began = Instant::now();
    // Both are written, and so may have been done.
    let (first, second) = tokio::join!(ask(&link), ask(&link));
    assert!(matches!((&first, &second), (Err(Failed::Unanswered(_)), Err(Failed::Unanswered(_)))), "{first:?}");
    assert!(began.elapsed() < STALLED + Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!([peer.command().await, peer.command().await], [["ASK"], ["ASK"]]);
    assert_eq!(peer.next().await, None, "nothing more was written");
    drop(scripted);
    assert!(matches!(ask(&link).await, Err(Failed::Unreachable(_))));
}

#[tokio::test]
async fn a_reply_arrives_however_long_it_takes_as_long_as_it_moves() {
    let (_scripted, link, mut peer) = connected().await;
    let mut asked = Box::pin(ask(&link));
    tokio::select! {
        biased;
        _ = &mut asked => panic!("it was not answered"),
        command = peer.command() => assert_eq!(command, ["ASK"]),
    }
    for piece in ["$6\r\n", "a", "n", "s", "w", "e", "r", "\r"] {
        peer.say(piece).await;
        pause().await;
        assert!(futures::poll!(&mut asked).is_pending());
        tokio::time::pause();
        tokio::time::advance(STALLED.mul_f32(0.95)).await;
        tokio::time::resume();
        assert!(futures::poll!(&mut asked).is_pending());
    }
    peer.say("\n").await;
    assert_eq!(asked.await.unwrap(), "answer");
}

#[tokio::test]
async fn what_came_while_the_process_stood_still_is_read_before_anything_is_given_up() {
    let (_scripted, link, mut peer) = connected().await;
    let mut asked = Box::pin(ask(&link));
    tokio::select! {
        biased;
        _ = &mut asked => panic!("it was not answered"),
        command = peer.command() => assert_eq!(command, ["ASK"]),
    }
    // The answer is in the socket, and the runtime does not know yet; the timers are due first.
    peer.say("+one\r\n").await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(60)).await;
    tokio::time::resume();
    assert_eq!(asked.await.unwrap(), "one");
}

#[tokio::test]
async fn an_idle_link_is_asked_now_and_then_and_no_more_if_it_refuses() {
    let (_scripted, link, mut peer) = connected().await;
    for answer in ["+PONG\r\n", "-NOPERM no permissions\r\n"] {
        tokio::time::pause();
        tokio::time::advance(PROBE_INTERVAL + Duration::from_millis(1)).await;
        tokio::time::resume();
        peer.answer("PING", answer).await;
        pause().await;
    }
    tokio::time::pause();
    tokio::time::advance(2 * PROBE_INTERVAL).await;
    tokio::time::resume();
    pause().await;
    assert_eq!(tokio::join!(ask(&link), peer.answer("ASK", "+one\r\n")).0.unwrap(), "one");
}

#[tokio::test]
async fn a_link_that_is_left_answers_what_is_under_way_and_the_next_exchange_has_another() {
    let (scripted, link, mut peer) = connected().await;
    let mut asked = Box::pin(ask(&link));
    tokio::select! {
        biased;
        _ = &mut asked => panic!("it was not answered"),
        command = peer.command() => assert_eq!(command, ["ASK"]),
    }
    link.leave(Some(7));
    link.leave(Some(0));
    let answers = async {
        pause().await;
        peer.say("+one\r\n").await;
        let mut next = scripted.greeted().await;
        next.answer("INFO", "$13\r\nrun_id:second\r\n").await;
        next.answer("ASK", "+two\r\n").await;
    };
    let (one, two, ()) = tokio::join!(asked, ask(&link), answers);
    assert_eq!([one, two].map(Result::unwrap), ["one", "two"]);
    assert_eq!(**link.server().borrow(), *"second");
}

#[tokio::test]
async fn what_was_not_written_when_the_connection_was_lost_goes_over_the_next() {
    let (scripted, link, mut peer) = connected().await;
    // More than a socket takes, so that what is behind it has to wait.
    let large = link.exchange(commands(&"x".repeat(32 << 20), 1), 1, Priority::Normal);
    let (large, small, ()) = tokio::join!(large, ask(&link), async {
        pause().await;
        peer.started().await;
        drop(peer);
        scripted.identified().await.answer("ASK", "+one\r\n").await;
    });
    assert!(matches!(large, Err(Failed::Unanswered(_))));
    assert_eq!(small.unwrap(), "one");
}

#[tokio::test]
async fn what_nobody_waits_for_is_sent_over_the_next_link_if_there_is_none() {
    let scripted = Scripted::start().await;
    let seen = Seen::default();
    let endpoint = Arc::new(scripted.endpoint());
    let (link, peer) = tokio::join!(SharedLink::open(endpoint, seen.clone()), scripted.identified());
    let link = link.unwrap();
    drop(peer);
    pause().await;
    link.send(commands("LATER", 1), 1);
    scripted.identified().await.answer("LATER", ":1\r\n").await;
    assert_eq!(*seen.0.lock(), (1, 1));
}

#[tokio::test]
async fn the_end_of_the_runtime_is_an_error() {
    let scripted = Scripted::start().await;
    let (link, mut peer) =
        tokio::join!(SharedLink::open(Arc::new(scripted.endpoint()), Seen::default()), scripted.identified());
    let link = link.unwrap();
    let (asked, ()) = tokio::join!(ask(&link), async {
        peer.command().await;
        link.owner.abort();
    });
    assert!(matches!(asked, Err(Failed::Unanswered(_))), "{asked:?}");
    assert!(matches!(ask(&link).await, Err(Failed::Ended)));
}
