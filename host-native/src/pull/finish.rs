//! What has arrived becomes the snapshot.

use super::{
    Options, Pulled, missing,
    spool::{Spool, head_of, runs_of},
};
use crate::{
    Cause, Error, judge,
    parallel::Progress,
    replace::{Replacement, directory_of},
    save::{self, PARTIAL, Prepared, Stream, with_writeback},
    source::{Arrived, Source},
    store::{File, Stoppable, Store},
};
use faissil_core::{
    plan::{Facts, IdStrategy, Missing, Mode, Plan, Strategy},
    snapshot::{Entry, Fidelity, Layout, Recipe, Run, Writer},
    standin::StandIn,
};
use std::{fs, ops::Range, os::unix::fs::FileExt, path::Path, sync::atomic::AtomicBool};

/// Runs of rows that a recipe names.
const RUNS: usize = 10_000;
/// Bytes that are moved at once.
const PIECE: u64 = 1 << 20;

#[allow(clippy::too_many_arguments)] // everything that a pull has come to
pub(super) fn finish(
    mut spool: Spool,
    source: &mut dyn Source,
    output: &Path,
    options: &Options,
    plan: Plan,
    resumed: u64,
    mut warnings: Vec<String>,
    progress: Progress<'_>,
) -> Result<Pulled, Error> {
    let policy = &options.policy;
    missing::check(&spool, policy).map_err(|cause| {
        let hint = match source.facts().mode {
            Mode::Remote => "nothing was written; `--leave-out` keeps the other rows, `--data-dir` takes the bytes from the server's data folder",
            Mode::Local => "nothing was written",
        };
        let kept = spool.note().is_ok();
        spool.clear_away();
        let error = cause.of(format!("cannot pull `{}`", source.name()));
        if kept { error.hint(hint) } else { error }
    })?;
    warnings.extend(missing::in_words(&spool, policy));
    let writing = |cause: Cause| cause.writing(output);
    let placeholders = if policy.missing == Missing::Placeholder { spool.without_vector() } else { 0 };
    let mut numbered = 0;
    if policy.number_rows {
        numbered = missing::without_id(&spool, policy).map(|run| run.end - run.start).sum();
        spool.number().map_err(writing)?;
    }
    let keep = |row: u64| missing::is_wanted(&spool, policy, row) && !spool.lacks_id(row);
    let kept: Vec<Range<u64>> = runs_of(0..spool.rows(), keep).collect();
    let left_out: Vec<Range<u64>> = runs_of(0..spool.rows(), |row| !keep(row)).collect();
    let fidelity = fidelity(&spool, source.facts(), &plan, &kept, !left_out.is_empty() || numbered > 0);
    let recipe = recipe(source, &plan, &left_out, numbered, placeholders);

    spool.note().map_err(writing)?;
    let saved = (|| {
        if !left_out.is_empty() {
            spool.forget()?;
            close_up(&spool, source, &kept)?;
        }
        seal(&spool, output, options, fidelity, recipe, &source.stop(), progress)
    })();
    let saved = saved.map_err(|cause| {
        let error = match cause {
            Cause::Cancelled => cause.of(format!("cannot pull `{}`", source.name())),
            cause => writing(cause),
        };
        // The stream is whole, unless rows were moved together; what was appended is not.
        let _ = spool.file.set_len(spool.ids_start() + spool.rows() * 8);
        spool.clear_away();
        if left_out.is_empty() { spool.with_hint(error) } else { error }
    })?;
    spool.forget().map_err(writing)?;
    Ok(Pulled { saved, plan, left_out, numbered, placeholders, resumed, warnings })
}

/// Move the bytes of `span` to `to`, which is not behind them; gives the place after them.
fn move_down(file: &std::fs::File, span: Range<u64>, to: u64) -> Result<u64, Cause> {
    let (mut from, mut at) = (span.start, to);
    while from < span.end {
        let mut piece = vec![0; PIECE.min(span.end - from) as usize];
        file.read_exact_at(&mut piece, from)?;
        file.write_all_at(&piece, at)?;
        from += piece.len() as u64;
        at += piece.len() as u64;
    }
    Ok(at)
}

/// Move what is kept together, so that the file is the stream of these rows alone.
fn close_up(spool: &Spool, source: &dyn Source, kept: &[Range<u64>]) -> Result<(), Cause> {
    let rows: u64 = kept.iter().map(|run| run.end - run.start).sum();
    let (metric, arg) = source.metric();
    let d = source.facts().d;
    let stand_in = StandIn::new(d, metric, arg, rows)?;
    let row_bytes = u64::from(d) * 4;
    let mut at = spool.head();
    for run in kept {
        at = move_down(&spool.file, spool.head() + run.start * row_bytes..spool.head() + run.end * row_bytes, at)?;
    }
    // The ids come after a count, which must not go over ids that are still to be moved: those begin 8 bytes later or more.
    let count_at = spool.head() + rows * row_bytes;
    let mut at = count_at + 8;
    for run in kept {
        at = move_down(&spool.file, spool.ids_start() + run.start * 8..spool.ids_start() + run.end * 8, at)?;
    }
    spool.file.write_all_at(&rows.to_le_bytes(), count_at)?;
    spool.file.write_all_at(&head_of(&stand_in), 0)?;
    Ok(spool.file.set_len(stand_in.stream_len())?)
}

/// Seal the file where it stands, or pack it into another, verify that, and give it its name.
fn seal(
    spool: &Spool,
    output: &Path,
    options: &Options,
    fidelity: Fidelity,
    recipe: Recipe,
    stop: &AtomicBool,
    progress: Progress<'_>,
) -> Result<save::Saved, Cause> {
    let stream = File::from_open(spool.file.try_clone()?, spool.path())?;
    let stream = Stoppable::new(&stream, stop);
    let additions = &options.additions;
    let mut prepared = Prepared::only(judge::judge(&stream, false)?);
    prepared.add(additions).map_err(|error| error.cause)?;
    (prepared.fidelity, prepared.recipe) = (Some(fidelity), Some(recipe));
    let scratch = directory_of(output);
    let packed = match options.layout {
        Layout::Sealed => None,
        Layout::Packed => Some(Replacement::of(output).map_err(|error| error.cause)?),
    };
    let file = packed.as_ref().map_or(&spool.file, Replacement::file);
    let mut parts = Vec::new();
    let (writer, how) = match options.layout {
        Layout::Sealed => (Writer::sealed(stream.len(), None)?, Stream::InPlace(&|| Ok(()))),
        Layout::Packed => (Writer::packed(stream.len())?, Stream::Pack(&mut parts)),
    };
    let (finished, ids) =
        with_writeback(file, || save::append(writer, file, how, &stream, &prepared, additions, &scratch, progress))?;
    file.write_all_at(&finished.trailer, finished.file_len - finished.trailer.len() as u64)?;
    let verified = save::read_back(file, output, &finished, stop, progress)?;
    file.sync_all()?;
    match packed {
        Some(packed) => {
            packed.commit()?;
            fs::remove_file(spool.path())?;
        }
        None => {
            if fs::symlink_metadata(output).is_ok_and(|found| !found.is_file()) {
                return Err(Cause::Refused("not a regular file, so it cannot be replaced".into()));
            }
            fs::rename(spool.path(), output)?;
            fs::File::open(&scratch)?.sync_all()?;
        }
    }
    Ok(save::Saved { parts, ..save::report(options.layout, stream.len(), finished, prepared, ids, Some(verified)) })
}

/// How good the rows are that are kept, and how they were had.
fn fidelity(spool: &Spool, facts: &Facts, plan: &Plan, kept: &[Range<u64>], is_partial: bool) -> Fidelity {
    let ids = plan.ids.strategy.name();
    let mut ways = spool.ways().to_vec();
    ways.sort_by_key(|way| way.rows.start);
    let (mut strategies, mut runs): (Vec<String>, Vec<Run>) = (Vec::new(), Vec::new());
    let mut add = |rows: u64, strategy: Strategy| {
        let name = match strategy {
            Strategy::Placeholder => "placeholders: zeros".into(),
            strategy => format!("{}, {ids}", strategy.name()),
        };
        let number = strategies.iter().position(|known| *known == name).unwrap_or(strategies.len());
        if number == strategies.len() {
            strategies.push(name);
        }
        let level = (strategy.level(facts) as u8).max(if is_partial { PARTIAL } else { 0 });
        match runs.last_mut() {
            Some(run) if usize::from(run.strategy) == number && run.level == level => run.rows += rows,
            _ => runs.push(Run { rows, level, strategy: number as u16 }),
        }
    };
    for run in kept {
        let mut at = run.start;
        for way in ways.iter().filter(|way| way.rows.start < run.end && way.rows.end > run.start) {
            let (start, end) = (way.rows.start.max(at), way.rows.end.min(run.end));
            if start > at {
                add(start - at, Strategy::Placeholder);
            }
            if end > start {
                add(end - start, way.strategy);
                at = end;
            }
        }
        if at < run.end {
            add(run.end - at, Strategy::Placeholder);
        }
    }
    Fidelity { strategies, runs }
}

/// What the stream stands for.
fn recipe(source: &dyn Source, plan: &Plan, left_out: &[Range<u64>], numbered: u64, placeholders: u64) -> Recipe {
    let origin = source.origin();
    let mut params: Vec<Entry> = Vec::new();
    let mut entry = |key: &str, value: String| params.push(Entry { key: key.into(), value });
    origin.params.into_iter().for_each(|(key, value)| entry(key, value));
    entry("metric_type", source.metric().0.to_string());
    if source.metric().1 != 0.0 {
        entry("metric_arg", source.metric().1.to_string());
    }
    entry("d", plan.d.to_string());
    entry("rows", plan.rows.to_string());
    entry("ids", plan.ids.strategy.name().into());
    if plan.ids.strategy == IdStrategy::Unknown || numbered > 0 {
        entry("ids_numbered", numbered.to_string());
    }
    if placeholders > 0 {
        entry("placeholders", placeholders.to_string());
    }
    if !left_out.is_empty() {
        let mut runs: Vec<String> =
            left_out.iter().take(RUNS).map(|run| format!("{}..{}", run.start, run.end)).collect();
        if left_out.len() > RUNS {
            runs.push("...".into());
        }
        entry("rows_left_out", runs.join(","));
    }
    params.sort_by(|a, b| a.key.cmp(&b.key));
    Recipe { description: plan.index.clone(), origin: origin.text, params }
}
