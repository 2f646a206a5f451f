//! `faissil load`: the exact index file back from a snapshot.

use crate::{
    Outcome, salvage, say,
    talk::{self, print, print_json},
};
use faissil::{
    Error,
    core::snapshot::Digest,
    load::{Output, load},
};
use serde_json::json;
use std::path::PathBuf;

/// Get the exact index file back from a snapshot, verified.
///
/// A damaged snapshot gives nothing, unless --salvage asks for the rest. Side files come beside OUT, and never over
/// another file.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The snapshot
    #[arg(value_name = "SNAP")]
    snapshot: PathBuf,
    /// The index file to write; `-` is standard output
    #[arg(value_name = "OUT")]
    output: PathBuf,
    /// Refuse any snapshot but the one with this digest, its own or that of its stream
    #[arg(long, value_name = "DIGEST")]
    expect: Option<Digest>,
    /// Of a damaged snapshot, write the index without the damaged rows, and list what is left out. An OUT that ends in
    /// `.faissil` becomes a snapshot that says so. The exit code is still 1
    #[arg(long)]
    salvage: bool,
    /// Print what was loaded as JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) fn run(self) -> Result<Outcome, Error> {
        let to_stdout = self.output.as_os_str() == "-";
        let output = if to_stdout { Output::Stdout } else { Output::Path(self.output.clone()) };
        if to_stdout && self.json {
            let cause = faissil::Cause::Refused("--json prints there too".into());
            return Err(cause.of("cannot load to standard output"));
        }
        if self.salvage {
            return salvage::run(&self.snapshot, &self.output, self.expect, self.json);
        }
        let loaded = load(&self.snapshot, &output, self.expect, &talk::progress("loading"))?;
        loaded.warnings.iter().for_each(|text| talk::warning(text));
        let name = self.output.display().to_string();
        let side = |(path, there): &(PathBuf, bool)| (path.display().to_string(), *there);
        let sides: Vec<_> = loaded.side_files.iter().map(side).collect();
        if self.json {
            print_json(&json!({
                "file": self.snapshot.display().to_string(),
                "output": name,
                "snapshot_digest": loaded.digest.to_string(),
                "stream": { "len": loaded.stream_len, "blake3": loaded.stream_digest.to_string() },
                "side_files": sides.iter().map(|(path, there)| json!({ "file": path, "was_there": there })).collect::<Vec<_>>(),
                "warnings": loaded.warnings,
            }))?;
        } else if !to_stdout {
            let mut text = format!("loaded {name}: {}, every byte checked", say::bytes(loaded.stream_len));
            for (path, there) in sides {
                text.push_str(&format!("\n  with {path}{}", if there { ", which was there already" } else { "" }));
            }
            text.push_str(&format!("\n  stream    {}", loaded.stream_digest));
            text.push_str(&format!("\n  snapshot  {}", loaded.digest));
            print(&text)?;
        }
        Ok(Outcome::Good)
    }
}
