//! `faissil pull`: an index behind a server becomes a snapshot.

use crate::{
    Outcome,
    save::{AdditionArgs, LayoutArg, page},
    say,
    server::SourceArgs,
    talk::{self, print, print_json},
};
use faissil::{
    Error,
    pull::{Options, Pulled, pull},
};
use serde_json::json;
use std::path::PathBuf;

/// Pull an index from a FAISSx server into a snapshot, with every id and vector, or not at all.
///
/// `faissil plan` says beforehand how. What cannot be had is named and counted, and refused unless you say otherwise. A pull that was
/// interrupted leaves OUT.part and OUT.part.journal; the same command goes on from there. The API key comes from FAISSX_API_KEY or
/// --key-file, the tenant from FAISSX_TENANT_ID; neither is stored.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// tcp://HOST:PORT/INDEX
    #[arg(value_name = "URL")]
    source: String,
    /// The snapshot to write
    #[arg(value_name = "OUT")]
    output: PathBuf,
    #[command(flatten)]
    how: SourceArgs,
    /// Begin anew, whatever an earlier pull to OUT left
    #[arg(long)]
    fresh: bool,
    /// How the snapshot holds the stream
    #[arg(long, value_enum, default_value = "sealed")]
    layout: LayoutArg,
    #[command(flatten)]
    additions: AdditionArgs,
    /// Print what was pulled as JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) fn run(self) -> Result<Outcome, Error> {
        let (address, mut source) = self.how.connect(&self.source, "pull")?;
        let options = Options {
            policy: self.how.policy.policy(),
            layout: self.layout.layout(),
            additions: self.additions.additions(false),
            fresh: self.fresh,
        };
        let pulled = pull(&mut source, &self.output, &options, &talk::progress("pulling"))?;
        pulled.warnings.iter().for_each(|text| talk::warning(text));
        crate::save::remark(&pulled.saved);
        let tally = source.client().tally();
        let output = self.output.display().to_string();
        let left_out: u64 = pulled.left_out.iter().map(|run| run.end - run.start).sum();
        if self.json {
            let run = |run: &std::ops::Range<u64>| json!({ "first": run.start, "rows": run.end - run.start });
            return print_json(&json!({
                "source": address.to_string(),
                "output": output,
                "kind": pulled.saved.layout.name(),
                "size_bytes": pulled.saved.size_bytes,
                "snapshot_digest": pulled.saved.digest.to_string(),
                "stream": { "len": pulled.saved.stream_len, "blake3": pulled.saved.stream_digest.to_string() },
                "index": pulled.plan.index,
                "rows": pulled.plan.rows - left_out,
                "fidelity": pulled.saved.fidelity,
                "ids": pulled.plan.ids.strategy,
                "left_out": { "rows": left_out, "runs": pulled.left_out.iter().map(run).collect::<Vec<_>>() },
                "numbered": pulled.numbered,
                "placeholders": pulled.placeholders,
                "resumed": pulled.resumed,
                "requests": tally.requests,
                "asked_again": tally.again,
                "received_bytes": tally.bytes,
                "warnings": pulled.warnings,
            }))
            .map(|()| Outcome::Good);
        }
        let text = page(&pulled.saved, &address.to_string(), &output);
        print(&text.replacen("saved ", "pulled ", 1).replacen(
            "\n\nlook inside",
            &format!("\n{}\n\nlook inside", how(&pulled, tally, left_out)),
            1,
        ))?;
        Ok(Outcome::Good)
    }
}

/// How it was had, in lines of the page.
fn how(pulled: &Pulled, tally: faissil::remote::Tally, left_out: u64) -> String {
    let mut lines = Vec::new();
    let mut line = |name: &str, text: String| lines.push(format!("  {name:<10}{text}"));
    line("of", format!("{}: {} rows", pulled.plan.index, say::count(pulled.plan.rows)));
    let (requests, bytes) = (say::count(tally.requests), say::bytes(tally.bytes));
    let again = if tally.again > 0 { format!(", {} of them again", say::count(tally.again)) } else { String::new() };
    line("asked", format!("{requests} requests{again}, {bytes} received"));
    if pulled.resumed > 0 {
        line("resumed", format!("{} rows had arrived earlier", say::count(pulled.resumed)));
    }
    if left_out > 0 {
        line("left out", format!("{} rows", say::count(left_out)));
    }
    if pulled.numbered > 0 {
        line("numbered", format!("{} rows have their numbers for ids", say::count(pulled.numbered)));
    }
    if pulled.placeholders > 0 {
        line("zeros", format!("{} rows are placeholders", say::count(pulled.placeholders)));
    }
    lines.join("\n")
}
