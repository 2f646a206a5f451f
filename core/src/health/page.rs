//! The page of `health`, for people: a verdict, then the measures of each part, the bad ones marked.

use super::about::{Measure, State};
use super::detail::Detail;
use super::report::Health;
use super::sample::{Coverage, Tag};
use super::section::{Part, Section};
use crate::report::grouped;
use alloc::{format, string::String};
use core::fmt::Write;

/// The page for an index.
pub fn page(report: &Health) -> String {
    let mut out = String::new();
    // Writing to a `String` cannot fail.
    let _ = write_page(&mut out, report);
    out
}

fn write_page(out: &mut String, report: &Health) -> core::fmt::Result {
    writeln!(out, "{}: {}, {}", report.file, report.description, verdict(report))?;
    if let Some(fault) = &report.fault {
        writeln!(out, "  it cannot be followed to its end: {}", fault.message)?;
    }
    for section in &report.sections {
        writeln!(out, "\n{}: {}", title(section), covered(section))?;
        if let Some(why) = &section.omitted {
            writeln!(out, "  - {why}")?;
        }
        for measure in &section.measures {
            writeln!(out, "  {} {:<20} {}", mark(measure.state), measure.code, measure.says)?;
            if let (State::Warning | State::Damage, Some(threshold)) = (measure.state, measure.threshold) {
                writeln!(out, "  {:<22}   {threshold}", "")?;
            }
        }
    }
    Ok(())
}

fn verdict(report: &Health) -> String {
    let count = |state: State| {
        let all = report.sections.iter().flat_map(|section| &section.measures);
        all.filter(|measure: &&Measure| measure.state == state).count()
    };
    match (count(State::Damage), count(State::Warning)) {
        (0, _) if report.state == State::Damage => "DAMAGED: not all of it could be looked at".into(),
        (0, 0) if report.fault.is_some() => "not all of it could be looked at".into(),
        (0, 0) => "nothing to worry about in what was looked at".into(),
        (0, 1) => "1 warning".into(),
        (0, warnings) => format!("{warnings} warnings"),
        (damage, 0) => format!("{damage} of its parts DAMAGED"),
        (damage, warnings) => format!("DAMAGED in {damage} ways, and {warnings} warnings"),
    }
}

fn mark(state: State) -> char {
    match state {
        State::Figure => ' ',
        State::Good => '+',
        State::Unknown => '?',
        State::Warning | State::Damage => '!',
    }
}

fn title(section: &Section) -> String {
    let what = match section.part {
        Part::Lists => "Inverted lists",
        Part::Graph => "Graph",
        Part::Vectors => "Vectors",
        Part::Ids => "Ids",
        Part::Codes => "Codes",
    };
    let at = if section.path.is_empty() { String::new() } else { format!(" ({})", section.path) };
    format!("{what} of {}{at}", section.class)
}

fn covered(section: &Section) -> String {
    let Coverage { tag, looked_at, of, sample, unit } = section.coverage;
    let (looked_at, of) = (grouped(looked_at), grouped(of));
    let unit = match &section.detail {
        Some(Detail::Vectors(vectors)) => vectors.fidelity.name(),
        _ => unit,
    };
    match (tag, sample) {
        (Tag::Complete, _) => format!("complete, {of} {unit}"),
        (Tag::None, _) => format!("not looked at, {of} {unit}"),
        (Tag::Sampled, Some(drawn)) => {
            format!("sampled, {looked_at} of {of} {unit} in {} runs, seed {}", drawn.runs, drawn.seed)
        }
        (Tag::Sampled, None) => format!("sampled, {looked_at} of {of} {unit}"),
    }
}
