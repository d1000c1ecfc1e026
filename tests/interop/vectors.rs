//! Every plain value of the byte vectors, through this library and back through Go's.
//!
//! The vectors' requests and responses are tested beside the wire in the crate `zbus`.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::{Value as Json, json};
use serde_with::{DeserializeAs, Same, SerializeAs};
use zbus::codegen::wire;
use zbus::types::{Duration, IpNet, MacAddress, Timestamp, Value};
use zbus::wire::{decode_as, encode_as};
use zbus_tests::api::sample::{Inner, Sample};
use zbus_tests::{Generation, Recoder, Vector, vectors};

/// A row, decoded by its type: the value has to be the one expected, and what it is encoded to has to be what Go reads as the value
/// stated. A nil of Go's is our zero value: `go` says what Go reads where the two differ.
struct Row<'a> {
    vector: &'a Vector,
    go: &'a mut Recoder,
}

impl Row<'_> {
    #[expect(clippy::needless_pass_by_value, reason = "a row reads better")]
    fn is<A, T>(&mut self, expected: T)
    where
        A: for<'de> DeserializeAs<'de, T> + SerializeAs<T>,
        T: std::fmt::Debug + PartialEq,
    {
        let stated = self.vector.value.clone();
        self.is_and_go_reads::<A, T>(&expected, &stated);
    }

    fn is_and_go_reads<A, T>(&mut self, expected: &T, go: &Json)
    where
        A: for<'de> DeserializeAs<'de, T> + SerializeAs<T>,
        T: std::fmt::Debug + PartialEq,
    {
        let name = &self.vector.name;
        let value = decode_as::<A, T>(&self.vector.bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(value, *expected, "{name}");
        let mut bytes = Vec::new();
        encode_as::<A, T>(&value, &mut bytes).unwrap();
        let hex = hex::encode(&bytes);
        let recoded = self.go.recode(&self.vector.ty, &hex).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(recoded.value, *go, "{name}");
        // But for what has several forms, the bytes are Go's own.
        if *go == self.vector.value && !matches!(&**name, "ip4_in_16" | "cidr_nil") {
            assert_eq!(hex, self.vector.hex, "{name}");
        }
    }
}

fn full() -> Sample {
    Sample {
        host: "h".to_owned(),
        port: 80,
        id: 1 << 40,
        small: 3,
        neg: -1,
        ratio: 0.5,
        name: "n".to_owned(),
        blob: vec![1],
        tags: vec!["a".to_owned(), "b".to_owned()],
        labels: BTreeMap::from([("k".to_owned(), -2)]),
        inner: Inner { x: 1.0, y: 2.0 },
        maybe: Some(Inner { x: 3.0, y: 4.0 }),
        at: "2021-03-04T05:06:07.891234567Z".parse().unwrap(),
        took: Duration::from_mins(1),
        ip: Some(IpAddr::from([10, 0, 0, 1])),
        net: Some("10.0.0.0/8".parse().unwrap()),
        any: Value::Map(vec![("deep".into(), Value::Array(vec![1.into()]))]),
        failure: Some("boom".to_owned()),
    }
}

#[test]
fn every_plain_vector_is_read_as_the_value_stated_and_go_reads_back_what_is_written() {
    let mut go = Recoder::start(Generation::One);
    let rows = vectors(Generation::One);
    for vector in rows.iter().filter(|vector| vector.is_plain()) {
        let mut row = Row { vector, go: &mut go };
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        match &*vector.name {
            "bool" => row.is::<Same, _>(true),
            "u8" => row.is::<Same, _>(200_u8),
            "u16" => row.is::<Same, _>(60_000_u16),
            "u32" => row.is::<Same, _>(7_u32),
            "u64_max" => row.is::<Same, _>(u64::MAX),
            "i8" => row.is::<Same, _>(-5_i8),
            "i16" => row.is::<Same, _>(-300_i16),
            "i32" => row.is::<Same, _>(-70_000_i32),
            "i64_small" => row.is::<Same, _>(1_i64),
            "i64_min" => row.is::<Same, _>(i64::MIN),
            "int" => row.is::<Same, _>(10_i64),
            "f32" => row.is::<Same, _>(1.5_f32),
            "f64" => row.is::<Same, _>(2.25_f64),
            "string" => row.is::<Same, _>("hello world".to_owned()),
            "string_unicode" => row.is::<Same, _>("zbüs – шина".to_owned()),
            "bytes" => row.is::<wire::Bytes, _>(vec![0, 1, 2, 255]),
            "bytes_nil" => row.is_and_go_reads::<wire::Bytes, Vec<u8>>(&vec![], &json!("hex:")),
            "list_f64" => row.is::<Same, _>(vec![1.0, 2.5]),
            "list_empty" => row.is::<Same, Vec<String>>(vec![]),
            "list_nil" => row.is_and_go_reads::<Same, Vec<String>>(&vec![], &json!([])),
            "map" => row.is::<Same, _>(BTreeMap::from([("a".to_owned(), 1_i64)])),
            "map_nil" => row.is_and_go_reads::<Same, _>(&BTreeMap::<String, i64>::new(), &json!({})),
            "map_int_keys" => row.is::<Same, _>(BTreeMap::from([(7_u32, "seven".to_owned())])),
            "optional_none" => row.is::<Option<Same>, _>(None::<Inner>),
            "optional_some" => row.is::<Option<Same>, _>(Some(Inner { x: 1.0, y: 2.0 })),
            "timestamp_nanos" => row.is::<wire::Timestamp, _>(time("2021-03-04T05:06:07.891234567Z")),
            "timestamp_seconds" => row.is::<wire::Timestamp, _>(time("2021-03-04T05:06:07Z")),
            "timestamp_far" => row.is::<wire::Timestamp, _>(time("2600-01-01T00:00:00.000000001Z")),
            "timestamp_zero" => row.is::<wire::Timestamp, _>(zbus::types::zero::timestamp()),
            "duration" => row.is::<wire::Duration, _>(Duration::from_millis(1500)),
            "duration_negative" => row.is::<wire::Duration, _>(Duration::from_secs(-1)),
            "ip6" => row.is::<wire::Ip, _>("2001:db8::1".parse::<IpAddr>().unwrap()),
            "ip4" | "ip4_in_16" => row.is::<wire::Ip, _>(IpAddr::from([10, 1, 2, 3])),
            "cidr" => row.is::<wire::Cidr, _>("10.1.2.0/24".parse::<IpNet>().unwrap()),
            "cidr_nil" => row.is::<wire::OptionalCidr, _>(None::<IpNet>),
            "mac" => row.is::<Same, _>("02:11:22:33:44:55".parse::<MacAddress>().unwrap()),
            "any_mixed" => row.is::<wire::Any, _>(Value::Array(vec![
                1.into(),
                "two".into(),
                3.5.into(),
                Value::Nil,
                true.into(),
                Value::Binary(vec![9]),
            ])),
            "struct_full" => row.is::<Same, _>(full()),
            "struct_zero" => {
                let mut stated = vector.value.clone();
                stated["Blob"] = json!("hex:");
                stated["Tags"] = json!([]);
                stated["Labels"] = json!({});
                row.is_and_go_reads::<Same, _>(&Sample::default(), &stated);
            }
            "tuple2" => row.is::<Same, _>((1.5_f64, "x".to_owned())),
            name => panic!("{name} has no expectation"),
        }
    }
}
