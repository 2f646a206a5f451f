//! `faissil repack`: a snapshot in another layout, or packed at another level.

use crate::{
    Outcome,
    save::{LayoutArg, PackArg, SavedJson, page, remark},
    talk::{self, print, print_json},
};
use faissil::{Error, repack::repack};
use std::path::PathBuf;

/// Write a snapshot in another layout or level: the same stream, metadata and attachments.
///
/// The stream digest stays what it is; the snapshot digest changes. Without OUT the snapshot is replaced.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The snapshot
    #[arg(value_name = "SNAPSHOT")]
    input: PathBuf,
    /// The snapshot to write
    #[arg(value_name = "OUT")]
    output: Option<PathBuf>,
    /// How the new snapshot holds the stream
    #[arg(long, value_enum, default_value = "packed")]
    layout: LayoutArg,
    /// How much time a packed snapshot may take to be small
    #[arg(long, value_enum, default_value = "balanced")]
    pack: PackArg,
    /// Print what was written as JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) fn run(self) -> Result<Outcome, Error> {
        let output = self.output.as_ref().unwrap_or(&self.input);
        let saved = repack(&self.input, output, self.layout.layout(), self.pack.level(), &talk::progress("repacking"))?;
        remark(&saved);
        let (from, to) = (self.input.display().to_string(), output.display().to_string());
        if self.json {
            print_json(&SavedJson::of(&saved, &from, &to))?;
        } else {
            print(&page(&saved, &from, &to).replacen("saved", "repacked", 1))?;
        }
        Ok(Outcome::Good)
    }
}
