//! Addresses of Redis, ours and Go's, and the user, the database and the certificates that they name.

#[cfg(feature = "tls")]
use std::fmt;
#[cfg(feature = "tls")]
use std::path::Path;
use std::path::PathBuf;
#[cfg(feature = "tls")]
use std::sync::Arc;

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo};
use url::Url;

use super::client::Endpoint;
use crate::broker::BrokerError;
use crate::broker::error::not_an_address;

/// What `scheme://rest` says. Go's `tcp://` and `unix://` carry a password as the user.
pub(crate) fn endpoint(scheme: &str, rest: &str) -> Result<Endpoint, BrokerError> {
    let Address { info, busy_poll, certificates } = if scheme == "unix" { socket(rest)? } else { host(scheme, rest)? };
    #[cfg(feature = "tls")]
    let tls = certificates.map(Certificates::config).transpose()?;
    // Without TLS none are named.
    #[cfg(not(feature = "tls"))]
    let _ = certificates;
    Ok(Endpoint {
        info,
        busy_poll,
        #[cfg(feature = "tls")]
        tls,
    })
}

struct Address {
    info: ConnectionInfo,
    busy_poll: bool,
    /// None without TLS.
    certificates: Option<Certificates>,
}

/// The files that TLS is to use.
#[derive(Default)]
struct Certificates {
    authority: Option<PathBuf>,
    own: Option<PathBuf>,
    key: Option<PathBuf>,
}

const SPECIAL_CHARACTERS: &str =
    "; in a password write `%40` for `@`, `%2F` for `/`, `%3A` for `:`, `%23` for `#`, `%3F` for `?`, `%25` for `%`";

fn socket(rest: &str) -> Result<Address, BrokerError> {
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    // The path may hold an `@`, too.
    let (user, path) = match place.split_once('@') {
        Some((user, path)) if !user.contains('/') => (Some(user), path),
        _ => (None, place),
    };
    if path.is_empty() {
        return Err(not_an_address("`unix://` names no socket: unix:///path, or unix://password@/path"));
    }
    if !path.starts_with('/') {
        return Err(not_an_address("`unix://` takes an absolute path behind three slashes, unix:///path"));
    }
    let mut settings = RedisConnectionInfo::default();
    let mut busy_poll = true;
    match user.map(|user| user.split_once(':').unwrap_or(("", user))) {
        Some(("", password)) => settings = settings.set_password(decoded(password)),
        Some((user, password)) => settings = settings.set_username(decoded(user)).set_password(decoded(password)),
        None => {}
    }
    for (key, value) in options(query) {
        settings = match &*key {
            "db" => settings.set_db(database(&value)?),
            "user" => settings.set_username(&value),
            // `pass` is the `redis` crate's own word.
            "password" | "pass" => settings.set_password(&value),
            "busy_poll" => {
                busy_poll = switch(&value)?;
                settings
            }
            _ => return Err(unknown_option("unix", &key, "db, user, password, busy_poll")),
        };
    }
    let info =
        ConnectionAddr::Unix(PathBuf::from(decoded(path))).into_connection_info().map_err(|error| invalid(&error))?;
    Ok(Address { info: info.set_redis_settings(settings), busy_poll, certificates: None })
}

fn host(scheme: &str, rest: &str) -> Result<Address, BrokerError> {
    let tls = matches!(scheme, "rediss" | "valkeys");
    if tls && cfg!(not(feature = "tls")) {
        return Err(not_an_address(format!("`{scheme}://` needs the feature `tls` of the crate `zbus`")));
    }
    let nameless = || {
        let hint = if rest.contains('@') { SPECIAL_CHARACTERS } else { "" };
        not_an_address(format!(
            "`{scheme}://` names no host: {scheme}://host:port, or {scheme}://:password@host:port{hint}"
        ))
    };
    let mut url = Url::parse(&format!("redis://{rest}")).map_err(|error| match error {
        url::ParseError::EmptyHost => nameless(),
        error => {
            not_an_address(format!("what follows `{scheme}://` is not a host and port: {error}{SPECIAL_CHARACTERS}"))
        }
    })?;
    if url.host_str().is_none_or(str::is_empty) {
        return Err(nameless());
    }
    if url.fragment().is_some() {
        return Err(not_an_address(format!(
            "`{scheme}://` has no part behind a `#`, which in a password is written `%23`"
        )));
    }
    let number = url.path().trim_matches('/');
    if !number.is_empty() {
        database(number)?;
    }
    let mut busy_poll = true;
    let mut certificates = Certificates::default();
    for (key, value) in options(url.query().unwrap_or_default()) {
        let file = match &*key {
            "busy_poll" => {
                busy_poll = switch(&value)?;
                continue;
            }
            "ca" => &mut certificates.authority,
            "cert" => &mut certificates.own,
            "key" => &mut certificates.key,
            _ => return Err(unknown_option(scheme, &key, "ca, cert, key, busy_poll")),
        };
        if !tls {
            return Err(not_an_address(format!("`{key}` is an option of TLS, and so of rediss:// addresses")));
        }
        *file = Some(PathBuf::from(&*value));
    }
    url.set_query(None);
    if url.password().is_none() && !url.username().is_empty() {
        if scheme != "tcp" {
            return Err(not_an_address(format!(
                "`{scheme}://` has a user without a password; a password alone stands behind a colon: {scheme}://:password@host:port"
            )));
        }
        let password = url.username().to_owned();
        let moved = url.set_password(Some(&password)).and_then(|()| url.set_username(""));
        moved.map_err(|()| nameless())?;
    }
    let info = url.into_connection_info().map_err(|error| invalid(&error))?;
    Ok(Address { info, busy_poll, certificates: tls.then_some(certificates) })
}

fn database(number: &str) -> Result<i64, BrokerError> {
    number
        .parse::<u32>()
        .map(i64::from)
        .map_err(|_| not_an_address(format!("`{}` is not the number of a database: 0, 1, 2, …", number.escape_debug())))
}

fn switch(value: &str) -> Result<bool, BrokerError> {
    match value {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(not_an_address(format!("`busy_poll` is on or off, not `{}`", value.escape_debug()))),
    }
}

fn unknown_option(scheme: &str, key: &str, known: &str) -> BrokerError {
    not_an_address(format!("a `{scheme}://` address knows no option `{}`: {known}", key.escape_debug()))
}

fn invalid(error: &dyn std::fmt::Display) -> BrokerError {
    not_an_address(format!("the broker's address cannot be used: {error}"))
}

/// The options behind the `?` of an address. A `+` is itself there, as it is in all other parts of an address; in web forms it is a blank.
fn options(query: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query.replace('+', "%2B").as_bytes()).into_owned().collect()
}

/// The text of a part of an address that is no option.
fn decoded(text: &str) -> String {
    // Read as the name of one option: `&` and `=` have no meaning here.
    let text = text.replace('&', "%26").replace('=', "%3D");
    options(&text).into_iter().next().map(|(text, _)| text).unwrap_or_default()
}

/// Certificates of the system's authorities are trusted, or those of the given one alone.
#[cfg(feature = "tls")]
impl Certificates {
    fn config(self) -> Result<Arc<rustls::ClientConfig>, BrokerError> {
        use rustls::pki_types::PrivateKeyDer;
        use rustls::pki_types::pem::PemObject;

        // Without one that the process has chosen, rustls panics where more than one is compiled in.
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // An error says that another thread was faster.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let trusted = match self.authority {
            Some(file) => certificates(&file)?,
            None => rustls_native_certs::load_native_certs().certs,
        };
        let mut roots = rustls::RootCertStore::empty();
        // Some systems carry certificates that nobody can read.
        roots.add_parsable_certificates(trusted);
        let config = rustls::ClientConfig::builder().with_root_certificates(roots);
        let config = match (self.own, self.key) {
            (Some(own), Some(key)) => {
                let secret = PrivateKeyDer::from_pem_slice(&pem(&key)?).map_err(|error| unusable(&key, &error))?;
                config.with_client_auth_cert(certificates(&own)?, secret).map_err(|error| unusable(&own, &error))?
            }
            (None, None) => config.with_no_client_auth(),
            _ => {
                return Err(not_an_address(
                    "a client's certificate needs its key, and a key its certificate: `cert` and `key`",
                ));
            }
        };
        Ok(Arc::new(config))
    }
}

/// All of a file's certificates; one at least.
#[cfg(feature = "tls")]
fn certificates(file: &Path) -> Result<Vec<rustls::pki_types::CertificateDer<'static>>, BrokerError> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&pem(file)?)
        .collect::<Result<_, _>>()
        .map_err(|error| unusable(file, &error))?;
    if certificates.is_empty() { Err(unusable(file, &"it holds no certificate")) } else { Ok(certificates) }
}

#[cfg(feature = "tls")]
fn pem(file: &Path) -> Result<Vec<u8>, BrokerError> {
    std::fs::read(file).map_err(|error| not_an_address(format!("cannot read `{}`: {error}", file.display())))
}

#[cfg(feature = "tls")]
fn unusable(file: &Path, error: &dyn fmt::Display) -> BrokerError {
    not_an_address(format!("`{}` cannot be used: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    /// User, password, database; empty for none.
    fn settings(address: &str) -> (String, String, i64) {
        let (scheme, rest) = address.split_once("://").unwrap();
        let endpoint = super::endpoint(scheme, rest).unwrap();
        let settings = endpoint.settings();
        let own = |text: Option<&str>| text.unwrap_or_default().to_owned();
        (own(settings.username()), own(settings.password()), settings.db())
    }

    fn place(address: &str) -> String {
        let (scheme, rest) = address.split_once("://").unwrap();
        super::endpoint(scheme, rest).unwrap().to_string()
    }

    #[test]
    fn busy_polling_is_on_unless_the_address_says_off() {
        for address in ["unix:///run/redis.sock?db=3", "redis://localhost/3", "tcp://localhost"] {
            let separator = if address.contains('?') { '&' } else { '?' };
            let is_on = |option: &str| {
                let (scheme, rest) = address.split_once("://").unwrap();
                super::endpoint(scheme, &format!("{rest}{option}")).map(|endpoint| endpoint.busy_poll)
            };
            assert!(is_on("").unwrap());
            assert!(is_on(&format!("{separator}busy_poll=on")).unwrap());
            assert!(!is_on(&format!("{separator}busy_poll=off")).unwrap());
            let error = is_on(&format!("{separator}busy_poll=no")).unwrap_err().to_string();
            assert!(error.contains("`busy_poll` is on or off, not `no`"), "{error}");
        }
    }

    #[test]
    fn gos_addresses_mean_the_same() {
        assert_eq!(place("tcp://s%40cret@localhost:6380"), "localhost:6380");
        assert_eq!(settings("tcp://s%40cret@localhost:6380"), (String::new(), "s@cret".to_owned(), 0));
        assert_eq!(settings("tcp://a+b&c=d@localhost:6380"), (String::new(), "a+b&c=d".to_owned(), 0));
        assert_eq!(place("unix://secret@/run/redis.sock"), "/run/redis.sock");
        assert_eq!(settings("unix://secret@/run/redis.sock"), (String::new(), "secret".to_owned(), 0));
    }

    #[test]
    fn user_password_and_database_are_kept() {
        for scheme in ["redis", "valkey", "tcp"] {
            let address = format!("{scheme}://anna:s%2Fcret@localhost/3");
            assert_eq!(settings(&address), ("anna".to_owned(), "s/cret".to_owned(), 3), "{address}");
            let address = format!("{scheme}://:secret@localhost:6380");
            assert_eq!(
                (settings(&address), place(&address)),
                ((String::new(), "secret".to_owned(), 0), "localhost:6380".to_owned())
            );
        }
        assert_eq!(place("redis://[::1]:6380"), "::1:6380");
        let all = ("anna".to_owned(), "s=cret".to_owned(), 3);
        assert_eq!(settings("unix://anna:s=cret@/run/redis.sock?db=3"), all);
        assert_eq!(settings("unix:///run/redis.sock?db=3&user=anna&password=s%3Dcret"), all);
        assert_eq!(place("unix:///run/a@b%20c.sock?pass=x"), "/run/a@b c.sock");
    }

    #[test]
    fn plus_is_itself_in_every_part_of_every_address() {
        let all = ("a+n".to_owned(), "s+c t".to_owned(), 0);
        for address in [
            "redis://a+n:s+c%20t@localhost",
            "tcp://a+n:s+c%20t@localhost",
            "unix://a+n:s+c%20t@/run/redis.sock",
            "unix:///run/redis.sock?user=a+n&password=s+c%20t",
            "unix:///run/redis.sock?user=a%2Bn&pass=s%2Bc%20t",
        ] {
            assert_eq!(settings(address), all, "{address}");
        }
        assert_eq!(place("unix:///run/a+b.sock"), "/run/a+b.sock");
        let options = super::options("ca=/etc/a+b.pem&cert=c%2Bd");
        let pairs = [("ca", "/etc/a+b.pem"), ("cert", "c+d")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(options, pairs);
    }
}
