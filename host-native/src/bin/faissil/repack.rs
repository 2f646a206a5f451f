//! `faissil repack`: a snapshot in another layout, or packed at another level.

use crate::{
    Outcome,
    save::{FormArgs, SavedJson, page, remark},
    talk::{self, print, print_json},
};
use faissil::{Error, core::snapshot::Layout, repack::repack};
use std::path::PathBuf;

/// Write a snapshot in another layout or level: the same stream, metadata and attachments.
///
/// The stream digest stays what it is; the snapshot digest changes. Without OUT the snapshot is replaced. Unless a layout is named it
/// gets packed.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The snapshot
    #[arg(value_name = "SNAPSHOT")]
    input: PathBuf,
    /// The snapshot to write
    #[arg(value_name = "OUT")]
    output: Option<PathBuf>,
    #[command(flatten)]
    form: FormArgs,
    /// Print what was written as JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) fn run(self) -> Result<Outcome, Error> {
        let output = self.output.as_ref().unwrap_or(&self.input);
        let (layout, pack) = self.form.choose(Layout::Packed)?;
        let saved = repack(&self.input, output, layout, pack, &talk::progress("repacking"))?;
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
