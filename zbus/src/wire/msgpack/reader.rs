//! A fast reader for documents of a known shape. Envelopes nearly always have the same shape, so they are read with this first. `rmp-serde`
//! reads any shape and costs many times as much.

use rmp::Marker;

/// The rest of a document. `None` means that the next value is of another type. Then the reader is of no more use, and
/// [`decode`](super::decode) reads the whole document or says what is wrong with it.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(document: &'a [u8]) -> Self {
        Self { rest: document }
    }

    /// How many bytes are left.
    pub(crate) fn left(&self) -> usize {
        self.rest.len()
    }

    fn marker(&mut self) -> Option<Marker> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(Marker::from_u8(first))
    }

    fn number<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (number, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*number)
    }

    fn length8(&mut self) -> Option<usize> {
        self.number().map(|[length]| usize::from(length))
    }

    fn length16(&mut self) -> Option<usize> {
        self.number().map(|length| usize::from(u16::from_be_bytes(length)))
    }

    fn length32(&mut self) -> Option<usize> {
        self.number().and_then(|length| usize::try_from(u32::from_be_bytes(length)).ok())
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    /// How many pairs of keys and values follow.
    pub(crate) fn map(&mut self) -> Option<usize> {
        match self.marker()? {
            Marker::FixMap(length) => Some(length.into()),
            Marker::Map16 => self.length16(),
            Marker::Map32 => self.length32(),
            _ => None,
        }
    }

    /// How many elements follow.
    pub(crate) fn array(&mut self) -> Option<usize> {
        match self.marker()? {
            Marker::FixArray(length) => Some(length.into()),
            Marker::Array16 => self.length16(),
            Marker::Array32 => self.length32(),
            _ => None,
        }
    }

    /// The bytes of a string, which need not be UTF-8. They are enough to compare it.
    pub(crate) fn key(&mut self) -> Option<&'a [u8]> {
        // Most are short.
        if let Some((&first @ 0xa0..=0xbf, rest)) = self.rest.split_first() {
            let (text, rest) = rest.split_at_checked(usize::from(first & 0x1f))?;
            self.rest = rest;
            return Some(text);
        }
        let length = match self.marker()? {
            Marker::Str8 => self.length8()?,
            Marker::Str16 => self.length16()?,
            Marker::Str32 => self.length32()?,
            _ => return None,
        };
        self.take(length)
    }

    /// A string.
    pub(crate) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.key()?).ok()
    }

    /// The bytes of a `bin`.
    pub(crate) fn bin(&mut self) -> Option<&'a [u8]> {
        let length = match self.marker()? {
            Marker::Bin8 => self.length8()?,
            Marker::Bin16 => self.length16()?,
            Marker::Bin32 => self.length32()?,
            _ => return None,
        };
        self.take(length)
    }

    /// An integer of 64 bits, written at that width.
    pub(crate) fn i64(&mut self) -> Option<i64> {
        match self.marker()? {
            Marker::I64 => self.number().map(i64::from_be_bytes),
            Marker::U64 => self.number().and_then(|number| u64::from_be_bytes(number).try_into().ok()),
            _ => None,
        }
    }

    pub(crate) fn bool(&mut self) -> Option<bool> {
        match self.marker()? {
            Marker::True => Some(true),
            Marker::False => Some(false),
            _ => None,
        }
    }

    /// Reads a nil, if it is next. True if it was.
    pub(crate) fn is_nil(&mut self) -> bool {
        match self.rest.split_first() {
            Some((&first, rest)) if first == Marker::Null.to_u8() => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }
}
