//! Every way in which bytes can be wrong, and every sentence about it.
//!
//! An [`Error`] says where (`at`, a byte counted from the start of the file), in what (`path`, names
//! from the outside in), and by how much (`kind`, with the numbers). Messages are lower case, end
//! without a full stop, and name the value last. Hosts add the file's name and what to do next.

use crate::place::{Fourcc, Span};
use alloc::{
    borrow::Cow,
    boxed::Box,
    format,
    string::{String, ToString},
};

/// A fault in a file: what, where, and in which part.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} at byte {at}{}: {kind}", kind.label(), while_reading(path))]
pub struct Error {
    /// What is wrong, with the numbers.
    pub kind: Kind,
    /// The byte at which it shows, from the start of the file.
    pub at: u64,
    /// The part that was being read, such as `ivf.quantizer.codes`; empty at the top.
    pub path: String,
}

fn while_reading(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!(" while reading {path}") }
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Kind {
    /// The file ends before the part does.
    #[error("need {need} bytes, have {have}")]
    Truncated {
        /// Bytes that the part takes.
        need: u64,
        /// Bytes from its start to the end of the file.
        have: u64,
    },
    /// A four-character code that no known FAISS writes here.
    #[error("`{0}`")]
    UnknownTag(Fourcc),
    /// A code that FAISS knows, but not in this place.
    #[error("`{tag}` where {allowed} belongs")]
    MisplacedTag {
        /// The code.
        tag: Fourcc,
        /// What may stand here.
        allowed: &'static str,
    },
    /// Two numbers of the file that must agree do not.
    #[error("{rule}: expected {expected}, found {found}")]
    Inconsistent {
        /// What must hold, such as `codes = ntotal * d`.
        rule: &'static str,
        /// What follows from the rest of the file.
        expected: String,
        /// What stands here.
        found: String,
    },
    /// A number outside what its field can mean.
    #[error("{rule}: found {found}")]
    Invalid {
        /// What is allowed, such as `nbits is 1..=24`.
        rule: &'static str,
        /// What stands here.
        found: String,
    },
    /// A number above what this build takes on, to stay within bounded memory and time.
    #[error("{what} is limited to {limit}: found {found}")]
    Limit {
        /// What is counted.
        what: &'static str,
        /// The most that is read; see [`crate::limits`].
        limit: u64,
        /// What the file asks for.
        found: u64,
    },
    /// The file is something else, or no snapshot.
    #[error("{0}")]
    NotThis(Cow<'static, str>),
    /// A snapshot version or section that this build does not know.
    #[error("{0}")]
    Unsupported(Cow<'static, str>),
    /// Bytes that do not hash to the digest that speaks for them.
    #[error("{what}: digest is {found}, recorded {expected}")]
    Digest {
        /// The piece that was hashed.
        what: &'static str,
        /// The digest that is recorded, in hex.
        expected: String,
        /// The digest of the bytes, in hex.
        found: String,
    },
    /// Stored bytes that their codec cannot turn back.
    #[error("codec {codec}: {reason}")]
    Codec {
        /// The codec's number in the snapshot format.
        codec: u32,
        /// What went wrong.
        reason: Cow<'static, str>,
    },
}

impl Kind {
    /// One or two words for the kind of fault; the start of every message, and the `kind` that
    /// programs see.
    pub fn label(&self) -> &'static str {
        match self {
            Kind::Truncated { .. } => "truncated",
            Kind::UnknownTag(_) => "unknown tag",
            Kind::MisplacedTag { .. } => "misplaced tag",
            Kind::Inconsistent { .. } => "inconsistent",
            Kind::Invalid { .. } => "invalid",
            Kind::Limit { .. } => "over the limit",
            Kind::NotThis(_) => "not recognised",
            Kind::Unsupported(_) => "unsupported",
            Kind::Digest { .. } => "damaged",
            Kind::Codec { .. } => "cannot decode",
        }
    }
}

impl Kind {
    /// Whether the bytes are to blame, and not what this build takes on.
    pub fn is_damage(&self) -> bool {
        !matches!(self, Kind::UnknownTag(_) | Kind::Limit { .. } | Kind::NotThis(_) | Kind::Unsupported(_))
    }
}

/// Why a question about a file has no answer. Hosts have causes of their own beside these.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// The file's bytes are at fault, or are of a kind that this build does not take.
    #[error("{0}")]
    Fault(Box<Error>),
    /// The bytes are not what was promised: damage, or another file than the expected one.
    #[error("{0}")]
    Damage(String),
    /// Nothing is wrong with the bytes; what was asked for is not done.
    #[error("{0}")]
    Refused(String),
}

impl Cause {
    /// Whether the file is damaged, or differs from what it has to be.
    pub fn is_damage(&self) -> bool {
        match self {
            Cause::Fault(fault) => fault.kind.is_damage(),
            Cause::Damage(_) => true,
            Cause::Refused(_) => false,
        }
    }

    /// One or two words for programs: [`Kind::label`], `damaged` or `refused`.
    pub fn label(&self) -> &'static str {
        match self {
            Cause::Fault(fault) => fault.kind.label(),
            Cause::Damage(_) => "damaged",
            Cause::Refused(_) => "refused",
        }
    }

    /// The byte at which it shows; 0 where it is no fault of one place.
    pub fn at(&self) -> u64 {
        if let Cause::Fault(fault) = self { fault.at } else { 0 }
    }

    /// The part that was being read; empty at the top, and where it is no fault of one place.
    pub fn path(&self) -> &str {
        if let Cause::Fault(fault) = self { &fault.path } else { "" }
    }
}

impl From<Error> for Cause {
    fn from(fault: Error) -> Cause {
        Cause::Fault(Box::new(fault))
    }
}

impl Error {
    /// A fault of this kind at byte `at`, in no named part yet.
    pub fn new(kind: Kind, at: u64) -> Error {
        Error { kind, at, path: String::new() }
    }

    /// `span` passes the end of the file, which is `have` bytes after its start.
    pub fn truncated(span: Span, have: u64) -> Error {
        Error::new(Kind::Truncated { need: span.len, have }, span.start)
    }

    /// Two numbers that must agree do not.
    pub fn inconsistent(at: u64, rule: &'static str, expected: impl ToString, found: impl ToString) -> Error {
        Error::new(Kind::Inconsistent { rule, expected: expected.to_string(), found: found.to_string() }, at)
    }

    /// A number that its field cannot hold.
    pub fn invalid(at: u64, rule: &'static str, found: impl ToString) -> Error {
        Error::new(Kind::Invalid { rule, found: found.to_string() }, at)
    }

    /// A number above a limit of [`crate::limits`].
    pub fn limit(at: u64, what: &'static str, limit: u64, found: u64) -> Error {
        Error::new(Kind::Limit { what, limit, found }, at)
    }

    /// The same fault, seen from one part further out: `codes` inside `quantizer` becomes
    /// `quantizer.codes`.
    #[must_use]
    pub fn inside(mut self, outer: &str) -> Error {
        self.path = match (outer.is_empty(), self.path.is_empty()) {
            (true, _) => self.path,
            (_, true) => outer.into(),
            _ => format!("{outer}.{}", self.path),
        };
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_place_part_and_numbers() {
        let error = Error::truncated(Span::new(98, 4096), 17).inside("codes").inside("quantizer").inside("");
        assert_eq!(error.to_string(), "truncated at byte 98 while reading quantizer.codes: need 4096 bytes, have 17");
        let error = Error::new(Kind::UnknownTag(Fourcc(*b"IxZ\0")), 0);
        assert_eq!(error.to_string(), "unknown tag at byte 0: `IxZ\\x00`");
        let error = Error::inconsistent(45, "codes = ntotal * d", 3200, 2800).inside("codes");
        assert_eq!(
            error.to_string(),
            "inconsistent at byte 45 while reading codes: codes = ntotal * d: expected 3200, found 2800"
        );
    }
}
