//! The number of a row of another index, as the coarse code of `Index2Layer` is.

use super::{Coding, Scratch, Table, memory, no_entry, table};
use crate::error::Error;
use alloc::vec::Vec;

/// An index whose rows are named by their numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Inner<T> {
    /// Its codes and the bytes of one; `None` where the number of a row is its code.
    pub codes: Option<T>,
    /// Bytes of a code.
    pub width: u64,
    /// How codes become vectors.
    pub coding: Coding<T>,
}

impl<T> Inner<T> {
    pub(super) fn map<U>(&self, table: &mut dyn FnMut(&T) -> Result<U, Error>) -> Result<Inner<U>, Error> {
        let codes = self.codes.as_ref().map(&mut *table).transpose()?;
        Ok(Inner { codes, width: self.width, coding: self.coding.map(table)? })
    }
}

impl Inner<Table> {
    /// The vectors of `d` dimensions that numbers of `width` bytes each, the lowest byte first, lead to.
    pub(super) fn decode(&self, numbers: &[u8], width: usize, d: usize, out: &mut [f32]) -> Result<(), Error> {
        let a_code = memory(self.width).max(1);
        let mut codes = Vec::new();
        for row in 0..out.len().checked_div(d).unwrap_or(0) {
            // Of a single row the number takes no byte.
            let start = row.saturating_mul(width);
            let number = numbers.get(start..start.saturating_add(width)).unwrap_or_default();
            let end = codes.len().saturating_add(a_code);
            match &self.codes {
                None => codes.extend(number.iter().take(a_code)),
                Some(all) => {
                    let number = number
                        .iter()
                        .rev()
                        .fold(0_usize, |number, &byte| number.saturating_mul(256).saturating_add(byte.into()));
                    let start = number.saturating_mul(a_code);
                    let words = all.get(start >> 2..).unwrap_or_default().iter();
                    let bytes = words.flat_map(|word| word.to_le_bytes());
                    codes.extend(bytes.skip(start & 3).take(a_code));
                    if codes.len() < end {
                        return Err(no_entry(u32::try_from(number).unwrap_or(u32::MAX)));
                    }
                }
            }
            codes.resize(end, 0);
        }
        let floats = table(&self.coding.decode(&codes, a_code, None, None, &mut Scratch::default())?);
        out.iter_mut().zip(floats).for_each(|(to, from)| *to = from);
        Ok(())
    }
}
