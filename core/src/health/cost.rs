//! What reading rows costs, in bytes: known from the outline as far as it can be, and at most.

use super::rows::ROUND_UP;
use super::sample::{Rows, Tag};
use crate::bytes::Span;
use crate::files::Files;
use crate::limits::HEADER_BYTES;
use crate::lists::{Lists, Sizes};
use crate::vectors::{Codes, Key, Stored};

/// Bytes that reading the sizes of all lists takes at most.
pub(super) fn sizes_cost(lists: &Lists, files: Files) -> u64 {
    match lists.sizes {
        Sizes::Full(span) | Sizes::Sparse(span) | Sizes::Slots(span) => span.len,
        // Two counts a list, each asked for with what follows it.
        Sizes::Inline => lists.nlist.saturating_mul(HEADER_BYTES.saturating_mul(2)).min(files.stream.saturating_mul(2)),
    }
}

/// Bytes that reading these rows takes, and at most: their codes, and what they are decoded with.
pub(super) fn rows_cost(stored: &Stored<'_>, rows: &Rows, files: Files) -> (u64, u64) {
    let (codes, codes_most) = codes_cost(stored, rows, files);
    let (decoding, decoding_most) = decoding_cost(stored, rows);
    (codes.saturating_add(decoding), codes_most.saturating_add(decoding_most))
}

fn codes_cost(stored: &Stored<'_>, rows: &Rows, files: Files) -> (u64, u64) {
    let looked_at = rows.coverage.looked_at;
    let is_sample = rows.coverage.tag == Tag::Sampled;
    let plain = looked_at.saturating_mul(stored.code_bytes);
    match stored.codes {
        Codes::Rows(_) | Codes::Numbers => (plain, plain),
        Codes::Levels { .. } => (plain, plain.saturating_mul(2)),
        Codes::Blocks { array, .. } if is_sample => (plain, array.span.len.max(plain)),
        Codes::Blocks { array, .. } => (array.span.len, array.span.len),
        Codes::Lists(lists, blocks) => {
            let sizes = sizes_cost(lists, files);
            let most = if is_sample {
                // At worst each row lies in another block.
                let code = blocks.map_or(stored.code_bytes, |blocks| blocks.bytes);
                let with_ids = looked_at.saturating_mul(code.saturating_add(16));
                with_ids.saturating_mul(2).saturating_add(ROUND_UP.saturating_mul(rows.ranges.len() as u64))
            } else {
                lists.span.len.max(plain).saturating_mul(2)
            };
            (plain.saturating_add(sizes), most.saturating_add(sizes))
        }
    }
}

/// What decoding reads beside the codes: codebooks once, centroids of the lists that are met, ids where these lead to more.
fn decoding_cost(stored: &Stored<'_>, rows: &Rows) -> (u64, u64) {
    let looked_at = rows.coverage.looked_at;
    if stored.is_exact() || looked_at == 0 {
        return (0, 0);
    }
    let ids = match (&stored.codes, &stored.beside) {
        (Codes::Lists(..), Some(_)) => looked_at.saturating_mul(8),
        _ => 0,
    };
    let once = tables_len(stored).saturating_add(ids);
    let (centroids, centroids_most) = match stored.coarse.as_ref().map(|coarse| coarse.key) {
        Some(Key::Row { codes, width, .. }) => {
            let all = codes.array().map_or(0, |array| array.span.len);
            // A run meets one list at least, and at most as many as it has rows.
            let least = (rows.ranges.len() as u64).saturating_mul(width).min(all);
            // A code in a block takes all of that.
            let one = if let Codes::Blocks { blocks, .. } = codes { blocks.bytes } else { width };
            let most = looked_at.saturating_mul(one.max(ROUND_UP)).min(all);
            if rows.coverage.tag == Tag::Sampled { (least, most) } else { (all, all) }
        }
        Some(Key::Code(_)) | None => (0, 0),
    };
    (once.saturating_add(centroids), once.saturating_add(centroids_most))
}

/// Bytes of what decoding holds in memory all the time.
pub(super) fn tables_len(stored: &Stored<'_>) -> u64 {
    stored.tables().iter().map(|span: &Span| span.len).fold(0, u64::saturating_add)
}
