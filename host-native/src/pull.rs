//! An index behind a server becomes a snapshot.
//!
//! The source says what it can do, the core plans, and the plan is carried out page by page into a file beside the output
//! (`spool`), in memory that does not depend on the index. Rows on which a step fails go to the next strategy, and only they. What has arrived
//! is noted (`journal`), so an interrupted pull goes on where it was. At the end the file, which is the stand-in stream by then, is
//! sealed where it stands, with the fidelity of each run of rows and the recipe, verified, and given its name (`finish`).
//!
//! Rows that cannot be had, or whose ids cannot, are named and counted, and end the pull unless the caller's [`Policy`] says otherwise.

mod data_dir;
mod finish;
mod journal;
mod spool;

use crate::{
    Cause, Error,
    parallel::Progress,
    replace::Replacement,
    save::{Additions, Input, Saved, check_additions, save},
    source::{Lost, ServerSource, Source},
};
use faissil_core::{
    plan::{IdStrategy, Missing, Plan, Policy, Step, Strategy, plan},
    snapshot::Layout,
};
use spool::{Spool, runs_of};
use std::{
    ops::Range,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// How a pull is done.
#[derive(Debug, Clone)]
pub struct Options {
    /// What is accepted.
    pub policy: Policy,
    /// How the snapshot holds the stream.
    pub layout: Layout,
    /// What goes into the snapshot beside the stream.
    pub additions: Additions,
    /// The server's data folder, where it can be read here.
    pub data_dir: Option<PathBuf>,
    /// Begin anew, whatever has arrived earlier.
    pub fresh: bool,
    /// Ask for every page until two answers agree: the protocol has no checksum.
    pub twice: bool,
}

/// What was pulled.
#[derive(Debug)]
pub struct Pulled {
    /// The snapshot.
    pub saved: Saved,
    /// How it was had.
    pub plan: Plan,
    /// Rows that are left out, in runs.
    pub left_out: Vec<Range<u64>>,
    /// Rows whose ids could not be had and are their numbers.
    pub numbered: u64,
    /// Rows that are zeros.
    pub placeholders: u64,
    /// Rows that had arrived in an earlier try.
    pub resumed: u64,
    /// What the user has to know.
    pub warnings: Vec<String>,
}

/// How often a page is asked for until two answers that follow each other agree.
const AGREEING: u32 = 8;
/// How often what has arrived is noted.
const NOTE_EVERY: Duration = Duration::from_secs(2);

/// Plan for `source` with what `options` say.
///
/// # Errors
/// When a data folder is given that does not hold the index that the server answers for.
pub fn plan_for(source: &mut ServerSource, options: &Options) -> Result<(Plan, Option<PathBuf>), Error> {
    let Some(dir) = &options.data_dir else { return Ok((plan(source.facts(), &options.policy), None)) };
    let file = data_dir::file_of(dir, &source.place().listed.index);
    let len = data_dir::check(source, &file)?;
    let mut facts = source.facts().clone();
    facts.can.native = Some(len);
    Ok((plan(&facts, &options.policy), Some(file)))
}

/// Pull the index of `source` into a snapshot at `output`.
///
/// # Errors
/// When the plan is refused, the source fails, or the output cannot be written. What has arrived stays beside the output, and the next
/// pull to it goes on from there.
pub fn pull(
    source: &mut ServerSource,
    output: &Path,
    options: &Options,
    progress: Progress<'_>,
) -> Result<Pulled, Error> {
    let what = |source: &ServerSource| format!("cannot pull `{}`", source.name());
    check_additions(&options.additions)?;
    // What cannot be written in the end is better known before the first request. A link is followed.
    drop(Replacement::of(output)?);
    let output = &std::fs::canonicalize(output).unwrap_or_else(|_| output.into());
    let (plan, file) = plan_for(source, options)?;
    if plan.is_refused() {
        let why = plan.refused.join("; ");
        let down = plan.turned_down.iter().map(|down| format!("{}: {}", down.strategy, down.why));
        let said = format!("{why}\n    {}", down.collect::<Vec<_>>().join("\n    "));
        let hint = "`--data-dir` takes the bytes from the server's data folder; `faissil plan` shows what can be had";
        return Err(Cause::Refused(said).of(what(source)).hint(hint));
    }
    if let Some(file) = file.filter(|_| plan.steps.iter().any(|step| step.strategy == Strategy::NativeBytes)) {
        let saved = save(&Input::Path(file), output, options.layout, &options.additions, progress)?;
        source.check_unchanged().map_err(|cause| cause.of(what(source)))?;
        let warnings = source.warnings().to_vec();
        return Ok(Pulled { saved, plan, left_out: Vec::new(), numbered: 0, placeholders: 0, resumed: 0, warnings });
    }
    let (mut spool, mut warnings) = Spool::open(source, output, options.fresh)?;
    let resumed = spool.arrived();
    warnings.extend(source.warnings().to_vec());
    let mut running =
        Running { plan: &plan, options, spool: &mut spool, asked: 0, noted: Instant::now(), begun: Instant::now() };
    let run =
        running.vectors(source, progress).and_then(|()| running.ids(source)).and_then(|()| source.check_unchanged());
    if let Err(cause) = run {
        let kept = spool.note();
        let error = cause.of(what(source));
        return Err(match kept {
            Ok(()) if spool.arrived() > 0 => error.hint(format!(
                "{} of {} rows have arrived and are kept in `{}`; the same command goes on from there",
                spool.arrived(),
                plan.rows,
                spool.path().display()
            )),
            _ => error,
        });
    }
    finish::finish(spool, source, output, options, plan, resumed, warnings, progress)
}

/// A plan that is being carried out.
struct Running<'a> {
    plan: &'a Plan,
    options: &'a Options,
    spool: &'a mut Spool,
    asked: u64,
    noted: Instant,
    begun: Instant,
}

impl Running<'_> {
    fn vectors(&mut self, source: &mut ServerSource, progress: Progress<'_>) -> Result<(), Cause> {
        let row_bytes = u64::from(self.plan.d) * 4;
        for step in &self.plan.steps {
            if matches!(step.strategy, Strategy::Nothing | Strategy::Placeholder) {
                continue;
            }
            let mut page = self.spool.missing(step.range(), step.page);
            while let Some(rows) = page {
                self.check_time()?;
                let next = self.spool.missing(rows.end..step.range().end, step.page);
                self.asked += 1;
                match self.page(source, step.strategy, rows.clone(), next.clone()) {
                    Ok(floats) => self.spool.put(rows.clone(), &floats, step.strategy)?,
                    Err(Lost::Rows(why)) => self.fall_back(source, step, rows.clone(), why)?,
                    Err(Lost::All(cause)) => return Err(cause),
                }
                if self.noted.elapsed() > NOTE_EVERY {
                    self.spool.note()?;
                    self.noted = Instant::now();
                }
                progress(self.spool.arrived() * row_bytes, self.plan.rows * row_bytes);
                page = next;
            }
        }
        Ok(())
    }

    /// A page, asked for until two answers agree where that is wanted.
    fn page(
        &mut self,
        source: &mut ServerSource,
        strategy: Strategy,
        rows: Range<u64>,
        next: Option<Range<u64>>,
    ) -> Result<Vec<u8>, Lost> {
        if !self.options.twice {
            return source.page(strategy, rows, next);
        }
        let mut seen = source.page(strategy, rows.clone(), None)?;
        for _ in 0..AGREEING {
            self.asked += 1;
            let again = source.page(strategy, rows.clone(), None)?;
            if again == seen {
                return Ok(seen);
            }
            seen = again;
        }
        let said = format!("rows {}..{} came otherwise each of {AGREEING} times", rows.start, rows.end);
        Err(Lost::All(Cause::Refused(said)))
    }

    /// The strategies behind that of `step`, for these rows only. What none of them gives stays missing.
    fn fall_back(
        &mut self,
        source: &mut ServerSource,
        step: &Step,
        rows: Range<u64>,
        why: String,
    ) -> Result<(), Cause> {
        self.spool.lost(rows.clone(), step.strategy, why);
        for &strategy in &step.then {
            let page = if strategy == Strategy::ReconstructOne { 1 } else { step.page };
            let mut left = self.spool.missing(rows.clone(), page);
            while let Some(part) = left {
                self.check_time()?;
                if self.options.policy.requests.is_some_and(|most| self.asked >= most) {
                    self.spool.lost(part, strategy, "all requests that are allowed are made".into());
                    return Ok(());
                }
                self.asked += 1;
                match self.page(source, strategy, part.clone(), None) {
                    Ok(floats) => self.spool.put(part.clone(), &floats, strategy)?,
                    Err(Lost::Rows(why)) => self.spool.lost(part.clone(), strategy, why),
                    Err(Lost::All(cause)) => return Err(cause),
                }
                left = self.spool.missing(part.end..rows.end, page);
            }
        }
        Ok(())
    }

    fn ids(&mut self, source: &mut ServerSource) -> Result<(), Cause> {
        match self.plan.ids.strategy {
            IdStrategy::Sequential => self.spool.number(),
            IdStrategy::Unknown => Ok(()),
            _ => {
                let most = self.options.policy.requests.map(|most| most.saturating_sub(self.asked));
                source.ids(&self.plan.ids, most, self.spool)
            }
        }
    }

    fn check_time(&self) -> Result<(), Cause> {
        match self.options.policy.millis {
            Some(most) if self.begun.elapsed() > Duration::from_millis(most) => {
                Err(Cause::Refused(format!("the {most} ms that are allowed are over")))
            }
            _ => Ok(()),
        }
    }
}

/// What is missing, in words: how many rows, the first of them, and why.
fn missing_in_words(spool: &Spool) -> Option<String> {
    let (vectors, ids) = (spool.without_vector(), spool.without_id());
    let rows = |count: u64| if count == 1 { "1 row".to_string() } else { format!("{count} rows") };
    let named = |which: &dyn Fn(u64) -> bool| {
        let runs = runs_of(0..spool.rows(), which).take(11).map(|run| format!("{}..{}", run.start, run.end));
        let mut runs: Vec<String> = runs.collect();
        if runs.len() > 10 {
            runs[10] = "...".into();
        }
        runs.join(", ")
    };
    let mut said = Vec::new();
    if vectors > 0 {
        said.push(format!("the vectors of {} cannot be had ({})", rows(vectors), named(&|row| !spool.has_vector(row))));
        said.extend(spool.why_lost().iter().map(|(strategy, why)| format!("{}: {why}", strategy.name())));
    }
    if ids > 0 {
        let which = |row| spool.has_vector(row) && !spool.has_id(row);
        said.push(format!("the ids of {} cannot be had ({})", rows(ids), named(&which)));
    }
    (!said.is_empty()).then(|| said.join("; "))
}

/// That nothing is missing that the caller does not allow to be.
fn check_missing(spool: &Spool, policy: &Policy) -> Result<(), Cause> {
    let vectors_may = policy.missing != Missing::Refuse || spool.without_vector() == 0;
    let ids_may = policy.missing == Missing::LeaveOut || policy.number_rows || spool.without_id() == 0;
    match missing_in_words(spool) {
        Some(said) if !(vectors_may && ids_may) => Err(Cause::Refused(said)),
        _ => Ok(()),
    }
}
