//! Where an index is, and who asks for it.

use crate::{Cause, Error};
use std::{env, fmt, fs, path::Path};

/// `tcp://HOST:PORT/INDEX`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Host name or address, as a resolver takes it.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Name of the index; may hold further slashes.
    pub index: String,
}

impl Address {
    /// Whether this text is meant as one.
    pub fn is_meant(text: &str) -> bool {
        Address::rest(text).is_some()
    }

    /// What follows the scheme, which is written in any case.
    fn rest(text: &str) -> Option<&str> {
        let (scheme, rest) = text.split_at_checked("tcp://".len())?;
        scheme.eq_ignore_ascii_case("tcp://").then_some(rest)
    }

    /// Read an address.
    ///
    /// # Errors
    /// In words, when it is none.
    pub fn parse(text: &str) -> Result<Address, String> {
        let wrong = |why: &str| format!("{why}: write it as tcp://HOST:PORT/INDEX");
        let rest = Address::rest(text).ok_or_else(|| wrong("no address of a server"))?;
        let (place, index) = rest.split_once('/').ok_or_else(|| wrong("it names no index"))?;
        if place.contains('@') {
            return Err(
                "a key does not go into an address, where others can see it: set FAISSX_API_KEY, or use --key-file"
                    .into(),
            );
        }
        let (host, port) = place.rsplit_once(':').ok_or_else(|| wrong("it names no port"))?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let port = port.parse().ok().filter(|port| *port > 0).ok_or_else(|| wrong("its port is no number"))?;
        if host.is_empty() || index.is_empty() {
            return Err(wrong(if host.is_empty() { "it names no host" } else { "it names no index" }));
        }
        Ok(Address { host: host.into(), port, index: index.into() })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Address { host, port, index } = self;
        match host.contains(':') {
            true => write!(f, "tcp://[{host}]:{port}/{index}"),
            false => write!(f, "tcp://{host}:{port}/{index}"),
        }
    }
}

/// Who asks. Never printed, and in no snapshot.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Login {
    /// The API key.
    pub key: Option<String>,
    /// The tenant.
    pub tenant: Option<String>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = |found: &Option<String>| if found.is_some() { "set" } else { "none" };
        write!(f, "Login {{ key: {}, tenant: {} }}", known(&self.key), known(&self.tenant))
    }
}

/// Longest key that the server takes (`MAX_API_KEY_LENGTH`, FAISSx 0.20260422.2).
const LONGEST: u64 = 256;

impl Login {
    /// From `FAISSX_API_KEY` and `FAISSX_TENANT_ID`, as the Python client has it; the key from `file` where there is one.
    ///
    /// # Errors
    /// When the file cannot be read or does not hold one line of text.
    pub fn from_environment(file: Option<&Path>) -> Result<Login, Error> {
        let set = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let key = match file {
            None => set("FAISSX_API_KEY"),
            Some(path) => Some(key_in(path).map_err(|cause| cause.reading(path))?),
        };
        Ok(Login { key, tenant: set("FAISSX_TENANT_ID") })
    }
}

fn key_in(path: &Path) -> Result<String, Cause> {
    // A device or a pipe has no length to look at first.
    let text = std::io::read_to_string(std::io::Read::take(fs::File::open(path)?, LONGEST + 3))?;
    let key = text.trim_end_matches(['\n', '\r']);
    if key.is_empty() || key.len() as u64 > LONGEST || key.contains(char::is_control) {
        return Err(Cause::Refused("it does not hold one line with a key of at most 256 bytes".into()));
    }
    Ok(key.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_host_port_and_index() {
        let address = Address::parse("tcp://[::1]:45678/a/b").unwrap();
        assert_eq!((address.host.as_str(), address.port, address.index.as_str()), ("::1", 45678, "a/b"));
        assert_eq!(address.to_string(), "tcp://[::1]:45678/a/b");
        for wrong in
            ["http://a:1/x", "tcp://a:1", "tcp://a:1/", "tcp://a/x", "tcp://:1/x", "tcp://a:0/x", "tcp://a:99999/x"]
        {
            assert!(Address::parse(wrong).unwrap_err().contains("tcp://HOST:PORT/INDEX"), "{wrong}");
        }
        assert!(Address::parse("tcp://secret@a:1/x").unwrap_err().contains("FAISSX_API_KEY"));
    }

    #[test]
    fn a_key_is_one_line_and_is_not_printed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        fs::write(&path, "s3cret\n").unwrap();
        let login = Login::from_environment(Some(&path)).unwrap();
        assert_eq!(login.key.as_deref(), Some("s3cret"));
        assert!(!format!("{login:?}").contains("s3cret"));
        for wrong in ["", "\n", "a\nb", &"x".repeat(257)] {
            fs::write(&path, wrong).unwrap();
            assert!(Login::from_environment(Some(&path)).is_err(), "{wrong:?}");
        }
    }
}
