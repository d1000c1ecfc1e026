//! Redis' protocol, version 2: commands as they go out, replies as they come in.
//!
//! A reply's texts are pieces of what was received: nothing is copied.

use bytes::{Buf, Bytes, BytesMut};
use redis::{ErrorKind, RedisError, RedisResult, Value};

/// Redis answers no deeper than this.
const MAX_DEPTH: usize = 8;

/// The longest line of a reply: a number, or what an error says.
const MAX_LINE: usize = 64 << 10;

/// The longest text: what Redis itself takes (`proto-max-bulk-len`), unless it is set higher.
const MAX_TEXT: usize = 512 << 20;

/// For so many items room is made before they have come.
const EXPECTED_ITEMS: usize = 1024;

/// Begins a command of so many words.
pub(super) fn command(out: &mut BytesMut, words: usize) {
    header(out, b'*', words);
}

/// A word of a command.
pub(super) fn word(out: &mut BytesMut, word: &[u8]) {
    header(out, b'$', word.len());
    out.extend_from_slice(word);
    out.extend_from_slice(b"\r\n");
}

/// A word that is a number.
pub(super) fn number(out: &mut BytesMut, number: u64) {
    word(out, itoa::Buffer::new().format(number).as_bytes());
}

/// What [`word`] takes besides the word, and a bit more.
pub(super) const WORD_OVERHEAD: usize = 16;

fn header(out: &mut BytesMut, kind: u8, count: usize) {
    out.extend_from_slice(&[kind]);
    out.extend_from_slice(itoa::Buffer::new().format(count).as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// What a command is answered with.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Reply {
    Nil,
    Int(i64),
    /// A word that is no data, such as `OK`.
    Status(Bytes),
    Text(Bytes),
    List(Vec<Reply>),
    /// The line that says what is wrong, behind its `-`.
    Error(Bytes),
}

impl Reply {
    /// Errors as such.
    pub(super) fn checked(self) -> RedisResult<Self> {
        match self {
            Self::Error(line) => Err(error(&line)),
            reply => Ok(reply),
        }
    }

    /// As the `redis` crate reads it.
    pub(super) fn value(self) -> RedisResult<Value> {
        Ok(match self {
            Self::Nil => Value::Nil,
            Self::Int(number) => Value::Int(number),
            Self::Status(line) => Value::SimpleString(String::from_utf8_lossy(&line).into_owned()),
            Self::Text(text) => Value::BulkString(text.into()),
            Self::List(items) => Value::Array(items.into_iter().map(Self::value).collect::<RedisResult<_>>()?),
            Self::Error(line) => return Err(error(&line)),
        })
    }
}

/// The `redis` crate knows its kinds.
fn error(line: &[u8]) -> RedisError {
    let reply = [b"-", line, b"\r\n"].concat();
    let error = redis::parse_redis_value(&reply).and_then(Value::extract_error).err();
    error.unwrap_or_else(|| malformed("an error that is none"))
}

/// What came is not Redis' protocol.
pub(super) fn malformed(what: &'static str) -> RedisError {
    RedisError::from((ErrorKind::Parse, "the broker does not answer as Redis does", what.to_owned()))
}

/// Reads replies out of what is received, piece by piece.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    /// The lists that are not complete, outermost first.
    open: Vec<Open>,
    /// How many bytes the text under way still lacks.
    lacking: usize,
}

#[derive(Debug)]
struct Open {
    missing: usize,
    items: Vec<Reply>,
}

impl Decoder {
    /// How many more bytes the text under way needs; 0 where none is.
    pub(super) fn lacking(&self) -> usize {
        self.lacking
    }

    /// The next reply, if all of it is there; what was read is gone from `received`.
    pub(super) fn decode(&mut self, received: &mut BytesMut) -> RedisResult<Option<Reply>> {
        self.lacking = 0;
        loop {
            let Some(mut reply) = self.item(received)? else { return Ok(None) };
            loop {
                let Some(open) = self.open.last_mut() else { return Ok(Some(reply)) };
                open.items.push(reply);
                open.missing = open.missing.saturating_sub(1);
                if open.missing > 0 {
                    break;
                }
                reply = Reply::List(self.open.pop().map(|open| open.items).unwrap_or_default());
            }
        }
    }

    /// The next item that is complete.
    fn item(&mut self, received: &mut BytesMut) -> RedisResult<Option<Reply>> {
        loop {
            let Some(end) = received.iter().take(MAX_LINE).position(|byte| *byte == b'\n') else {
                return if received.len() < MAX_LINE { Ok(None) } else { Err(malformed("a line without end")) };
            };
            let Some((&[kind, ref line @ ..], rest)) = received.split_at_checked(end + 1) else { return Ok(None) };
            let Some(line) = line.strip_suffix(b"\r\n") else { return Err(malformed("a line with another end")) };
            let size = line.len();
            match kind {
                b':' => {
                    let number = integer(line)?;
                    received.advance(end + 1);
                    return Ok(Some(Reply::Int(number)));
                }
                b'+' | b'-' => {
                    received.advance(1);
                    let line = received.split_to(size).freeze();
                    received.advance(2);
                    return Ok(Some(if kind == b'+' { Reply::Status(line) } else { Reply::Error(line) }));
                }
                b'$' => {
                    let Some(size) = count(line, MAX_TEXT)? else {
                        received.advance(end + 1);
                        return Ok(Some(Reply::Nil));
                    };
                    if rest.len() < size + 2 {
                        self.lacking = size + 2 - rest.len();
                        return Ok(None);
                    }
                    if rest.get(size..size + 2) != Some(b"\r\n") {
                        return Err(malformed("a text with another end"));
                    }
                    received.advance(end + 1);
                    let text = received.split_to(size).freeze();
                    received.advance(2);
                    return Ok(Some(Reply::Text(text)));
                }
                b'*' => {
                    let missing = count(line, usize::MAX)?;
                    received.advance(end + 1);
                    match missing {
                        None => return Ok(Some(Reply::Nil)),
                        Some(0) => return Ok(Some(Reply::List(Vec::new()))),
                        Some(_) if self.open.len() >= MAX_DEPTH => return Err(malformed("lists in lists in lists")),
                        Some(missing) => {
                            let items = Vec::with_capacity(missing.min(EXPECTED_ITEMS));
                            self.open.push(Open { missing, items });
                        }
                    }
                }
                _ => return Err(malformed("a reply of no known kind")),
            }
        }
    }
}

fn integer(line: &[u8]) -> RedisResult<i64> {
    std::str::from_utf8(line).ok().and_then(|line| line.parse().ok()).ok_or_else(|| malformed("a number that is none"))
}

/// A count, or none where it is negative: then there is nothing at all.
fn count(line: &[u8], most: usize) -> RedisResult<Option<usize>> {
    let count = integer(line)?;
    if count < 0 {
        return Ok(None);
    }
    usize::try_from(count).ok().filter(|count| *count <= most).map(Some).ok_or_else(|| malformed("too large a count"))
}
