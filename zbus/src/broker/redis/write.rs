//! Batches of writes, as the commands that they are to Redis.

use std::ops::Range;

use bytes::BytesMut;

use super::resp::{WORD_OVERHEAD, command, number, word};
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
    /// For each command, which entries it carries.
    pub(super) owners: Vec<Range<usize>>,
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
            Some(Write::Push { list, expire, .. }) => {
                command(&mut bytes, group.len() + 2);
                word(&mut bytes, b"RPUSH");
                word(&mut bytes, list.as_bytes());
                for write in group {
                    word(&mut bytes, write.message());
                }
                owners.push(entries.clone());
                if let Some(expire) = expire {
                    command(&mut bytes, 3);
                    word(&mut bytes, b"EXPIRE");
                    word(&mut bytes, list.as_bytes());
                    number(&mut bytes, expire.as_secs());
                    owners.push(entries);
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
                owners.push(entries);
            }
            Some(Write::Publish { channel, message }) => {
                command(&mut bytes, 3);
                word(&mut bytes, b"PUBLISH");
                word(&mut bytes, channel.as_bytes());
                word(&mut bytes, message);
                owners.push(entries);
            }
            None => {}
        }
    }
    Commands { bytes, owners }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
        assert_eq!(owners, [0..2, 0..2, 2..3, 2..3, 3..4]);
        let sent = "*4 $5 RPUSH $1 a $1 m $1 m *3 $6 EXPIRE $1 a $3 300 *3 $5 RPUSH $1 b $1 m *3 $6 EXPIRE $1 b $3 300 \
                    *3 $7 PUBLISH $1 c $1 m ";
        assert_eq!(String::from_utf8_lossy(&bytes).replace("\r\n", " "), sent);
    }
}
