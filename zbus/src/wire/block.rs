//! Where messages are written: small ones one behind the other in a block, as memory of its own for each would cost more than to write it.

use std::cell::Cell;
use std::convert::Infallible;

use bytes::{Bytes, BytesMut};

/// In bytes. A message that somebody keeps keeps its block.
const BLOCK: usize = 4096;

/// Larger messages have memory of their own.
const SMALL: usize = BLOCK / 4;

thread_local! {
    /// What is left of this thread's block.
    static LEFT: Cell<BytesMut> = Cell::default();

    /// The buffer of a message that was stored.
    static SPARE: Cell<Vec<u8>> = Cell::default();
}

/// An empty buffer with room for `size` bytes, for a message that is to be [`stored`].
pub(crate) fn buffer(size: usize) -> Vec<u8> {
    let mut buffer = SPARE.try_with(Cell::take).unwrap_or_default();
    buffer.reserve(size);
    buffer
}

/// What `write` appends, which takes at most `size` bytes, or is moved about. After an error it is gone.
pub(crate) fn in_block<E>(size: usize, write: impl FnOnce(&mut BytesMut) -> Result<(), E>) -> Result<Bytes, E> {
    if size > SMALL {
        let mut own = BytesMut::with_capacity(size);
        return write(&mut own).map(|()| own.freeze());
    }
    // Gone with its thread, or in the hands of a writer that calls this in turn: then there is another.
    let mut block = LEFT.try_with(Cell::take).unwrap_or_default();
    // One whose messages are all gone is used again.
    if block.capacity() < size && !block.try_reclaim(size) {
        block = BytesMut::with_capacity(BLOCK);
    }
    let written = write(&mut block).map(|()| block.split().freeze());
    block.clear();
    let _ = LEFT.try_with(|left| left.set(block));
    written
}

/// A message that is whole already.
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
            // As one does that needs a message on its way.
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
