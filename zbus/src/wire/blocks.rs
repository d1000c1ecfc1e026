//! Memory for many small messages at once.

use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;

/// What is taken from the allocator at once, in bytes. It is given back when all messages in it are gone.
const BLOCK: usize = 16 << 10;

/// A longer message has memory of its own: it would leave most of a block unused, and keep it for longer.
const LONGEST: usize = 1 << 10;

/// Where messages are put that are written together and gone together, as the replies to a batch are: one allocation for many.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    rest: Mutex<BytesMut>,
}

impl Blocks {
    /// The message, in memory that it shares with others where it is small.
    pub(crate) fn store(&self, message: Vec<u8>) -> Bytes {
        if message.len() > LONGEST {
            return message.into();
        }
        let mut rest = self.rest.lock();
        if rest.capacity() < message.len() && !rest.try_reclaim(message.len()) {
            *rest = BytesMut::with_capacity(BLOCK);
        }
        rest.extend_from_slice(&message);
        rest.split().freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(at: usize, length: usize) -> u8 {
        (at ^ length).to_le_bytes()[0]
    }

    #[test]
    fn messages_of_any_length_are_kept_as_they_are_and_small_ones_lie_together() {
        let blocks = Blocks::default();
        let lengths = (0..2 * LONGEST).step_by(7).chain([LONGEST, LONGEST + 1, BLOCK]);
        let kept: Vec<_> =
            lengths.map(|length| (length, blocks.store((0..length).map(|at| content(at, length)).collect()))).collect();
        for (length, message) in &kept {
            assert!(message.iter().copied().eq((0..*length).map(|at| content(at, *length))), "{length}");
        }
        let [first, second] = [blocks.store(vec![1]), blocks.store(vec![2])].map(|message| message.as_ptr() as usize);
        assert_eq!(second - first, 1);
    }

    #[test]
    fn a_block_whose_messages_are_gone_is_used_again() {
        let blocks = Blocks::default();
        let first = blocks.store(vec![1; LONGEST]).as_ptr() as usize;
        let last = (0..1000).map(|_| blocks.store(vec![1; LONGEST]).as_ptr() as usize).max().unwrap();
        assert!(last - first < BLOCK);
    }
}
