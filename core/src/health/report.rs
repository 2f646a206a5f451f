//! The whole answer, for programs.

use super::about::State;
use super::sample::Coverage;
use super::sample::Options;
use super::section::{Part, Planned, Section};
use crate::describe;
use crate::outline::Outline;
use crate::report::Fault;
use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use serde::Serialize;

/// The JSON of `health`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Health {
    /// The file's name as it was given.
    pub file: String,
    /// What the index is, as `inspect` says it.
    pub description: String,
    /// Whether the stream could be followed to its end.
    pub complete: bool,
    /// Why not; null when it could.
    pub fault: Option<Fault>,
    /// How much was looked at.
    pub options: Options,
    /// The worst state of all measures; `damage` also where damage kept a part from being looked at.
    pub state: State,
    /// What was found, part by part.
    pub sections: Vec<Section>,
}

/// The JSON of a plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// The file's name as it was given.
    pub file: String,
    /// How much is to be looked at.
    pub options: Options,
    /// Bytes that all parts will ask for, as far as is known before.
    pub bytes: u64,
    /// Bytes that they will ask for at most.
    pub bytes_most: u64,
    /// The parts.
    pub parts: Vec<PlannedPart>,
}

/// A part of a plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlannedPart {
    /// What it is.
    pub part: Part,
    /// Where the record that holds it stands; empty at the top.
    pub path: String,
    /// The class of that record.
    pub class: &'static str,
    /// What of it will be looked at.
    pub coverage: Coverage,
    /// Bytes that will be asked for, as far as is known before. A host that checks chunks reads these whole.
    pub bytes: u64,
    /// Bytes that will be asked for at most.
    pub bytes_most: u64,
    /// Why it is left out; null when it is not.
    pub omitted: Option<String>,
}

/// The answer from what was found in each part.
pub fn health(file: String, outline: &Outline, options: Options, sections: Vec<Section>) -> Health {
    let states = sections.iter().flat_map(|section| &section.measures).map(|measure| measure.state);
    Health {
        file,
        description: describe::description(&outline.root).text,
        complete: outline.fault.is_none(),
        fault: outline.fault.as_ref().map(|fault| Fault {
            kind: fault.kind.label().to_string(),
            at: fault.at,
            path: fault.path.clone(),
            message: fault.to_string(),
        }),
        options,
        state: states.max().unwrap_or(State::Figure),
        sections,
    }
}

/// The plan as it is reported.
pub fn report_plan(file: String, options: Options, parts: &[Planned<'_>]) -> Plan {
    let total = |bytes: fn(&Planned<'_>) -> u64| parts.iter().map(bytes).fold(0, u64::saturating_add);
    let part = |planned: &Planned<'_>| PlannedPart {
        part: planned.part,
        path: planned.path.clone(),
        class: planned.class,
        coverage: planned.coverage,
        bytes: planned.bytes,
        bytes_most: planned.bytes_most,
        omitted: planned.omitted.clone(),
    };
    Plan {
        file,
        options,
        bytes: total(|planned| planned.bytes),
        bytes_most: total(|planned| planned.bytes_most),
        parts: parts.iter().map(part).collect(),
    }
}
