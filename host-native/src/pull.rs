//! An index that a [source](crate::source) gives becomes a snapshot.
//!
//! The source says what it can do, the core plans, and the plan is carried out page by page into a file beside the output
//! (`spool`), in memory that does not depend on the index. Rows on which a step fails go to the next strategy, and only they. What has arrived
//! is noted (`journal`), so an interrupted pull goes on where it was. At the end the file, which is the stand-in stream by then, is
//! sealed where it stands, with the fidelity of each run of rows and the recipe, verified, and given its name (`finish`).
//!
//! Rows that cannot be had, or whose ids cannot, are named and counted, and end the pull unless the caller's [`Policy`] says otherwise.

mod finish;
mod journal;
mod missing;
mod spool;

use crate::{
    Cause, Error,
    parallel::Progress,
    replace::Replacement,
    save::{Additions, Saved, check_additions},
    source::{Lost, Source},
};
use faissil_core::{
    plan::{IdStrategy, Mode, Plan, Policy, Step, Strategy, plan},
    snapshot::Layout,
};
use spool::Spool;
use std::{
    ops::Range,
    path::Path,
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
    /// Begin anew, whatever has arrived earlier. What is local is quickly asked again, so it always is.
    pub fresh: bool,
}

impl Default for Options {
    /// A sealed snapshot by the default policy, nothing added.
    fn default() -> Options {
        let (policy, additions) = (Policy::default(), Additions::default());
        Options { policy, layout: Layout::Sealed, additions, fresh: false }
    }
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

/// Pull the index of `source` into a snapshot at `output`.
///
/// # Errors
/// When the plan is refused, the source fails, or the output cannot be written. What has arrived stays beside the output, and the next
/// pull to it goes on from there.
pub fn pull(
    source: &mut dyn Source,
    output: &Path,
    options: &Options,
    progress: Progress<'_>,
) -> Result<Pulled, Error> {
    let what = |source: &dyn Source| format!("cannot pull `{}`", source.name());
    check_additions(&options.additions)?;
    // What cannot be written in the end is better known before the first request. A link is followed.
    drop(Replacement::of(output)?);
    if output.as_os_str() == "-" {
        return Err(
            Cause::Refused("a snapshot is put together in a file, not on standard output".into()).of(what(source))
        );
    }
    let output = &std::fs::canonicalize(output).unwrap_or_else(|_| output.into());
    let is_remote = source.facts().mode == Mode::Remote;
    let mut plan = plan(source.facts(), &options.policy);
    if plan.is_refused() {
        let why = plan.refused.join("; ");
        let down = plan.turned_down.iter().map(|down| format!("{}: {}", down.strategy, down.why));
        let said = format!("{why}\n    {}", down.collect::<Vec<_>>().join("\n    "));
        let hint = "`--data-dir` takes the bytes from the server's data folder; `faissil plan` shows what can be had";
        let error = Cause::Refused(said).of(what(source));
        return Err(if is_remote { error.hint(hint) } else { error });
    }
    let mut warnings = Vec::new();
    if plan.steps.iter().any(|step| step.strategy == Strategy::NativeBytes) {
        match source.save_bytes(output, options.layout, &options.additions, progress) {
            Ok(saved) => {
                source.check_unchanged().map_err(|cause| cause.of(what(source)))?;
                warnings.extend(source.warnings().to_vec());
                let left_out = Vec::new();
                return Ok(Pulled { saved, plan, left_out, numbered: 0, placeholders: 0, resumed: 0, warnings });
            }
            // FAISS could not write it, so the next way takes over, as the plan says.
            Err(Error { cause: cause @ Cause::Faiss(_), .. }) => {
                let without = options.policy.without.and(Strategy::NativeBytes);
                plan = faissil_core::plan::plan(source.facts(), &Policy { without, ..options.policy });
                if plan.is_refused() {
                    return Err(cause.of(what(source)));
                }
                warnings.push(format!("its bytes could not be had: {cause}"));
            }
            Err(error) => return Err(error),
        }
    }
    if let Some(path) = options.additions.side_files.first() {
        let said = "the vectors stand for the index, and they refer to no other file";
        return Err(Cause::Refused(said.into()).of(format!("cannot take `{}` as a side file", path.display())));
    }
    let (mut spool, more) = Spool::open(source, output, options.fresh)?;
    warnings.extend(more);
    let resumed = spool.arrived();
    let mut running =
        Running { plan: &plan, options, spool: &mut spool, asked: 0, noted: Instant::now(), begun: Instant::now() };
    let run =
        running.vectors(source, progress).and_then(|()| running.ids(source)).and_then(|()| source.check_unchanged());
    if let Err(cause) = run {
        let kept = spool.note().is_ok();
        spool.clear_away();
        let error = cause.of(what(source));
        return Err(if kept { spool.with_hint(error) } else { error });
    }
    warnings.extend(source.warnings().to_vec());
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
    fn vectors(&mut self, source: &mut dyn Source, progress: Progress<'_>) -> Result<(), Cause> {
        let row_bytes = u64::from(self.plan.d) * 4;
        for step in &self.plan.steps {
            if matches!(step.strategy, Strategy::Nothing | Strategy::Placeholder) {
                continue;
            }
            let mut page = self.spool.missing(step.range(), step.page);
            while let Some(rows) = page {
                self.check_time()?;
                self.check_requests()?;
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
        source: &mut dyn Source,
        strategy: Strategy,
        rows: Range<u64>,
        next: Option<Range<u64>>,
    ) -> Result<Vec<u8>, Lost> {
        if !self.options.policy.twice {
            return source.page(strategy, rows, next);
        }
        let mut seen = source.page(strategy, rows.clone(), None)?;
        for _ in 0..AGREEING {
            self.check_requests().map_err(Lost::All)?;
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
    fn fall_back(&mut self, source: &mut dyn Source, step: &Step, rows: Range<u64>, why: String) -> Result<(), Cause> {
        self.spool.lost(rows.clone(), step.strategy, why);
        for &strategy in &step.then {
            let page = if strategy == Strategy::ReconstructOne { 1 } else { step.page };
            let mut left = self.spool.missing(rows.clone(), page);
            while let Some(part) = left {
                self.check_time()?;
                if self.most().is_some_and(|most| self.asked >= most) {
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

    fn ids(&mut self, source: &mut dyn Source) -> Result<(), Cause> {
        match self.plan.ids.strategy {
            IdStrategy::Sequential => self.spool.number(),
            IdStrategy::Unknown => Ok(()),
            _ => {
                let most = self.most().map(|most| most.saturating_sub(self.asked));
                source.ids(&self.plan.ids, most, self.spool)
            }
        }
    }

    /// Requests for rows and ids at most.
    fn most(&self) -> Option<u64> {
        self.options.policy.requests.map(|most| most.saturating_sub(self.plan.overhead))
    }

    /// The plan keeps to them, but for pages that are asked for twice.
    fn check_requests(&self) -> Result<(), Cause> {
        match (self.most(), self.options.policy.requests) {
            (Some(most), Some(all)) if self.asked >= most => {
                Err(Cause::Refused(format!("the {all} requests that are allowed are made")))
            }
            _ => Ok(()),
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
