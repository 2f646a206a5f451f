//! Random indexes of the kinds that rows are taken out of, as FAISS writes them.

use proptest::prelude::*;

/// An index to be written: flat or in inverted lists, with an id map around it or not.
#[derive(Debug, Clone)]
pub struct Index {
    d: u32,
    /// Sizes of the inverted lists; none where it is flat.
    lists: Option<Vec<u64>>,
    rows: u64,
    /// The ids of an id map.
    map: bool,
    /// Whether the sizes of lists are stored in pairs.
    sparse: bool,
    /// 0 none, 1 an array, 2 pairs.
    direct_map: u8,
    /// Bytes behind the end.
    trailing: u8,
}

/// Any of them.
pub fn any_index() -> impl Strategy<Value = Index> {
    let lists = prop::option::of(prop::collection::vec(prop_oneof![Just(0u64), 1u64..40], 1..12));
    (1u32..9, lists, 0u64..300, any::<bool>(), any::<bool>(), 0u8..3, 0u8..4).prop_map(
        |(d, lists, rows, map, sparse, direct_map, trailing)| {
            let rows = lists.as_ref().map_or(rows, |sizes| sizes.iter().sum());
            Index { d, lists, rows, map, sparse, direct_map, trailing }
        },
    )
}

impl Index {
    /// Its stream.
    pub fn stream(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if self.map {
            self.header(&mut out, b"IxM2", self.rows);
        }
        match &self.lists {
            None => {
                self.header(&mut out, b"IxF2", self.rows);
                put(&mut out, self.rows * u64::from(self.d));
                (0..self.rows).for_each(|row| self.code(&mut out, row));
            }
            Some(sizes) => self.inverted(&mut out, sizes),
        }
        if self.map {
            put(&mut out, self.rows);
            (0..self.rows).for_each(|row| put(&mut out, row * 7919 % 100_003 + 1_000_000));
        }
        out.extend(vec![0xee; self.trailing.into()]);
        out
    }

    fn header(&self, out: &mut Vec<u8>, tag: &[u8], ntotal: u64) {
        out.extend(tag);
        out.extend(self.d.to_le_bytes());
        [ntotal, 1 << 20, 1 << 20].into_iter().for_each(|number| put(out, number));
        out.push(1);
        out.extend(1i32.to_le_bytes());
    }

    /// A vector that no other row has.
    fn code(&self, out: &mut Vec<u8>, row: u64) {
        (0..self.d).for_each(|place| out.extend((row as f32 + place as f32 / 16.0).to_le_bytes()));
    }

    fn inverted(&self, out: &mut Vec<u8>, sizes: &[u64]) {
        let nlist = sizes.len() as u64;
        self.header(out, b"IwFl", self.rows);
        put(out, nlist);
        put(out, 1);
        self.header(out, b"IxF2", nlist);
        put(out, nlist * u64::from(self.d));
        (0..nlist).for_each(|list| self.code(out, list));
        // Rows lie in lists in an order of their own.
        let label = |row: u64| if self.rows == 0 { 0 } else { self.rows - 1 - row };
        let place = |row: u64| {
            let (mut list, mut first) = (0, 0);
            while row >= first + sizes[list] {
                first += sizes[list];
                list += 1;
            }
            (list as u64) << 32 | (row - first)
        };
        out.push(self.direct_map);
        let rows = if self.direct_map == 1 { self.rows } else { 0 };
        put(out, rows);
        (0..rows).for_each(|id| put(out, place(label(id))));
        if self.direct_map == 2 {
            put(out, self.rows);
            (0..self.rows).for_each(|row| [label(row), place(row)].into_iter().for_each(|number| put(out, number)));
        }
        out.extend(b"ilar");
        put(out, nlist);
        put(out, u64::from(self.d) * 4);
        if self.sparse {
            out.extend(b"sprs");
            let pairs = (0..).zip(sizes).filter(|(_, size)| **size > 0);
            put(out, pairs.clone().count() as u64 * 2);
            pairs.for_each(|(number, &size)| [number, size].into_iter().for_each(|number| put(out, number)));
        } else {
            out.extend(b"full");
            put(out, nlist);
            sizes.iter().for_each(|&size| put(out, size));
        }
        let mut row = 0;
        for &size in sizes {
            (row..row + size).for_each(|row| self.code(out, row));
            (row..row + size).for_each(|row| put(out, label(row)));
            row += size;
        }
    }
}

fn put(out: &mut Vec<u8>, number: u64) {
    out.extend(number.to_le_bytes());
}
