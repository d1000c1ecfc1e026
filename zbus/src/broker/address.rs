//! Addresses of brokers: `redis://`, `rediss://`, `unix://`, Go's `tcp://`, and `memory://`.

use std::sync::Arc;

use super::{Broker, BrokerError, BrokerErrorKind, memory};

/// Connects to the broker of an address, or says why not.
pub(super) async fn open(address: &str) -> Result<Arc<dyn Broker>, BrokerError> {
    match address.split_once("://") {
        Some(("memory", name)) => Ok(memory::open(name)),
        #[cfg(feature = "redis")]
        Some(("redis" | "rediss" | "unix" | "tcp", _)) => {
            Ok(Arc::new(super::redis::RedisBroker::connect(connection_info(address)?).await?))
        }
        _ => Err(not_an_address(address)),
    }
}

fn not_an_address(address: &str) -> BrokerError {
    let known = if cfg!(feature = "redis") {
        "redis://host:port, rediss://host:port, unix:///path, tcp://host:port or memory://name"
    } else {
        "memory://name (the feature `redis` is off)"
    };
    // The address may hold a password: only its scheme is repeated.
    let scheme = address.split_once("://").map_or("no scheme", |(scheme, _)| scheme);
    BrokerError::new(BrokerErrorKind::Address, format!("unknown broker address ({scheme}): expected {known}"))
}

/// What `redis` needs to connect. Go's `tcp://` and `unix://` carry the password as the user.
#[cfg(feature = "redis")]
fn connection_info(address: &str) -> Result<redis::ConnectionInfo, BrokerError> {
    use redis::IntoConnectionInfo;

    let invalid = |error: &dyn std::fmt::Display| {
        BrokerError::new(BrokerErrorKind::Address, format!("invalid broker address: {error}"))
    };
    let (scheme, rest) = address.split_once("://").unwrap_or((address, ""));
    if scheme == "rediss" && cfg!(not(feature = "tls")) {
        return Err(BrokerError::new(
            BrokerErrorKind::Address,
            "`rediss://` needs the feature `tls` of the crate `zbus`",
        ));
    }
    let (password, rest) = match rest.split_once('@') {
        Some((user, rest)) if matches!(scheme, "tcp" | "unix") && !user.contains([':', '/']) => {
            (Some(percent_decoded(user)), rest)
        }
        _ => (None, rest),
    };
    let scheme = if scheme == "tcp" { "redis" } else { scheme };
    let url = url::Url::parse(&format!("{scheme}://{rest}")).map_err(|error| invalid(&error))?;
    let info = url.into_connection_info().map_err(|error| invalid(&error))?;
    Ok(match password {
        Some(password) => {
            let settings = info.redis_settings().clone().set_password(password);
            info.set_redis_settings(settings)
        }
        None => info,
    })
}

#[cfg(feature = "redis")]
fn percent_decoded(text: &str) -> String {
    // A query string of one nameless value: its decoding is that of the user part but for `+`.
    url::form_urlencoded::parse(text.replace('+', "%2B").as_bytes())
        .next()
        .map(|(text, _)| text.into_owned())
        .unwrap_or_default()
}

#[cfg(all(test, feature = "redis"))]
mod tests {
    use redis::ConnectionAddr;

    use super::*;

    #[test]
    fn gos_addresses_mean_the_same() {
        let info = connection_info("tcp://s%40cret@localhost:6380").unwrap();
        assert!(matches!(info.addr(), ConnectionAddr::Tcp(host, 6380) if host == "localhost"));
        assert_eq!((info.redis_settings().username(), info.redis_settings().password()), (None, Some("s@cret")));

        let info = connection_info("unix://secret@/run/redis.sock").unwrap();
        assert!(matches!(info.addr(), ConnectionAddr::Unix(path) if path.to_str() == Some("/run/redis.sock")));
        assert_eq!(info.redis_settings().password(), Some("secret"));
    }

    #[test]
    fn redis_addresses_keep_user_password_and_database() {
        let info = connection_info("redis://anna:secret@localhost/3").unwrap();
        let settings = info.redis_settings();
        assert_eq!((settings.username(), settings.password(), settings.db()), (Some("anna"), Some("secret"), 3));
    }

    #[tokio::test]
    async fn other_addresses_are_refused_without_repeating_secrets() {
        for address in ["localhost:6379", "amqp://anna:secret@host", "redis//host", ""] {
            let error = open(address).await.unwrap_err();
            assert_eq!(error.kind(), BrokerErrorKind::Address, "{address}");
            assert!(!error.to_string().contains("secret"));
        }
    }
}
