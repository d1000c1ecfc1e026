//! The arguments in a message that was read, each a `MessagePack` document inside a `bin`.

use bytes::{Buf, Bytes};
use serde_with::DeserializeAs;

use super::InvalidText;
use super::msgpack::{DecodeError, Reader, decode_as};

/// The place of a sequence of `bin`s in a message.
#[derive(Clone, Debug, Default)]
pub(crate) struct ElementsAt {
    count: usize,
    at: Place,
}

#[derive(Clone, Debug)]
enum Place {
    /// The message has the sequence from this byte on.
    Message(usize),
    /// The sequence itself, if the message has strings or nils in place of `bin`s.
    Own(Vec<u8>),
}

impl Default for Place {
    fn default() -> Self {
        Self::Own(Vec::new())
    }
}

impl ElementsAt {
    /// Reads an array of `bin`s, which is next in the message.
    pub(crate) fn read(reader: &mut Reader<'_>, message: &[u8]) -> Option<Self> {
        let count = reader.array()?;
        let at = message.len().checked_sub(reader.left())?;
        for _ in 0..count {
            reader.bin()?;
        }
        Some(Self { count, at: Place::Message(at) })
    }

    /// A sequence of these values. None if one is longer than a `bin` can be.
    pub(crate) fn of(elements: &[&[u8]]) -> Option<Self> {
        let mut run = Vec::with_capacity(elements.iter().map(|element| 5 + element.len()).sum());
        for element in elements {
            rmp::encode::write_bin(&mut run, element).ok()?;
        }
        Some(Self { count: elements.len(), at: Place::Own(run) })
    }

    /// The values, in this message.
    pub(crate) fn iter<'a>(&'a self, message: &'a [u8]) -> ElementsIter<'a> {
        let run = match &self.at {
            Place::Message(at) => message.get(*at..).unwrap_or_default(),
            Place::Own(run) => run,
        };
        ElementsIter { left: self.count, reader: Reader::new(run), text: InvalidText::default() }
    }

    /// The values, which share the memory of the message.
    pub(crate) fn share(self, mut message: Bytes) -> Elements {
        let run = match self.at {
            Place::Message(at) => {
                message.advance(at.min(message.len()));
                message
            }
            Place::Own(run) => run.into(),
        };
        Elements { count: self.count, run, text: InvalidText::default() }
    }
}

/// The values of a message.
#[derive(Clone, Debug)]
pub(crate) struct Elements {
    count: usize,
    /// It begins with `count` `bin`s. The rest is ignored.
    run: Bytes,
    text: InvalidText,
}

impl Elements {
    /// The same values, with this choice for their text.
    pub(crate) fn reading(self, text: InvalidText) -> Self {
        Self { text, ..self }
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn iter(&self) -> ElementsIter<'_> {
        ElementsIter { left: self.count, reader: Reader::new(&self.run), text: self.text }
    }
}

/// The values in order, each a document.
#[derive(Clone, Debug)]
pub(crate) struct ElementsIter<'a> {
    left: usize,
    reader: Reader<'a>,
    text: InvalidText,
}

impl ElementsIter<'_> {
    /// Reads the next value. None if there is none left.
    pub(crate) fn read_next<A, T>(&mut self) -> Option<Result<T, DecodeError>>
    where
        A: for<'de> DeserializeAs<'de, T>,
    {
        let (text, element) = (self.text, self.next()?);
        Some(text.scope(|| decode_as::<A, T>(element)))
    }
}

impl<'a> Iterator for ElementsIter<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        self.left = self.left.checked_sub(1)?;
        self.reader.bin()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for ElementsIter<'_> {}
