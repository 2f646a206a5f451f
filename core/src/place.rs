//! The two words that everything here is said in: a place in a file, and a four-character code.
//!
//! They stand apart because errors speak of them too, and everybody speaks of errors. Elsewhere they are
//! known as [`bytes::Span`](crate::bytes::Span) and [`outline::Fourcc`](crate::outline::Fourcc).

use core::fmt;

/// A run of bytes: where it starts and how long it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// First byte, counted from the start of the file.
    pub start: u64,
    /// Length in bytes.
    pub len: u64,
}

impl Span {
    /// The span of `len` bytes from `start`.
    pub const fn new(start: u64, len: u64) -> Span {
        Span { start, len }
    }

    /// The span from `start` up to but not including `end`; empty where `end` is not after `start`.
    pub const fn between(start: u64, end: u64) -> Span {
        Span { start, len: end.saturating_sub(start) }
    }

    /// The first byte after the span. Saturates: a span that claims to pass `u64::MAX` ends there.
    pub const fn end(&self) -> u64 {
        self.start.saturating_add(self.len)
    }

    /// Whether there is no byte in it.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether all of `other` lies inside.
    pub const fn contains(&self, other: &Span) -> bool {
        other.start >= self.start && other.end() <= self.end()
    }

    /// The bytes that both spans share, if any.
    pub fn overlap(&self, other: &Span) -> Option<Span> {
        let (start, end) = (self.start.max(other.start), self.end().min(other.end()));
        (start < end).then(|| Span::between(start, end))
    }
}

impl fmt::Display for Span {
    /// As half-open byte positions: `45..3245`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end())
    }
}

/// A four-character code, the bytes as they stand in the file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fourcc(pub [u8; 4]);

impl fmt::Display for Fourcc {
    /// The characters; what does not print is escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // As `escape_ascii` has it, of which a browser would load more.
        for byte in self.0 {
            match byte {
                b'\t' => f.write_str("\\t")?,
                b'\n' => f.write_str("\\n")?,
                b'\r' => f.write_str("\\r")?,
                b'"' | b'\'' | b'\\' => write!(f, "\\{}", char::from(byte))?,
                b' '..=b'~' => write!(f, "{}", char::from(byte))?,
                _ => write!(f, "\\x{byte:02x}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Fourcc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{self}`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_escaped_as_bytes_are() {
        for byte in 0..=u8::MAX {
            let code = Fourcc([byte, b'I', byte, b'x']);
            assert_eq!(alloc::format!("{code}"), alloc::format!("{}", code.0.escape_ascii()));
        }
    }
}
