//! Codec 5: whole inverted lists, each its codes and then its ids.
//!
//! Codes and ids are parted: codes become columns (codec 3), ids one of two things.
//!
//! Where the ids of each list ascend and none stands twice, their order within the lists says nothing, and it is
//! enough to know which ids there are and in which list each is: the ids of all lists together, ascending, as gaps; then the list
//! number of each in turn, drawn from an urn (`urn`) with the sizes of the lists. Of a chunk that holds every
//! id, the gaps cost nothing, and the ids cost what the sizes leave open, exactly. Otherwise the ids are differences, in
//! the order in which they stand.
//!
//! ```text
//! varint    number of lists, at most 32,768
//! varint    bytes of the sizes, then these as numbers in bins
//! u8        codes: 0 as they are, 1 columns, 2 floats
//! varint    bytes of the codes, then these: as codec 3, or one byte `zeros` and as codec 2 with width 4 and view 1
//! u8        ids: 0 differences (numbers of codec 2 with width 8 and the view in the next byte), 1 ascending in each list
//! ids       to the end; ascending: varint bytes of the gaps, these as numbers in bins, then the list numbers as draws
//! ```

use super::bins;
use super::bytes::{Bytes, put};
use super::columns;
use super::numbers::{self, NumberCoding, View};
use super::planes::Width;
use super::urn;
use alloc::{borrow::Cow, vec, vec::Vec};

/// Bytes of an id.
const ID: usize = 8;
/// Most lists of a chunk.
pub(super) const MOST_LISTS: usize = 1 << 15;

/// The codes and ids of lists of these sizes, apart. `None` where the bytes are not that many.
fn part(code_size: usize, sizes: &[u64], bytes: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let entries = bytes.len().checked_div(code_size.saturating_add(ID)).unwrap_or(0);
    let mut codes = Vec::with_capacity(entries.saturating_mul(code_size));
    let mut ids = Vec::with_capacity(entries.saturating_mul(ID));
    let mut rest = bytes;
    for &size in sizes {
        let size = usize::try_from(size).ok()?;
        let (of_codes, after) = rest.split_at_checked(size.checked_mul(code_size)?)?;
        let (of_ids, after) = after.split_at_checked(size.checked_mul(ID)?)?;
        codes.extend_from_slice(of_codes);
        ids.extend_from_slice(of_ids);
        rest = after;
    }
    rest.is_empty().then_some((codes, ids))
}

/// `None` where the bytes are not lists of these sizes.
pub(super) fn encode(code_size: u32, sizes: &[u64], bytes: &[u8], effort: usize, tables: &[usize]) -> Option<Vec<u8>> {
    let (codes, ids) = part(code_size as usize, sizes, bytes)?;
    if sizes.len() > MOST_LISTS || code_size > columns::MOST_COLUMNS || ids.is_empty() {
        return None;
    }
    let mut out = Vec::with_capacity(bytes.len());
    put(&mut out, sizes.len() as u64);
    let put_numbers = |values: &[u64], out: &mut Vec<u8>| {
        let mut part = Vec::new();
        bins::encode(values, 64, effort, &mut part);
        put(out, part.len() as u64);
        out.extend(part);
    };
    put_numbers(sizes, &mut out);
    let (how, kept) = encode_codes(code_size, &codes, effort, tables);
    out.push(how);
    put(&mut out, kept.len() as u64);
    out.extend_from_slice(&kept);

    let plain: Vec<u64> = ids.as_chunks::<ID>().0.iter().map(|id| u64::from_le_bytes(*id)).collect();
    if let Some((gaps, order)) = ascending(sizes, &plain) {
        out.push(1);
        put_numbers(&gaps, &mut out);
        urn::encode(sizes, &order, &mut out);
    } else {
        let (coding, _) = numbers::best(Width::W8, false, &ids);
        let coding = NumberCoding { zeros: 0, ..coding };
        out.extend([0, coding.view.byte()]);
        out.extend(numbers::encode(coding, &ids, effort));
    }
    Some(out)
}

/// The codes in the smallest way, and which that is.
fn encode_codes<'a>(code_size: u32, codes: &'a [u8], effort: usize, tables: &[usize]) -> (u8, Cow<'a, [u8]>) {
    let columns = columns::encode(code_size, codes, tables).filter(|columns| columns.len() < codes.len());
    let mut best = columns.map_or((0, Cow::Borrowed(codes)), |columns| (1, Cow::Owned(columns)));
    if code_size.is_multiple_of(4) && code_size > 0 {
        // They may be vectors. A part says whether that is worth a try.
        let part = codes.get(..codes.len().min(1 << 16)).unwrap_or(codes);
        let (coding, bits) = numbers::best(Width::W4, true, part);
        let share = |len: u64, of: usize| len.saturating_mul(1 << 16).checked_div(of as u64).unwrap_or(0);
        if share(bits >> 3, part.len()) < share(best.1.len() as u64, codes.len()) {
            let mut floats = vec![coding.zeros];
            floats.extend(numbers::encode(coding, codes, effort));
            if floats.len() < best.1.len() {
                best = (2, Cow::Owned(floats));
            }
        }
    }
    best
}

/// Where the ids of each list ascend and none stands twice: from each id, of all lists in order, to the next, less one; and
/// the list of each.
fn ascending(sizes: &[u64], ids: &[u64]) -> Option<(Vec<u64>, Vec<u16>)> {
    let mut all: Vec<(u64, u16)> = Vec::with_capacity(ids.len());
    let mut rest = ids;
    for (list, &size) in (0u16..).zip(sizes) {
        let (these, after) = rest.split_at_checked(usize::try_from(size).ok()?)?;
        if these.array_windows::<2>().any(|[a, b]| a >= b) {
            return None;
        }
        all.extend(these.iter().map(|&id| (id, list)));
        rest = after;
    }
    all.sort_unstable();
    let mut next = 0u64;
    let mut gaps = Vec::with_capacity(all.len());
    for (place, &(id, _)) in all.iter().enumerate() {
        // The first gap is the first id.
        if place > 0 && id < next {
            return None;
        }
        gaps.push(id.checked_sub(next)?);
        next = id.wrapping_add(1);
    }
    Some((gaps, all.into_iter().map(|(_, list)| list).collect()))
}

pub(super) fn decode(code_size: u32, bytes: &mut Bytes<'_>, len: usize) -> Result<Vec<u8>, &'static str> {
    const WRONG: &str = "has sizes that do not fill it";
    let nlist = bytes.count()?;
    if nlist > MOST_LISTS {
        return Err("has more than 32768 lists");
    }
    let of_sizes = bytes.count()?;
    let sizes = bins::decode(Bytes::new(bytes.take(of_sizes)?), nlist)?;
    let code = code_size as usize;
    let total = sizes.iter().try_fold(0u64, |sum, &size| sum.checked_add(size)).ok_or(WRONG)?;
    let total = usize::try_from(total).map_err(|_| WRONG)?;
    if code.checked_add(ID).and_then(|entry| entry.checked_mul(total)) != Some(len) {
        return Err(WRONG);
    }
    let of_codes = total.saturating_mul(code);
    let how = bytes.byte()?;
    let stored = bytes.count()?;
    let mut stored = Bytes::new(bytes.take(stored)?);
    let codes = match how {
        0 => {
            let codes = stored.take(of_codes)?.to_vec();
            stored.finish()?;
            codes
        }
        1 if code > 0 => columns::decode(code_size, &mut stored, of_codes)?,
        2 => {
            let coding = NumberCoding::from_bytes(4, View::Float.byte(), stored.byte()?);
            numbers::decode(coding.ok_or("has codes of a kind that is not known")?, stored, of_codes, Vec::new())?
        }
        _ => return Err("has codes of a kind that is not known"),
    };
    let ids = ids(&sizes, total, bytes)?;
    let mut out = Vec::with_capacity(len);
    let (mut codes, mut ids) = (codes.as_slice(), ids.as_slice());
    for &size in &sizes {
        let size = usize::try_from(size).map_err(|_| WRONG)?;
        for (from, each) in [(&mut codes, code), (&mut ids, ID)] {
            let (now, later) = from.split_at_checked(size.saturating_mul(each)).ok_or(WRONG)?;
            out.extend_from_slice(now);
            *from = later;
        }
    }
    Ok(out)
}

/// The ids of all lists, one list after the other.
fn ids(sizes: &[u64], total: usize, bytes: &mut Bytes<'_>) -> Result<Vec<u8>, &'static str> {
    let len = total.saturating_mul(ID);
    match bytes.byte()? {
        0 => {
            let coding = NumberCoding::from_bytes(8, bytes.byte()?, 0).filter(|coding| coding.view != View::Float);
            let coding = coding.ok_or("has ids of a kind that is not known")?;
            numbers::decode(coding, *bytes, len, Vec::new())
        }
        1 if total > 0 => {
            let of_gaps = bytes.count()?;
            let gaps = bins::decode(Bytes::new(bytes.take(of_gaps)?), total)?;
            let order = urn::decode(sizes, *bytes)?;
            // Where the next id of each list belongs.
            let mut places: Vec<usize> = sizes
                .iter()
                .scan(0usize, |before, &size| {
                    let start = *before;
                    *before = before.saturating_add(usize::try_from(size).unwrap_or(usize::MAX));
                    Some(start)
                })
                .collect();
            let mut out = vec![0; len];
            let slots = out.as_chunks_mut::<ID>().0;
            let mut next = 0u64;
            for (gap, &list) in gaps.iter().zip(&order) {
                let id = next.wrapping_add(*gap);
                next = id.wrapping_add(1);
                let Some(place) = places.get_mut(usize::from(list)) else { continue };
                slots.get_mut(*place).into_iter().for_each(|slot| *slot = id.to_le_bytes());
                *place = place.saturating_add(1);
            }
            Ok(out)
        }
        _ => Err("has ids of a kind that is not known"),
    }
}
