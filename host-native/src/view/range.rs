//! Which part of a file a request wants, by its field `Range` (RFC 9110, section 14).

use faissil_core::Span;

/// What a `Range` asks of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it: nothing was asked, or nothing that we know, such as several ranges, which may be left unheard.
    Whole,
    /// This part, at least a byte.
    Part(Span),
    /// A part that is not there.
    Nothing,
}

/// What this field asks of a file of `len` bytes.
pub(super) fn wanted(field: &str, len: u64) -> Wanted {
    let asked = field.split_once('=').filter(|(unit, _)| unit.trim().eq_ignore_ascii_case("bytes"));
    let Some((first, last)) = asked.and_then(|(_, range)| range.trim().split_once('-')) else { return Wanted::Whole };
    let (start, end) = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => (first, last.saturating_add(1)),
        (Some(first), None) if last.is_empty() => (first, u64::MAX),
        (None, Some(suffix)) if first.is_empty() => {
            (if suffix == 0 { len } else { len.saturating_sub(suffix) }, u64::MAX)
        }
        _ => return Wanted::Whole,
    };
    if start < len { Wanted::Part(Span::between(start, end.min(len))) } else { Wanted::Nothing }
}

/// A number, which counts as the largest when it is larger.
fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_of_bytes_is_heard() {
        let part = |start, end| Wanted::Part(Span::between(start, end));
        assert_eq!(wanted("bytes=0-0", 10), part(0, 1));
        assert_eq!(wanted("bytes=2-5", 10), part(2, 6));
        assert_eq!(wanted("Bytes=2-", 10), part(2, 10));
        assert_eq!(wanted("bytes=-3", 10), part(7, 10));
        assert_eq!(wanted("bytes=-30", 10), part(0, 10));
        assert_eq!(wanted("bytes=9-99999999999999999999999", 10), part(9, 10));
    }

    #[test]
    fn what_is_not_there_is_told_from_what_is_not_known() {
        for nothing in ["bytes=10-", "bytes=10-10", "bytes=-0", "bytes=99999999999999999999999-"] {
            assert_eq!(wanted(nothing, 10), Wanted::Nothing, "{nothing}");
        }
        assert_eq!(wanted("bytes=0-", 0), Wanted::Nothing);
        for unknown in
            ["", "bytes", "bytes=", "bytes=-", "bytes=5-3", "bytes=0-1,3-4", "bytes=a-b", "bytes=+1-2", "lines=1-2"]
        {
            assert_eq!(wanted(unknown, 10), Wanted::Whole, "{unknown}");
        }
    }
}
