//! What is taken out of a file.

use super::params::Params;
use crate::{
    shared::Shared,
    task::{Output, Task},
};
use alloc::{format, rc::Rc, string::String, sync::Arc, vec::Vec};
use faissil_core::{
    Span,
    asking::{Ask, Give},
    attached,
    error::Cause,
    ids::{ExternalId, Row},
    index::Index,
    look_up::{LookUp, Which, found_ids, vectors as stored_vectors},
    report::{Dump, Dumped, Level},
};

/// The task of this name, if it is one of these.
pub(super) fn start(file: &Rc<Shared>, op: &str, params: &mut Params<'_>) -> Result<Option<Task>, String> {
    let (files, shared) = (file.files, file.clone());
    Ok(Some(match op {
        "find" => {
            let ids = ids(params)?.unwrap_or_default();
            Task::one(files, |ask| find(shared, ask, ids))
        }
        "vectors" => {
            let which = which(params)?;
            Task::many(files, |found| found, |ask, give| vectors(shared, ask, which, give))
        }
        "attachment" => {
            let name = String::from(params.text("name").unwrap_or_default());
            Task::many(files, piece, |ask, give| attachment(shared, ask, name, give))
        }
        "parts" | "dump" => {
            let (at, is_json) = (span(params)?, op == "parts");
            Task::one(files, |ask| dump(shared, ask, at, is_json))
        }
        "bytes" => {
            let wanted = span(params)?.unwrap_or_default();
            Task::one(files, |ask| bytes(shared, ask, wanted))
        }
        _ => return Ok(None),
    }))
}

fn ids(params: &mut Params<'_>) -> Result<Option<Vec<ExternalId>>, String> {
    Ok(params.numbers("ids")?.map(|ids| ids.into_iter().map(ExternalId).collect()))
}

/// Which vectors are asked for.
fn which(params: &mut Params<'_>) -> Result<Which, String> {
    Ok(match (ids(params)?, params.numbers("rows")?) {
        (Some(ids), _) => Which::Ids(ids),
        (None, Some(rows)) => Which::Rows(rows.into_iter().map(Row).collect()),
        (None, None) => Which::Range(params.rows()?),
    })
}

/// The bytes that are asked for, if not all.
fn span(params: &mut Params<'_>) -> Result<Option<Span>, String> {
    let (at, len) = (params.number("at")?, params.number("len")?.unwrap_or(0));
    Ok(at.map(|at| Span::new(at, len)))
}

async fn find(shared: Rc<Shared>, ask: Ask, ids: Vec<ExternalId>) -> Result<Output, Cause> {
    let opened = shared.opened(&ask).await?;
    let access = shared.access(ask, &opened);
    let index = shared.index_as_recorded(&access).await?;
    let look_up = LookUp::new(&access, &index).await?;
    let mut found = Vec::new();
    for id in ids {
        found.push((id, look_up.find(id, look_up.plan(id).road).await?));
    }
    Ok(Output::json(&found_ids(&shared.name, &found)))
}

async fn vectors(shared: Rc<Shared>, ask: Ask, which: Which, give: Give<Output>) -> Result<(), Cause> {
    let opened = shared.opened(&ask).await?;
    let access = shared.access(ask, &opened);
    let index = shared.index_as_recorded(&access).await?;
    let found = stored_vectors(&access, &index, which).await?;
    let rows = found.rows.iter().map(|row| row.0.to_le_bytes());
    let labels = rows.chain(found.ids.iter().map(|id| id.0.to_le_bytes())).flatten().collect();
    let dtype = if found.is_binary { "bits" } else { "float32" };
    let report = Output::json(&Counted { count: found.rows.len(), d: found.d, dtype, fidelity: found.fidelity });
    // Apart, so that the floats are not held twice.
    give.give(report.with_bytes(labels)).await;
    give.give(Output::default().with_bytes(found.floats)).await;
    Ok(())
}

async fn attachment(shared: Rc<Shared>, ask: Ask, name: String, give: Give<Arc<Vec<u8>>>) -> Result<(), Cause> {
    let opened = shared.opened(&ask).await?;
    let access = shared.access(ask, &opened);
    attached::pieces(&access, &name, &give).await
}

fn piece(piece: Arc<Vec<u8>>) -> Output {
    Output::default().with_bytes(Arc::unwrap_or_clone(piece))
}

async fn dump(shared: Rc<Shared>, ask: Ask, at: Option<Span>, is_json: bool) -> Result<Output, Cause> {
    let opened = shared.opened(&ask).await?;
    let access = shared.access(ask, &opened);
    let index = Index::with_damage(&access).await?;
    if is_json {
        return Ok(Output::json(&Dumped::new(&shared.name, &index.outline, at)));
    }
    let text = access.damaged().run(&mut Dump::new(&index.outline, at)).await?;
    Ok(Output::json(&text))
}

async fn bytes(shared: Rc<Shared>, ask: Ask, wanted: Span) -> Result<Output, Cause> {
    let opened = shared.opened(&ask).await?;
    let access = shared.access(ask, &opened);
    let stream = access.damaged();
    if wanted.len > MOST_BYTES {
        return Err(Cause::Refused(format!("at most {MOST_BYTES} bytes at a time")));
    }
    let there = Span::new(0, stream.len()).overlap(&wanted).unwrap_or_default();
    Ok(Output::default().with_bytes(stream.bytes(there).await?))
}

/// How many vectors are given, of how many dimensions, and how close they are to what was added.
#[derive(serde::Serialize)]
struct Counted {
    count: usize,
    d: u64,
    /// `bits` of a binary index, `d / 8` bytes a vector.
    dtype: &'static str,
    fidelity: Level,
}

/// Bytes of a stream that are given at once.
const MOST_BYTES: u64 = 4 << 20;
