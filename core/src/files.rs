//! A stream and its side file as one run of bytes.
//!
//! On-disk inverted lists keep codes and ids in a second file. Readings that may need it see both as
//! one: the side file's first byte follows the stream's last. So a [`Reading`](crate::Reading) needs
//! no second way to ask, and a host that has both files joins them by one comparison. No span that
//! is asked for lies in both.

use crate::bytes::Span;
use crate::error::{Error, Kind};
use crate::limits::WALK_BYTES;
use crate::lists::{Layout, Lists};
use crate::text::escaped_start;
use alloc::format;

/// The lengths of a stream and of its side file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Files {
    /// Length of the file that holds the stream.
    pub stream: u64,
    /// Length of the side file, if it is there.
    pub side: Option<u64>,
}

impl Files {
    /// A stream of this length, without side file.
    pub const fn only(stream: u64) -> Files {
        Files { stream, side: None }
    }

    /// Length of both together.
    pub fn len(&self) -> u64 {
        self.stream.saturating_add(self.side.unwrap_or(0))
    }

    /// Whether there is no byte.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whose bytes a span of the run is: 0 of the first file, 1 of the side file; and the span counted from that file's
    /// first byte.
    pub fn which(&self, span: Span) -> (u32, Span) {
        match span.start.checked_sub(self.stream) {
            Some(start) if self.side.is_some() => (1, Span::new(start, span.len)),
            _ => (0, span),
        }
    }

    /// Where a span of the data of `lists` lies in the run of both files.
    ///
    /// # Errors
    /// The side file is not there, or ends before the span.
    pub fn place(&self, lists: &Lists, span: Span) -> Result<Span, Error> {
        let Layout::OnDisk { filename, .. } = &lists.layout else { return Ok(span) };
        let Some(side) = self.side else {
            let what = format!("the lists are in another file, which is not here: `{}`", escaped_start(filename));
            return Err(Error::new(Kind::Unsupported(what.into()), lists.span.start));
        };
        let have = side.saturating_sub(span.start);
        if span.len > have {
            return Err(Error::truncated(span, have).inside(&format!("side file `{}`", escaped_start(filename))));
        }
        Ok(Span::new(self.stream.saturating_add(span.start), span.len))
    }
}

/// Where lists are smaller than this on average, they are read through rather than picked from.
const SMALL: u64 = 8 << 10;

/// What to ask for when `missing`, a part of the data of `lists`, is not there: more, where the next
/// lists are so near that asking for each alone would cost more than the bytes between.
pub(crate) fn ahead(lists: &Lists, missing: Span) -> Span {
    match read_through(lists, missing) {
        Some(all) => {
            let end = all.end().min(missing.start.saturating_add(WALK_BYTES));
            Span::between(missing.start, end.max(missing.end()))
        }
        None => missing,
    }
}

/// The region around `part` that is read through, if lists are small.
pub(crate) fn read_through(lists: &Lists, part: Span) -> Option<Span> {
    let region = match &lists.layout {
        Layout::OnDisk { .. } => return None,
        Layout::Split { ids, .. } if ids.contains(&part) => *ids,
        _ => lists.span,
    };
    (region.len / SMALL <= lists.balance.non_empty).then_some(region)
}
