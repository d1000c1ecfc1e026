//! A sequence of values, each a `MessagePack` document inside a `bin`: arguments, and the returned values of generation 0.

use std::cell::Cell;

use serde_with::SerializeAs;

use super::msgpack::{EncodeError, encode_as};

/// The values' bytes in one buffer, which is copied into an envelope at once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bins {
    count: u32,
    bytes: Vec<u8>,
}

/// The largest buffer that is kept for the next sequence, in bytes.
const KEPT: usize = 4096;

thread_local! {
    /// A buffer to use again. Most sequences are short and do not live long.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl Drop for Bins {
    fn drop(&mut self) {
        if (1..=KEPT).contains(&self.bytes.capacity()) {
            let mut spare = std::mem::take(&mut self.bytes);
            spare.clear();
            let _ = SPARE.try_with(|kept| kept.set(spare));
        }
    }
}

/// The header of a `bin` of up to 4 GiB. The length is filled in once the value is written.
const HEADER: [u8; 5] = [0xc6, 0, 0, 0, 0];

impl Bins {
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Adds a value. After an error the sequence is unchanged.
    pub(crate) fn push<A, T>(&mut self, value: &T) -> Result<(), EncodeError>
    where
        A: SerializeAs<T> + ?Sized,
        T: ?Sized,
    {
        self.push_with(|bytes| encode_as::<A, T>(value, bytes))
    }

    /// Adds a value that is encoded already.
    pub(crate) fn push_encoded(&mut self, document: &[u8]) -> Result<(), EncodeError> {
        self.push_with(|bytes| {
            bytes.extend_from_slice(document);
            Ok(())
        })
    }

    fn push_with(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>) -> Result<(), EncodeError> {
        if self.bytes.capacity() == 0 {
            self.bytes = SPARE.try_with(Cell::take).unwrap_or_default();
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&HEADER);
        let written = write(&mut self.bytes).and_then(|()| self.close(start));
        if written.is_err() {
            self.bytes.truncate(start);
        }
        written
    }

    fn close(&mut self, start: usize) -> Result<(), EncodeError> {
        let len = self.bytes.len() - start - HEADER.len();
        let len = u32::try_from(len).map_err(|_| EncodeError::new("longer than 4 GiB"))?;
        if let Some(header) = self.bytes.get_mut(start + 1..start + HEADER.len()) {
            header.copy_from_slice(&len.to_be_bytes());
        }
        self.count += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_with::Same;

    use super::*;
    use crate::wire::adapter::Duration;

    #[test]
    fn a_value_that_cannot_travel_leaves_no_trace() {
        let mut bins = Bins::default();
        bins.push::<Same, bool>(&true).unwrap();
        bins.push::<Duration, _>(&jiff::SignedDuration::MAX).unwrap_err();
        assert_eq!((bins.count(), bins.bytes()), (1, &[0xc6, 0, 0, 0, 1, 0xc3][..]));
    }
}
