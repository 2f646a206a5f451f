//! Subjects that need FAISS: an index that lives in this process, and what FAISS itself answers.

use super::{Subject, page::Section, searches};
use crate::{
    Cause, Error, Load,
    inspect::Index,
    native::{Savable, stream_of},
    opened::Opened,
    store::{File, Store},
};
use std::{io::Write, marker::PhantomData, path::Path};

/// An index of the crate `faiss`, in memory. Its page is that of the file FAISS would write.
#[derive(Debug)]
pub struct Live<'a, I, Kind = crate::native::Float>(&'a I, PhantomData<fn() -> Kind>);

impl<'a, Kind, I: Savable<Kind>> Live<'a, I, Kind> {
    /// The subject that this index is.
    pub fn of(index: &'a I) -> Live<'a, I, Kind> {
        Live(index, PhantomData)
    }
}

impl<Kind, I: Savable<Kind>> Subject for Live<'_, I, Kind> {
    fn open(&self) -> Result<Opened, Error> {
        let written = || spooled(&stream_of(self.0)?);
        written().map_err(|cause| cause.of("cannot write the index in memory"))
    }
}

/// A stream as a file without a name.
fn spooled(stream: &[u8]) -> Result<Opened, Cause> {
    let mut file = tempfile::tempfile()?;
    file.write_all(stream)?;
    Opened::from_file(File::from_open(file, Path::new("index in memory"))?)
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
    if index.outline.root.family != faissil_core::outline::Family::Index {
        return Err(Cause::Refused("the queries are floats, and this index holds bits".into()));
    }
    let stream = index.stream.read(faissil_core::Span::new(0, index.stream.len()))?;
    let found = Load::new().load_opened(spooled(&stream)?)?;
    let d = index.outline.root.u64("d").unwrap_or(0);
    let queries: Vec<f32> = searches::queries(d).concat();
    let k = searches::ANSWERS;
    let hits = found.search(&queries, k)?;
    let mut section = Section::new("answers of FAISS: id and distance");
    for (number, (labels, distances)) in hits.ids.chunks(k).zip(hits.distances.chunks(k)).enumerate() {
        let answers = labels.iter().zip(distances).filter(|(label, _)| **label >= 0);
        let answers: Vec<String> =
            answers.map(|(label, distance)| format!("{label} {}", searches::rounded((*distance).into(), 2))).collect();
        section.push(format!("q{number}"), answers.join(", "));
    }
    Ok(section)
}
