//! Searching and reconstructing.

use super::{Borrowed, Owned, Pointer, attempt};
use crate::{Cause, native::RangeHits};
use faiss_sys as sys;
use std::{ffi::CString, ptr, ptr::NonNull, slice};

impl Owned {
    /// Set a parameter of search by FAISS's name for it: `nprobe`, `efSearch`, `quantizer_efSearch`, ...
    ///
    /// # Errors
    /// When the index has no such parameter.
    pub(crate) fn set_parameter(&mut self, name: &str, value: f64) -> Result<(), Cause> {
        let index = match self.0 {
            Pointer::Float(index) => index.as_ptr(),
            Pointer::Binary(index) => return set_binary_parameter(index, name, value),
        };
        let name = CString::new(name).map_err(|_| Cause::Refused("a name with a NUL byte".into()))?;
        let mut space = ptr::null_mut();
        // SAFETY: `space` is written before it is read, and freed once; the index is ours alone (`&mut self`).
        unsafe {
            attempt(sys::faiss_ParameterSpace_new(&raw mut space))?;
            let done = attempt(sys::faiss_ParameterSpace_set_index_parameter(space, index, name.as_ptr(), value));
            sys::faiss_ParameterSpace_free(space);
            done
        }
    }
}

/// FAISS's `ParameterSpace` knows float indexes only.
fn set_binary_parameter(index: NonNull<sys::FaissIndexBinary>, name: &str, value: f64) -> Result<(), Cause> {
    // SAFETY: a live index that is the caller's alone; the cast gives null for another class.
    let ivf = unsafe { sys::faiss_IndexBinaryIVF_cast(index.as_ptr()) };
    if name != "nprobe" || ivf.is_null() {
        return Err(Cause::Refused(format!("a binary index of this kind has no parameter `{name}`")));
    }
    // SAFETY: as above, and the class is the right one.
    unsafe { sys::faiss_IndexBinaryIVF_set_nprobe(ivf, value as usize) };
    Ok(())
}

impl Borrowed<'_> {
    /// Distances and ids of the `k` nearest of each query.
    ///
    /// # Errors
    /// Queries of another length or kind, `k` of 0, or FAISS's.
    pub(crate) fn search(self, queries: &[f32], k: usize) -> Result<(Vec<f32>, Vec<i64>), Cause> {
        let Pointer::Float(index) = self.pointer else { return Err(other_kind("float")) };
        let (n, count) = self.queries(queries.len(), self.d(), k)?;
        let (mut distances, mut ids) = (room(count, 0.0)?, room(count, -1)?);
        // SAFETY: `n` queries of `d` floats, and room for `n * k` results in each array, as FAISS asks for.
        attempt(unsafe {
            let (x, k) = (queries.as_ptr(), k as i64);
            sys::faiss_Index_search(index.as_ptr(), n, x, k, distances.as_mut_ptr(), ids.as_mut_ptr())
        })?;
        Ok((distances, ids))
    }

    /// As [`search`](Borrowed::search), of a binary index: queries are `d / 8` bytes, distances count bits.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn search_binary(self, queries: &[u8], k: usize) -> Result<(Vec<i32>, Vec<i64>), Cause> {
        let Pointer::Binary(index) = self.pointer else { return Err(other_kind("binary")) };
        let (n, count) = self.queries(queries.len(), self.d() / 8, k)?;
        let (mut distances, mut ids) = (room(count, 0)?, room(count, -1)?);
        // SAFETY: as in `search`, with queries of `d / 8` bytes.
        attempt(unsafe {
            let (x, k) = (queries.as_ptr(), k as i64);
            sys::faiss_IndexBinary_search(index.as_ptr(), n, x, k, distances.as_mut_ptr(), ids.as_mut_ptr())
        })?;
        Ok((distances, ids))
    }

    /// Number of queries, and of results.
    fn queries(self, len: usize, each: usize, k: usize) -> Result<(i64, usize), Cause> {
        if each == 0 || !len.is_multiple_of(each) {
            let said =
                format!("the queries have {len} numbers, which is no multiple of the {each} that a vector takes");
            return Err(Cause::Refused(said));
        }
        if k == 0 || i64::try_from(k).is_err() {
            return Err(Cause::Refused(format!("k is {k}; it has to be 1 or more")));
        }
        let n = len / each;
        let too_many = || Cause::Refused(format!("{n} queries of {k} results each do not fit"));
        let count = n.checked_mul(k).ok_or_else(too_many)?;
        // FAISS counts in signed 64-bit numbers, and `Vec` bytes in signed words.
        if count > isize::MAX as usize / 8 {
            return Err(too_many());
        }
        Ok((i64::try_from(n).map_err(|_| too_many())?, count))
    }

    /// For each query all ids nearer than `radius` (for similarities: larger), with their distances.
    ///
    /// # Errors
    /// Queries of another length or kind, or FAISS's.
    pub(crate) fn range_search(self, queries: &[f32], radius: f32) -> Result<RangeHits, Cause> {
        let Pointer::Float(index) = self.pointer else { return Err(other_kind("float")) };
        let (n, _) = self.queries(queries.len(), self.d(), 1)?;
        let mut result = ptr::null_mut();
        // SAFETY: `result` is written before it is read and freed once. `lims` has `n + 1` places, the last of which
        // counts the labels and distances (`c_api/AutoTune_c.h`, `RangeSearchResult`).
        unsafe {
            attempt(sys::faiss_RangeSearchResult_new(&raw mut result, n))?;
            let found = attempt(sys::faiss_Index_range_search(index.as_ptr(), n, queries.as_ptr(), radius, result));
            let found = found.map(|()| {
                let (mut lims, mut labels, mut distances) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
                sys::faiss_RangeSearchResult_lims(result, &raw mut lims);
                sys::faiss_RangeSearchResult_labels(result, &raw mut labels, &raw mut distances);
                let lims = copied(lims, n as usize + 1);
                let count = lims.last().copied().unwrap_or(0);
                RangeHits { lims, ids: copied(labels, count), distances: copied(distances, count) }
            });
            sys::faiss_RangeSearchResult_free(result);
            found
        }
    }

    /// The vector that FAISS makes of what is stored under `id`. The caller has made sure of the id, as
    /// `native::reconstructing` says: FAISS does not always look.
    ///
    /// # Errors
    /// FAISS's: no such id, or an index that cannot reconstruct.
    pub(crate) fn reconstruct(self, id: i64) -> Result<Vec<f32>, Cause> {
        let Pointer::Float(index) = self.pointer else { return Err(other_kind("float")) };
        let mut out = vec![0.0; self.d()];
        // SAFETY: room for the `d` floats that FAISS writes; the id is a row that is there, or one that FAISS looks up in a
        // map whose entries are.
        attempt(unsafe { sys::faiss_Index_reconstruct(index.as_ptr(), id, out.as_mut_ptr()) })?;
        Ok(out)
    }
}

/// Most results that a search may have: FAISS keeps as many again, of twelve bytes each.
const MOST_RESULTS: usize = 1 << 28;

/// Room for results.
fn room<T: Clone>(count: usize, value: T) -> Result<Vec<T>, Cause> {
    let mut room = Vec::new();
    if count > MOST_RESULTS || room.try_reserve_exact(count).is_err() {
        return Err(Cause::Refused(format!(
            "{count} results are too many for one search; {MOST_RESULTS} are the most"
        )));
    }
    room.resize(count, value);
    Ok(room)
}

fn other_kind(kind: &str) -> Cause {
    Cause::Refused(format!("this is not a {kind} index"))
}

/// A copy of `len` values of FAISS's.
///
/// # Safety
/// `from` points at `len` readable values, or `len` is 0.
unsafe fn copied<T: Copy>(from: *const T, len: usize) -> Vec<T> {
    if len == 0 || from.is_null() {
        return Vec::new();
    }
    // SAFETY: the caller's word.
    unsafe { slice::from_raw_parts(from, len) }.to_vec()
}
