//! Stored bytes, taken one after the other, and integers among them.

use alloc::vec::Vec;

/// What is left of stored bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes<'a> {
    rest: &'a [u8],
}

impl<'a> Bytes<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Bytes<'a> {
        Bytes { rest: bytes }
    }

    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], &'static str> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or("is cut short")?;
        self.rest = rest;
        Ok(taken)
    }

    /// All that are left.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.rest)
    }

    pub(super) fn byte(&mut self) -> Result<u8, &'static str> {
        let (&byte, rest) = self.rest.split_first().ok_or("is cut short")?;
        self.rest = rest;
        Ok(byte)
    }

    /// A varint, as in the bodies of sections.
    pub(super) fn integer(&mut self) -> Result<u64, &'static str> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7F);
            if shift == 63 && part > 1 {
                break;
            }
            value |= part << shift;
            if byte < 0x80 {
                return if byte == 0 && shift > 0 {
                    Err("has an integer that is not in its shortest form")
                } else {
                    Ok(value)
                };
            }
        }
        Err("has an integer that does not fit its field")
    }

    /// A number of bytes or elements.
    pub(super) fn count(&mut self) -> Result<usize, &'static str> {
        usize::try_from(self.integer()?).map_err(|_| "has a length that is too long")
    }

    /// A part: its length as a varint, and so many bytes.
    pub(super) fn part(&mut self) -> Result<Bytes<'a>, &'static str> {
        let len = self.count()?;
        self.take(len).map(Bytes::new)
    }

    /// That nothing is left.
    pub(super) fn finish(&self) -> Result<(), &'static str> {
        if self.rest.is_empty() { Ok(()) } else { Err("is followed by bytes that belong to nothing") }
    }
}

/// Put a part.
pub(super) fn put_part(out: &mut Vec<u8>, part: &[u8]) {
    put(out, part.len() as u64);
    out.extend_from_slice(part);
}

/// Put a varint.
pub(super) fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7F) as u8);
}
