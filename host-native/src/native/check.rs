//! Whether two files hold the same index, asked of FAISS.

use super::{
    index::{Hits, Index},
    load::Load,
    way::admit,
};
use crate::{Cause, Error, judge, opened::Opened};
use std::path::Path;

/// Queries that are asked of both.
const QUERIES: usize = 8;

/// Answers that are compared for each.
const K: usize = 10;

/// What was compared, and found equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked {
    /// Vectors in both.
    pub ntotal: u64,
    /// Searches that gave the same ids at the same distances; 0 for an index that has nothing to search.
    pub searches: usize,
}

/// Open the index file `restored` and the snapshot `snapshot` in FAISS, in the two ways that it has, into memory and mapped, and hold
/// `ntotal` and a few searches against each other. Queries are vectors of the index where FAISS can give them back, else made up.
///
/// # Errors
/// When one of them cannot be opened, or they differ.
pub fn check(restored: &Path, snapshot: &Path) -> Result<Checked, Error> {
    may_be_asked(snapshot)?;
    let mapped = Load::new().trust().load(snapshot)?;
    let differs = |what: String| {
        let cause = Cause::Damage(format!("{what} than `{}`", snapshot.display()));
        cause.of(format!("FAISS finds another index in `{}`", restored.display()))
    };
    let searched = |cause: Cause| cause.of(format!("cannot search in `{}`", restored.display()));
    let (ntotal, trained) = (mapped.ntotal(), mapped.is_trained());
    let owned = Load::new().trust().load_into_memory(restored)?;
    if owned.ntotal() != ntotal || owned.d() != mapped.d() || owned.is_trained() != trained {
        return Err(differs(format!("{} vectors of {} dimensions, other", owned.ntotal(), owned.d())));
    }
    if ntotal == 0 || !trained {
        return Ok(Checked { ntotal, searches: 0 });
    }
    let same = if mapped.is_binary() {
        let queries: Vec<u8> = made_up(QUERIES * mapped.d() / 8).map(|number| number as u8).collect();
        let ask = |index: &Index| index.search_binary(&queries, K).map_err(searched);
        ask(&mapped)? == ask(&owned)?
    } else {
        let queries = queries(&mapped);
        let ask = |index: &Index| index.search(&queries, K).map(bits).map_err(searched);
        ask(&mapped)? == ask(&owned)?
    };
    match same {
        true => Ok(Checked { ntotal, searches: QUERIES }),
        false => Err(differs("searches give other answers".into())),
    }
}

/// That FAISS may have the stream of this snapshot. A [`Load`] that trusts would add that it did not verify; whoever restored
/// the file just now did.
fn may_be_asked(snapshot: &Path) -> Result<(), Error> {
    let opened = Opened::open(snapshot)?;
    let outline = judge::outline(&opened.checked()).map_err(|cause| cause.reading(snapshot))?;
    admit(&outline).map_err(|cause| cause.of(format!("cannot ask FAISS about `{}`", snapshot.display())))
}

/// Distances by their bits, so that one that is no number equals itself.
fn bits(hits: Hits) -> (Vec<u32>, Vec<i64>) {
    (hits.distances.iter().map(|distance| distance.to_bits()).collect(), hits.ids)
}

/// Vectors from all over the index where FAISS can give them back, else made up.
fn queries(index: &Index) -> Vec<f32> {
    let step = (index.ntotal() / QUERIES as u64).max(1);
    let mut random = made_up(QUERIES * index.d()).map(|number| number as f32 / u32::MAX as f32);
    let mut out = Vec::with_capacity(QUERIES * index.d());
    for number in 0..QUERIES as u64 {
        let row = (number * step).min(index.ntotal() - 1).cast_signed();
        match index.reconstruct(row) {
            Ok(vector) => out.extend(vector),
            Err(_) => out.extend(random.by_ref().take(index.d())),
        }
    }
    out
}

/// The same numbers every time (xorshift).
fn made_up(count: usize) -> impl Iterator<Item = u32> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    (0..count).map(move |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u32
    })
}
