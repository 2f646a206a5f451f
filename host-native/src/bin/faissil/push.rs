//! `faissil push`: a snapshot goes into a server.

use crate::{
    Outcome, say,
    server::{ServerArgs, with_key_hint},
    talk::{self, print, print_json},
};
use faissil::{Cause, Error, push::push, remote::Address};
use serde_json::json;
use std::path::PathBuf;

/// Make an index on a FAISSx server and fill it with the vectors and ids of a snapshot or an index file.
///
/// It becomes a flat index, in an id map where ids are not row numbers, so that every search finds what it found; --type names any other
/// type of the server, whose graph or codebook is then new. A name that is taken is refused. If it cannot be filled, it is deleted again.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The snapshot or index file
    #[arg(value_name = "SNAP")]
    snapshot: PathBuf,
    /// tcp://HOST:PORT/INDEX
    #[arg(value_name = "URL")]
    target: String,
    /// Type of the index in the server's words: HNSW32, IVF, PQ8x8, IDMap2:HNSW, ...
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
    /// Print what was pushed as JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) fn run(self) -> Result<Outcome, Error> {
        let what = format!("cannot push `{}` to `{}`", self.snapshot.display(), self.target);
        let address = Address::parse(&self.target).map_err(|why| Cause::Refused(why).of(what.clone()))?;
        let (login, waiting) = (self.server.login()?, self.server.waiting());
        let pushed = push(&self.snapshot, &address, self.kind.as_deref(), login, waiting, &talk::progress("pushing"))
            .map_err(|error| match error.hint {
            None => with_key_hint(error.cause, error.what),
            Some(_) => error,
        })?;
        pushed.warnings.iter().for_each(|text| talk::warning(text));
        if self.json {
            print_json(&json!({
                "file": self.snapshot.display().to_string(),
                "target": address.to_string(),
                "type": pushed.kind,
                "rows": pushed.rows,
                "d": pushed.d,
                "trained": pushed.trained,
                "checked": { "searches": pushed.asked, "found": pushed.found },
                "requests": pushed.tally.requests,
                "warnings": pushed.warnings,
            }))?;
            return Ok(Outcome::Good);
        }
        let (rows, d) = (say::count(pushed.rows), pushed.d);
        let mut text = format!("pushed {} to {address}: {rows} vectors of {d} dimensions", self.snapshot.display());
        text.push_str(&format!("\n  type      {}", pushed.kind));
        if pushed.trained {
            text.push_str(", trained anew with these vectors");
        }
        text.push_str(&format!(
            "\n  checked   {} of {} rows are found by their own vectors",
            pushed.found, pushed.asked
        ));
        print(&text)?;
        Ok(Outcome::Good)
    }
}
