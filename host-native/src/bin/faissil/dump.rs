//! `faissil dump`: bytes beside their meaning.

use crate::{
    Outcome, args,
    talk::{Stdout, to_stdout},
};
use faissil::{
    Error,
    core::{Span, report::Dump},
    inspect::Index,
    opened::Opened,
};
use std::{io::Write, ops::Range, path::PathBuf};

/// Print the bytes of an index beside what they mean.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The index file or snapshot
    file: PathBuf,
    /// Only what touches these bytes of the stream
    #[arg(long, value_name = "A..B", value_parser = args::range)]
    at: Option<Range<u64>>,
}

impl Args {
    pub(crate) fn run(self) -> Result<Outcome, Error> {
        let opened = Opened::open(&self.file)?;
        let reading = |cause: faissil::Cause| cause.reading(&self.file);
        let index = Index::of(&opened).map_err(reading)?;
        let at = self.at.map(|range| Span::between(range.start, range.end.min(index.outline.file_len)));
        let text = faissil::drive::drive(Dump::new(&index.outline, at), &index.stream).map_err(reading)?;
        let mut out = Stdout::new();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(to_stdout)?;
        match &index.outline.fault {
            None => Ok(Outcome::Good),
            Some(fault) => Err(reading(fault.clone().into())),
        }
    }
}
