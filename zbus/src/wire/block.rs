//! The memory that messages are written to. Small messages share a block, since allocating each one would cost more than writing it.

use std::cell::Cell;
use std::convert::Infallible;

use bytes::{Bytes, BytesMut};

/// The size of a block in bytes. A message that is kept keeps its whole block.
const BLOCK: usize = 4096;

/// The size of the largest message that shares a block. Larger ones have memory of their own.
const SMALL: usize = BLOCK / 4;

thread_local! {
    /// The rest of this thread's block.
    static LEFT: Cell<BytesMut> = Cell::default();

    /// A buffer to use again, of a message that was stored.
    static SPARE: Cell<Vec<u8>> = Cell::default();
}

/// An empty buffer with room for `size` bytes, for a message that will be [`stored`].
pub(crate) fn buffer(size: usize) -> Vec<u8> {
    let mut buffer = SPARE.try_with(Cell::take).unwrap_or_default();
    buffer.reserve(size);
    buffer
}

/// The bytes that `write` appends. If they are more than `size`, they are moved once. After an error nothing is kept.
pub(crate) fn in_block<E>(size: usize, write: impl FnOnce(&mut BytesMut) -> Result<(), E>) -> Result<Bytes, E> {
    if size > SMALL {
        let mut own = BytesMut::with_capacity(size);
        return write(&mut own).map(|()| own.freeze());
    }
    // The block may be taken already: the thread may end, or `write` may call this function. Then there is a new one.
    let mut block = LEFT.try_with(Cell::take).unwrap_or_default();
    // A block is used again once all its messages are gone.
    if block.capacity() < size && !block.try_reclaim(size) {
        block = BytesMut::with_capacity(BLOCK);
    }
    let written = write(&mut block).map(|()| block.split().freeze());
    block.clear();
    let _ = LEFT.try_with(|left| left.set(block));
    written
}

/// A complete message, moved to a block if it is small.
pub(crate) fn stored(mut message: Vec<u8>) -> Bytes {
    if message.len() > SMALL {
        return message.into();
    }
    let Ok(stored) = in_block(message.len(), |out| -> Result<(), Infallible> {
        out.extend_from_slice(&message);
        Ok(())
    });
    if message.capacity() <= BLOCK {
        message.clear();
        let _ = SPARE.try_with(|spare| spare.set(message));
    }
    stored
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(len: usize, byte: u8) -> Bytes {
        in_block(len, |out| -> Result<(), ()> {
            // A writer may write another message meanwhile.
            if len == 7 {
                message(3, byte);
            }
            out.resize(out.len() + len, byte);
            Ok(())
        })
        .unwrap()
    }

    #[test]
    fn a_block_whose_messages_are_gone_is_used_again() {
        let first = stored(vec![1; SMALL]).as_ptr() as usize;
        let last = (0..100).map(|_| stored(vec![1; SMALL]).as_ptr() as usize).max().unwrap();
        assert!(last.abs_diff(first) < BLOCK);
    }

    #[test]
    fn messages_of_whatever_length_do_not_touch_each_other() {
        let mut kept = Vec::new();
        for round in 0..500_usize {
            let (len, byte) = ([1, 7, 100, SMALL, SMALL + 1, BLOCK * 3][round % 6], u8::try_from(round % 251).unwrap());
            kept.push((message(len, byte), len, byte));
            let failed = in_block(10, |out| {
                out.extend_from_slice(b"never");
                Err(())
            });
            assert_eq!(failed, Err(()));
        }
        for len in [0, 1, SMALL, SMALL + 1] {
            kept.push((stored(vec![7; len]), len, 7));
        }
        for (message, len, byte) in kept {
            assert!(message.len() == len && message.iter().all(|written| *written == byte));
        }
    }
}
