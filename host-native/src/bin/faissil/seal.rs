//! `faissil seal` and `faissil unseal`: a snapshot in place, and back.

use crate::{
    Outcome,
    save::{AdditionArgs, SavedJson, page, remark},
    say,
    talk::{self, print, print_json},
};
use faissil::{
    Error,
    seal::{seal, unseal},
};
use serde_json::json;
use std::path::PathBuf;

/// Make an index file a sealed snapshot in place, by appending to it.
///
/// FAISS goes on reading the file as before. An interrupted seal is begun again.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The index file
    file: PathBuf,
    #[command(flatten)]
    additions: AdditionArgs,
    /// Print what was sealed as JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) fn run(self) -> Result<Outcome, Error> {
        let sealed = seal(&self.file, &self.additions.additions(false), &talk::progress("sealing"))?;
        remark(&sealed);
        let name = self.file.display().to_string();
        if self.json {
            print_json(&SavedJson::of(&sealed, &name, &name))?;
        } else {
            print(&page(&sealed, &name, &name).replacen("saved", "sealed", 1).replacen(", sealed\n", "\n", 1))?;
        }
        Ok(Outcome::Good)
    }
}

/// Take the seal off an index file: the exact original is left.
///
/// Metadata and attachments go with the seal. An interrupted seal is taken off too.
#[derive(clap::Args)]
pub(crate) struct UnsealArgs {
    /// The sealed index file
    file: PathBuf,
    /// Print what was taken off as JSON
    #[arg(long)]
    json: bool,
}

impl UnsealArgs {
    pub(crate) fn run(self) -> Result<Outcome, Error> {
        let unsealed = unseal(&self.file, &talk::progress("checking"))?;
        let name = self.file.display().to_string();
        if self.json {
            print_json(&json!({
                "file": name,
                "size_bytes": unsealed.stream_len,
                "removed_bytes": unsealed.removed,
                "interrupted": unsealed.interrupted,
            }))?;
        } else {
            let what = if unsealed.interrupted { "an interrupted seal" } else { "the seal" };
            let known = if unsealed.interrupted { "no digest vouches for it" } else { "it is as it was" };
            let (removed, left) = (say::bytes(unsealed.removed), say::count(unsealed.stream_len));
            print(&format!("unsealed {name}: took off {what}, {removed}; the index of {left} bytes is left, {known}"))?;
        }
        Ok(Outcome::Good)
    }
}
