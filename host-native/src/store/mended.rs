//! A store of which some bytes are known better.

use super::Store;
use crate::Cause;
use faissil_core::{Span, salvage::Patch};

/// The bytes of a store, with patches over them: what a patch covers is never asked of the store.
#[derive(Debug, Clone)]
pub struct Mended<S> {
    store: S,
    /// In ascending order; they do not meet.
    patches: Vec<Patch>,
}

impl<S: Store> Mended<S> {
    /// `patches` over `store`, in any order; where two overlap they say the same.
    pub fn new(store: S, mut patches: Vec<Patch>) -> Mended<S> {
        patches.sort_by_key(|patch| patch.at);
        let mut merged: Vec<Patch> = Vec::new();
        for patch in patches {
            match merged.last_mut() {
                Some(last) if end(last) >= patch.at => {
                    let known = (end(last) - patch.at).min(patch.bytes.len() as u64) as usize;
                    last.bytes.extend_from_slice(&patch.bytes[known..]);
                }
                _ => merged.push(patch),
            }
        }
        Mended { store, patches: merged }
    }
}

fn end(patch: &Patch) -> u64 {
    patch.at + patch.bytes.len() as u64
}

impl<S: Store> Store for Mended<S> {
    fn len(&self) -> u64 {
        self.store.len()
    }

    fn read_at(&self, at: u64, out: &mut [u8]) -> Result<(), Cause> {
        let stop = Span::new(at, out.len() as u64).end();
        let first = self.patches.partition_point(|patch| end(patch) <= at);
        let mut now = at;
        for patch in &self.patches[first..] {
            if patch.at >= stop {
                break;
            }
            if now < patch.at {
                self.store.read_at(now, &mut out[(now - at) as usize..(patch.at - at) as usize])?;
                now = patch.at;
            }
            let part = (now - patch.at) as usize..(end(patch).min(stop) - patch.at) as usize;
            let into = (now - at) as usize..(now - at) as usize + part.len();
            out[into].copy_from_slice(&patch.bytes[part.clone()]);
            now += part.len() as u64;
        }
        if now < stop {
            self.store.read_at(now, &mut out[(now - at) as usize..])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_lie_over_the_bytes_below() {
        let patch = |at, bytes: &[u8]| Patch { at, bytes: bytes.into() };
        let mended = Mended::new(b"0123456789".to_vec(), vec![patch(7, b"xy"), patch(2, b"ab"), patch(3, b"bc")]);
        assert_eq!(mended.read(Span::new(0, 10)).unwrap(), b"01abc56xy9");
        assert_eq!(mended.read(Span::new(3, 5)).unwrap(), b"bc56x");
        // Beyond the store only what is patched can be had.
        let mended = Mended::new(Vec::new(), vec![patch(0, b"ab")]);
        assert!(mended.read_at(0, &mut [0; 2]).is_ok());
        assert!(mended.read_at(1, &mut [0; 2]).is_err());
    }
}
