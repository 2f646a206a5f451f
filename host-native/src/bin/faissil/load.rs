//! `faissil load`: the exact index file back from a snapshot.

use crate::{
    Outcome,
    input::open,
    salvage, say,
    server::Floor,
    talk::{self, print, print_json},
};
use faissil::{
    Error,
    core::snapshot::Digest,
    load::{Output, check_floor, load_opened},
};
use serde_json::json;
use std::path::PathBuf;

/// Get the exact index file back from a snapshot, verified.
///
/// A damaged snapshot gives nothing, unless --salvage asks for the rest. Side files come beside OUT, and never over
/// another file. Of an index that came without its bytes (`pull`), --rebuild makes one of the original kind again.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The snapshot; `-` is standard input
    #[arg(value_name = "SNAP")]
    snapshot: PathBuf,
    /// The index file to write; `-` is standard output
    #[arg(value_name = "OUT")]
    output: PathBuf,
    /// Refuse any snapshot but the one with this digest, its own or that of its stream
    #[arg(long, value_name = "DIGEST")]
    expect: Option<Digest>,
    /// Refuse a snapshot with rows below this fidelity, and name them
    #[arg(long, value_enum, value_name = "LEVEL")]
    floor: Option<Floor>,
    /// Open the result in FAISS too, and hold the number of vectors and a few searches against the snapshot's
    #[cfg(feature = "native")]
    #[arg(long, conflicts_with = "rebuild")]
    check: bool,
    /// Of a damaged snapshot, write the index without the damaged rows, and list what is left out. An OUT that ends in
    /// `.faissil` becomes a snapshot that says so. The exit code is still 1
    #[arg(long)]
    salvage: bool,
    /// Of a snapshot that stands for an index whose bytes could not be had: build an index of the original kind again from its vectors and
    /// ids. Its graph or codebook is new. Takes a build with the feature `native`
    #[arg(long, conflicts_with = "salvage")]
    rebuild: bool,
    /// The kind to build, in the words of FAISS's factory: IVF1024,PQ16
    #[arg(long = "as", value_name = "FACTORY", requires = "rebuild")]
    factory: Option<String>,
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
        let opened = open(&self.snapshot)?;
        if let (Some(floor), Some(snapshot)) = (self.floor, &opened.snapshot) {
            check_floor(&opened, snapshot, floor.level()).map_err(|cause| cause.reading(&self.snapshot))?;
        }
        if self.rebuild {
            return self.rebuild();
        }
        let loaded = load_opened(&opened, &self.snapshot, &output, self.expect, &talk::progress("loading"))?;
        #[cfg(feature = "native")]
        let checked = self.check().map_err(|error| match &self.output {
            output if output.exists() => error.hint(format!("`{}` was written", output.display())),
            _ => error,
        })?;
        #[cfg(not(feature = "native"))]
        let checked: Option<(u64, usize)> = None;
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
                "checked": checked.map(|(ntotal, searches)| json!({ "ntotal": ntotal, "searches": searches })),
                "warnings": loaded.warnings,
            }))?;
        } else if !to_stdout {
            let mut text = format!("loaded {name}: {}, every byte checked", say::bytes(loaded.stream_len));
            for (path, there) in sides {
                text.push_str(&format!("\n  with {path}{}", if there { ", which was there already" } else { "" }));
            }
            text.push_str(&format!("\n  stream    {}", loaded.stream_digest));
            text.push_str(&format!("\n  snapshot  {}", loaded.digest));
            if let Some((ntotal, searches)) = checked {
                let (ntotal, searches) = (say::count(ntotal), say::count(searches as u64));
                text.push_str(&format!("\n  checked   FAISS finds {ntotal} vectors, and {searches} searches agree"));
            }
            print(&text)?;
        }
        Ok(Outcome::Good)
    }

    #[cfg(not(feature = "native"))]
    fn rebuild(&self) -> Result<Outcome, Error> {
        let cause = faissil::Cause::Refused("building an index takes FAISS, which this build has not".into());
        let error = cause.of(format!("cannot rebuild the index of `{}`", self.snapshot.display()));
        Err(error.hint("`cargo install faissil --features native` has it; without --rebuild the flat index is loaded"))
    }

    #[cfg(feature = "native")]
    fn rebuild(&self) -> Result<Outcome, Error> {
        if [&self.snapshot, &self.output].iter().any(|path| path.as_os_str() == "-") {
            let cause = faissil::Cause::Refused("a rebuilt index goes from a file into a file".into());
            return Err(cause.of(format!("cannot rebuild the index of `{}`", self.snapshot.display())));
        }
        let progress = talk::progress("building");
        let (factory, output) = (self.factory.as_deref(), &self.output);
        let rebuilt = faissil::native::rebuild(&self.snapshot, output, factory, self.expect, &progress)?;
        rebuilt.warnings.iter().for_each(|text| talk::warning(text));
        let name = output.display().to_string();
        if self.json {
            print_json(&json!({
                "file": self.snapshot.display().to_string(),
                "output": name,
                "factory": rebuilt.factory,
                "rows": rebuilt.rows,
                "trained": rebuilt.trained,
                "len": rebuilt.len,
                "new": rebuilt.new,
                "warnings": rebuilt.warnings,
            }))?;
            return Ok(Outcome::Good);
        }
        let (rows, len) = (say::count(rebuilt.rows), say::bytes(rebuilt.len));
        let mut text = format!("rebuilt {name}: {}, {rows} vectors, {len}", rebuilt.factory);
        if rebuilt.trained > 0 {
            text.push_str(&format!("\n  trained   anew, with {} vectors", say::count(rebuilt.trained)));
        }
        text.push_str(&match rebuilt.new.as_slice() {
            [] => "\n  new       nothing: it has no parts that are built".into(),
            parts => format!("\n  new       {}: not those of the original", parts.join(", ")),
        });
        print(&text)?;
        Ok(Outcome::Good)
    }

    /// What FAISS finds in the output, where it is asked for: vectors, and searches that agree.
    #[cfg(feature = "native")]
    fn check(&self) -> Result<Option<(u64, usize)>, Error> {
        if !self.check {
            return Ok(None);
        }
        if self.output.as_os_str() == "-" {
            let cause = faissil::Cause::Refused("standard output cannot be opened again".into());
            return Err(cause.of("cannot check what was loaded"));
        }
        let checked = faissil::native::check(&self.output, &self.snapshot)?;
        Ok(Some((checked.ntotal, checked.searches)))
    }
}
