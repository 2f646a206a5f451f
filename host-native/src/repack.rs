//! A snapshot in another layout, or packed at another level: the same stream, and all that was kept with it.

use crate::{
    Cause, Error,
    drive::drive,
    opened::Opened,
    parallel::Progress,
    save::{Additions, Input, Saved, save},
};
use faissil_core::{
    codec::Level,
    snapshot::{Ids, Layout},
};
use std::path::Path;

/// Write the snapshot at `input` anew at `output`, which may be the same place. Its stream digest stays what it is, its
/// metadata, attachments and id table are kept, and every byte that was written is read back and verified.
///
/// # Errors
/// When there is no snapshot at `input`, it is damaged, or it cannot be read or written. Then `output` is as it was.
pub fn repack(
    input: &Path,
    output: &Path,
    layout: Layout,
    level: Level,
    progress: Progress<'_>,
) -> Result<Saved, Error> {
    let reading = |cause: Cause| cause.reading(input);
    let opened = Opened::open(input)?;
    let snapshot = opened.snapshot().map_err(|fault| {
        reading(fault.into())
            .hint(format!("`faissil save {0} {0}.faissil` makes a snapshot of an index", input.display()))
    })?;
    let ids = drive(snapshot.body::<Ids>(), &opened.file).map_err(reading)?;
    let id_index = ids.is_some_and(|ids| ids.lookup.is_some());
    // Whatever it holds was taken once.
    let additions = Additions { id_index, opaque: true, pack: level, ..Additions::default() };
    save(&Input::Path(input.into()), output, layout, &additions, progress)
}
