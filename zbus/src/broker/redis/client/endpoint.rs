//! Where Redis is, and how to get in.

use std::fmt;
#[cfg(feature = "tls")]
use std::sync::Arc;

use redis::{ConnectionAddr, ConnectionInfo, RedisConnectionInfo};

/// What an address says.
pub(crate) struct Endpoint {
    pub(crate) info: ConnectionInfo,
    /// Whether a task that waits for a message here may poll for it again and again.
    pub(crate) busy_poll: bool,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<Arc<rustls::ClientConfig>>,
}

impl Endpoint {
    pub(crate) fn address(&self) -> &ConnectionAddr {
        self.info.addr()
    }

    pub(crate) fn settings(&self) -> &RedisConnectionInfo {
        self.info.redis_settings()
    }
}

/// Without the user and the password.
impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address().fmt(formatter)
    }
}
