//! Withdrawals: one script for many messages, in chunks that hold up nothing else for long.

use bytes::Bytes;
use futures::future::try_join_all;

use super::client::Priority;
use super::links::Links;
use crate::broker::{BrokerError, WITHDRAWAL_DEPTH};

/// For each message: 1 if it was among the oldest or the newest so many, and is gone. `LREM` alone would scan the whole list; the sign of
/// its count is the end that it starts from.
const WITHDRAW: &str = "
local withdrawn = {}
for index = 2, #ARGV do
  withdrawn[index - 1] = 0
  for _, from in ipairs({1, -1}) do
    if redis.call('LPOS', KEYS[1], ARGV[index], 'RANK', from, 'MAXLEN', ARGV[1]) then
      withdrawn[index - 1] = redis.call('LREM', KEYS[1], from, ARGV[index])
      break
    end
  end
end
return withdrawn";

/// A script takes no more messages than these, which keeps Redis busy for less than a millisecond.
const CHUNK: usize = 64;

/// A script takes no further message beyond this many bytes.
const CHUNK_BYTES: usize = 256 << 10;

/// Whether each message was taken out.
pub(super) async fn each(links: &Links, list: &str, messages: &[Bytes]) -> Result<Vec<bool>, BrokerError> {
    // All chunks wait together, behind new writes: the link takes a few of them at a time.
    let chunks = try_join_all(chunks(messages).map(|chunk| one(links, list, chunk))).await?;
    Ok(chunks.concat())
}

async fn one(links: &Links, list: &str, chunk: &[Bytes]) -> Result<Vec<bool>, BrokerError> {
    let mut script = redis::cmd("EVAL");
    script.arg(WITHDRAW).arg(1).arg(list).arg(WITHDRAWAL_DEPTH);
    for message in chunk {
        script.arg(&message[..]);
    }
    let counts: Vec<i64> = links.query_with(&script, Priority::Background).await?;
    let mut withdrawn: Vec<bool> = counts.into_iter().map(|count| count > 0).collect();
    // A broker that answers with less has not said that the others are gone.
    withdrawn.resize(chunk.len(), false);
    Ok(withdrawn)
}

fn chunks(mut messages: &[Bytes]) -> impl Iterator<Item = &[Bytes]> {
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |message: &&Bytes| {
            let fits = bytes < CHUNK_BYTES;
            bytes += message.len();
            fits
        };
        let count = messages.iter().take(CHUNK).take_while(fits).count();
        let (chunk, rest) = messages.split_at(count);
        messages = rest;
        (!chunk.is_empty()).then_some(chunk)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_is_bounded_by_its_number_and_its_bytes() {
        let small = vec![Bytes::from_static(b"m"); 2 * CHUNK + 1];
        assert!(chunks(&small).map(<[Bytes]>::len).eq([CHUNK, CHUNK, 1]));
        let large = vec![Bytes::from(vec![0; CHUNK_BYTES]); 3];
        assert!(chunks(&large).map(<[Bytes]>::len).eq([1, 1, 1]));
        assert_eq!(chunks(&[]).count(), 0);
    }
}
