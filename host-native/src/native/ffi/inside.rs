//! What is inside a live index: the index of an id map with its ids, that behind transforms, the ids of inverted lists, and ranges of rows.

use super::{Borrowed, Pointer, attempt};
use crate::Cause;
use faiss_sys as sys;
use std::{
    marker::PhantomData,
    ptr::{self, NonNull},
    slice,
};

impl<'a> Borrowed<'a> {
    /// The index inside an `IndexIDMap` or `IndexIDMap2`, and the id of each of its rows.
    pub(crate) fn inside_map(self) -> Option<(Borrowed<'a>, &'a [i64])> {
        let Pointer::Float(index) = self.pointer else { return None };
        let (mut ids, mut count) = (ptr::null_mut(), 0);
        // SAFETY: the index is alive; the cast is a `dynamic_cast` and null for other classes. The ids stay where they are as long as
        // nobody changes the index, and `'a` borrows it.
        unsafe {
            let map = NonNull::new(sys::faiss_IndexIDMap_cast(index.as_ptr()))?;
            sys::faiss_IndexIDMap_id_map(map.as_ptr(), &raw mut ids, &raw mut count);
            let inside = NonNull::new(sys::faiss_IndexIDMap_sub_index(map.as_ptr()))?;
            let ids = if count == 0 || ids.is_null() { &[][..] } else { slice::from_raw_parts(ids, count) };
            Some((Borrowed { pointer: Pointer::Float(inside), index: PhantomData }, ids))
        }
    }

    /// The index behind the transforms of an `IndexPreTransform`.
    pub(crate) fn behind_transforms(self) -> Option<Borrowed<'a>> {
        let Pointer::Float(index) = self.pointer else { return None };
        // SAFETY: as above.
        unsafe {
            let outer = NonNull::new(sys::faiss_IndexPreTransform_cast(index.as_ptr()))?;
            let inside = NonNull::new(sys::faiss_IndexPreTransform_index(outer.as_ptr()))?;
            Some(Borrowed { pointer: Pointer::Float(inside), index: PhantomData })
        }
    }

    /// The ids in the lists of an `IndexIVF`, list after list. The caller knows that it has its lists, in memory.
    pub(crate) fn ids_in_lists(self) -> Option<Vec<i64>> {
        let Pointer::Float(index) = self.pointer else { return None };
        let mut ids = Vec::new();
        // SAFETY: as above; each list is copied to where there is room for it.
        unsafe {
            let ivf = NonNull::new(sys::faiss_IndexIVF_cast(index.as_ptr()))?.as_ptr();
            for list in 0..sys::faiss_IndexIVF_nlist(ivf) {
                let (start, count) = (ids.len(), sys::faiss_IndexIVF_get_list_size(ivf, list));
                ids.resize(start + count, 0);
                if count > 0 {
                    sys::faiss_IndexIVF_invlists_get_ids(ivf, list, ids[start..].as_mut_ptr());
                }
            }
        }
        Some(ids)
    }

    /// The vectors that FAISS makes of `count` rows from `first` on. The caller has made sure that they are there, and that
    /// no row makes FAISS throw: it asks with several threads, and in those a throw ends the process (`Index::reconstruct_n`, FAISS 1.12.0).
    ///
    /// # Errors
    /// FAISS's.
    pub(crate) fn reconstruct_range(self, first: u64, count: u64) -> Result<Vec<f32>, Cause> {
        let Pointer::Float(index) = self.pointer else {
            return Err(Cause::Refused("this is not a float index".into()));
        };
        let mut out = vec![0.0; count as usize * self.d()];
        // SAFETY: room for all that FAISS writes; the caller's word for the rows.
        attempt(unsafe {
            sys::faiss_Index_reconstruct_n(index.as_ptr(), first.cast_signed(), count.cast_signed(), out.as_mut_ptr())
        })?;
        Ok(out)
    }
}
