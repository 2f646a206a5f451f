//! What can go wrong with a server.

use crate::Cause;
use std::{fmt, io, time::Duration};

/// Why there is no answer.
#[derive(Debug)]
pub enum Trouble {
    /// No connection, or it was lost.
    Cut(io::Error),
    /// Nothing came for this long.
    Slow(Duration),
    /// What came is not what the protocol has.
    Garbled(String),
    /// The server says no; these are its words.
    Denied(String),
    /// The caller said stop.
    Cancelled,
}

impl Trouble {
    /// Whether asking again over a new connection may help.
    pub fn may_pass(&self) -> bool {
        matches!(self, Trouble::Cut(_) | Trouble::Slow(_) | Trouble::Garbled(_))
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Cut(error) => match error.kind() {
                io::ErrorKind::ConnectionRefused => f.write_str("nobody listens there"),
                io::ErrorKind::UnexpectedEof => f.write_str("the server closed the connection"),
                _ => write!(f, "there is no connection: {error}"),
            },
            Trouble::Slow(time) => write!(f, "the server did not answer for {} s", time.as_secs_f32()),
            Trouble::Garbled(what) => write!(f, "what came is no answer of a FAISSx server: {what}"),
            Trouble::Denied(words) => write!(f, "the server says: {words}"),
            Trouble::Cancelled => f.write_str("cancelled"),
        }
    }
}

impl std::error::Error for Trouble {}

impl From<Trouble> for Cause {
    fn from(trouble: Trouble) -> Cause {
        match trouble {
            Trouble::Cancelled => Cause::Cancelled,
            other => Cause::Refused(other.to_string()),
        }
    }
}

/// A garbled answer.
pub(super) fn garbled<T>(what: impl Into<String>) -> Result<T, Trouble> {
    Err(Trouble::Garbled(what.into()))
}
