//! Any value of a wide schema, written by generated code, read and written again by Go's library, is read as the value that it was.

use std::cell::RefCell;
use std::net::{IpAddr, Ipv6Addr};

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_with::Same;
use zbus::types::{Duration, IpNet, MacAddress, Timestamp, Value};
use zbus::wire::{decode_as, encode_as};
use zbus_tests::api::wide::{Color, Depth, Leaf, Level, Shape, Wide};
use zbus_tests::{Generation, Recoder};

/// Each is a round trip to a process.
const CASES: u32 = 256;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        30 => Just(String::new()),
        30 => "[a-z]{1,8}",
        30 => "\\PC{0,40}",
        8 => Just("x".repeat(300)),
        1 => Just("y".repeat(70_000)),
    ]
}

fn blob() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![60 => vec(any::<u8>(), 0..40), 1 => Just(vec![7; 70_000])]
}

/// What Go's time holds and its encoder writes: whole nanoseconds, from its zero time on, and as far as jiff's type goes.
fn timestamp() -> impl Strategy<Value = Timestamp> {
    let seconds = prop_oneof![
        Just(-62_135_596_800),
        -62_135_596_800_i64..253_402_207_200,
        0_i64..1 << 32,
        1_i64 << 32..1 << 34,
        Just(0),
    ];
    (seconds, prop_oneof![Just(0), 0..1_000_000_000])
        .prop_map(|(seconds, nanoseconds)| Timestamp::new(seconds, nanoseconds).unwrap())
}

fn duration() -> impl Strategy<Value = Duration> {
    prop_oneof![Just(0), any::<i64>(), -1_000_000_000_i64..1_000_000_000].prop_map(Duration::from_nanos)
}

/// An IPv4 address within IPv6 is read as the IPv4 address that it is.
fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<[u8; 4]>().prop_map(IpAddr::from),
        any::<[u8; 16]>().prop_map(IpAddr::from),
        Just(IpAddr::V6(Ipv6Addr::UNSPECIFIED)),
    ]
    .prop_map(|address| address.to_canonical())
}

fn network() -> impl Strategy<Value = IpNet> {
    (address(), any::<prop::sample::Index>()).prop_map(|(address, length)| {
        let bits = if address.is_ipv4() { 33 } else { 129 };
        IpNet::new(address, u8::try_from(length.index(bits)).unwrap()).unwrap()
    })
}

fn mac() -> impl Strategy<Value = MacAddress> {
    prop_oneof![Just(0), Just(6), Just(8), Just(20)]
        .prop_flat_map(|length| vec(any::<u8>(), length))
        .prop_map(MacAddress::from)
}

/// What Go reads into an `interface{}` and writes again as it was. Its floats of 32 bits stay such.
fn anything() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Nil),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<f32>().prop_map(Value::from),
        text().prop_map(Value::from),
        blob().prop_map(Value::from),
    ];
    scalar.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::Array),
            btree_map("[a-z]{0,5}", inner, 0..4)
                .prop_map(|map| Value::Map(map.into_iter().map(|(key, value)| (key.into(), value)).collect())),
        ]
    })
}

fn level() -> impl Strategy<Value = Level> {
    prop_oneof![
        Just(Level::Debug),
        Just(Level::Info),
        Just(Level::Warn),
        Just(Level::default()),
        "[A-Z][a-z]{3,9}".prop_map(Level::from),
    ]
}

fn color() -> impl Strategy<Value = Color> {
    any::<u8>().prop_map(Color::from)
}

fn depth() -> impl Strategy<Value = Depth> {
    prop_oneof![Just(i64::MIN), Just(0), Just(i64::MAX), any::<i64>()].prop_map(Depth::from)
}

fn leaf() -> impl Strategy<Value = Leaf> {
    (any::<f64>(), any::<f32>(), option::of(text()), level()).prop_map(|(x, y, note, level)| Leaf { x, y, note, level })
}

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        leaf().prop_map(Shape::Leaf),
        vec(leaf(), 0..3).prop_map(Shape::Leaves),
        any::<i64>().prop_map(Shape::Number),
        Just(Shape::Empty),
    ]
}

/// A `Wide` of which each field is one of its strategy's values.
macro_rules! wide {
    ($($field:ident: $strategy:expr,)*) => {{
        let wide = Just(Wide::default()).boxed();
        $(let wide = (wide, $strategy).prop_map(|(mut wide, $field)| { wide.$field = $field; wide }).boxed();)*
        // None is left out.
        let _ = |wide: Wide| { let Wide { $($field: _),* } = wide; };
        wide
    }};
}

fn wide() -> BoxedStrategy<Wide> {
    wide! {
        host: text(),
        port: any::<u16>(),
        bool: any::<bool>(),
        i8: any::<i8>(),
        i16: any::<i16>(),
        i32: any::<i32>(),
        i64: any::<i64>(),
        u8: any::<u8>(),
        u16: any::<u16>(),
        u32: any::<u32>(),
        u64: any::<u64>(),
        f32: any::<f32>(),
        f64: any::<f64>(),
        text: text(),
        blob: blob(),
        at: timestamp(),
        took: duration(),
        address: address(),
        network: network(),
        link: mac(),
        anything: anything(),
        temperature: any::<f64>(),
        level: level(),
        color: color(),
        depth: depth(),
        leaf: leaf(),
        shape: shape(),
        maybe_bool: any::<Option<bool>>(),
        maybe_number: any::<Option<i64>>(),
        maybe_text: option::of(text()),
        maybe_at: option::of(timestamp()),
        maybe_took: option::of(duration()),
        maybe_address: option::of(address()),
        maybe_network: option::of(network()),
        maybe_leaf: option::of(leaf()),
        maybe_level: option::of(level()),
        bools: vec(any::<bool>(), 0..20),
        numbers: vec(any::<i32>(), 0..20),
        texts: vec(text(), 0..4),
        blobs: vec(blob(), 0..4),
        times: vec(timestamp(), 0..4),
        addresses: vec(address(), 0..4),
        networks: vec(network(), 0..4),
        links: vec(mac(), 0..4),
        leaves: vec(leaf(), 0..4),
        maybe_leaves: vec(option::of(leaf()), 0..4),
        rows: vec(vec(any::<u16>(), 0..4), 0..4),
        shapes: vec(shape(), 0..4),
        depths: vec(depth(), 0..4),
        by_text: btree_map(text(), any::<i64>(), 0..4),
        by_number: btree_map(any::<u32>(), text(), 0..4),
        by_signed: btree_map(any::<i16>(), vec(blob(), 0..3), 0..4),
        by_level: btree_map(level(), leaf(), 0..4),
        by_color: btree_map(color(), duration(), 0..4),
        nested: btree_map(text(), btree_map(text(), option::of(leaf()), 0..3), 0..3),
        unit: text(),
    }
}

fn encoded(value: &Wide) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_as::<Same, _>(value, &mut bytes).unwrap();
    bytes
}

/// Go keeps no order of a map, and an `any` no other than that of the bytes.
fn sorted(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(sorted),
        Value::Map(entries) => {
            for (_, value) in entries.iter_mut() {
                sorted(value);
            }
            entries.sort_by(|(left, _), (right, _)| left.as_str().cmp(&right.as_str()));
        }
        _ => {}
    }
}

#[test]
fn what_go_reads_and_writes_again_is_the_same_value() {
    let go = RefCell::new(Recoder::start(Generation::One));
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&wide(), |mut value| {
            sorted(&mut value.anything);
            let recoded = go.borrow_mut().recode("Wide", &hex::encode(encoded(&value))).map_err(TestCaseError::fail)?;
            let mut again: Wide = decode_as::<Same, _>(&hex::decode(recoded.hex).unwrap())
                .map_err(|error| TestCaseError::fail(error.to_string()))?;
            sorted(&mut again.anything);
            prop_assert_eq!(again, value);
            Ok(())
        })
        .unwrap();
}

/// Go's zero value: every slice, map and pointer nil.
#[test]
fn gos_zero_value_is_ours_and_ours_is_gos() {
    let mut go = Recoder::start(Generation::One);
    let recoded = go.recode("Wide", "80").unwrap();
    let value: Wide = decode_as::<Same, _>(&hex::decode(recoded.hex).unwrap()).unwrap();
    assert_eq!(value, Wide::default());
    let recoded = go.recode("Wide", &hex::encode(encoded(&Wide::default()))).unwrap();
    assert_eq!(recoded.value["At"], "0001-01-01T00:00:00Z");
    assert_eq!(recoded.value["Took"], "0");
}
