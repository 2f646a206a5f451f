//! Whether an index may take the place of another, and what a refusal means for the next look.

use crate::{Cause, Error, native::Index};
use faissil_core::describe::metric_name;
use std::io;

/// Whether something else than the file is to blame, so that it may be read at the next look.
pub(super) fn may_pass(cause: &Cause) -> bool {
    matches!(cause, Cause::Io(_) | Cause::Cancelled)
}

/// In what queries or answers differ between the two.
pub(super) fn another_shape(new: &Index, old: &Index) -> Option<String> {
    let family = |index: &Index| if index.is_binary() { "a binary index" } else { "an index of floats" };
    if new.is_binary() != old.is_binary() {
        return Some(format!("it is {}, and the one that serves is {}", family(new), family(old)));
    }
    if new.d() != old.d() {
        return Some(format!("it has {} dimensions, and the one that serves has {}", new.d(), old.d()));
    }
    let metric = |index: &Index| match metric_name(index.metric().into()) {
        Some(name) => name.into(),
        None => index.metric().to_string(),
    };
    let differs = new.metric() != old.metric();
    differs.then(|| format!("it has the metric {}, and the one that serves has {}", metric(new), metric(old)))
}

/// The same words, and the same kind.
pub(super) fn again(error: &Error) -> Error {
    let cause = match &error.cause {
        Cause::Fault(fault) => Cause::Fault(fault.clone()),
        Cause::Io(io) => Cause::Io(match io.raw_os_error() {
            Some(number) => io::Error::from_raw_os_error(number),
            None => io::Error::new(io.kind(), error.cause.to_string()),
        }),
        Cause::Damage(reason) => Cause::Damage(reason.clone()),
        Cause::Refused(reason) => Cause::Refused(reason.clone()),
        Cause::Faiss(words) => Cause::Faiss(words.clone()),
        Cause::Cancelled => Cause::Cancelled,
    };
    Error { what: error.what.clone(), cause, hint: error.hint.clone() }
}
