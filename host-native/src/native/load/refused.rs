//! What is not loaded, with the reason and what to do about it.

use super::Load;
use crate::{
    Cause, Error,
    error::Verdict,
    load::{check_expected, snapshot_of, with_what_is_lost},
    opened::Opened,
};
use faissil_core::Kind;
use std::path::Path;

impl Load {
    /// Open the file, which must be the one that is expected, and have what it is held against.
    pub(super) fn open(&self, path: &Path) -> Result<Opened, Error> {
        let opened = Opened::open(path)?;
        if let Some(snapshot) = &opened.snapshot {
            check_expected(snapshot, self.expected)
                .map_err(|cause| cause.reading(path).hint("this is another snapshot than you think"))?;
        }
        // Nothing but its outline vouches for the stream of an interrupted seal, and it is not known to have been an index file.
        let unproved = self.sealed_only || (opened.interrupted.is_some() && !self.trust);
        if unproved && self.expected.is_none() {
            let hint = match opened.interrupted {
                Some(_) => "`faissil seal` begins the seal again, `faissil unseal` takes the rest of it off",
                None => "`faissil seal` gives it digests",
            };
            snapshot_of(&opened).map_err(|cause| cause.of(not_loaded(path)).hint(hint))?;
        }
        Ok(opened)
    }

    /// Why FAISS may not have the stream, and whether the stream is all right otherwise.
    pub(super) fn with_health(&self, cause: Cause, opened: &Opened) -> Cause {
        let Cause::Refused(said) = cause else { return cause };
        let health = match (&opened.snapshot, self.trust) {
            (Some(_), false) => match self.verify(opened) {
                Ok(()) => "the snapshot itself is intact, every byte of it",
                Err(damage) => return damage,
            },
            (Some(_), true) => "the snapshot was not verified",
            (None, _) => "the file itself is whole, as far as its outline shows",
        };
        Cause::Refused(format!("{said}; {health}"))
    }
}

fn not_loaded(path: &Path) -> String {
    format!("cannot load `{}`", path.display())
}

/// Say what could not be loaded, and what to do.
pub(super) fn loading(cause: Cause, path: &Path, opened: &Opened) -> Error {
    let damaged = cause.verdict() == Verdict::Damaged;
    let cause = match &opened.snapshot {
        Some(snapshot) if damaged => with_what_is_lost(cause, opened, snapshot, &std::env::temp_dir(), &|_, _| {}),
        _ => cause,
    };
    let is_newer = matches!(&cause, Cause::Fault(fault) if matches!(fault.kind, Kind::UnknownTag(_)));
    let error = cause.of(not_loaded(path));
    match &opened.snapshot {
        Some(_) if damaged => error.hint(
            "`Load::load_salvaged` (`faissil load --salvage`) gives back the rest where that can be done, `faissil verify` says more",
        ),
        _ if is_newer => {
            error.hint("the index is of a kind that this build does not know; `faissil inspect` says more")
        }
        _ => error,
    }
}
