//! `faissil fixture`: a small index file that is the same every time.

use crate::{
    Outcome, say,
    talk::{self, Stdout, print, print_json, to_stdout},
};
use faissil::{
    Cause, Error,
    fixture::{Fixture, Metric},
    replace::Replacement,
};
use serde_json::json;
use std::{io::Write, path::PathBuf};

/// Make a small index file for tests, the same bytes every time.
///
/// The vectors lie in 16 clusters and follow from the seed alone; an id map gets scattered 62-bit ids. Without FAISS the factory
/// strings Flat, IDMap,Flat and IDMap2,Flat are made. A build with the feature `native` makes every string that FAISS's factories
/// take, also binary ones (BFlat, BIVF8): trained and filled on one thread, so that the number of threads makes no difference.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// FAISS's factory string
    factory: String,
    /// Number of vectors
    #[arg(short = 'n', long, value_name = "N", default_value_t = 100)]
    rows: u64,
    /// Dimensions; bits of a binary index. 8, or 64 bits, when not given
    #[arg(short, long, value_name = "D")]
    dim: Option<u32>,
    /// What vectors and ids follow from
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// What vectors are compared by
    #[arg(long, value_enum, default_value_t = By::L2)]
    metric: By,
    /// The index file to write; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Print what was written as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum By {
    /// The squared distance
    L2,
    /// The inner product
    Ip,
}

impl Args {
    pub(crate) fn run(self) -> Result<Outcome, Error> {
        let to_stdout_too = self.output.as_os_str() == "-";
        if self.json && to_stdout_too {
            return Err(Cause::Refused("--json prints there too".into()).of("cannot write an index to standard output"));
        }
        let metric = match self.metric {
            By::L2 => Metric::L2,
            By::Ip => Metric::InnerProduct,
        };
        let mut fixture = Fixture::new(self.factory.as_str()).rows(self.rows).seed(self.seed).metric(metric);
        if let Some(d) = self.dim {
            fixture = fixture.dim(d);
        }
        let stream = fixture.build()?;
        if !fixture.is_portable() {
            talk::note(
                "made with the BLAS library: other bytes on another processor, so keep the file, not the command",
            );
        }
        if to_stdout_too {
            let mut out = Stdout::new();
            out.write_all(&stream).and_then(|()| out.flush()).map_err(to_stdout)?;
            return Ok(Outcome::Good);
        }
        let file = Replacement::of(&self.output)?;
        let written = file.file().write_all(&stream).map_err(Cause::from).and_then(|()| file.commit());
        written.map_err(|cause| cause.writing(&self.output))?;
        let output = self.output.display().to_string();
        let digest = faissil::core::report::hex(blake3::hash(&stream).as_bytes());
        if self.json {
            print_json(&json!({
                "output": output,
                "factory": self.factory,
                "rows": self.rows,
                "d": fixture.d(),
                "seed": self.seed,
                "portable": fixture.is_portable(),
                "size_bytes": stream.len(),
                "blake3": digest,
            }))?;
        } else {
            let (rows, d) = (say::count(self.rows), fixture.d());
            print(&format!("wrote {output}: {}, {rows} vectors of {d} dimensions\n  blake3  {digest}", self.factory))?;
        }
        Ok(Outcome::Good)
    }
}
