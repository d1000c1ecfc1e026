//! Points in time and durations, for each Rust type that a build can choose for them.

use std::time::{Duration as StdDuration, SystemTime};

use jiff::SignedDuration;
use serde::de::{Error as _, Unexpected};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_with::{DeserializeAs, SerializeAs};

use crate::types::zero;

/// A point in time: `MessagePack`'s timestamp extension of 4, 8 or 12 bytes, the shortest that fits. Nil is Go's zero time.
///
/// In a human-readable format it is RFC 3339 text.
#[derive(Debug)]
pub enum Timestamp {}

/// `MessagePack`'s extension type of timestamps.
const TIMESTAMP_EXTENSION: i8 = -1;

const NANOSECONDS: u32 = 1_000_000_000;

impl SerializeAs<jiff::Timestamp> for Timestamp {
    fn serialize_as<S: Serializer>(time: &jiff::Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return serializer.collect_str(time);
        }
        let (seconds, nanoseconds) = (time.as_second(), time.subsec_nanosecond());
        match u32::try_from(nanoseconds) {
            Ok(nanoseconds) => write(seconds, nanoseconds, serializer),
            Err(_) => write(seconds - 1, NANOSECONDS - nanoseconds.unsigned_abs(), serializer),
        }
    }
}

impl<'de> DeserializeAs<'de, jiff::Timestamp> for Timestamp {
    fn deserialize_as<D: Deserializer<'de>>(deserializer: D) -> Result<jiff::Timestamp, D::Error> {
        if deserializer.is_human_readable() {
            return read_text(deserializer);
        }
        let Some((seconds, nanoseconds)) = read(deserializer)? else {
            return Ok(zero::timestamp());
        };
        jiff::Timestamp::new(seconds, nanoseconds.cast_signed())
            .map_err(|_| outside(seconds, "the years -9999 to 9999 of `jiff::Timestamp`"))
    }
}

impl SerializeAs<SystemTime> for Timestamp {
    fn serialize_as<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            let time = jiff::Timestamp::try_from(*time).map_err(S::Error::custom)?;
            return serializer.collect_str(&time);
        }
        let (seconds, nanoseconds) =
            floor_seconds(*time).ok_or_else(|| S::Error::custom("a time whose seconds from 1970 exceed 64 bits"))?;
        write(seconds, nanoseconds, serializer)
    }
}

/// Whole seconds before the time, and the nanoseconds since them.
fn floor_seconds(time: SystemTime) -> Option<(i64, u32)> {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => Some((i64::try_from(since.as_secs()).ok()?, since.subsec_nanos())),
        Err(before) => {
            let before = before.duration();
            let seconds = 0_i64.checked_sub_unsigned(before.as_secs())?;
            match before.subsec_nanos() {
                0 => Some((seconds, 0)),
                nanoseconds => Some((seconds.checked_sub(1)?, NANOSECONDS - nanoseconds)),
            }
        }
    }
}

impl<'de> DeserializeAs<'de, SystemTime> for Timestamp {
    fn deserialize_as<D: Deserializer<'de>>(deserializer: D) -> Result<SystemTime, D::Error> {
        if deserializer.is_human_readable() {
            return read_text::<jiff::Timestamp, D>(deserializer).map(SystemTime::from);
        }
        let Some((seconds, nanoseconds)) = read(deserializer)? else {
            return Ok(zero::system_time());
        };
        let whole = StdDuration::from_secs(seconds.unsigned_abs());
        let whole = match seconds {
            0.. => SystemTime::UNIX_EPOCH.checked_add(whole),
            _ => SystemTime::UNIX_EPOCH.checked_sub(whole),
        };
        whole
            .and_then(|whole| whole.checked_add(StdDuration::from_nanos(nanoseconds.into())))
            .ok_or_else(|| outside(seconds, "what this system's `SystemTime` holds"))
    }
}

#[cfg(feature = "chrono")]
impl SerializeAs<chrono::DateTime<chrono::Utc>> for Timestamp {
    fn serialize_as<S: Serializer>(time: &chrono::DateTime<chrono::Utc>, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return serializer.collect_str(&time.format("%+"));
        }
        // chrono gives a leap second more than 1,000,000,000 ns. On the wire it is the next second, as in Unix time.
        let nanoseconds = time.timestamp_subsec_nanos();
        let seconds = time.timestamp() + i64::from(nanoseconds / NANOSECONDS);
        write(seconds, nanoseconds % NANOSECONDS, serializer)
    }
}

#[cfg(feature = "chrono")]
impl<'de> DeserializeAs<'de, chrono::DateTime<chrono::Utc>> for Timestamp {
    fn deserialize_as<D: Deserializer<'de>>(deserializer: D) -> Result<chrono::DateTime<chrono::Utc>, D::Error> {
        if deserializer.is_human_readable() {
            return read_text(deserializer);
        }
        let Some((seconds, nanoseconds)) = read(deserializer)? else {
            return Ok(zero::date_time());
        };
        chrono::DateTime::from_timestamp(seconds, nanoseconds)
            .ok_or_else(|| outside(seconds, "what `chrono::DateTime` holds"))
    }
}

fn outside<E: serde::de::Error>(seconds: i64, range: &str) -> E {
    E::custom(format_args!("a time {seconds} s from 1970 is outside {range}"))
}

fn read_text<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
    D: Deserializer<'de>,
{
    std::borrow::Cow::<str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

fn write<S: Serializer>(seconds: i64, nanoseconds: u32, serializer: S) -> Result<S::Ok, S::Error> {
    let mut bytes = [0; 12];
    let bytes = match (u64::try_from(seconds), nanoseconds) {
        (Ok(seconds), 0) if u32::try_from(seconds).is_ok() => {
            bytes[..4].copy_from_slice(&seconds.to_be_bytes()[4..]);
            &bytes[..4]
        }
        (Ok(seconds), _) if seconds >> 34 == 0 => {
            bytes[..8].copy_from_slice(&(u64::from(nanoseconds) << 34 | seconds).to_be_bytes());
            &bytes[..8]
        }
        _ => {
            bytes[..4].copy_from_slice(&nanoseconds.to_be_bytes());
            bytes[4..].copy_from_slice(&seconds.to_be_bytes());
            &bytes[..]
        }
    };
    let extension = (TIMESTAMP_EXTENSION, serde_bytes::Bytes::new(bytes));
    serializer.serialize_newtype_struct(rmp_serde::MSGPACK_EXT_STRUCT_NAME, &extension)
}

/// Seconds since 1970, and less than 1,000,000,000 nanoseconds more. None for nil.
fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<(i64, u32)>, D::Error> {
    let Some(ExtensionValue(kind, bytes)) = Option::<ExtensionValue>::deserialize(deserializer)? else {
        return Ok(None);
    };
    if kind != TIMESTAMP_EXTENSION {
        return Err(D::Error::custom(format_args!("extension {kind} where a timestamp (extension -1) was expected")));
    }
    let (seconds, nanoseconds) = if let Ok(bytes) = <[u8; 4]>::try_from(&bytes[..]) {
        (i64::from(u32::from_be_bytes(bytes)), 0)
    } else if let Ok(bytes) = <[u8; 8]>::try_from(&bytes[..]) {
        let both = u64::from_be_bytes(bytes);
        ((both & ((1 << 34) - 1)).cast_signed(), (both >> 34) as u32)
    } else if let Some((nanoseconds, seconds)) = bytes.split_first_chunk()
        && let Ok(seconds) = <[u8; 8]>::try_from(seconds)
    {
        (i64::from_be_bytes(seconds), u32::from_be_bytes(*nanoseconds))
    } else {
        return Err(D::Error::invalid_length(bytes.len(), &"a timestamp of 4, 8 or 12 bytes"));
    };
    if nanoseconds >= NANOSECONDS {
        return Err(D::Error::invalid_value(Unexpected::Unsigned(nanoseconds.into()), &"nanoseconds below a second"));
    }
    Ok(Some((seconds, nanoseconds)))
}

/// An extension, as `rmp-serde` gives it.
struct ExtensionValue(i8, Vec<u8>);

impl<'de> Deserialize<'de> for ExtensionValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> serde::de::Visitor<'de> for Read {
            type Value = ExtensionValue;
            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a timestamp")
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<ExtensionValue, D::Error> {
                let (kind, bytes) = <(i8, serde_bytes::ByteBuf)>::deserialize(deserializer)?;
                Ok(ExtensionValue(kind, bytes.into_vec()))
            }
        }
        deserializer.deserialize_newtype_struct(rmp_serde::MSGPACK_EXT_STRUCT_NAME, Read)
    }
}

/// A duration: nanoseconds in 64 bits, Go's `time.Duration`. A longer one is an encode error. A negative one is a decode error for a Rust
/// type that has none.
#[derive(Debug)]
pub enum Duration {}

impl SerializeAs<SignedDuration> for Duration {
    fn serialize_as<S: Serializer>(duration: &SignedDuration, serializer: S) -> Result<S::Ok, S::Error> {
        i64::try_from(duration.as_nanos()).map_err(|_| beyond(duration))?.serialize(serializer)
    }
}

impl<'de> DeserializeAs<'de, SignedDuration> for Duration {
    fn deserialize_as<D: Deserializer<'de>>(deserializer: D) -> Result<SignedDuration, D::Error> {
        i64::deserialize(deserializer).map(SignedDuration::from_nanos)
    }
}

impl SerializeAs<StdDuration> for Duration {
    fn serialize_as<S: Serializer>(duration: &StdDuration, serializer: S) -> Result<S::Ok, S::Error> {
        i64::try_from(duration.as_nanos())
            .map_err(|_| beyond(format_args!("{} s", duration.as_secs())))?
            .serialize(serializer)
    }
}

impl<'de> DeserializeAs<'de, StdDuration> for Duration {
    fn deserialize_as<D: Deserializer<'de>>(deserializer: D) -> Result<StdDuration, D::Error> {
        let nanoseconds = i64::deserialize(deserializer)?;
        u64::try_from(nanoseconds).map(StdDuration::from_nanos).map_err(|_| {
            let duration = SignedDuration::from_nanos(nanoseconds);
            D::Error::custom(format_args!("the duration {duration} is negative, which `std::time::Duration` cannot be"))
        })
    }
}

#[cfg(feature = "chrono")]
impl SerializeAs<chrono::TimeDelta> for Duration {
    fn serialize_as<S: Serializer>(duration: &chrono::TimeDelta, serializer: S) -> Result<S::Ok, S::Error> {
        duration.num_nanoseconds().ok_or_else(|| beyond(duration))?.serialize(serializer)
    }
}

#[cfg(feature = "chrono")]
impl<'de> DeserializeAs<'de, chrono::TimeDelta> for Duration {
    fn deserialize_as<D: Deserializer<'de>>(deserializer: D) -> Result<chrono::TimeDelta, D::Error> {
        i64::deserialize(deserializer).map(chrono::TimeDelta::nanoseconds)
    }
}

fn beyond<E: serde::ser::Error>(duration: impl std::fmt::Display) -> E {
    E::custom(format_args!("the duration {duration} is beyond 292 years"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{decode_as, encode_as};

    fn bytes<A: SerializeAs<T>, T>(value: &T) -> String {
        let mut out = Vec::new();
        encode_as::<A, T>(value, &mut out).unwrap();
        hex::encode(out)
    }

    fn decoded<A: for<'de> DeserializeAs<'de, T>, T>(text: &str) -> Result<T, String> {
        decode_as::<A, T>(&hex::decode(text).unwrap()).map_err(|error| error.to_string())
    }

    fn value<A: for<'de> DeserializeAs<'de, T>, T>(text: &str) -> T {
        decoded::<A, T>(text).unwrap()
    }

    fn error<A: for<'de> DeserializeAs<'de, T>, T: std::fmt::Debug>(text: &str) -> String {
        decoded::<A, T>(text).unwrap_err()
    }

    #[test]
    fn times_before_1970_keep_their_nanoseconds() {
        let time: jiff::Timestamp = "1969-12-31T23:59:59.25Z".parse().unwrap();
        let written = "c70cff0ee6b280ffffffffffffffff";
        assert_eq!(bytes::<Timestamp, _>(&time), written);
        assert_eq!(value::<Timestamp, jiff::Timestamp>(written), time);
        let time = SystemTime::UNIX_EPOCH - StdDuration::from_millis(750);
        assert_eq!(bytes::<Timestamp, _>(&time), written);
        assert_eq!(value::<Timestamp, SystemTime>(written), time);
    }

    /// Each of them in every type is the same bytes.
    const TIMES: [(&str, &str); 6] = [
        ("1970-01-01T00:00:00Z", "d6ff00000000"),
        ("2106-02-07T06:28:15Z", "d6ffffffffff"),
        ("2024-02-29T12:00:00.000000001Z", "d7ff0000000465e071c0"),
        ("2514-05-30T01:53:04Z", "c70cff000000000000000400000000"),
        ("0001-01-01T00:00:00Z", "c70cff00000000fffffff1886e0900"),
        ("1969-12-31T23:59:59.999999999Z", "c70cff3b9ac9ffffffffffffffffff"),
    ];

    #[test]
    fn every_type_of_time_is_written_and_read_alike() {
        for (text, written) in TIMES {
            let time: jiff::Timestamp = text.parse().unwrap();
            assert_eq!(bytes::<Timestamp, _>(&time), written, "{text}");
            assert_eq!(value::<Timestamp, jiff::Timestamp>(written), time);
            let time = SystemTime::from(time);
            assert_eq!(bytes::<Timestamp, _>(&time), written, "{text}");
            assert_eq!(value::<Timestamp, SystemTime>(written), time);
        }
    }

    #[test]
    fn times_that_are_none_are_refused() {
        assert!(error::<Timestamp, jiff::Timestamp>("d60500000000").contains("extension 5"));
        assert!(error::<Timestamp, jiff::Timestamp>("c703ff000000").contains("length 3"));
        assert!(error::<Timestamp, jiff::Timestamp>("c70cff000000007fffffffffffffff").contains("outside the years"));
        assert!(error::<Timestamp, jiff::Timestamp>("d7ffffffffff00000000").contains("nanoseconds"));
        assert!(!error::<Timestamp, jiff::Timestamp>("a3666f6f").is_empty());
    }

    #[test]
    fn system_times_at_the_ends_of_their_range_are_values_or_errors() {
        for seconds in [i64::MIN, i64::MIN + 1, -1, 0, i64::MAX - 1, i64::MAX] {
            for nanoseconds in [0, 1, NANOSECONDS - 1] {
                let written = format!("c70cff{nanoseconds:08x}{seconds:016x}");
                match decoded::<Timestamp, SystemTime>(&written) {
                    Ok(time) => assert_eq!(floor_seconds(time), Some((seconds, nanoseconds)), "{written}"),
                    Err(error) => assert!(error.contains("`SystemTime`"), "{error}"),
                }
            }
        }
    }

    #[test]
    fn nil_times_are_gos_zero_time_in_any_container() {
        assert_eq!(value::<Timestamp, jiff::Timestamp>("c0"), zero::timestamp());
        assert_eq!(value::<Timestamp, SystemTime>("c0"), SystemTime::from(zero::timestamp()));
        assert_eq!(value::<Vec<Timestamp>, Vec<jiff::Timestamp>>("91c0"), [zero::timestamp()]);
        assert_eq!(value::<Option<Timestamp>, Option<jiff::Timestamp>>("c0"), None);
    }

    #[test]
    fn times_are_text_for_people() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Times {
            #[serde(with = "serde_with::As::<Timestamp>")]
            jiff: jiff::Timestamp,
            #[serde(with = "serde_with::As::<Timestamp>")]
            std: SystemTime,
        }
        let jiff = "2024-02-29T12:00:00.5Z".parse().unwrap();
        let times = Times { jiff, std: jiff.into() };
        let text = serde_json::to_string(&times).unwrap();
        assert_eq!(text, r#"{"jiff":"2024-02-29T12:00:00.5Z","std":"2024-02-29T12:00:00.5Z"}"#);
        assert_eq!(serde_json::from_str::<Times>(&text).unwrap(), times);
    }

    #[test]
    fn durations_are_signed_and_bounded() {
        assert_eq!(value::<Duration, SignedDuration>("d3ffffffffc4653600"), SignedDuration::from_secs(-1));
        assert_eq!(bytes::<Duration, _>(&SignedDuration::from_millis(1500)), "d30000000059682f00");
        assert!(encode_as::<Duration, _>(&SignedDuration::MAX, &mut Vec::new()).is_err());
    }

    #[test]
    fn durations_of_std_are_not_negative() {
        assert_eq!(bytes::<Duration, _>(&StdDuration::from_millis(1500)), "d30000000059682f00");
        assert_eq!(value::<Duration, StdDuration>("d30000000059682f00"), StdDuration::from_millis(1500));
        assert_eq!(value::<Duration, StdDuration>("c0"), StdDuration::ZERO);
        let refused = error::<Duration, StdDuration>("d3ffffffffc4653600");
        assert!(refused.contains("the duration -PT1S is negative, which `std::time::Duration` cannot be"), "{refused}");
        assert!(encode_as::<Duration, _>(&StdDuration::MAX, &mut Vec::new()).is_err());
        let longest = StdDuration::from_nanos(i64::MAX.unsigned_abs());
        assert_eq!(value::<Duration, StdDuration>(&bytes::<Duration, _>(&longest)), longest);
    }

    #[cfg(feature = "chrono")]
    mod of_chrono {
        use ::chrono::{DateTime, TimeDelta, Utc};

        use super::*;

        #[test]
        fn times_are_those_of_the_other_types() {
            for (text, written) in TIMES {
                let time: DateTime<Utc> = text.parse().unwrap();
                assert_eq!(bytes::<Timestamp, _>(&time), written, "{text}");
                assert_eq!(value::<Timestamp, DateTime<Utc>>(written), time);
            }
            assert_eq!(
                value::<Timestamp, DateTime<Utc>>("c0"),
                "0001-01-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap()
            );
            for time in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
                assert_eq!(value::<Timestamp, DateTime<Utc>>(&bytes::<Timestamp, _>(&time)), time);
            }
            let refused = error::<Timestamp, DateTime<Utc>>("c70cff000000007fffffffffffffff");
            assert!(refused.contains("outside what `chrono::DateTime` holds"), "{refused}");
        }

        #[test]
        fn a_leap_second_is_the_second_after_it() {
            let leap = DateTime::<Utc>::from_timestamp(1_483_228_799, 1_500_000_000).unwrap();
            assert_eq!(leap.to_rfc3339(), "2016-12-31T23:59:60.500+00:00");
            let after: DateTime<Utc> = "2017-01-01T00:00:00.5Z".parse().unwrap();
            assert_eq!(value::<Timestamp, DateTime<Utc>>(&bytes::<Timestamp, _>(&leap)), after);
        }

        #[test]
        fn durations_are_signed_and_bounded() {
            assert_eq!(value::<Duration, TimeDelta>("d3ffffffffc4653600"), TimeDelta::seconds(-1));
            assert_eq!(bytes::<Duration, _>(&TimeDelta::milliseconds(1500)), "d30000000059682f00");
            assert!(encode_as::<Duration, _>(&TimeDelta::MAX, &mut Vec::new()).is_err());
        }
    }
}
