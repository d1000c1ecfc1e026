//! Rules that hold for any bytes that a peer may send. The fuzz targets call these functions, and a test does for a bounded time: no bytes
//! cause a panic, and a value that was read can be written and is read as the same value again.

use bytes::Bytes;
use serde_with::{DeserializeAs, Same, SerializeAs};

use crate::ObjectId;
use crate::status::Status;
use crate::types::{Duration, IpNet, MacAddress, Timestamp, Value};
use crate::wire::{
    Bins, Body, Destination, OutgoingRequest, Request, Response, adapter, decode, decode_as, decode_document,
    encode_as, reply_address, response_id,
};

/// A message in a queue.
pub fn request(bytes: &[u8]) {
    let message = Bytes::copy_from_slice(bytes);
    let _ = reply_address(&message);
    if let Some(usual) = Request::usual(&message) {
        let any = Request::any(&message).expect("what is usual can be read");
        assert_eq!((usual.generation, usual.id, usual.reply_to), (any.generation, any.id, any.reply_to));
        assert_eq!((usual.object, usual.version, usual.method), (any.object, any.version, any.method));
        assert_eq!((usual.deadline, usual.metadata, usual.one_way), (any.deadline, any.metadata, any.one_way));
        let [usual, any] = [usual.arguments, any.arguments].map(|arguments| arguments.share(message.clone()));
        assert!(usual.len() == any.len() && usual.iter().eq(any.iter()));
    }
    let Ok(read) = Request::decode(&message) else { return };
    let mut arguments = Bins::default();
    for argument in read.arguments.clone().share(message.clone()).iter() {
        // The method that gets an argument decodes it.
        arguments.push::<adapter::Bytes, Vec<u8>>(&argument.to_vec()).expect("bytes have a form");
    }
    let written = OutgoingRequest {
        generation: read.generation,
        id: read.id,
        destination: &Destination::new(&ObjectId::new(read.object, read.version), read.reply_to),
        method: read.method,
        arguments: &arguments,
        deadline: read.deadline,
        metadata: &read.metadata,
        one_way: read.one_way,
    };
    let written = written.encode().expect("a request has a form");
    let again = Request::decode(&written).expect("what we write can be read");
    assert_eq!((again.id, again.reply_to), (read.id, read.reply_to));
    assert_eq!((again.object, again.version), (read.object, read.version));
    assert_eq!((&again.method, again.deadline, again.one_way), (&read.method, read.deadline, read.one_way));
    assert_eq!(&again.metadata, &read.metadata);
    assert_eq!(u32::try_from(again.arguments.share(written.clone()).len()).ok(), Some(arguments.count()));
}

/// A message in an inbox.
pub fn response(bytes: &[u8]) {
    let message = Bytes::copy_from_slice(bytes);
    let id = response_id(&message);
    if let Some(usual) = Response::usual(&message) {
        assert_eq!(usual, Response::any(&message).expect("what is usual can be read"));
    }
    let Ok((read_id, read)) = Response::decode(&message) else { return };
    assert!(id.is_none_or(|id| id == read_id));
    for count in 0..4 {
        for throws in [false, true] {
            if let Ok(Ok(values)) = read.body.clone().returns(count, throws) {
                assert!(values.count() == count);
            }
        }
    }
    for throws in [None, Some(false), Some(true)] {
        if let Ok(Ok(document)) = read.body.clone().document(throws) {
            let _ = decode_document::<Value>(document.as_deref());
        }
    }
    if let Body::One { data: Some(data), .. } = read.body {
        value(&data);
    }
}

/// An argument, a return value, an event or a status.
pub fn value(bytes: &[u8]) {
    same::<Same, Status>(bytes);
    same::<adapter::Any, Value>(bytes);
    same::<Same, Vec<Vec<u64>>>(bytes);
    same::<Same, Option<std::collections::BTreeMap<String, (i8, f32)>>>(bytes);
    if let Ok(read) = decode::<Value>(bytes) {
        assert!(read.to_string().len() < usize::MAX);
    }
}

/// The types that have a form of their own on the wire.
pub fn adapters(bytes: &[u8]) {
    same::<adapter::Bytes, Vec<u8>>(bytes);
    same::<adapter::SharedBytes, Bytes>(bytes);
    same::<adapter::Ip, std::net::IpAddr>(bytes);
    same::<adapter::Cidr, IpNet>(bytes);
    same::<adapter::OptionalCidr, Option<IpNet>>(bytes);
    same::<Same, MacAddress>(bytes);
    same::<adapter::Timestamp, Timestamp>(bytes);
    same::<adapter::Timestamp, std::time::SystemTime>(bytes);
    same::<adapter::Duration, Duration>(bytes);
    same::<adapter::Duration, std::time::Duration>(bytes);
    #[cfg(feature = "chrono")]
    {
        same::<adapter::Timestamp, chrono::DateTime<chrono::Utc>>(bytes);
        same::<adapter::Duration, chrono::TimeDelta>(bytes);
    }
}

/// Reads a value, writes it, reads it again, and writes it again: the bytes are the same both times. The values may differ: NaN is not equal
/// to itself.
fn same<A, T>(bytes: &[u8])
where
    A: for<'de> DeserializeAs<'de, T> + SerializeAs<T>,
{
    let Ok(read) = decode_as::<A, T>(bytes) else { return };
    let mut written = Vec::new();
    // A value may be read that cannot be written.
    if encode_as::<A, T>(&read, &mut written).is_err() {
        return;
    }
    let again = decode_as::<A, T>(&written).expect("what we write can be read");
    let mut twice = Vec::new();
    encode_as::<A, T>(&again, &mut twice).expect("what was written can be written");
    assert_eq!(twice, written);
}

/// The address of a broker.
#[cfg(feature = "redis")]
pub fn address(bytes: &[u8]) {
    if let Some((scheme, rest)) = std::str::from_utf8(bytes).ok().and_then(|text| text.split_once("://"))
        && ["redis", "rediss", "valkey", "tcp", "unix"].contains(&scheme)
    {
        let _ = crate::broker::redis_endpoint(scheme, rest);
    }
}

/// The answers of Redis. The first byte decides into which pieces the others are cut.
#[cfg(feature = "redis")]
pub fn replies(bytes: &[u8]) {
    if let Some((piece, replies)) = bytes.split_first() {
        crate::broker::any_redis_replies(replies, usize::from(*piece));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A seeded generator: Marsaglia's xorshift.
    struct Draw(u64);

    impl Draw {
        fn below(&mut self, bound: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 >> 33).unwrap() % bound.max(1)
        }
    }

    const MARKERS: &[u8] = &[
        0x00, 0x7f, 0x80, 0x81, 0x90, 0x91, 0xa0, 0xc0, 0xc1, 0xc4, 0xc6, 0xc7, 0xc9, 0xcb, 0xd3, 0xd6, 0xd7, 0xdb,
        0xdd, 0xdf, 0xff,
    ];

    fn changed(seeds: &[Vec<u8>], draw: &mut Draw) -> Vec<u8> {
        let mut bytes = seeds[draw.below(seeds.len())].clone();
        for _ in 0..=draw.below(4) {
            let place = draw.below(bytes.len() + 1);
            match draw.below(5) {
                0 => bytes.truncate(place),
                1 => bytes.insert(place, MARKERS[draw.below(MARKERS.len())]),
                2 if place < bytes.len() => bytes[place] = MARKERS[draw.below(MARKERS.len())],
                3 if place < bytes.len() => _ = bytes.remove(place),
                _ => {
                    let other = &seeds[draw.below(seeds.len())];
                    let from = draw.below(other.len() + 1);
                    let length = draw.below(other.len() - from + 1);
                    bytes.splice(place..place, other[from..from + length].iter().copied());
                }
            }
        }
        bytes
    }

    #[test]
    fn whatever_becomes_of_the_byte_vectors_is_read_or_refused() {
        let seeds = crate::wire::vector_bytes();
        let mut draw = Draw(42);
        for _ in 0..8_000 {
            let bytes = changed(&seeds, &mut draw);
            request(&bytes);
            response(&bytes);
            value(&bytes);
            adapters(&bytes);
        }
    }

    #[test]
    fn whatever_becomes_of_an_address_is_one_or_is_refused() {
        let seeds = [
            "redis://anna:s3cret@host:6379/1",
            "tcp://:x@[::1]:1?a=b#c",
            "unix:///run/redis.sock?db=1",
            "rediss://h%40",
        ];
        let seeds: Vec<Vec<u8>> = seeds.map(|seed| seed.as_bytes().to_vec()).into();
        let mut draw = Draw(42);
        for _ in 0..5_000 {
            address(&changed(&seeds, &mut draw));
        }
    }

    #[test]
    fn whatever_becomes_of_redis_replies_is_read_or_refused_in_whatever_pieces() {
        let seeds = [
            "\u{1}*2\r\n$4\r\nlist\r\n*2\r\n$1\r\na\r\n$0\r\n\r\n",
            "\u{3}*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$5\r\nhello\r\n",
            "\u{7}:1\r\n:-1\r\n+OK\r\n$-1\r\n*-1\r\n*0\r\n",
            "\u{2}-WRONGTYPE no list\r\n*1\r\n*1\r\n:9223372036854775807\r\n",
        ];
        let seeds: Vec<Vec<u8>> = seeds.map(|seed| seed.as_bytes().to_vec()).into();
        let mut draw = Draw(42);
        for _ in 0..8_000 {
            replies(&changed(&seeds, &mut draw));
        }
    }
}
