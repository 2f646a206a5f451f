//! Making indexes by FAISS's factory strings, the same every time.

use super::{Owned, Pointer, attempt, take};
use crate::Cause;
use faiss_sys as sys;
use std::{
    ffi::{CString, c_int},
    sync::{Mutex, MutexGuard, PoisonError},
};

unsafe extern "C" {
    /// Threads of the parallel regions that the calling thread begins (OpenMP 5.2, 18.2.1). FAISS's C interface has no
    /// such call; the library that has it is linked for FAISS.
    fn omp_set_num_threads(threads: c_int);
}

/// Held while the process computes distances without BLAS.
static ALONE: Mutex<()> = Mutex::new(());

/// What FAISS computes is the same every time, for as long as this lives: one thread of OpenMP, and distances by FAISS's own
/// loops in place of those of the BLAS library, whose sums depend on the processor. The first is a setting of the
/// calling thread, and stays with it; the second is one of the whole process, so this is had by one thread at a time.
pub(crate) struct Alone {
    threshold: c_int,
    _alone: MutexGuard<'static, ()>,
}

impl Alone {
    /// On this thread, which is best made for the purpose.
    pub(crate) fn begin() -> Alone {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: numbers go in and out; the lock is held, so nobody else changes them.
        unsafe {
            let threshold = sys::faiss_get_distance_compute_blas_threshold();
            omp_set_num_threads(1);
            sys::faiss_set_distance_compute_blas_threshold(c_int::MAX);
            Alone { threshold, _alone: alone }
        }
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        // SAFETY: as in `begin`.
        unsafe { sys::faiss_set_distance_compute_blas_threshold(self.threshold) }
    }
}

impl Owned {
    /// An index of floats by its factory string. `metric` is FAISS's number.
    ///
    /// # Errors
    /// FAISS's.
    pub(crate) fn float(factory: &str, d: u32, metric: u32) -> Result<Owned, Cause> {
        check_factory(factory)?;
        let (factory, d) = (text(factory)?, dimensions(d)?);
        // SAFETY: the string ends with a NUL byte; the result is written before it is read.
        let index = take(|out| unsafe { sys::faiss_index_factory(out, d, factory.as_ptr(), metric) })?;
        Ok(Owned(Pointer::Float(index)))
    }

    /// An index of bits by its factory string.
    ///
    /// # Errors
    /// FAISS's, or dimensions that do not fill bytes.
    pub(crate) fn binary(factory: &str, d: u32) -> Result<Owned, Cause> {
        if !d.is_multiple_of(8) {
            return Err(Cause::Refused(format!("a binary index has whole bytes a vector, not {d} bits")));
        }
        check_factory(factory)?;
        let (factory, d) = (text(factory)?, dimensions(d)?);
        // SAFETY: as above.
        let index = take(|out| unsafe { sys::faiss_index_binary_factory(out, d, factory.as_ptr()) })?;
        Ok(Owned(Pointer::Binary(index)))
    }

    /// Train on vectors and add them, under ids where there are any. They are floats or bytes, as the index is.
    ///
    /// # Errors
    /// Vectors of another length or kind, another number of ids, or FAISS's.
    pub(crate) fn fill(&mut self, vectors: Vectors<'_>, ids: Option<&[i64]>) -> Result<(), Cause> {
        self.train(vectors)?;
        self.add(vectors, ids)
    }

    /// Train on vectors.
    ///
    /// # Errors
    /// As [`fill`](Owned::fill).
    pub(crate) fn train(&mut self, vectors: Vectors<'_>) -> Result<(), Cause> {
        let n = self.count(vectors, None)?;
        if n == 0 && !self.borrow().is_trained() {
            // Scalar quantizers read the first vector whether there is one or not (`ScalarQuantizer.cpp`, `train_NonUniform`, FAISS 1.12.0).
            return Err(Cause::Refused("there are no vectors to train with".into()));
        }
        // SAFETY: `n` vectors of the index's own width; the index is ours alone (`&mut self`).
        unsafe {
            match (self.0, vectors) {
                (Pointer::Float(index), Vectors::Floats(x)) => {
                    attempt(sys::faiss_Index_train(index.as_ptr(), n, x.as_ptr()))
                }
                (Pointer::Binary(index), Vectors::Bytes(x)) => {
                    attempt(sys::faiss_IndexBinary_train(index.as_ptr(), n, x.as_ptr()))
                }
                _ => Err(of_another_kind()),
            }
        }
    }

    /// Add vectors, under ids where there are any.
    ///
    /// # Errors
    /// As [`fill`](Owned::fill).
    pub(crate) fn add(&mut self, vectors: Vectors<'_>, ids: Option<&[i64]>) -> Result<(), Cause> {
        let n = self.count(vectors, ids)?;
        // SAFETY: as above, and as many ids or none.
        unsafe {
            match (self.0, vectors) {
                (Pointer::Float(index), Vectors::Floats(x)) => attempt(match ids {
                    Some(ids) => sys::faiss_Index_add_with_ids(index.as_ptr(), n, x.as_ptr(), ids.as_ptr()),
                    None => sys::faiss_Index_add(index.as_ptr(), n, x.as_ptr()),
                }),
                (Pointer::Binary(index), Vectors::Bytes(x)) => attempt(match ids {
                    Some(ids) => sys::faiss_IndexBinary_add_with_ids(index.as_ptr(), n, x.as_ptr(), ids.as_ptr()),
                    None => sys::faiss_IndexBinary_add(index.as_ptr(), n, x.as_ptr()),
                }),
                _ => Err(of_another_kind()),
            }
        }
    }

    /// How many vectors these are.
    fn count(&self, vectors: Vectors<'_>, ids: Option<&[i64]>) -> Result<i64, Cause> {
        let (each, len) = match vectors {
            Vectors::Floats(floats) => (self.borrow().d(), floats.len()),
            Vectors::Bytes(bytes) => (self.borrow().d() / 8, bytes.len()),
        };
        if each == 0 || !len.is_multiple_of(each) || ids.is_some_and(|ids| ids.len() != len / each) {
            return Err(Cause::Refused(format!("{len} numbers are not as many vectors of {each} as there are ids")));
        }
        Ok((len / each) as i64)
    }
}

fn of_another_kind() -> Cause {
    Cause::Refused("floats for an index of bits, or the other way round".into())
}

/// Vectors, one after the other.
#[derive(Clone, Copy)]
pub(crate) enum Vectors<'a> {
    Floats(&'a [f32]),
    Bytes(&'a [u8]),
}

/// That nothing in a factory string ends the process: FAISS 1.12.0 divides by the 0 of `PQ0`, follows null pointers in `IVF0` and
/// `HNSW0`, searches `NSG1` for links without end, and takes the logarithm of the 1 in `HNSW1` for the height of a graph (`HNSW.cpp`,
/// `set_default_probas`). Of a binary index it reads numbers with a sign. Residuals of a centroid that is in lists it takes in several threads, where it throws.
fn check_factory(factory: &str) -> Result<(), Cause> {
    for (open, _) in factory.match_indices('(').filter(|(open, _)| !factory[..*open].ends_with("Refine")) {
        let (inside, after) = factory[open..].split_once(')').unwrap_or((&factory[open..], ""));
        if (inside.contains("IVF") || inside.contains("IMI")) && !after.starts_with(",Flat") {
            let said =
                format!("FAISS finds no centroid again in the lists of `{inside})`: nothing but `Flat` goes with it");
            return Err(Cause::Refused(said));
        }
    }
    // What follows is a period, no count: `SH-0.5e0`.
    let counts = factory.split(",SH").next().unwrap_or(factory);
    let digits: Vec<usize> = counts.match_indices(|c: char| c.is_ascii_digit()).map(|(at, _)| at).collect();
    for run in digits.chunk_by(|before, at| before + 1 == *at) {
        let (start, end) = (run[0], run[0] + run.len());
        let before = &counts[..start];
        let least = if before.ends_with("HNSW") || before.ends_with("NSG") { 2 } else { 1 };
        // What is more than this type holds is no small number.
        let number = counts[start..end].parse().unwrap_or(u64::MAX);
        if number < least || before.ends_with('-') {
            let is_other = |c: char| !c.is_ascii_alphabetic() && c != '-';
            let word = before.rmatch_indices(is_other).next().map_or(0, |(at, other)| at + other.len());
            let said = format!("FAISS makes no index of `{}`: {least} is the least", &counts[word..end]);
            return Err(Cause::Refused(said));
        }
    }
    Ok(())
}

fn text(factory: &str) -> Result<CString, Cause> {
    CString::new(factory).map_err(|_| Cause::Refused("a NUL byte in the factory string".into()))
}

fn dimensions(d: u32) -> Result<c_int, Cause> {
    c_int::try_from(d).map_err(|_| Cause::Refused(format!("{d} dimensions are more than FAISS takes")))
}

#[cfg(test)]
mod tests {
    use super::check_factory;

    /// FAISS ends the process over most of these, so this test would not come to its end.
    #[test]
    fn none_of_something_is_refused_before_faiss_sees_it() {
        for (factory, word) in [
            ("HNSW0", "HNSW0"),
            ("HNSW1,Flat", "HNSW1"),
            ("PQ0", "PQ0"),
            ("IVF4_HNSW0,Flat", "HNSW0"),
            ("IVF4(HNSW00),Flat", "HNSW00"),
            ("BHNSW0", "BHNSW0"),
            ("BIVF-3", "BIVF-3"),
            ("RQ0x4", "RQ0"),
            ("PCA0,Flat", "PCA0"),
            ("PQ2x0np", "x0"),
            ("PQ4+0", "0"),
            ("é0", "0"),
        ] {
            let said = check_factory(factory).unwrap_err().to_string();
            assert!(said.contains(&format!("FAISS makes no index of `{word}`")), "{factory}: {said}");
        }
        assert!(check_factory("IVF4(PCA8,IVF2,Flat),SQ8").is_err());
        for factory in [
            "Flat",
            "IVF10,PQ4x10np",
            "HNSW100",
            "IVF4_HNSW20,Flat",
            "IVF4,ITQ8,SH0.5",
            "IVF4,ITQ8,SH-0e0",
            "L2norm,SQ8",
            "PQ4x4fs_032",
            "IVF4(IVF2,Flat),Flat",
            "PQ4x4,Refine(IVF4,Flat)",
            "",
            "é1",
        ] {
            assert!(check_factory(factory).is_ok(), "{factory}");
        }
    }
}
