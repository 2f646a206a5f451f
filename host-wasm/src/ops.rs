//! The tasks there are, by name.
//!
//! | task | parameters | result |
//! |---|---|---|
//! | `inspect` | | the JSON of `faissil inspect` |
//! | `verify` | maybe `expect`: a digest | a verifier and the places of its chunks, or the JSON of `faissil verify` at once |
//! | `ids` | `first`, `count`: rows | their ids, an i64 each |
//! | `find` | `ids` | the JSON of `faissil ids --id` |
//! | `vectors` | `rows`, or `ids`, or `first` and `count` | `d`, `count`, `dtype`, `fidelity`, with rows (u64) and ids (i64); then a second result: the floats (f32), or the bits of a binary index |
//! | `attachment` | `name` | its bytes, a result for each piece |
//! | `parts` | maybe `at`, `len`: bytes of the stream | the JSON of `faissil dump` |
//! | `dump` | the same | the text of `faissil dump`, as JSON |
//! | `bytes` | `at`, `len`: bytes of the stream | the bytes, damaged ones as they are |
//!
//! The first three make the module `basics`, the others `contents`: each is built with the feature of that name.
//! Numbers that a double may not hold are text.

mod params;

#[cfg(feature = "basics")]
use crate::verifier;
use crate::{
    shared::Shared,
    task::{Output, Task},
};
#[cfg(feature = "contents")]
use faissil_core::{
    Span,
    asking::Give,
    attached,
    ids::Row,
    index::Index,
    look_up::{LookUp, Which, found_ids, vectors as stored_vectors},
    report::{Dump, Dumped},
};
use faissil_core::{asking::Ask, error::Cause};
#[cfg(feature = "basics")]
use faissil_core::{
    ids::Memory,
    inspect::{self, fault, inspect_opaque},
    look_up::ids_of,
};
use params::Params;
use std::rc::Rc;
#[cfg(feature = "contents")]
use std::sync::Arc;

/// The task of this name.
pub(crate) fn start(file: &Rc<Shared>, op: &str, params: &str) -> Task {
    let (files, shared) = (file.files, file.clone());
    let params: Params = match serde_json::from_str(params) {
        Ok(params) => params,
        Err(error) => return Task::refused(files, format!("parameters of `{op}`: {error}")),
    };
    match op {
        #[cfg(feature = "basics")]
        "inspect" => Task::one(files, |ask| inspect(shared, ask)),
        #[cfg(feature = "basics")]
        "verify" => Task::one(files, |ask| verifier::begin(shared, ask, params.expect)),
        #[cfg(feature = "basics")]
        "ids" => Task::one(files, |ask| ids(shared, ask, params)),
        #[cfg(feature = "contents")]
        "find" => Task::one(files, |ask| find(shared, ask, params)),
        #[cfg(feature = "contents")]
        "vectors" => Task::many(files, |ask, give| vectors(shared, ask, params, give)),
        #[cfg(feature = "contents")]
        "attachment" => Task::pieces(files, |ask, give| attachment(shared, ask, params, give)),
        #[cfg(feature = "contents")]
        "parts" => Task::one(files, |ask| dump(shared, ask, params, true)),
        #[cfg(feature = "contents")]
        "dump" => Task::one(files, |ask| dump(shared, ask, params, false)),
        #[cfg(feature = "contents")]
        "bytes" => Task::one(files, |ask| bytes(shared, ask, params)),
        _ => Task::refused(files, format!("no task `{op}`")),
    }
}

#[cfg(feature = "basics")]
async fn inspect(shared: Rc<Shared>, ask: Ask) -> Result<Output, Cause> {
    let opened = shared.opened(&ask).await?;
    let access = shared.access(ask, &opened);
    match inspect::inspect(&access, &shared.name, shared.side(), &Memory).await {
        Ok(report) => Ok(Output::json(&report)),
        Err(why) => match inspect_opaque(&access, &shared.name, fault(&why)).await {
            Ok(Some(report)) => Ok(Output::json(&report)),
            Ok(None) | Err(_) => Err(why),
        },
    }
}

#[cfg(feature = "basics")]
async fn ids(shared: Rc<Shared>, ask: Ask, params: Params) -> Result<Output, Cause> {
    let opened = shared.opened(&ask).await?;
    let access = shared.access(ask, &opened);
    let index = shared.index(&access).await?;
    let ids = ids_of(&access, &index, params.rows()).await?;
    Ok(Output::default().with_bytes(ids.iter().flat_map(|id| id.0.to_le_bytes()).collect()))
}

#[cfg(feature = "contents")]
async fn find(shared: Rc<Shared>, ask: Ask, params: Params) -> Result<Output, Cause> {
    let opened = shared.opened(&ask).await?;
    let access = shared.access(ask, &opened);
    let index = shared.index(&access).await?;
    let look_up = LookUp::new(&access, &index).await?;
    let mut found = Vec::new();
    for id in params.ids()?.unwrap_or_default() {
        found.push((id, look_up.find(id, look_up.plan(id).road).await?));
    }
    Ok(Output::json(&found_ids(&shared.name, &found)))
}

#[cfg(feature = "contents")]
async fn vectors(shared: Rc<Shared>, ask: Ask, params: Params, give: Give<Output>) -> Result<(), Cause> {
    let opened = shared.opened(&ask).await?;
    let access = shared.access(ask, &opened);
    let index = shared.index(&access).await?;
    let which = match (params.ids()?, &params.rows) {
        (Some(ids), _) => Which::Ids(ids),
        (None, Some(rows)) => Which::Rows(rows.iter().copied().map(Row).collect()),
        (None, None) => Which::Range(params.rows()),
    };
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

#[cfg(feature = "contents")]
async fn attachment(shared: Rc<Shared>, ask: Ask, params: Params, give: Give<Arc<Vec<u8>>>) -> Result<(), Cause> {
    let opened = shared.opened(&ask).await?;
    let access = shared.access(ask, &opened);
    attached::pieces(&access, &params.name.unwrap_or_default(), &give).await
}

#[cfg(feature = "contents")]
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

#[cfg(feature = "contents")]
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

/// How many vectors are given, of how many dimensions, and how close they are to what was added.
#[cfg(feature = "contents")]
#[derive(serde::Serialize)]
struct Counted {
    count: usize,
    d: u64,
    /// `bits` of a binary index, `d / 8` bytes a vector.
    dtype: &'static str,
    fidelity: faissil_core::report::Level,
}

/// Bytes of a stream that are given at once.
#[cfg(feature = "contents")]
const MOST_BYTES: u64 = 4 << 20;
