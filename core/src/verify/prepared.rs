//! What has to be known before chunks are checked: what the snapshot records, and what the stream says.

use crate::error::Cause;
use crate::ids::{IdPlace, IdSummary, Scratch, place};
use crate::index::has_ids;
use crate::judge;
use crate::keep;
use crate::names::base_name;
use crate::opened::{Access, attachments};
use crate::outline::Outline;
use crate::snapshot::{Attachment, Ids, TreeBody};
use crate::source::Source;
use alloc::vec::Vec;

/// What has to be known before. What cannot be read of it shows again, with its place, when everything is checked.
#[derive(Debug, Clone)]
pub struct Prepared {
    pub(super) tree: Option<TreeBody>,
    pub(super) ids: Option<Ids>,
    pub(super) attachments: Vec<Attachment>,
    /// The outline that is recorded.
    pub(super) recorded: Option<Outline>,
    /// The outline, made again from the stream.
    pub(super) derived: Option<Outline>,
    /// Number of the attachment that is the side file of the stream.
    side: Option<u64>,
}

impl Prepared {
    /// Of an opened snapshot.
    ///
    /// # Errors
    /// When there is none.
    pub async fn of(access: &Access<'_>) -> Result<Prepared, Cause> {
        let (snapshot, file) = (access.opened.snapshot()?, access.file());
        let tree = file.run(&mut snapshot.body::<TreeBody>()).await.ok().flatten();
        let ids = file.run(&mut snapshot.body::<Ids>()).await.ok().flatten();
        let attachments = attachments(&file, snapshot).await.unwrap_or_default();
        let recorded = match &tree {
            Some(tree) => file.run(&mut snapshot.outline(tree, keep::class)).await.ok(),
            None => None,
        };
        let derived = judge::outline(&access.stream()).await.ok().filter(judge::is_kept);
        let side = derived.as_ref().and_then(|outline| {
            let name = base_name(judge::side_files(outline).first()?).ok()?;
            (0..).zip(&attachments).find(|(_, attachment)| attachment.name == name).map(|(number, _)| number)
        });
        Ok(Prepared { tree, ids, attachments, recorded, derived, side })
    }

    /// Where the ids are, if some are stored.
    pub fn id_place(&self) -> Option<IdPlace<'_>> {
        self.derived.as_ref().map(place).filter(has_ids)
    }

    /// The attachment that is the side file of the stream, and its number.
    pub fn side(&self) -> Option<(u64, &Attachment)> {
        let number = self.side?;
        Some((number, self.attachments.get(usize::try_from(number).ok()?)?))
    }

    /// The stream, whose chunks are checked by themselves, and its side file.
    pub fn joined<'a>(&'a self, access: &Access<'a>) -> Source<'a> {
        let side = self.side().zip(access.opened.snapshot.as_ref()).map(|((number, attachment), snapshot)| {
            Source::attachment(&access.ask, snapshot, number, attachment, &access.caches.side)
        });
        access.stream().and(side)
    }

    /// The ids, summed up from the stream; `None` where none are stored.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn sum_ids(&self, access: &Access<'_>, scratch: &dyn Scratch) -> Result<Option<IdSummary>, Cause> {
        let Some(place) = self.id_place() else { return Ok(None) };
        let joined = self.joined(access);
        joined.run(&mut *scratch.sum(&place, joined.files())).await
    }

    /// The outline of a damaged stream, as recorded where that is known.
    pub(super) fn best(&self) -> Option<&Outline> {
        self.recorded.as_ref().or(self.derived.as_ref())
    }
}
