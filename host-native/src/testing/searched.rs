//! Subjects that need FAISS: an index that lives in this process, and what FAISS itself answers.

use super::{Subject, page::Section, searches};
use crate::{
    Cause, Error,
    inspect::Index,
    opened::Opened,
    store::{File, Store},
};
use faiss::index::{CpuIndex, NativeIndex};
use faiss_sys as sys;
use std::{ffi::CString, io::Write, path::Path, ptr};

/// An index of the crate `faiss`, in memory. Its page is that of the file FAISS would write.
#[derive(Debug)]
pub struct Live<'a, I>(pub &'a I);

impl<I> Subject for Live<'_, I>
where
    I: NativeIndex<Inner = sys::FaissIndex> + CpuIndex,
{
    fn open(&self) -> Result<Opened, Error> {
        let written = || -> Result<Opened, Cause> {
            let file = tempfile::NamedTempFile::new()?;
            let name =
                file.path().to_str().ok_or_else(|| Cause::Refused("the temporary folder's name is no text".into()))?;
            faiss::index::io::write_index(self.0, name).map_err(|error| Cause::Refused(error.to_string()))?;
            Opened::from_file(File::from_open(file.reopen()?, Path::new("index in memory"))?)
        };
        written().map_err(|cause| cause.of("cannot write the index in memory"))
    }
}

/// A subject whose page also has what FAISS answers to the queries of the page, with the parameters that the index has.
///
/// FAISS's sums depend on the processor in their last digits, so distances are rounded to three; two answers that are
/// nearly as far may still change places on another machine.
#[derive(Debug)]
pub struct Searched<S>(pub S);

impl<S: Subject> Subject for Searched<S> {
    fn open(&self) -> Result<Opened, Error> {
        self.0.open()
    }

    fn more(&self) -> Result<String, Error> {
        let opened = self.open()?;
        let answered = answers(&opened).map_err(|cause| cause.of("cannot search the index with FAISS"))?;
        let page = super::page::Page { sections: vec![answered] };
        Ok(self.0.more()? + &page.to_string())
    }
}

fn answers(opened: &Opened) -> Result<Section, Cause> {
    let index = Index::of(opened)?;
    // FAISS is given only what the outline has found to be whole.
    if let Some(fault) = &index.outline.fault {
        return Err(fault.clone().into());
    }
    if index.outline.root.family != faissil_core::outline::Family::Index {
        return Err(Cause::Refused("the queries are floats, and this index holds bits".into()));
    }
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(&index.stream.read(faissil_core::Span::new(0, index.stream.len()))?)?;
    let name = file.path().to_str().and_then(|name| CString::new(name).ok());
    let name = name.ok_or_else(|| Cause::Refused("the temporary folder's name is no text".into()))?;
    let d = index.outline.root.u64("d").unwrap_or(0);
    let queries: Vec<f32> = searches::queries(d).concat();
    let (count, k) = (searches::QUERIES as usize, searches::ANSWERS);
    let (mut distances, mut labels) = (vec![0.0_f32; count * k], vec![-1_i64; count * k]);
    let mut found = Found(ptr::null_mut());
    // Safety: the name ends with a zero byte; there are `count` times `d` floats and room for `count` times `k` answers;
    // the index is used only if it was read.
    let code = unsafe {
        match sys::faiss_read_index_fname(name.as_ptr(), 0, &mut found.0) {
            0 => sys::faiss_Index_search(
                found.0,
                count as i64,
                queries.as_ptr(),
                k as i64,
                distances.as_mut_ptr(),
                labels.as_mut_ptr(),
            ),
            code => code,
        }
    };
    crate::fixture::must(code)?;
    let mut section = Section::new("answers of FAISS: id and distance");
    for (number, (labels, distances)) in labels.chunks(k).zip(distances.chunks(k)).enumerate() {
        let answers = labels.iter().zip(distances).filter(|(label, _)| **label >= 0);
        let answers: Vec<String> =
            answers.map(|(label, distance)| format!("{label} {}", searches::rounded((*distance).into(), 2))).collect();
        section.push(format!("q{number}"), answers.join(", "));
    }
    Ok(section)
}

/// An index of FAISS's, freed at the end.
struct Found(*mut sys::FaissIndex);

impl Drop for Found {
    fn drop(&mut self) {
        // Safety: made by FAISS and freed nowhere else; a null pointer is nothing to free.
        unsafe { sys::faiss_Index_free(self.0) }
    }
}
