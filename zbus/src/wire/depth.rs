//! How deep the values of a message may nest, for a server or client that reads less than [`MAX_DEPTH`] levels.

use super::msgpack::{DecodeError, MAX_DEPTH, nests_within};
use super::response::Body;

/// The deepest nesting of lists and maps that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Depth(usize);

impl Default for Depth {
    fn default() -> Self {
        Self(MAX_DEPTH)
    }
}

impl Depth {
    /// Clamped to 1 to [`MAX_DEPTH`].
    pub(crate) fn new(levels: usize) -> Self {
        Self(levels.clamp(1, MAX_DEPTH))
    }

    /// Refuses a value that is deeper.
    pub(crate) fn check(self, bytes: &[u8]) -> Result<(), DecodeError> {
        // Decoding stops there in any case.
        if self.0 == MAX_DEPTH {
            return Ok(());
        }
        if nests_within(self.0, bytes) {
            return Ok(());
        }
        Err(DecodeError::new(format!("it nests deeper than {} levels, the `max_depth` that is set", self.0)))
    }

    /// Refuses a response with a value that is deeper.
    pub(crate) fn check_body(self, body: &Body) -> Result<(), DecodeError> {
        match body {
            Body::One { data, thrown } => {
                let thrown = thrown.as_ref().and_then(|thrown| thrown.data.as_ref());
                data.iter().chain(thrown).try_for_each(|value| self.check(value))
            }
            Body::Zero { elements } => elements.iter().try_for_each(|value| self.check(value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Value;
    use crate::wire::decode;

    /// Lists within one another.
    fn nested(levels: usize) -> Vec<u8> {
        let mut bytes = vec![0x91; levels - 1];
        bytes.push(0x90);
        bytes
    }

    #[test]
    fn a_value_may_be_as_deep_as_is_said_and_no_deeper() {
        for levels in [1, 2, 7, MAX_DEPTH - 1] {
            let depth = Depth::new(levels);
            depth.check(&nested(levels)).unwrap();
            let error = depth.check(&nested(levels + 1)).unwrap_err();
            assert_eq!(error.to_string(), format!("it nests deeper than {levels} levels, the `max_depth` that is set"));
            assert!(depth.check(&[0x81, 0xa1, b'a'].repeat(10_000)).is_err());
        }
        for levels in [MAX_DEPTH, MAX_DEPTH + 1, usize::MAX] {
            assert_eq!(Depth::new(levels), Depth::default());
        }
        decode::<Value>(&nested(MAX_DEPTH)).unwrap();
        assert!(decode::<Value>(&nested(MAX_DEPTH + 1)).is_err());
        assert_eq!(Depth::new(0), Depth::new(1));
    }

    #[test]
    fn no_part_of_a_response_is_left_out() {
        use crate::wire::Thrown;

        let deep = || bytes::Bytes::from(nested(3));
        let thrown = Thrown { data: Some(deep()), ..Thrown::default() };
        for body in [
            Body::One { data: Some(deep()), thrown: None },
            Body::One { data: None, thrown: Some(Box::new(thrown)) },
            Body::Zero { elements: vec![bytes::Bytes::new(), deep()] },
        ] {
            assert!(Depth::new(2).check_body(&body).is_err(), "{body:?}");
            Depth::new(3).check_body(&body).unwrap();
        }
    }
}
