//! `faissil load --salvage`: what is good of a damaged snapshot.

use crate::{
    Outcome,
    save::what,
    say,
    talk::{self, print, print_json},
};
use faissil::{
    Cause, Error,
    core::{snapshot::Digest, verify::damage_report},
    salvage::{Salvaged, salvage},
};
use serde_json::{Value, json};
use std::path::Path;

/// Ids and runs of rows that a page names before it says that there are more.
const NAMED: usize = 10;

pub(crate) fn run(input: &Path, output: &Path, expected: Option<Digest>, as_json: bool) -> Result<Outcome, Error> {
    if output.as_os_str() == "-" {
        let cause = Cause::Refused("what is left is checked where it was written, so it needs a file".into());
        return Err(cause.of("cannot salvage to standard output"));
    }
    let salvaged = salvage(input, output, expected, &talk::progress("salvaging"))?;
    salvaged.warnings.iter().for_each(|text| talk::warning(text));
    let (from, to) = (input.display().to_string(), output.display().to_string());
    if as_json {
        print_json(&report(&salvaged, &from, &to))?;
    } else {
        print(&page(&salvaged, &from, &to))?;
    }
    Ok(if salvaged.damage.is_empty() { Outcome::Good } else { Outcome::Damaged })
}

fn report(salvaged: &Salvaged, from: &str, to: &str) -> Value {
    let runs = salvaged.left_out.iter().map(|left| (left.rows.start, left.rows.end - left.rows.start));
    let runs: Vec<Value> = runs.map(|(first, rows)| json!({ "first": first, "rows": rows })).collect();
    let dropped = salvaged.dropped.iter().map(|dropped| json!({ "what": dropped.what, "why": dropped.why }));
    let sides = salvaged.side_files.iter();
    let sides = sides.map(|(path, there)| json!({ "file": path.display().to_string(), "was_there": there }));
    json!({
        "file": from,
        "output": to,
        "snapshot_digest": salvaged.from.to_string(),
        "stream": { "len": salvaged.stream_len, "blake3": salvaged.stream_digest.to_string() },
        "side_files": sides.collect::<Vec<_>>(),
        "warnings": salvaged.warnings,
        "salvaged": {
            "ok": salvaged.damage.is_empty(),
            "damage": salvaged.damage.iter().map(damage_report).collect::<Vec<_>>(),
            "fidelity": salvaged.fidelity,
            "rows": salvaged.rows,
            "left_out": {
                "rows": salvaged.rows_left_out(),
                "runs": runs,
                "ids": salvaged.ids,
                "ids_unknown": salvaged.ids_unknown,
            },
            "dropped": dropped.collect::<Vec<_>>(),
            "is_wrapped": salvaged.is_wrapped,
            "output_digest": salvaged.digest.map(|digest| digest.to_string()),
        },
    })
}

fn page(salvaged: &Salvaged, from: &str, to: &str) -> String {
    let mut lines = Vec::new();
    let mut line = |name: &str, text: String| lines.push(format!("  {name:9} {text}").trim_end().to_string());
    for damage in &salvaged.damage {
        let place = if damage.span.is_empty() { String::new() } else { format!("bytes {}", damage.span) };
        let colon = if place.is_empty() || damage.path.is_empty() { "" } else { ": " };
        let place = format!("{place}{colon}{}", damage.path);
        line("damage", if place.is_empty() { damage.reason.clone() } else { format!("{place}; {}", damage.reason) });
    }
    for (name, text) in ["left out", ""].into_iter().chain(std::iter::repeat("")).zip(left_out(salvaged)) {
        line(name, text);
    }
    if let Some(outline) = &salvaged.outline {
        line("index", what(outline));
    }
    if salvaged.is_wrapped {
        line("ids", "the old row numbers, in an IndexIDMap2 around what was there".into());
    }
    line("fidelity", format!("{}: {}", salvaged.fidelity.name(), salvaged.fidelity.meaning()));
    line("stream", salvaged.stream_digest.to_string());
    for (path, there) in &salvaged.side_files {
        line("with", format!("{}{}", path.display(), if *there { ", which was there already" } else { "" }));
    }
    match salvaged.digest {
        Some(digest) => line("snapshot", digest.to_string()),
        None => line("from", format!("snapshot {}", salvaged.from)),
    }
    let state = if salvaged.damage.is_empty() { "which is intact" } else { "which is DAMAGED" };
    format!("salvaged {to} from {from}, {state}: {}\n{}", say::bytes(salvaged.stream_len), lines.join("\n"))
}

/// What is left out, line by line.
fn left_out(salvaged: &Salvaged) -> Vec<String> {
    let count = salvaged.rows_left_out();
    let mut lines = Vec::new();
    if count > 0 {
        let runs: Vec<String> = salvaged.left_out.iter().map(|left| &left.rows).fold(Vec::new(), joined);
        let more = if runs.len() > NAMED { ", ..." } else { "" };
        let runs = runs.into_iter().take(NAMED).collect::<Vec<_>>().join(", ");
        lines.push(format!("{} of {} rows: {runs}{more}", say::count(count), say::count(salvaged.rows)));
        let ids: Vec<String> = salvaged.ids.iter().take(NAMED).map(i64::to_string).collect();
        let known = count - salvaged.ids_unknown;
        let more = if ids.len() as u64 != known { ", ..." } else { "" };
        if known > 0 {
            lines.push(format!("{} ids: {}{more}", say::count(known), ids.join(", ")));
        }
        if salvaged.ids_unknown > 0 {
            lines.push(format!(
                "{} ids that cannot be read: their own bytes are damaged",
                say::count(salvaged.ids_unknown)
            ));
        }
    }
    lines.extend(salvaged.dropped.iter().map(|dropped| format!("{}: {}", dropped.what, dropped.why)));
    if lines.is_empty() {
        lines.push("nothing".into());
    }
    lines
}

/// Runs of rows as text, neighbours in one.
fn joined(mut runs: Vec<String>, rows: &std::ops::Range<u64>) -> Vec<String> {
    match runs.last().and_then(|last| last.split_once("..")).filter(|(_, end)| **end == *rows.start.to_string()) {
        Some((start, _)) => {
            let run = format!("{start}..{}", rows.end);
            runs.pop();
            runs.push(run);
        }
        None => runs.push(format!("{}..{}", rows.start, rows.end)),
    }
    runs
}
