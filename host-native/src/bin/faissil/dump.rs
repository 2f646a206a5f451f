//! `faissil dump`: bytes beside their meaning.

use crate::{
    Outcome, args,
    input::open,
    talk::{self, Stdout, print_json, to_stdout},
};
use faissil::{
    Error,
    core::{
        Span,
        report::{Dump, Dumped},
    },
    inspect::Index,
    store::Shown,
};
use std::{io::Write, ops::Range, path::PathBuf};

/// Print the bytes of an index beside what they mean.
///
/// Of a snapshot, damaged bytes are shown too, as they are, with a warning that names the chunk.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The index file or snapshot
    file: PathBuf,
    /// Only what touches these bytes of the stream
    #[arg(long, value_name = "A..B", value_parser = args::range)]
    at: Option<Range<u64>>,
    /// Print where each part lies and what it says as JSON, without the bytes of arrays
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) fn run(self) -> Result<Outcome, Error> {
        let opened = open(&self.file)?;
        let reading = |cause: faissil::Cause| cause.reading(&self.file);
        let index = Index::with_damage(&opened).map_err(reading)?;
        let at = self.at.as_ref().map(|range| Span::between(range.start, range.end));
        if self.json {
            print_json(&Dumped::new(&self.file.display().to_string(), &index.outline, at))?;
            return self.end(&index);
        }
        let text = faissil::drive::drive(Dump::new(&index.outline, at), &index.stream).map_err(reading)?;
        let mut out = Stdout::new();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(to_stdout)?;
        self.end(&index)
    }

    /// Says what was damaged, and where reading stopped.
    fn end(&self, index: &Index<'_>) -> Result<Outcome, Error> {
        let damaged = index.shown();
        for Shown { number, logical, reason, has_bytes } in &damaged {
            let how = if *has_bytes { "they are shown as they are" } else { "no bytes can be had, zeros are shown" };
            talk::warning(&format!("chunk {number}, bytes {logical} of the stream, is damaged; {how}: {reason}"));
        }
        match &index.outline.fault {
            None if !damaged.is_empty() => Ok(Outcome::Damaged),
            None => Ok(Outcome::Good),
            Some(fault) => Err(faissil::Cause::from(fault.clone()).reading(&self.file)),
        }
    }
}
