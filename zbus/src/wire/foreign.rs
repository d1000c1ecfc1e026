//! The words in which servers of other libraries refuse a call. They send no `Kind`, but their texts are fixed.

use crate::rejection_kind::RejectionKind;

/// What a refusal without a `Kind` is. Only the library itself writes the key `Error` of a response; what a method says is elsewhere.
pub(super) fn kind(error: &str) -> RejectionKind {
    let starts = |beginnings: &[&str]| beginnings.iter().any(|beginning| error.starts_with(beginning));
    // Go's `server.go` and `object.go`, in versions 0.1 and 1.0; rbus' `protocol.rs`.
    if error == "unknown object" || starts(&["unknown object '"]) {
        RejectionKind::UnknownObject
    } else if error == "not a function" || starts(&["unknown method '"]) {
        RejectionKind::UnknownMethod
    } else if starts(&[
        "invalid number of arguments expecting ",
        "invalid argument type [",
        "no argument found at index ",
    ]) {
        RejectionKind::BadArguments
    } else if starts(&["remote method call "]) && error.contains(" paniced: ") {
        RejectionKind::Panicked
    } else {
        RejectionKind::Other(String::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_refusals_of_other_libraries_are_recognized() {
        for (text, expected, may_have_run) in [
            ("unknown object", RejectionKind::UnknownObject, false),
            ("unknown object 'calculator@1.0'", RejectionKind::UnknownObject, false),
            ("not a function", RejectionKind::UnknownMethod, false),
            ("unknown method 'Add'", RejectionKind::UnknownMethod, false),
            ("invalid number of arguments expecting 2 got 1", RejectionKind::BadArguments, false),
            ("invalid argument type [0] expecting int got", RejectionKind::BadArguments, false),
            ("no argument found at index 0", RejectionKind::BadArguments, false),
            ("remote method call calc@1.0.Add() paniced: oh no", RejectionKind::Panicked, true),
            ("msgpack: Encode(unsupported chan int)", RejectionKind::Other(String::new()), true),
            ("", RejectionKind::Other(String::new()), true),
        ] {
            assert_eq!(kind(text), expected, "{text}");
            assert_eq!(expected.may_have_run(), may_have_run, "{text}");
        }
    }
}
