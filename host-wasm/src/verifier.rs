//! A verification, chunk by chunk in any order.

use crate::shared::Shared;
use crate::task::{Output, Task};
use alloc::{
    rc::Rc,
    string::{String, ToString},
};
use core::cell::RefCell;
use faissil_core::{
    asking::Ask,
    error::Cause,
    ids::Memory,
    opened::Opened,
    snapshot::{ChunkEntry, Digest},
    verify,
};
use wasm_bindgen::prelude::wasm_bindgen;

/// A verification that has begun. Its chunks are those of the task `verify`.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Verifier {
    shared: Rc<Shared>,
    opened: Rc<Opened>,
    /// The digest that snapshot or stream must have.
    expected: Option<Digest>,
    verifier: Rc<RefCell<Option<verify::Verifier>>>,
}

#[wasm_bindgen]
impl Verifier {
    /// Check chunk `number`, which has these stored bytes: 1 it is good, 2 it is damaged. 0: there is no such chunk.
    pub fn check(&mut self, number: usize, stored: &[u8]) -> u8 {
        match self.verifier.borrow_mut().as_mut() {
            Some(verifier) if number < verifier.chunks().len() => verifier.check(number, stored) as u8,
            _ => 0,
        }
    }

    /// Compare and explain, once all chunks are checked: the report is the result of the task.
    pub fn finish(&self) -> Task {
        let (files, expected) = (self.shared.files, self.expected);
        let (shared, opened, verifier) = (self.shared.clone(), self.opened.clone(), self.verifier.clone());
        Task::one(files, |ask| async move {
            let taken = verifier.borrow_mut().take();
            let taken = taken.ok_or_else(|| Cause::Refused("this verification was finished already".into()))?;
            let access = shared.access(ask, &opened);
            let verified = taken.finish(&access, &Memory).await?;
            let snapshot = opened.snapshot()?;
            Ok(Output::json(&verify::verification(snapshot, &verified, &shared.name, expected)))
        })
    }
}

/// Begin: the result is a verifier and the places of its chunks, start and length as two u64 each; or the report at once,
/// where no chunk can be checked. `expect`: the digest in hex that snapshot or stream must have.
pub(crate) async fn begin(shared: Rc<Shared>, ask: Ask, expect: Option<String>) -> Result<Output, Cause> {
    let expected = expect.map(|digest| digest.parse::<Digest>()).transpose();
    let expected = expected.map_err(|error| Cause::Refused(error.to_string()))?;
    let opened = match shared.opened(&ask).await {
        Ok(opened) => opened,
        Err(cause) => return Ok(Output::json(&verify::unopened(&ask, &shared.name, cause).await?)),
    };
    let access = shared.access(ask, &opened);
    if opened.snapshot.is_none() {
        return Ok(Output::json(&verify::unverifiable(&access, &shared.name).await?));
    }
    let verifier = verify::Verifier::begin(&access).await?;
    if let Some(fault) = verifier.chunks().iter().find_map(ChunkEntry::lacks_codec) {
        return Err(fault.into());
    }
    let places = verifier.chunks().iter().flat_map(|chunk| [chunk.stored.start, chunk.stored.len]);
    let places = places.flat_map(u64::to_le_bytes).collect();
    let verifier = Rc::new(RefCell::new(Some(verifier)));
    Ok(Output::default().with_bytes(places).with_verifier(Verifier {
        shared,
        opened: opened.clone(),
        expected,
        verifier,
    }))
}
