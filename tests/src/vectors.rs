//! Bytes that the Go library itself wrote, with the values that they stand for: `tests/interop/vectors/*.json`.

use serde::Deserialize;
use serde_json::Value;

use crate::Generation;

/// One value and its bytes.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Vector {
    /// Its name, the same in both generations for the same message.
    pub name: String,
    /// What it shows.
    pub about: String,
    /// The type in schema notation, or `request` or `response`. The struct `Sample` has, in this order: an embedded
    /// struct `{Host: string, Port: u16}`, `ID: u64, Small: u8, Neg: i32, Ratio: f32, Name: string, Blob: bytes,
    /// Tags: [string], Labels: map<string, i64>, Inner: Inner, Maybe: Inner?, At: timestamp, Took: duration, IP: ip,
    /// Net: cidr, Any: any, Failure: string?`; `Inner` is `{X: f64, Y: f64}`.
    #[serde(rename = "type")]
    pub ty: String,
    /// The bytes in hexadecimal.
    pub hex: String,
    /// The value, in the notation of [`Recoded::value`](crate::go::Recoded::value). A request is `{id, object,
    /// method, reply_to, args}`; a response `{id}` with `returns`, `call_error`, `bus_error` and `status`, the last
    /// in the JSON of the Go library, where they are there.
    pub value: Value,
}

impl Vector {
    /// The bytes themselves.
    pub fn bytes(&self) -> Vec<u8> {
        assert!(self.hex.len().is_multiple_of(2), "{}: half a byte", self.name);
        (0..self.hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&self.hex[at..at + 2], 16).expect("hexadecimal"))
            .collect()
    }

    /// Whether it is a value on its own, not a request or a response.
    pub fn is_plain(&self) -> bool {
        !matches!(self.ty.as_str(), "request" | "response")
    }
}

/// All vectors of a generation. Both encode plain values alike, so those are listed with generation 1 alone.
pub fn vectors(generation: Generation) -> Vec<Vector> {
    #[derive(Deserialize)]
    struct Vectors {
        vectors: Vec<Vector>,
    }

    let text = match generation {
        Generation::Zero => include_str!("../interop/vectors/generation-0.json"),
        Generation::One => include_str!("../interop/vectors/generation-1.json"),
    };
    serde_json::from_str::<Vectors>(text).expect("the vectors are well-formed").vectors
}

/// The vector of that name.
pub fn vector(generation: Generation, name: &str) -> Vector {
    vectors(generation)
        .into_iter()
        .find(|vector| vector.name == name)
        .unwrap_or_else(|| panic!("generation {generation:?} has no vector {name:?}"))
}
