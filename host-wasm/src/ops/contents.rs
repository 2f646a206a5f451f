//! What is taken out of a file.

use super::params::Params;
use crate::{
    shared::Shared,
    task::{Output, Task},
};
use faissil_core::{
    Span,
    asking::{Ask, Give},
    attached,
    error::Cause,
    ids::Row,
    index::Index,
    look_up::{LookUp, Which, found_ids, vectors as stored_vectors},
    report::{Dump, Dumped},
};
use std::{rc::Rc, sync::Arc};

/// The task of this name, if it is one of these.
pub(super) fn start(file: &Rc<Shared>, op: &str, params: &str) -> serde_json::Result<Option<Task>> {
    let (files, shared, params) = (file.files, file.clone(), serde_json::from_str::<Params>(params)?);
    Ok(Some(match op {
        "find" => Task::one(files, |ask| find(shared, ask, params)),
        "vectors" => Task::many(files, |found| found, |ask, give| vectors(shared, ask, params, give)),
        "attachment" => Task::many(files, piece, |ask, give| attachment(shared, ask, params, give)),
        "parts" => Task::one(files, |ask| dump(shared, ask, params, true)),
        "dump" => Task::one(files, |ask| dump(shared, ask, params, false)),
        "bytes" => Task::one(files, |ask| bytes(shared, ask, params)),
        _ => return Ok(None),
    }))
}

async fn find(shared: Rc<Shared>, ask: Ask, params: Params) -> Result<Output, Cause> {
    let opened = shared.opened(&ask).await?;
    let access = shared.access(ask, &opened);
    let index = shared.index_as_recorded(&access).await?;
    let look_up = LookUp::new(&access, &index).await?;
    let mut found = Vec::new();
    for id in params.ids()?.unwrap_or_default() {
        found.push((id, look_up.find(id, look_up.plan(id).road).await?));
    }
    Ok(Output::json(&found_ids(&shared.name, &found)))
}

async fn vectors(shared: Rc<Shared>, ask: Ask, params: Params, give: Give<Output>) -> Result<(), Cause> {
    let opened = shared.opened(&ask).await?;
    let access = shared.access(ask, &opened);
    let index = shared.index_as_recorded(&access).await?;
    let which = match (params.ids()?, &params.rows) {
        (Some(ids), _) => Which::Ids(ids),
        (None, Some(rows)) => Which::Rows(rows.iter().copied().map(Row).collect()),
        (None, None) => Which::Range(params.rows()),
    };
    let found = stored_vectors(&access, &index, which).await?;
    let rows = found.rows.iter().map(|row| row.0.to_le_bytes());
    let labels = rows.chain(found.ids.iter().map(|id| id.0.to_le_bytes())).flatten().collect();
    let report = Output::json(&Counted { count: found.rows.len(), d: found.d });
    // Apart, so that the floats are not held twice.
    give.give(report.with_bytes(labels)).await;
    give.give(Output::default().with_bytes(found.floats)).await;
    Ok(())
}

async fn attachment(shared: Rc<Shared>, ask: Ask, params: Params, give: Give<Arc<Vec<u8>>>) -> Result<(), Cause> {
    let opened = shared.opened(&ask).await?;
    let access = shared.access(ask, &opened);
    attached::pieces(&access, &params.name.unwrap_or_default(), &give).await
}

fn piece(piece: Arc<Vec<u8>>) -> Output {
    Output::default().with_bytes(Arc::unwrap_or_clone(piece))
}

async fn dump(shared: Rc<Shared>, ask: Ask, params: Params, is_json: bool) -> Result<Output, Cause> {
    let opened = shared.opened(&ask).await?;
    let access = shared.access(ask, &opened);
    let index = Index::with_damage(&access).await?;
    let at = params.span();
    if is_json {
        return Ok(Output::json(&Dumped::new(&shared.name, &index.outline, at)));
    }
    let text = access.damaged().run(&mut Dump::new(&index.outline, at)).await?;
    Ok(Output::json(&text))
}

async fn bytes(shared: Rc<Shared>, ask: Ask, params: Params) -> Result<Output, Cause> {
    let opened = shared.opened(&ask).await?;
    let access = shared.access(ask, &opened);
    let stream = access.damaged();
    let wanted = params.span().unwrap_or_default();
    if wanted.len > MOST_BYTES {
        return Err(Cause::Refused(format!("at most {MOST_BYTES} bytes at a time")));
    }
    let there = Span::new(0, stream.len()).overlap(&wanted).unwrap_or_default();
    Ok(Output::default().with_bytes(stream.bytes(there).await?))
}

/// How many vectors are given, and of how many dimensions.
#[derive(serde::Serialize)]
struct Counted {
    count: usize,
    d: u64,
}

/// Bytes of a stream that are given at once.
const MOST_BYTES: u64 = 4 << 20;
