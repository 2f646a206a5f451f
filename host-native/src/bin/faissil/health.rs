//! `faissil health` and `faissil map`: how an index is doing, and where its vectors are.

use crate::{
    Outcome,
    input::{each, open},
    talk::{self, Stdout, note, print, print_json, print_json_error},
};
use faissil::{
    Cause, Error,
    core::health::{Coverage, Map, Options, State, Tag, page},
    health::{examine, map_opened, planned},
};
use std::{
    io::Write,
    path::{Path, PathBuf},
};

/// Say how an index is doing: lists that are uneven, nodes that no search finds, vectors that should not be there.
///
/// Of a large index a random sample of vectors and codes is looked at, which the answer describes; graphs, sizes of lists
/// and ids are read whole. `--json` has the figures behind each measure, its definition, threshold and source.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    sample: Sample,
    /// Look at every vector and every code, not at a sample
    #[arg(long, conflicts_with = "rows")]
    all: bool,
    /// Say what would be looked at and how many bytes that reads, as JSON, and do not do it
    #[arg(long)]
    plan: bool,
    /// Print one JSON object a file
    #[arg(long)]
    json: bool,
}

/// How a sample is drawn.
#[derive(clap::Args)]
struct Sample {
    /// Draw a sample of so many rows [default: 4096, and more of short rows, where there are too many to look at all]
    #[arg(long, value_name = "N")]
    rows: Option<u64>,
    /// Runs of neighbouring rows that the sample is made of [default: 256]
    #[arg(long, value_name = "N")]
    runs: Option<u64>,
    /// Where the random numbers start
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

impl Sample {
    fn options(&self, all: bool) -> Options {
        Options::asked(self.rows, self.runs, Some(self.seed), all)
    }
}

impl Args {
    pub(crate) fn run(self) -> Result<Outcome, Error> {
        Ok(each(&self.files, |number, path| {
            if number > 0 && !self.json && !self.plan {
                print("")?;
            }
            self.one(path).or_else(|error| {
                if self.json || self.plan {
                    print_json_error(path, &error)?;
                }
                Err(error)
            })
        }))
    }

    fn one(&self, path: &Path) -> Result<Outcome, Error> {
        let options = self.sample.options(self.all);
        let opened = open(path)?;
        let reading = |cause: Cause| cause.reading(path);
        if self.plan {
            print_json(&planned(&opened, &options).map_err(reading)?)?;
            return Ok(Outcome::Good);
        }
        let examined = examine(&opened, &options, &talk::progress("reading")).map_err(reading)?;
        if self.json {
            print_json(&examined.health)?;
        } else {
            print(&page(&examined.health))?;
        }
        if let Some(damage) = examined.damage {
            talk::error(&reading(damage.into()).hint("`faissil verify` says what else is damaged"));
            return Ok(Outcome::Damaged);
        }
        match (&examined.health.fault, examined.health.state) {
            (Some(fault), _) if ["unknown tag", "unsupported", "over the limit"].contains(&fault.kind.as_str()) => {
                Ok(Outcome::Undone)
            }
            (Some(_), _) | (None, State::Damage) => Ok(Outcome::Damaged),
            (None, _) => Ok(Outcome::Good),
        }
    }
}

/// Draw a map of the vectors of an index: their two principal components.
///
/// Prints a line a vector: row, x, y, norm and, of an IVF index, the number of its list. Of an index with more than 4096
/// vectors a random sample is drawn, which standard error describes; it also says whether they are exact or decoded.
#[derive(clap::Args)]
pub(crate) struct MapArgs {
    /// The index file or snapshot
    file: PathBuf,
    #[command(flatten)]
    sample: Sample,
    /// Print the map as one JSON object
    #[arg(long)]
    json: bool,
}

impl MapArgs {
    pub(crate) fn run(self) -> Result<Outcome, Error> {
        let opened = open(&self.file)?;
        let map = map_opened(&opened, &self.sample.options(false), &talk::progress("drawing"))
            .map_err(|cause| cause.doing("draw a map of", &self.file))?;
        if self.json {
            print_json(&map)?;
            return Ok(Outcome::Good);
        }
        note(&described(&map));
        let mut out = Stdout::new();
        write_points(&map, &mut out).map_err(talk::to_stdout)?;
        Ok(Outcome::Good)
    }
}

fn described(map: &Map) -> String {
    let Coverage { tag, looked_at, of, sample, .. } = map.coverage;
    let fidelity = map.fidelity.name();
    let drawn = match (tag, sample) {
        (Tag::Sampled, Some(drawn)) => {
            format!("{looked_at} of {of} {fidelity}, a sample of {} runs, seed {}", drawn.runs, drawn.seed)
        }
        _ => format!("all {of} {fidelity}"),
    };
    let [x, y] = map.explained_share.map(|share| share * 100.0);
    let left_out =
        if map.left_out > 0 { format!("; {} are left out: not finite", map.left_out) } else { String::new() };
    format!("{drawn}; the axes explain {x:.1} % and {y:.1} % of the variance{left_out}")
}

fn write_points(map: &Map, out: &mut Stdout) -> std::io::Result<()> {
    let list = map.list.as_ref();
    writeln!(out, "row,x,y,norm{}", if list.is_some() { ",list" } else { "" })?;
    let places = map.row.iter().zip(&map.x).zip(&map.y).zip(&map.norm);
    for (number, (((row, x), y), norm)) in places.enumerate() {
        write!(out, "{row},{x},{y},{norm}")?;
        if let Some(list) = list.and_then(|list| list.get(number)) {
            write!(out, ",{list}")?;
        }
        writeln!(out)?;
        if out.is_closed() {
            break;
        }
    }
    out.flush()
}
