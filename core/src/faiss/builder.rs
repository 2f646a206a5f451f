//! FAISS bytes for tests, field by field.

use crate::outline::Outline;
use alloc::vec::Vec;

/// Bytes of a file, put together in file order.
#[derive(Debug, Clone, Default)]
pub(super) struct Bytes(Vec<u8>);

/// An empty file.
pub(super) fn bytes() -> Bytes {
    Bytes::default()
}

impl Bytes {
    pub(super) fn tag(self, tag: &[u8; 4]) -> Bytes {
        self.raw(tag)
    }

    pub(super) fn raw(mut self, bytes: &[u8]) -> Bytes {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(super) fn u8(self, value: u8) -> Bytes {
        self.raw(&[value])
    }

    pub(super) fn i32(self, value: i32) -> Bytes {
        self.raw(&value.to_le_bytes())
    }

    pub(super) fn u64(self, value: u64) -> Bytes {
        self.raw(&value.to_le_bytes())
    }

    pub(super) fn f32(self, value: f32) -> Bytes {
        self.raw(&value.to_le_bytes())
    }

    /// The header of a trained float index, metric L2.
    pub(super) fn header(self, d: i32, ntotal: u64) -> Bytes {
        self.i32(d).u64(ntotal).u64(1 << 20).u64(1 << 20).u8(1).i32(1)
    }

    /// A vector of bytes.
    pub(super) fn vec_u8(self, values: &[u8]) -> Bytes {
        self.u64(values.len() as u64).raw(values)
    }

    /// A vector of 64-bit numbers.
    pub(super) fn vec_u64(self, values: &[u64]) -> Bytes {
        values.iter().fold(self.u64(values.len() as u64), |bytes, &value| bytes.u64(value))
    }

    /// A vector of floats.
    pub(super) fn vec_f32(self, values: &[f32]) -> Bytes {
        values.iter().fold(self.u64(values.len() as u64), |bytes, &value| bytes.f32(value))
    }

    /// A flat index of these vectors, metric L2.
    pub(super) fn flat(self, d: i32, values: &[f32]) -> Bytes {
        let rows = values.chunks(usize::try_from(d).unwrap()).count() as u64;
        self.tag(b"IxF2").header(d, rows).vec_f32(values)
    }

    /// A product quantizer of 2 dimensions, two codes of 1 bit.
    pub(super) fn product(self) -> Bytes {
        self.u64(2).u64(2).u64(1).vec_f32(&[0.0; 4])
    }

    /// A scalar quantizer of 8 bits and 2 dimensions.
    pub(super) fn scalar(self) -> Bytes {
        self.i32(0).i32(0).f32(0.0).u64(2).u64(2).vec_f32(&[0.0; 4])
    }

    /// The bytes.
    pub(super) fn done(self) -> Vec<u8> {
        self.0
    }

    /// The outline, which must be whole.
    pub(super) fn outline(self) -> Outline {
        let outline = super::outline(&self.0).unwrap();
        assert_eq!((&outline.fault, outline.end), (&None, self.0.len() as u64));
        outline
    }

    /// What is wrong with it.
    pub(super) fn fault(self) -> alloc::string::String {
        use alloc::string::ToString;
        super::outline(&self.0).map_or_else(|error| error, |outline| outline.fault.unwrap()).to_string()
    }
}
