//! Batches of writes, as the commands that they are to Redis.

use std::ops::Range;
use std::time::Duration;

use bytes::BytesMut;

use super::client::{WORD_OVERHEAD, command, number, word};
use crate::broker::{Write, same_list};

/// Pushes as many messages as there is room for; says how many.
const PUSH_BELOW: &str = "
local room = tonumber(ARGV[1]) - redis.call('LLEN', KEYS[1])
local pushed = math.max(0, math.min(room, #ARGV - 1))
for index = 2, pushed + 1 do redis.call('RPUSH', KEYS[1], ARGV[index]) end
return pushed";

/// A batch as it goes out.
pub(super) struct Commands {
    pub(super) bytes: BytesMut,
    /// For each command, whose it is.
    pub(super) owners: Vec<Owner>,
}

/// Which entries of a batch a command belongs to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) entries: Range<usize>,
    /// It sets the expiry of their list: they are written all the same if it fails.
    pub(super) expires: bool,
}

/// What commands take besides their messages, mostly.
const COMMANDS: usize = 256;

/// Neighbours for one list are one command.
pub(super) fn commands(batch: &[Write]) -> Commands {
    let messages: usize = batch.iter().map(|write| write.message().len() + WORD_OVERHEAD).sum();
    let mut bytes = BytesMut::with_capacity(messages + COMMANDS);
    let mut owners = Vec::new();
    let mut start = 0;
    for group in batch.chunk_by(same_list) {
        let entries = start..start + group.len();
        start = entries.end;
        match group.first() {
            Some(Write::Push { list, expire: after, .. }) => {
                command(&mut bytes, group.len() + 2);
                word(&mut bytes, b"RPUSH");
                word(&mut bytes, list.as_bytes());
                for write in group {
                    word(&mut bytes, write.message());
                }
                owners.push(Owner { entries: entries.clone(), expires: false });
                if let Some(after) = after {
                    expire(&mut bytes, list, *after);
                    owners.push(Owner { entries, expires: true });
                }
            }
            Some(Write::PushBelow { list, limit, .. }) => {
                command(&mut bytes, group.len() + 5);
                word(&mut bytes, b"EVAL");
                word(&mut bytes, PUSH_BELOW.as_bytes());
                number(&mut bytes, 1);
                word(&mut bytes, list.as_bytes());
                number(&mut bytes, u64::from(*limit));
                for write in group {
                    word(&mut bytes, write.message());
                }
                owners.push(Owner { entries, expires: false });
            }
            Some(Write::Publish { channel, message }) => {
                command(&mut bytes, 3);
                word(&mut bytes, b"PUBLISH");
                word(&mut bytes, channel.as_bytes());
                word(&mut bytes, message);
                owners.push(Owner { entries, expires: false });
            }
            None => {}
        }
    }
    Commands { bytes, owners }
}

/// The commands that set the expiries of the lists of a batch once more; none if it has none.
pub(super) fn expiries(batch: &[Write]) -> Option<Commands> {
    let (mut bytes, mut owners) = (BytesMut::new(), Vec::new());
    for (index, write) in batch.iter().enumerate() {
        let next = batch.get(index + 1);
        if let Write::Push { list, expire: Some(after), .. } = write
            && !next.is_some_and(|next| same_list(write, next))
        {
            expire(&mut bytes, list, *after);
            owners.push(Owner { entries: index..index + 1, expires: true });
        }
    }
    (!owners.is_empty()).then_some(Commands { bytes, owners })
}

/// Redis counts in milliseconds, and refuses times beyond its clock. A thousand years are enough.
const LONGEST: Duration = Duration::from_secs(1000 * 365 * 24 * 3600);

fn expire(bytes: &mut BytesMut, list: &str, after: Duration) {
    let after = after.clamp(Duration::from_millis(1), LONGEST);
    command(bytes, 3);
    let seconds = after.subsec_nanos() == 0;
    word(bytes, if seconds { b"EXPIRE" } else { b"PEXPIRE" });
    word(bytes, list.as_bytes());
    let milliseconds = u64::try_from(after.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
    number(bytes, if seconds { after.as_secs() } else { milliseconds });
}

#[cfg(test)]
mod tests {

    use bytes::Bytes;

    use super::*;

    #[test]
    fn neighbours_for_one_list_are_one_command() {
        let push = |list: &str| Write::Push {
            list: list.into(),
            message: Bytes::from_static(b"m"),
            expire: Some(Duration::from_secs(300)),
        };
        let publish = Write::Publish { channel: "c".into(), message: Bytes::from_static(b"m") };
        let Commands { bytes, owners } = commands(&[push("a"), push("a"), push("b"), publish]);
        let owner = |entries, expires| Owner { entries, expires };
        assert_eq!(
            owners,
            [owner(0..2, false), owner(0..2, true), owner(2..3, false), owner(2..3, true), owner(3..4, false)]
        );
        let sent = "*4 $5 RPUSH $1 a $1 m $1 m *3 $6 EXPIRE $1 a $3 300 *3 $5 RPUSH $1 b $1 m *3 $6 EXPIRE $1 b $3 300 \
                    *3 $7 PUBLISH $1 c $1 m ";
        assert_eq!(String::from_utf8_lossy(&bytes).replace("\r\n", " "), sent);
    }

    #[test]
    fn an_expiry_is_a_millisecond_at_least_and_within_the_clock_of_redis() {
        for (after, expected) in [
            (Duration::ZERO, "PEXPIRE 1"),
            (Duration::from_nanos(1), "PEXPIRE 1"),
            (Duration::from_micros(1500), "PEXPIRE 2"),
            (Duration::from_millis(500), "PEXPIRE 500"),
            (Duration::from_millis(1900), "PEXPIRE 1900"),
            (Duration::from_secs(300), "EXPIRE 300"),
            (Duration::MAX, "EXPIRE 31536000000"),
        ] {
            let mut bytes = BytesMut::new();
            expire(&mut bytes, "l", after);
            let words = String::from_utf8_lossy(&bytes);
            let words: Vec<_> = words.split("\r\n").collect();
            assert_eq!(format!("{} {}", words[2], words[6]), expected, "{after:?}");
        }
    }

    #[test]
    fn the_expiry_of_each_list_of_a_batch_is_set_once_more() {
        let push = |list: &str, expire| Write::Push { list: list.into(), message: Bytes::from_static(b"m"), expire };
        let minute = Some(Duration::from_secs(60));
        let Commands { bytes, owners } = expiries(&[push("a", minute), push("a", minute), push("b", None)]).unwrap();
        assert_eq!(String::from_utf8_lossy(&bytes).replace("\r\n", " "), "*3 $6 EXPIRE $1 a $2 60 ");
        assert_eq!(owners.len(), 1);
        assert!(expiries(&[push("a", None)]).is_none());
    }
}
