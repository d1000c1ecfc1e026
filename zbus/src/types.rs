//! The types of a schema that are not Rust's own, and the zero values that are not their `Default`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use crate::any_value::{AnyValue, Plain};
/// Bytes whose clones share their content: the type `bytes` of a schema, if the build chooses it.
pub use bytes::Bytes;
/// The types `timestamp` and `duration` of a schema, if the build chooses them: `DateTime<Utc>` and `TimeDelta`.
#[cfg(feature = "chrono")]
pub use chrono;
pub use ipnet::IpNet;
/// Any `MessagePack` value: the type `any` of a schema. [`AnyValue`] converts it.
pub use rmpv::Value;

/// A point in time: the type `timestamp` of a schema, unless the build chooses [`std::time::SystemTime`] or chrono's.
///
/// Its zero value is [`zero::timestamp`], Go's; its `Default` is 1970.
pub use jiff::Timestamp;

/// A span of time that may be negative: the type `duration` of a schema, unless the build chooses [`std::time::Duration`] or
/// chrono's.
pub use jiff::SignedDuration as Duration;

/// A hardware address of any length, as Go's `net.HardwareAddr` is: 6 bytes (EUI-48), 8 (EUI-64) or 20 (IP over `InfiniBand`). The
/// type `mac` of a schema; its zero value is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacAddress(Vec<u8>);

impl MacAddress {
    /// The address, first octet first.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// True for the zero value.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Vec<u8>> for MacAddress {
    fn from(octets: Vec<u8>) -> Self {
        Self(octets)
    }
}

impl<const N: usize> From<[u8; N]> for MacAddress {
    fn from(octets: [u8; N]) -> Self {
        Self(octets.into())
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, octet) in self.0.iter().enumerate() {
            if index > 0 {
                formatter.write_str(":")?;
            }
            write!(formatter, "{octet:02x}")?;
        }
        Ok(())
    }
}

/// An error of a text that is not a hardware address.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a hardware address: write two hexadecimal digits for each octet, joined by `:`")]
pub struct ParseMacAddressError(String);

impl FromStr for MacAddress {
    type Err = ParseMacAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        text.split(':').map(octet).collect::<Option<_>>().map(Self).ok_or_else(|| ParseMacAddressError(text.to_owned()))
    }
}

fn octet(digits: &str) -> Option<u8> {
    if digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        u8::from_str_radix(digits, 16).ok()
    } else {
        None
    }
}

impl Serialize for MacAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for MacAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_bytes::ByteBuf::deserialize(deserializer).map(|octets| Self(octets.into_vec()))
    }
}

/// Zero values. A missing or nil field is read as the zero value of its type.
pub mod zero {
    use std::net::{IpAddr, Ipv6Addr};
    use std::time::{Duration, SystemTime};

    use super::{IpNet, Timestamp};

    /// From 0001-01-01T00:00:00Z to 1970.
    const SECONDS: i64 = 62_135_596_800;

    /// 0001-01-01T00:00:00Z, Go's `time.Time{}`.
    pub fn timestamp() -> Timestamp {
        Timestamp::from_second(-SECONDS).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// The same time as a [`SystemTime`], or 1970 on a system whose time starts later.
    pub fn system_time() -> SystemTime {
        let before = Duration::from_secs(SECONDS.unsigned_abs());
        SystemTime::UNIX_EPOCH.checked_sub(before).unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// The same time as a [`chrono::DateTime`].
    #[cfg(feature = "chrono")]
    pub fn date_time() -> chrono::DateTime<chrono::Utc> {
        chrono::DateTime::from_timestamp(-SECONDS, 0).unwrap_or_default()
    }

    /// `::`, the unspecified address. It is an address like any other: a field that may have none is an `ip?`.
    pub fn ip() -> IpAddr {
        Ipv6Addr::UNSPECIFIED.into()
    }

    /// `::/0`, which contains every address. A field that may have no network is a `cidr?`.
    pub fn cidr() -> IpNet {
        IpNet::V6(ipnet::Ipv6Net::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_values_are_gos() {
        assert_eq!(zero::timestamp().to_string(), "0001-01-01T00:00:00Z");
        assert_eq!(zero::cidr().to_string(), "::/0");
        assert_eq!(zero::ip().to_string(), "::");
    }

    #[test]
    fn hardware_addresses_read_what_they_print() {
        for text in ["", "02:00:5e:10:00:01", "00:00:00:00:fe:80:00:00"] {
            assert_eq!(text.parse::<MacAddress>().unwrap().to_string(), text);
        }
        for text in ["02:0", "zz:00", "0200", "02::00", "+1:00"] {
            assert!(text.parse::<MacAddress>().is_err(), "{text}");
        }
    }
}
