//! Which calls belong together: a W3C `traceparent` goes with a call, and with the calls that its method makes.

use std::fmt;

/// The key in a call's metadata, and the field of the spans.
pub(crate) const TRACEPARENT: &str = "traceparent";

/// A version 00 `traceparent`: <https://www.w3.org/TR/trace-context/#traceparent-header>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TraceParent {
    trace: u128,
    parent: u64,
    flags: u8,
}

/// The trace is recorded.
const SAMPLED: u8 = 1;

impl TraceParent {
    /// The beginning of a trace.
    pub(crate) fn root() -> Self {
        // 122 of the bits are random; neither half is zero.
        Self { trace: uuid::Uuid::new_v4().as_u128(), parent: 0, flags: SAMPLED }.child()
    }

    /// The next call of the trace.
    pub(crate) fn child(self) -> Self {
        let (high, low) = uuid::Uuid::new_v4().as_u64_pair();
        // The halves have fixed bits, each in other places.
        Self { parent: high ^ low.rotate_left(1) | 1, ..self }
    }

    /// None if it is not one, or of a version that is not understood: such a trace is not continued.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let number = |digits: &str, len: usize| {
            let digits = Some(digits).filter(|digits| digits.len() == len && digits.bytes().all(is_lower_hex))?;
            u128::from_str_radix(digits, 16).ok()
        };
        let mut parts = text.split('-');
        let mut next = |len| number(parts.next()?, len);
        let (version, trace, parent, flags) = (next(2)?, next(32)?, next(16)?, next(2)?);
        let parent = u64::try_from(parent).ok()?;
        let is_whole = version == 0 && trace != 0 && parent != 0 && parts.next().is_none();
        is_whole.then_some(Self { trace, parent, flags: u8::try_from(flags).ok()? })
    }
}

fn is_lower_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

impl fmt::Display for TraceParent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "00-{:032x}-{:016x}-{:02x}", self.trace, self.parent, self.flags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_reads_what_it_prints_and_a_child_stays_in_the_trace() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
        let parent = TraceParent::parse(text).unwrap();
        assert_eq!(parent.to_string(), text);
        let child = parent.child();
        assert_eq!((child.trace, child.flags), (parent.trace, parent.flags));
        assert_ne!(child.parent, parent.parent);
        let (one, other) = (TraceParent::root(), TraceParent::root());
        assert_ne!(one.trace, other.trace);
        assert_eq!(TraceParent::parse(&one.to_string()), Some(one));
    }

    #[test]
    fn what_is_no_traceparent_is_not_continued() {
        for text in [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00-00",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-00",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-00",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
        ] {
            assert_eq!(TraceParent::parse(text), None, "{text}");
        }
    }
}
