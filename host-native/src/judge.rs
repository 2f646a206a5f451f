//! What a stream is and what has to be said about it, asked of a store; see [`faissil_core::judge`].

pub use faissil_core::judge::{Judged, is_kept, side_files};

use crate::{Cause, drive::ask, store::Store};
use faissil_core::{judge, outline::Outline, source::Source};

/// Judge the stream in `store`. `opaque`: take whatever it is.
///
/// # Errors
/// When it is not fit to be kept, or cannot be read.
pub fn judge(store: &(impl Store + ?Sized), opaque: bool) -> Result<Judged, Cause> {
    ask(store, |ask| async move { judge::judge(&Source::file(&ask), opaque).await })
}

/// The outline of the stream in `store`.
///
/// # Errors
/// When its first code is no index; says what the file is instead, where that can be told.
pub fn outline(store: &(impl Store + ?Sized)) -> Result<Outline, Cause> {
    ask(store, |ask| async move { judge::outline(&Source::file(&ask)).await })
}
