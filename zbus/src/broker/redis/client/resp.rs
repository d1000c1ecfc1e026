//! Redis' protocol, version 2: commands as they go out, replies as they come in.
//!
//! A reply's texts are pieces of what was received: nothing is copied.

use bytes::{Buf, Bytes, BytesMut};
use redis::{RedisResult, Value};

use super::error::{malformed, of_line};

/// Redis answers no deeper than this.
const MAX_DEPTH: usize = 8;

/// The longest line of a reply: a number, or what an error says.
const MAX_LINE: usize = 64 << 10;

/// The longest text: what Redis itself takes (`proto-max-bulk-len`), unless it is set higher.
const MAX_TEXT: usize = 512 << 20;

/// For so many items room is made before they have come.
const EXPECTED_ITEMS: usize = 1024;

/// Begins a command of so many words.
pub(crate) fn command(out: &mut BytesMut, words: usize) {
    header(out, b'*', words);
}

/// A word of a command.
pub(crate) fn word(out: &mut BytesMut, word: &[u8]) {
    header(out, b'$', word.len());
    out.extend_from_slice(word);
    out.extend_from_slice(b"\r\n");
}

/// A word that is a number.
pub(crate) fn number(out: &mut BytesMut, number: u64) {
    word(out, itoa::Buffer::new().format(number).as_bytes());
}

/// What [`word`] takes besides the word, and a bit more.
pub(crate) const WORD_OVERHEAD: usize = 16;

fn header(out: &mut BytesMut, kind: u8, count: usize) {
    out.extend_from_slice(&[kind]);
    out.extend_from_slice(itoa::Buffer::new().format(count).as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// What a command is answered with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reply {
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
    pub(crate) fn checked(self) -> RedisResult<Self> {
        match self {
            Self::Error(line) => Err(of_line(&line)),
            reply => Ok(reply),
        }
    }

    /// As the `redis` crate reads it.
    pub(crate) fn value(self) -> RedisResult<Value> {
        Ok(match self {
            Self::Nil => Value::Nil,
            Self::Int(number) => Value::Int(number),
            Self::Status(line) if *line == *b"OK" => Value::Okay,
            Self::Status(line) => Value::SimpleString(String::from_utf8_lossy(&line).into_owned()),
            Self::Text(text) => Value::BulkString(text.into()),
            Self::List(items) => Value::Array(items.into_iter().map(Self::value).collect::<RedisResult<_>>()?),
            Self::Error(line) => return Err(of_line(&line)),
        })
    }
}

/// Reads replies out of what is received, piece by piece.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
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
    pub(crate) fn lacking(&self) -> usize {
        self.lacking
    }

    /// The next reply, if all of it is there; what was read is gone from `received`.
    pub(crate) fn decode(&mut self, received: &mut BytesMut) -> RedisResult<Option<Reply>> {
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

/// Reads any bytes, in pieces of so many and whole: the replies and what comes of the rest are the same, and the `redis` crate's.
#[cfg(any(test, fuzzing))]
#[allow(clippy::expect_used, clippy::missing_panics_doc, reason = "what does not hold shall be found")]
pub(crate) fn any_replies(bytes: &[u8], piece: usize) {
    let mut whole = read_all(bytes, bytes.len().max(1));
    assert_eq!(whole, read_all(bytes, piece.max(1)));
    if let Some(first) = whole.drain(..).next()
        && let Ok(reply) = first
        && let Ok(value) = reply.value()
        && let Ok(other) = redis::parse_redis_value(bytes)
    {
        assert_eq!(value, other);
    }
}

/// Each reply, and the error that ends them where there is one.
#[cfg(any(test, fuzzing))]
fn read_all(bytes: &[u8], piece: usize) -> Vec<Result<Reply, String>> {
    let (mut decoder, mut received, mut replies) = (Decoder::default(), BytesMut::new(), Vec::new());
    for piece in bytes.chunks(piece) {
        received.extend_from_slice(piece);
        loop {
            match decoder.decode(&mut received) {
                Ok(Some(reply)) => replies.push(Ok(reply)),
                Ok(None) => break,
                Err(error) => {
                    replies.push(Err(error.to_string()));
                    return replies;
                }
            }
        }
        assert!(decoder.open.iter().all(|open| open.items.capacity() <= bytes.len().max(EXPECTED_ITEMS)));
    }
    replies
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &'static str) -> Reply {
        Reply::Text(Bytes::from_static(text.as_bytes()))
    }

    /// By hand, and not by what the decoder is used with.
    fn written(reply: &Reply) -> Vec<u8> {
        let with = |kind: &str, bytes: &[u8]| [kind.as_bytes(), bytes, b"\r\n"].concat();
        match reply {
            Reply::Nil => b"$-1\r\n".to_vec(),
            Reply::Int(number) => format!(":{number}\r\n").into_bytes(),
            Reply::Status(line) => with("+", line),
            Reply::Error(line) => with("-", line),
            Reply::Text(text) => with(&format!("${}\r\n", text.len()), text),
            Reply::List(items) => {
                [format!("*{}\r\n", items.len()).into_bytes(), items.iter().flat_map(written).collect()].concat()
            }
        }
    }

    fn known() -> Reply {
        let pair = Reply::List(vec![text("list"), Reply::List(vec![text("a\r\nb"), text(""), text("$3\r\nabc\r\n")])]);
        let error = Reply::Error(Bytes::from_static(b"ERR no"));
        let status = Reply::Status(Bytes::from_static(b"OK"));
        Reply::List(vec![pair, Reply::Nil, Reply::List(Vec::new()), Reply::Int(i64::MIN), error, status])
    }

    #[test]
    fn known_replies_are_read() {
        for (bytes, expected) in [
            (":-12\r\n", Reply::Int(-12)),
            ("+\r\n", Reply::Status(Bytes::new())),
            ("+OK\r\n", Reply::Status(Bytes::from_static(b"OK"))),
            ("-ERR no\r\n", Reply::Error(Bytes::from_static(b"ERR no"))),
            ("$-1\r\n", Reply::Nil),
            ("*-1\r\n", Reply::Nil),
            ("$0\r\n\r\n", text("")),
            ("*0\r\n", Reply::List(Vec::new())),
            ("*2\r\n*1\r\n$1\r\na\r\n*0\r\n", Reply::List(vec![Reply::List(vec![text("a")]), Reply::List(Vec::new())])),
        ] {
            assert_eq!(read_all(bytes.as_bytes(), 1), [Ok(expected)], "{bytes:?}");
        }
    }

    #[test]
    fn a_reply_is_the_same_wherever_it_is_torn() {
        let bytes = [written(&known()), written(&Reply::Int(1))].concat();
        for torn in 0..=bytes.len() {
            let (mut decoder, mut replies) = (Decoder::default(), Vec::new());
            let mut received = BytesMut::from(&bytes[..torn]);
            while let Some(reply) = decoder.decode(&mut received).unwrap() {
                replies.push(reply);
            }
            assert!(decoder.lacking() <= bytes.len() - torn, "{torn}");
            received.extend_from_slice(&bytes[torn..]);
            while let Some(reply) = decoder.decode(&mut received).unwrap() {
                replies.push(reply);
            }
            assert_eq!(replies, [known(), Reply::Int(1)], "{torn}");
            assert!(received.is_empty());
        }
    }

    #[test]
    fn what_is_no_reply_is_an_error() {
        let deep = "*1\r\n".repeat(MAX_DEPTH + 1);
        let endless = "+".repeat(MAX_LINE);
        for bytes in [
            "\n",
            "\r\n",
            "?\r\n",
            "_\r\n",
            "garbage\r\n",
            "+OK\n",
            ":\r\n",
            ":x\r\n",
            ":1 \r\n",
            ":9223372036854775808\r\n",
            ":\u{e9}\r\n",
            "$x\r\n",
            "$\r\n",
            "$1\r\nabc",
            "$536870913\r\n",
            "$9223372036854775807\r\n",
            "*x\r\n",
            "*18446744073709551616\r\n",
            "*2\r\n:1\r\n?\r\n",
            &deep,
            &endless,
        ] {
            let replies = read_all(bytes.as_bytes(), 3 + bytes.len() / 4);
            assert!(matches!(replies.last(), Some(Err(_))), "{bytes:?}: {replies:?}");
        }
    }

    #[test]
    fn what_a_count_claims_takes_no_memory() {
        let mut received = BytesMut::from(&b"*9223372036854775807\r\n*9223372036854775807\r\n$536870912\r\n"[..]);
        let mut decoder = Decoder::default();
        assert_eq!(decoder.decode(&mut received).unwrap(), None);
        assert_eq!(decoder.lacking(), MAX_TEXT + 2);
        assert!(decoder.open.iter().all(|open| open.items.capacity() == EXPECTED_ITEMS));
        assert!(received.capacity() < 1024);
    }

    #[test]
    fn a_line_that_says_what_is_wrong_is_an_error_whatever_is_in_it() {
        for line in ["ERR no", "", " ", "WRONGTYPE", "\r", "NOPERM \u{e9}", "-"] {
            assert!(Reply::Error(line.into()).checked().is_err(), "{line:?}");
        }
        assert!(Reply::Error(Bytes::from_static(b"\xff \xfe")).checked().is_err());
    }
}
