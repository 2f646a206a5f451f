//! Codes to float32, in the arithmetic of FAISS's own `reconstruct`.
//!
//! A [`Coding`] says how the rows of a record become vectors: a [`Codec`] turns codes into floats, the steps of
//! [`Reverse`] undo transforms that the vectors went through. It is made from the outline alone
//! ([`codec_of`], [`reverse_of`]) and is then a `Coding<Span>`: its codebooks are places in the file. Once somebody has
//! brought these ([`Tables`]) it is a `Coding<Table>` and decodes rows, any number at once, without asking for anything.
//! Floats that are stored as they are have the coding that does nothing.
//!
//! One file a family: `scalar`, `product`, `additive`, `signs` (RaBitQ and LSH), `eden`, `turbo`, `transform`; `blocks`
//! takes the layout of fast-scan indexes apart, `inner` looks rows of another index up. A number in a code is a claim like any other: one that its codebook has
//! no entry for is an error. All arithmetic is plain `f32` in a fixed order, the same on every machine; where FAISS's
//! own order is fixed too the bits are the same, else they agree to the last digits (`docs/decoding.md` has the table).

mod additive;
mod bits;
mod blocks;
mod eden;
mod from_outline;
mod inner;
mod math;
mod product;
mod rotation;
mod scalar;
mod signs;
mod tables;
mod transform;
mod turbo;

pub use blocks::Blocks;
pub use from_outline::{Reason, codec_of, refinement, reverse_of, two_layer};
pub use inner::Inner;
pub use tables::{Table, Tables, table};
pub use transform::Reverse;

use crate::bytes::Span;
use crate::error::Error;
use additive::Additive;
use alloc::{boxed::Box, vec::Vec};
use eden::Eden;
use product::Product;
use scalar::Scalar;
use signs::{Hash, SignBits};

/// How rows become vectors; `T` is a codebook, or where it lies.
#[derive(Debug, Clone, PartialEq)]
pub struct Coding<T> {
    /// Codes to floats.
    pub codec: Codec<T>,
    /// Dimensions of what the codec gives.
    pub d: u64,
    /// What undoes the transforms in front, in the order in which it is done.
    pub reverse: Vec<Reverse<T>>,
}

/// What a code is made of.
#[derive(Debug, Clone, PartialEq)]
pub enum Codec<T> {
    /// Bytes that are handed on as they are: bits of binary vectors, codes that nobody wants decoded.
    Bytes,
    /// The floats themselves.
    Floats,
    /// A number for each dimension.
    Scalar(Scalar<T>),
    /// The number of a centroid for each part of the vector.
    Product(Product<T>),
    /// Numbers of vectors that add up.
    Additive(Additive<T>),
    /// A sign for each dimension, and the length (RaBitQ).
    SignBits(SignBits<T>),
    /// A bit for each projection (LSH).
    Hash(Hash<T>),
    /// A number for each dimension from a table that FAISS has and does not store, and the length.
    Eden(Eden<T>),
    /// The number of a row of another index.
    Inner(Box<Inner<T>>),
    /// Two codes side by side, each with its length in bytes, of vectors that add up.
    Sum(Box<[(u64, Codec<T>); 2]>),
}

/// Floats that are decoded at once: 16 KiB.
const NEAR: usize = 4096;

/// Room that decoding uses again and again.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Codes of some rows, one number each.
    numbers: Vec<u32>,
    /// Floats of one part of a sum.
    floats: Vec<f32>,
    /// Floats of some rows before and after a step.
    now: Vec<f32>,
    next: Vec<f32>,
    /// What the vectors are put into; of any length and content.
    pub(crate) out: Vec<u8>,
}

impl<T> Coding<T> {
    /// The coding that does nothing, for vectors of `d` dimensions.
    pub fn floats(d: u64) -> Coding<T> {
        Coding { codec: Codec::Floats, d, reverse: Vec::new() }
    }

    /// Whether what is stored is what is handed out.
    pub fn is_trivial(&self) -> bool {
        matches!(self.codec, Codec::Bytes | Codec::Floats) && self.reverse.is_empty()
    }

    /// Whether rows stay bytes.
    pub fn is_binary(&self) -> bool {
        matches!(self.codec, Codec::Bytes)
    }

    /// Dimensions of what comes out.
    pub fn d_out(&self) -> u64 {
        self.reverse.last().map_or(self.d, Reverse::d_in)
    }

    /// The most dimensions that a row has on its way.
    pub fn widest(&self) -> u64 {
        self.reverse.iter().map(Reverse::d_in).fold(self.d, u64::max)
    }

    /// The same with other codebooks.
    ///
    /// # Errors
    /// Those of `table`, and of codebooks that contradict themselves.
    pub fn map<U>(&self, table: &mut dyn FnMut(&T) -> Result<U, Error>) -> Result<Coding<U>, Error> {
        let codec = self.codec.map(table)?;
        let reverse = self.reverse.iter().map(|step| step.map(table)).collect::<Result<_, _>>()?;
        Ok(Coding { codec, d: self.d, reverse })
    }
}

impl Coding<Span> {
    /// Where its codebooks are.
    pub fn tables(&self) -> Vec<Span> {
        let mut spans = Vec::new();
        let found = self.map(&mut |span| {
            spans.push(*span);
            Ok(())
        });
        drop(found);
        spans
    }
}

impl Coding<Table> {
    /// Make what follows from the codebooks.
    ///
    /// # Errors
    /// Codebooks that contradict each other, or a projection that takes too long to make.
    pub fn ready(mut self) -> Result<Coding<Table>, Error> {
        self.codec.prepare()?;
        Ok(self)
    }

    /// Decode rows of `width` bytes each to little-endian floats, after adding `base`, a vector of [`d`](Coding::d)
    /// floats, and `more`, one such vector a row. All are on their way at once, so they should be few.
    ///
    /// # Errors
    /// A code that names an entry which its codebook does not have.
    pub fn decode(
        &self,
        codes: &[u8],
        width: usize,
        base: Option<&[f32]>,
        more: Option<&[f32]>,
        scratch: &mut Scratch,
    ) -> Result<Vec<u8>, Error> {
        let d = memory(self.d);
        let all = codes.len().checked_div(width).unwrap_or(0);
        let (mut now, mut next) = (core::mem::take(&mut scratch.now), core::mem::take(&mut scratch.next));
        // What is there from before, here and below, is written over.
        let mut out = core::mem::take(&mut scratch.out);
        let a_row = memory(self.reverse.last().map_or(self.d, Reverse::d_in)).saturating_mul(4);
        out.resize(all.saturating_mul(a_row), 0);
        // A few rows at a time, whose floats stay in the nearest cache until they are bytes.
        let block = NEAR.checked_div(memory(self.widest())).unwrap_or(1).max(1);
        // Centroids that nothing is done with are copied to where they are handed out from: a second pass would cost as much.
        let as_it_is = base.is_none() && more.is_none() && self.reverse.is_empty();
        let mut more = more.map(|more| more.chunks(block.saturating_mul(d).max(1)));
        let blocks = codes.chunks(block.saturating_mul(width).max(1));
        for (codes, out) in blocks.zip(out.chunks_mut(block.saturating_mul(a_row).max(1))) {
            let rows = codes.len().checked_div(width).unwrap_or(0);
            let (floats, _) = out.as_chunks_mut::<4>();
            if let Codec::Product(product) = &self.codec
                && as_it_is
            {
                product.decode(codes, width, floats, scratch)?;
                continue;
            }
            now.resize(rows.saturating_mul(d), 0.0);
            self.codec.decode(codes, width, d, &mut now, scratch)?;
            if let Some(base) = base {
                for row in now.chunks_exact_mut(d.max(1)) {
                    add(row, base);
                }
            }
            if let Some(more) = more.as_mut().and_then(Iterator::next) {
                add(&mut now, more);
            }
            for step in &self.reverse {
                step.apply(&now, rows, &mut next);
                core::mem::swap(&mut now, &mut next);
            }
            for (to, from) in floats.iter_mut().zip(&now) {
                *to = from.to_le_bytes();
            }
            floats.get_mut(now.len()..).unwrap_or_default().fill([0; 4]);
        }
        (scratch.now, scratch.next) = (now, next);
        Ok(out)
    }

    /// The vector of one code.
    ///
    /// # Errors
    /// As [`decode`](Coding::decode).
    pub fn decode_one(&self, code: &[u8]) -> Result<Vec<f32>, Error> {
        Ok(table(&self.decode(code, code.len(), None, None, &mut Scratch::default())?))
    }
}

impl<T> Codec<T> {
    fn map<U>(&self, table: &mut dyn FnMut(&T) -> Result<U, Error>) -> Result<Codec<U>, Error> {
        Ok(match self {
            Codec::Bytes => Codec::Bytes,
            Codec::Floats => Codec::Floats,
            Codec::Scalar(scalar) => Codec::Scalar(scalar.map(table)?),
            Codec::Product(product) => Codec::Product(product.map(table)?),
            Codec::Additive(additive) => Codec::Additive(additive.map(table)?),
            Codec::SignBits(signs) => Codec::SignBits(signs.map(table)?),
            Codec::Hash(hash) => Codec::Hash(hash.map(table)?),
            Codec::Eden(eden) => Codec::Eden(eden.map(table)?),
            Codec::Inner(inner) => Codec::Inner(Box::new(inner.map(table)?)),
            Codec::Sum(parts) => {
                let [(first, a), (second, b)] = &**parts;
                Codec::Sum(Box::new([(*first, a.map(table)?), (*second, b.map(table)?)]))
            }
        })
    }
}

impl Codec<Table> {
    /// Make what follows from the codebooks.
    fn prepare(&mut self) -> Result<(), Error> {
        match self {
            Codec::Scalar(Scalar::Turbo(turbo)) => turbo.prepare(),
            Codec::Additive(additive) => additive.prepare(),
            Codec::Inner(inner) => inner.coding.codec.prepare(),
            Codec::Sum(parts) => {
                let [(_, first), (_, second)] = &mut **parts;
                first.prepare()?;
                second.prepare()
            }
            _ => Ok(()),
        }
    }

    /// Decode rows of `width` bytes to `d` floats each.
    fn decode(
        &self,
        codes: &[u8],
        width: usize,
        d: usize,
        out: &mut [f32],
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        match self {
            Codec::Bytes => Ok(()),
            Codec::Floats => {
                for (to, from) in out.iter_mut().zip(codes.as_chunks::<4>().0) {
                    *to = f32::from_le_bytes(*from);
                }
                Ok(())
            }
            Codec::Scalar(scalar) => scalar.decode(codes, width, d, out, scratch),
            Codec::Product(product) => product.decode(codes, width, out, scratch),
            Codec::Additive(additive) => additive.decode(codes, width, d, out),
            Codec::SignBits(signs) => {
                signs.decode(codes, width, d, out);
                Ok(())
            }
            Codec::Hash(hash) => {
                hash.decode(codes, width, d, out);
                Ok(())
            }
            Codec::Eden(eden) => eden.decode(codes, width, d, out, scratch),
            Codec::Inner(inner) => inner.decode(codes, width, d, out),
            Codec::Sum(parts) => {
                let [(first, a), (second, b)] = &**parts;
                let (first, second) = (memory(*first), memory(*second));
                let mut side = Vec::new();
                let pick = |from: usize, len: usize, side: &mut Vec<u8>| {
                    side.clear();
                    for code in codes.chunks_exact(width.max(1)) {
                        side.extend_from_slice(code.get(from..from.saturating_add(len)).unwrap_or_default());
                    }
                };
                pick(first, second, &mut side);
                b.decode(&side, second, d, out, scratch)?;
                pick(0, first, &mut side);
                let mut floats = core::mem::take(&mut scratch.floats);
                floats.clear();
                floats.resize(out.len(), 0.0);
                let done = a.decode(&side, first, d, &mut floats, scratch);
                add(out, &floats);
                scratch.floats = floats;
                done
            }
        }
    }
}

/// `to + more`, element by element.
fn add(to: &mut [f32], more: &[f32]) {
    for (to, more) in to.iter_mut().zip(more) {
        *to += more;
    }
}

/// As many elements as both have.
fn copy(to: &mut [f32], from: &[f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

/// A size that the file's length bounds, in memory.
fn memory(size: u64) -> usize {
    usize::try_from(size).unwrap_or(usize::MAX)
}

/// A code names what its codebook does not have.
fn no_entry(found: u32) -> Error {
    Error::invalid(0, "a code is the number of an entry of its codebook", found)
}
