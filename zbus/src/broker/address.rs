//! Addresses of brokers: `redis://`, `rediss://`, `unix://`, Go's `tcp://`, and `memory://`.

use std::sync::Arc;

use super::error::not_an_address;
use super::{Broker, BrokerError, memory};

/// Connects to the broker of an address.
#[cfg_attr(not(feature = "redis"), expect(clippy::unused_async, reason = "Redis is what there is to wait for"))]
pub(super) async fn open(address: &str) -> Result<Arc<dyn Broker>, BrokerError> {
    let Some((scheme, rest)) = address.split_once("://") else {
        return Err(not_an_address(format!("a broker's address starts with its scheme: {EXAMPLES}")));
    };
    match scheme {
        "memory" => Ok(memory::open(rest)),
        #[cfg(feature = "redis")]
        "redis" | "rediss" | "valkey" | "valkeys" | "tcp" | "unix" => {
            let endpoint = super::redis::endpoint(scheme, rest)?;
            Ok(Arc::new(super::redis::RedisBroker::connect(endpoint).await?))
        }
        // The rest may hold a password.
        _ => Err(not_an_address(format!("`{}://` is not the scheme of a broker: {EXAMPLES}", scheme.escape_debug()))),
    }
}

const EXAMPLES: &str = if cfg!(feature = "redis") {
    "redis://host:port, rediss://host:port (TLS), unix:///path, tcp://host:port (as the Go library has it) or memory://name"
} else {
    "memory://name (others need the feature `redis` of the crate `zbus`)"
};

#[cfg(all(test, feature = "redis"))]
mod tests {
    use super::*;
    use crate::broker::BrokerErrorKind;

    #[tokio::test]
    async fn mistyped_addresses_are_told_how_they_are_written_without_their_secrets() {
        for (address, words) in [
            ("", "starts with its scheme"),
            ("localhost:6379", "starts with its scheme: redis://host:port"),
            ("redis//:s3cret@host", "starts with its scheme"),
            ("redis:/:s3cret@host", "starts with its scheme"),
            ("amqp://anna:s3cret@host", "`amqp://` is not the scheme of a broker"),
            ("Redis://host", "`Redis://` is not the scheme of a broker"),
            ("redis://", "names no host: redis://host:port"),
            ("redis://:6379", "names no host"),
            ("redis://:s3cret@", "names no host"),
            ("redis://:s3cret@:6379", "names no host"),
            ("redis://host:port", "is not a host and port"),
            ("redis://:s3cret/x@host:6379", "`%2F` for `/`"),
            ("redis://s3cret@host", "redis://:password@host"),
            ("redis://:s3cret@host/two", "`two` is not the number of a database"),
            ("redis://host/-1", "`-1` is not the number of a database"),
            ("redis://host?db=1", "knows no option `db`"),
            ("tcp://host:6379/?pasword=s3cret", "knows no option `pasword`"),
            ("unix://", "names no socket: unix:///path"),
            ("unix://run/redis.sock", "an absolute path behind three slashes, unix:///path"),
            ("unix://s3cret@run/redis.sock", "an absolute path"),
            ("unix:///run/redis.sock?database=1", "knows no option `database`: db, user, password"),
            ("unix:///run/redis.sock?db=one", "`one` is not the number of a database"),
            ("redis://host#insecure", "has no part behind a `#`"),
            ("redis://host?ca=/ca.pem", "rediss://"),
        ] {
            let error = open(address).await.unwrap_err();
            assert_eq!(error.kind(), BrokerErrorKind::Address, "{address}: {error}");
            assert!(error.to_string().contains(words), "{address}: {error}");
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{address}: {error:?}");
        }
    }
}
