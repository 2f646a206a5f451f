//! Codec 3: codes, byte by byte of their rows.
//!
//! Byte `c` of every code is a column. Columns that look alike share a table of the entropy coder, so that a table
//! costs little beside what it describes; a column that gains nothing is stored as it is.
//!
//! ```text
//! u8        number of tables, at most 16
//! map       of each column, the number of its table, or 255: as it is
//! tables    of each, 256 x varint: the frequency of each byte value, of 16,384
//! symbols   the bytes of all columns that have a table, row by row: varint length in bytes, then rANS; nothing of no rows
//! rest      the bytes of all other columns, row by row, then the last (length % columns) bytes
//! ```

use super::bytes::{Bytes, put};
use super::choose_bins::log2;
use super::rans::{self, Case, Decoder, Share, Slots, frequencies, shares};
use alloc::{vec, vec::Vec};

/// Longest row.
pub(super) const MOST_COLUMNS: u32 = 1 << 16;
/// Most tables.
const MOST_TABLES: usize = 16;
/// A column without a table.
const PLAIN: u8 = 255;
/// Symbols that are decoded at a time.
const BLOCK: usize = 512;

type Histogram = [u32; 256];

/// Frequencies are of 2^14: a table has all 256 values, most of them rare, and of 2^12 they would cost a 600th more.
const LOG2: u32 = 14;
const SLOTS: usize = 1 << LOG2;

/// A table of the byte values, small enough for several to stay in a core's first caches.
struct Table {
    /// The value of each slot.
    of: alloc::boxed::Box<[u8; SLOTS]>,
    shares: [Share; 256],
}

impl Table {
    /// `None` where the frequencies do not add up.
    fn new(frequencies: &[u32; 256]) -> Option<Table> {
        if frequencies.iter().try_fold(0u32, |sum, &frequency| sum.checked_add(frequency)) != Some(1 << LOG2) {
            return None;
        }
        let of: Vec<u8> = (0..=255u8).zip(frequencies).flat_map(|(byte, &f)| (0..f).map(move |_| byte)).collect();
        Some(Table { of: of.try_into().ok()?, shares: shares(frequencies).try_into().ok()? })
    }
}

impl Slots for Table {
    const LOG2: u32 = LOG2;

    #[inline(always)]
    fn case(&self, slot: u32) -> Case {
        let byte = self.of.get((slot & 0x3FFF) as usize).copied().unwrap_or(0);
        let share = self.shares.get(usize::from(byte)).copied().unwrap_or_default();
        Case { symbol: byte, frequency: share.frequency, place: slot.wrapping_sub(share.start) }
    }
}

/// Code `bytes` as rows of `columns` bytes, with the number of tables among these that gives the fewest. `None` where no column
/// gains anything.
pub(super) fn encode(columns: u32, bytes: &[u8], tables: &[usize]) -> Option<Vec<u8>> {
    let coded = tables.iter().filter_map(|&tables| encode_with(columns, bytes, tables));
    coded.min_by_key(Vec::len)
}

fn encode_with(columns: u32, bytes: &[u8], tables: usize) -> Option<Vec<u8>> {
    let (map, tables) = alike(columns, bytes, tables.min(MOST_TABLES));
    if tables.is_empty() {
        return None;
    }
    let frequencies: Vec<Vec<u32>> = tables.iter().map(|counts| frequencies(LOG2, counts)).collect();
    let shares: Vec<_> = frequencies.iter().map(|frequencies| shares(frequencies)).collect();
    let mut out = vec![(tables.len() as u64 & 0xFF) as u8];
    out.extend_from_slice(&map);
    frequencies.iter().flatten().for_each(|&frequency| put(&mut out, frequency.into()));
    let width = map.len();
    let whole = bytes.len().saturating_sub(bytes.len().checked_rem(width).unwrap_or(0));
    let (rows, tail) = bytes.split_at_checked(whole).unwrap_or((bytes, &[]));
    let cells = || rows.chunks_exact(width).flat_map(|row| row.iter().zip(&map));
    let coded: Vec<(u8, u8)> = cells().filter(|cell| *cell.1 != PLAIN).map(|(&byte, &table)| (byte, table)).collect();
    if !coded.is_empty() {
        let share = |index: usize| {
            let of = |&(byte, table): &(u8, u8)| shares.get(usize::from(table))?.get(usize::from(byte));
            coded.get(index).and_then(of).copied().unwrap_or_default()
        };
        rans::encode(LOG2, coded.len(), share, &mut out);
    }
    out.extend(cells().filter(|cell| *cell.1 == PLAIN).map(|(&byte, _)| byte));
    out.extend_from_slice(tail);
    Some(out)
}

/// Columns that share a table, and what each table counts.
fn alike(columns: u32, bytes: &[u8], tables: usize) -> (Vec<u8>, Vec<Histogram>) {
    let width = columns.clamp(1, MOST_COLUMNS) as usize;
    let mut counts = vec![[0u32; 256]; width];
    for row in bytes.chunks_exact(width) {
        for (column, &byte) in counts.iter_mut().zip(row) {
            column.get_mut(usize::from(byte)).into_iter().for_each(|count| *count = count.wrapping_add(1));
        }
    }
    // Columns by how many bits they take; as many neighbours in that order begin with one table.
    let own: Vec<u64> = counts.iter().map(entropy).collect();
    let rows = bytes.len().checked_div(width).unwrap_or(0) as u64;
    let mut order: Vec<usize> = (0..width).collect();
    order.sort_by_key(|&column| (own.get(column).copied(), column));
    let tables = tables.clamp(1, width);
    let mut map = vec![0u8; width];
    for (place, &column) in order.iter().enumerate() {
        let table = place.wrapping_mul(tables).checked_div(width).unwrap_or(0);
        map.get_mut(column).into_iter().for_each(|slot| *slot = (table as u64 & 0xFF) as u8);
    }
    let mut sums = sum(&map, &counts, tables);
    // Twenty times moves most that will move.
    for _ in 0..if tables > 1 { 20 } else { 0 } {
        let costs: Vec<[u32; 256]> = sums.iter().map(bits_of).collect();
        let mut moved = false;
        for (slot, column) in map.iter_mut().zip(&counts) {
            let cost = |table: &[u32; 256]| {
                column.iter().zip(table).map(|(&n, &bits)| u64::from(n).wrapping_mul(bits.into())).sum::<u64>()
            };
            let nearest = (0u8..).zip(&costs).min_by_key(|&(_, table)| cost(table)).map_or(0, |(table, _)| table);
            moved |= *slot != nearest;
            *slot = nearest;
        }
        if !moved {
            break;
        }
        sums = sum(&map, &counts, tables);
    }
    // A table of its own is not worth it where it saves less than a 100th of its columns, or its own bytes.
    let flat = rows.wrapping_mul(8).wrapping_mul(256);
    let costs: Vec<[u32; 256]> = sums.iter().map(bits_of).collect();
    for (slot, column) in map.iter_mut().zip(&counts) {
        let table = costs.get(usize::from(*slot));
        let cost: u64 = table.map_or(u64::MAX, |table| {
            column.iter().zip(table).map(|(&n, &bits)| u64::from(n).wrapping_mul(bits.into())).sum()
        });
        if cost >= flat.saturating_sub(flat >> 6) {
            *slot = PLAIN;
        }
    }
    let sums = sum(&map, &counts, tables);
    // Only tables that are used, in order.
    let mut kept = Vec::new();
    let mut renamed = [PLAIN; MOST_TABLES];
    for (counts, name) in sums.iter().zip(&mut renamed) {
        if counts.iter().any(|&count| count > 0) {
            *name = (kept.len() as u64 & 0xFF) as u8;
            kept.push(*counts);
        }
    }
    map.iter_mut().for_each(|slot| *slot = renamed.get(usize::from(*slot)).copied().unwrap_or(PLAIN));
    (map, kept)
}

fn sum(map: &[u8], counts: &[Histogram], tables: usize) -> Vec<Histogram> {
    let mut sums = vec![[0u32; 256]; tables];
    for (&table, column) in map.iter().zip(counts) {
        let Some(sum) = sums.get_mut(usize::from(table)) else { continue };
        sum.iter_mut().zip(column).for_each(|(sum, count)| *sum = sum.wrapping_add(*count));
    }
    sums
}

/// Bits of each value, in 256ths.
fn bits_of(counts: &Histogram) -> [u32; 256] {
    let total = log2(counts.iter().map(|&count| u64::from(count)).sum::<u64>().wrapping_add(256));
    counts.map(|count| (total.saturating_sub(log2(u64::from(count).wrapping_add(1))) & 0xFFFF_FFFF) as u32)
}

/// Bits of all, in 256ths.
fn entropy(counts: &Histogram) -> u64 {
    let bits = bits_of(counts);
    counts.iter().zip(&bits).map(|(&count, &bits)| u64::from(count).wrapping_mul(bits.into())).sum()
}

/// Up to the end of `bytes`.
pub(super) fn decode(columns: u32, bytes: &mut Bytes<'_>, len: usize) -> Result<Vec<u8>, &'static str> {
    let width = columns.clamp(1, MOST_COLUMNS) as usize;
    let count = usize::from(bytes.byte()?);
    if count > MOST_TABLES {
        return Err("has more than 16 tables");
    }
    let map = bytes.take(width)?;
    if map.iter().any(|&table| table != PLAIN && usize::from(table) >= count) {
        return Err("has a column of a table that is not there");
    }
    let mut tables = Vec::with_capacity(count);
    for _ in 0..count {
        let mut frequencies = [0u32; 256];
        for frequency in &mut frequencies {
            *frequency = u32::try_from(bytes.integer()?).map_err(|_| "has frequencies that do not add up")?;
        }
        tables.push(Table::new(&frequencies).ok_or("has frequencies that do not add up")?);
    }
    let mut out = vec![0; len];
    let whole = len.saturating_sub(len.checked_rem(width).unwrap_or(0));
    let (rows, tail) = out.split_at_mut_checked(whole).unwrap_or_default();
    if !rows.is_empty() && !tables.is_empty() {
        let mut symbols = Decoder::new(bytes)?;
        match tables.as_slice() {
            // Every column, one table: no need to look which.
            [table] if !map.contains(&PLAIN) => {
                symbols.fill(|_| table, rows)?;
            }
            _ => by_map(rows, map, &tables, &mut symbols)?,
        }
        symbols.finish()?;
    }
    let plain = map.iter().filter(|&&table| table == PLAIN).count();
    if plain > 0 {
        let rest = bytes.take(plain.wrapping_mul(whole.checked_div(width).unwrap_or(0)))?;
        let mut rest = rest.iter();
        for row in rows.chunks_exact_mut(width) {
            for ((cell, _), &byte) in row.iter_mut().zip(map).filter(|cell| *cell.1 == PLAIN).zip(rest.by_ref()) {
                *cell = byte;
            }
        }
    }
    tail.copy_from_slice(bytes.take(tail.len())?);
    bytes.finish()?;
    Ok(out)
}

/// The bytes of all columns that have a table, into their places.
fn by_map(rows: &mut [u8], map: &[u8], tables: &[Table], symbols: &mut Decoder<'_>) -> Result<(), &'static str> {
    let coded: Vec<(usize, &Table)> =
        map.iter().enumerate().filter_map(|(column, &table)| Some((column, tables.get(usize::from(table))?))).collect();
    let Some(&(_, any)) = coded.first() else { return Ok(()) };
    // Several rows at a time, as many as fill a multiple of the coder's lanes.
    let at_once =
        rans::LANES.wrapping_mul(BLOCK.checked_div(coded.len().wrapping_mul(rans::LANES)).unwrap_or(0).max(1));
    let of: Vec<&Table> = (0..at_once).flat_map(|_| coded.iter().map(|column| column.1)).collect();
    let mut found = vec![0u8; of.len()];
    for block in rows.chunks_mut(map.len().wrapping_mul(at_once)) {
        let count = block.len().checked_div(map.len()).unwrap_or(0);
        let found = found.get_mut(..count.wrapping_mul(coded.len())).unwrap_or_default();
        symbols.fill(|index| of.get(index).copied().unwrap_or(any), found)?;
        for (row, symbols) in block.chunks_exact_mut(map.len()).zip(found.chunks_exact(coded.len())) {
            for (&(column, _), &symbol) in coded.iter().zip(symbols) {
                row.get_mut(column).into_iter().for_each(|cell| *cell = symbol);
            }
        }
    }
    Ok(())
}
