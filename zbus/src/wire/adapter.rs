//! Adapters for types that have another form on the wire than in serde. They work as those of `serde_with`, so they compose:
//! `Vec<adapter::Timestamp>`, `BTreeMap<Same, Option<adapter::Ip>>`.

mod time;

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};
use std::marker::PhantomData;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_with::ser::SerializeAsWrap;
use serde_with::{DeserializeAs, SerializeAs};

use crate::types::{Value, zero};

pub use serde_with::Bytes;

pub use self::time::{Duration, Timestamp};

/// An IP address: its 4 or 16 bytes, Go's `net.IP`. An IPv4 address in 16 bytes is read as the address itself. Nil is read as `::`, which is
/// written as 16 bytes: it is an address that programs listen on. No address is an `Option<Ip>`.
#[derive(Debug)]
pub enum Ip {}

impl SerializeAs<IpAddr> for Ip {
    fn serialize_as<S: Serializer>(address: &IpAddr, serializer: S) -> Result<S::Ok, S::Error> {
        match address {
            IpAddr::V4(address) => serializer.serialize_bytes(&address.octets()),
            IpAddr::V6(address) => serializer.serialize_bytes(&address.octets()),
        }
    }
}

impl<'de> DeserializeAs<'de, IpAddr> for Ip {
    fn deserialize_as<D: Deserializer<'de>>(deserializer: D) -> Result<IpAddr, D::Error> {
        let bytes = serde_bytes::ByteBuf::deserialize(deserializer)?;
        Ok(address(&bytes)?.unwrap_or_else(zero::ip))
    }
}

/// None if there are no bytes.
fn address<E: serde::de::Error>(bytes: &[u8]) -> Result<Option<IpAddr>, E> {
    if bytes.is_empty() {
        Ok(None)
    } else if let Ok(octets) = <[u8; 4]>::try_from(bytes) {
        Ok(Some(octets.into()))
    } else if let Ok(octets) = <[u8; 16]>::try_from(bytes) {
        Ok(Some(IpAddr::from(octets).to_canonical()))
    } else {
        Err(E::invalid_length(bytes.len(), &"an IP address of 4 or 16 bytes"))
    }
}

/// A network: a map of `IP` and `Mask`, Go's `net.IPNet`. If both are nil it is `::/0`. If one of them is, it is an error: in Go such a
/// network contains no address, and `::/0` contains them all.
#[derive(Debug)]
pub enum Cidr {}

/// A network or none. None is nil, or a map whose `IP` or `Mask` is nil, which in Go contains no address.
#[derive(Debug)]
pub enum OptionalCidr {}

#[derive(Default, Deserialize)]
#[serde(default)]
struct IpAndMask {
    #[serde(rename = "IP")]
    ip: serde_bytes::ByteBuf,
    #[serde(rename = "Mask")]
    mask: serde_bytes::ByteBuf,
}

impl SerializeAs<IpNet> for Cidr {
    fn serialize_as<S: Serializer>(network: &IpNet, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        struct Octets(IpAddr);
        impl Serialize for Octets {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Ip::serialize_as(&self.0, serializer)
            }
        }
        let mut map = serializer.serialize_struct("IPNet", 2)?;
        map.serialize_field("IP", &Octets(network.addr()))?;
        map.serialize_field("Mask", &Octets(network.netmask()))?;
        map.end()
    }
}

impl<'de> DeserializeAs<'de, IpNet> for Cidr {
    fn deserialize_as<D: Deserializer<'de>>(deserializer: D) -> Result<IpNet, D::Error> {
        Ok(network(&IpAndMask::deserialize(deserializer)?)?.unwrap_or_else(zero::cidr))
    }
}

impl SerializeAs<Option<IpNet>> for OptionalCidr {
    fn serialize_as<S: Serializer>(network: &Option<IpNet>, serializer: S) -> Result<S::Ok, S::Error> {
        match network {
            Some(network) => Cidr::serialize_as(network, serializer),
            None => serializer.serialize_none(),
        }
    }
}

impl<'de> DeserializeAs<'de, Option<IpNet>> for OptionalCidr {
    fn deserialize_as<D: Deserializer<'de>>(deserializer: D) -> Result<Option<IpNet>, D::Error> {
        match Option::<IpAndMask>::deserialize(deserializer)? {
            Some(value) if value.ip.is_empty() || value.mask.is_empty() => Ok(None),
            Some(value) => network(&value),
            None => Ok(None),
        }
    }
}

fn network<E: serde::de::Error>(value: &IpAndMask) -> Result<Option<IpNet>, E> {
    let (ip, mask) = match (address(&value.ip)?, mask(&value.mask)?) {
        (None, None) => return Ok(None),
        (Some(ip), Some(mask)) => (ip, mask),
        (Some(_), None) => return Err(E::custom("a network with an `IP` but no `Mask`, which as `cidr?` is none")),
        (None, Some(_)) => return Err(E::custom("a network with a `Mask` but no `IP`, which as `cidr?` is none")),
    };
    // Go may write an IPv4 network with a mask of 16 bytes. A mask with holes, which Go allows, is no prefix.
    let bits = match (ip, mask) {
        (IpAddr::V4(_), IpAddr::V6(mask)) => IpAddr::from(mask.octets().last_chunk().copied().unwrap_or([0; 4])),
        (_, mask) => mask,
    };
    IpNet::with_netmask(ip, bits).map(Some).map_err(|_| E::custom(format_args!("{bits} is not a mask of {ip}")))
}

/// Unlike those of an address, 16 bytes of a mask are never read as IPv4.
fn mask<E: serde::de::Error>(bytes: &[u8]) -> Result<Option<IpAddr>, E> {
    match bytes.len() {
        16 => Ok(<[u8; 16]>::try_from(bytes).ok().map(IpAddr::from)),
        _ => address(bytes),
    }
}

/// Any value. An integer is written as an `i64` if it fits, as Go's `int` is. A peer that reads it into an untyped value gets the same type as
/// from Go.
#[derive(Debug)]
pub enum Any {}

impl SerializeAs<Value> for Any {
    fn serialize_as<S: Serializer>(value: &Value, serializer: S) -> Result<S::Ok, S::Error> {
        struct Part<'a>(&'a Value);
        impl Serialize for Part<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Any::serialize_as(self.0, serializer)
            }
        }
        match value {
            Value::Integer(number) => match number.as_i64() {
                Some(number) => serializer.serialize_i64(number),
                None => value.serialize(serializer),
            },
            Value::Array(elements) => serializer.collect_seq(elements.iter().map(Part)),
            Value::Map(entries) => serializer.collect_map(entries.iter().map(|(key, value)| (Part(key), Part(value)))),
            _ => value.serialize(serializer),
        }
    }
}

impl<'de> DeserializeAs<'de, Value> for Any {
    fn deserialize_as<D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }
}

/// Bytes whose clones share their content. They are written as [`Bytes`] are.
#[derive(Debug)]
pub enum SharedBytes {}

impl SerializeAs<bytes::Bytes> for SharedBytes {
    fn serialize_as<S: Serializer>(bytes: &bytes::Bytes, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }
}

impl<'de> DeserializeAs<'de, bytes::Bytes> for SharedBytes {
    fn deserialize_as<D: Deserializer<'de>>(deserializer: D) -> Result<bytes::Bytes, D::Error> {
        <Bytes as DeserializeAs<'de, Vec<u8>>>::deserialize_as(deserializer).map(bytes::Bytes::from)
    }
}

/// A hash map. Its keys are written in order, so that equal maps are equal bytes.
#[derive(Debug)]
pub struct SortedMap<K, V>(PhantomData<(K, V)>);

impl<K, V, KA, VA, H> SerializeAs<HashMap<K, V, H>> for SortedMap<KA, VA>
where
    K: Ord,
    KA: SerializeAs<K>,
    VA: SerializeAs<V>,
{
    fn serialize_as<S: Serializer>(map: &HashMap<K, V, H>, serializer: S) -> Result<S::Ok, S::Error> {
        let mut entries: Vec<_> = map.iter().collect();
        // No two keys are equal.
        entries.sort_unstable_by_key(|(key, _)| *key);
        let wrapped = entries
            .into_iter()
            .map(|(key, value)| (SerializeAsWrap::<K, KA>::new(key), SerializeAsWrap::<V, VA>::new(value)));
        serializer.collect_map(wrapped)
    }
}

impl<'de, K, V, KA, VA, H> DeserializeAs<'de, HashMap<K, V, H>> for SortedMap<KA, VA>
where
    K: Eq + Hash,
    KA: DeserializeAs<'de, K>,
    VA: DeserializeAs<'de, V>,
    H: BuildHasher + Default,
{
    fn deserialize_as<D: Deserializer<'de>>(deserializer: D) -> Result<HashMap<K, V, H>, D::Error> {
        <HashMap<KA, VA, H>>::deserialize_as(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use serde_with::Same;

    use super::*;
    use crate::wire::{decode_as, encode_as};

    fn bytes<A: SerializeAs<T>, T>(value: &T) -> String {
        let mut out = Vec::new();
        encode_as::<A, T>(value, &mut out).unwrap();
        hex::encode(out)
    }

    fn value<A: for<'de> DeserializeAs<'de, T>, T>(text: &str) -> T {
        decode_as::<A, T>(&hex::decode(text).unwrap()).unwrap()
    }

    fn error<A: for<'de> DeserializeAs<'de, T>, T: std::fmt::Debug>(text: &str) -> String {
        decode_as::<A, T>(&hex::decode(text).unwrap()).unwrap_err().to_string()
    }

    #[test]
    fn addresses_of_both_lengths_are_read_and_nil_is_unspecified() {
        let v4: IpAddr = [10, 1, 2, 3].into();
        assert_eq!(bytes::<Ip, _>(&v4), "c4040a010203");
        assert_eq!(value::<Ip, IpAddr>("c41000000000000000000000ffff0a010203"), v4);
        assert_eq!(value::<Ip, IpAddr>("c0"), zero::ip());
        assert_eq!(value::<Option<Ip>, Option<IpAddr>>("c0"), None);
        // No address and `::` are two values, and stay so on their way through.
        assert_eq!(bytes::<Option<Ip>, _>(&None), "c0");
        let unspecified = format!("c410{}", "00".repeat(16));
        assert_eq!(bytes::<Ip, _>(&zero::ip()), unspecified);
        assert_eq!(value::<Option<Ip>, _>(&unspecified), Some(zero::ip()));
        assert!(error::<Ip, IpAddr>("c403000000").contains("4 or 16"));
    }

    #[test]
    fn networks_keep_their_prefix_and_both_nils_are_none() {
        let network: IpNet = "10.0.0.0/8".parse().unwrap();
        let written = "82a24950c4040a000000a44d61736bc404ff000000";
        assert_eq!(bytes::<Cidr, _>(&network), written);
        assert_eq!(value::<Cidr, IpNet>(written), network);
        assert_eq!(value::<OptionalCidr, _>(written), Some(network));
        let nils = "82a24950c0a44d61736bc0";
        assert_eq!(value::<Cidr, IpNet>(nils), zero::cidr());
        assert_eq!(value::<OptionalCidr, Option<IpNet>>(nils), None);
        assert_eq!(value::<OptionalCidr, Option<IpNet>>("c0"), None);
        // One of the two, as Go writes `net.IPNet{IP: ip}`.
        for half in ["82a24950c4040a000000a44d61736bc0", "82a24950c0a44d61736bc404ff000000"] {
            assert_eq!(value::<OptionalCidr, Option<IpNet>>(half), None);
            assert!(error::<Cidr, IpNet>(half).contains("as `cidr?` is none"));
        }
        assert!(
            error::<OptionalCidr, Option<IpNet>>("82a24950c4040a000000a44d61736bc404ff00ff00").contains("not a mask")
        );
        // An IPv4 network in 16 bytes, its mask in 4 and in 16.
        let mapped = "82a24950c41000000000000000000000ffff0a000000a44d61736bc404ff000000";
        assert_eq!(value::<Cidr, IpNet>(mapped), network);
        let wide = "82a24950c4040a000000a44d61736bc410ffffffffffffffffffffffffff000000";
        assert_eq!(value::<Cidr, IpNet>(wide), network);
        assert!(error::<Cidr, IpNet>("82a24950c4040a000000a44d61736bc404ff00ff00").contains("not a mask"));
    }

    #[test]
    fn integers_in_any_value_are_signed_where_they_fit() {
        let value = Value::Array(vec![1.into(), (-1).into(), u64::MAX.into()]);
        let written = "93d30000000000000001d3ffffffffffffffffcfffffffffffffffff";
        assert_eq!(bytes::<Any, _>(&value), written);
        assert_eq!(self::value::<Any, Value>(written), value);
        assert_eq!(bytes::<Any, _>(&Value::Map(vec![(1.into(), Value::Nil)])), "81d30000000000000001c0");
    }

    #[test]
    #[expect(clippy::zero_sized_map_values, reason = "adapters have no values")]
    fn hash_maps_are_written_sorted_and_read_from_nil() {
        let map: HashMap<u8, jiff::Timestamp> = (0..100).map(|key| (key, zero::timestamp())).collect();
        let sorted: std::collections::BTreeMap<_, _> = map.clone().into_iter().collect();
        let written = bytes::<SortedMap<Same, Timestamp>, _>(&map);
        assert_eq!(written, bytes::<std::collections::BTreeMap<Same, Timestamp>, _>(&sorted));
        assert_eq!(value::<SortedMap<Same, Timestamp>, HashMap<u8, jiff::Timestamp>>(&written), map);
        assert_eq!(value::<SortedMap<Same, Same>, HashMap<u8, u8>>("c0"), HashMap::new());
    }

    #[test]
    fn shared_bytes_travel_as_others() {
        assert_eq!(bytes::<SharedBytes, _>(&bytes::Bytes::from_static(&[0, 255])), "c40200ff");
        for (text, bytes) in [("c40200ff", &[0, 255][..]), ("a26162", b"ab"), ("c0", b"")] {
            assert_eq!(value::<SharedBytes, bytes::Bytes>(text), bytes);
        }
    }

    #[test]
    fn bytes_are_bin_and_text_is_read_as_bytes() {
        assert_eq!(bytes::<Bytes, Vec<u8>>(&vec![0, 255]), "c40200ff");
        assert_eq!(value::<Bytes, Vec<u8>>("a26162"), b"ab");
        assert_eq!(value::<Bytes, Vec<u8>>("c0"), b"");
        assert_eq!(bytes::<Same, Vec<u16>>(&vec![1]), "91cd0001");
    }
}
