//! Two stores, one behind the other.

use super::Store;
use crate::Cause;
use faissil_core::Span;

/// The bytes of one store and then, if there is one, those of another: a stream and its side file, in the
/// one address space of [`faissil_core::files`].
#[derive(Debug, Clone, Copy)]
pub struct Joined<A, B> {
    first: A,
    second: Option<B>,
}

impl<A: Store, B: Store> Joined<A, B> {
    /// `first` and then `second`.
    pub fn new(first: A, second: Option<B>) -> Joined<A, B> {
        Joined { first, second }
    }
}

impl<A: Store, B: Store> Store for Joined<A, B> {
    fn len(&self) -> u64 {
        self.first.len() + self.second.as_ref().map_or(0, Store::len)
    }

    fn read_at(&self, at: u64, out: &mut [u8]) -> Result<(), Cause> {
        let border = self.first.len();
        let want = Span::new(at, out.len() as u64);
        let in_first = Span::new(0, border).overlap(&want).map_or(0, |part| part.len) as usize;
        let (first, second) = out.split_at_mut(in_first);
        if !first.is_empty() {
            self.first.read_at(at, first)?;
        }
        match &self.second {
            _ if second.is_empty() => Ok(()),
            Some(store) => store.read_at(at.max(border) - border, second),
            None => Err(faissil_core::Error::truncated(want, in_first as u64).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_may_cross_the_border() {
        let joined = Joined::new(b"0123".as_slice(), Some(b"4567".as_slice()));
        assert_eq!(joined.read(Span::new(2, 4)).unwrap(), b"2345");
        assert_eq!(joined.read(Span::new(6, 2)).unwrap(), b"67");
        assert!(joined.read(Span::new(6, 3)).is_err());
    }
}
