//! An index with all that is needed to read in it.
//!
//! An [`Index`] is an outline made from the stream, and where the file with on-disk lists is, if the stream refers to
//! one: an attachment of the snapshot, or a file beside it, which only the host can find. It is plain data that
//! outlives a question, as [`Opened`](crate::opened::Opened) is.

use crate::error::Cause;
use crate::files::Files;
use crate::ids::{IdPlace, IdSummary, Scratch, place};
use crate::judge;
use crate::keep;
use crate::lists::Sizes;
use crate::names::base_name;
use crate::opened::Access;
use crate::outline::Outline;
use crate::snapshot::{Attachment, Snapshot, TreeBody, lists_of};
use crate::source::{RecordedSizes, Source};
use crate::text::escaped;
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

/// An index that can be read in.
#[derive(Debug, Clone)]
pub struct Index {
    /// Where everything lies, made from the stream.
    pub outline: Outline,
    side: Side,
    /// Where the outline is the recorded one: the sizes of lists that are recorded with it.
    sizes: Vec<RecordedSizes>,
}

/// Where the file with on-disk lists is.
#[derive(Debug, Clone)]
enum Side {
    /// The stream refers to none.
    None,
    /// The host may have it beside the index.
    Wanted(String),
    /// It is the side file of the host.
    File,
    /// An attachment of the snapshot.
    Attached(u64, Attachment),
    /// It is not there, although the stream refers to it.
    Missing(String),
}

impl Index {
    /// The index in an opened file, its outline made from the stream.
    ///
    /// # Errors
    /// When it is none, or cannot be read. An outline that stops early is no error.
    pub async fn of(access: &Access<'_>) -> Result<Index, Cause> {
        let outline = judge::outline(&access.checked()).await?;
        Ok(Index::with(access, outline).await)
    }

    /// The same for whoever wants a few rows: outline and sizes of lists are those that a snapshot records, where it does,
    /// so that nothing of the stream is read for them. What is found by them is checked against digests, and an id
    /// against itself.
    ///
    /// # Errors
    /// As [`of`](Index::of).
    pub async fn as_recorded(access: &Access<'_>) -> Result<Index, Cause> {
        let Some(snapshot) = &access.opened.snapshot else { return Index::of(access).await };
        match recorded(&access.file(), snapshot).await {
            Ok(Some((tree, outline))) => {
                let sizes = recorded_sizes(&tree, &outline);
                Ok(Index { sizes, ..Index::with(access, outline).await })
            }
            // A record that is damaged is not needed: the stream says the same.
            Ok(None) | Err(_) => Index::of(access).await,
        }
    }

    /// The same for whoever looks at damage: damaged bytes are given as they are, and the cache of the stream says
    /// which. Where they are in the way of the outline, it is the one that the snapshot records.
    ///
    /// # Errors
    /// As [`of`](Index::of).
    pub async fn with_damage(access: &Access<'_>) -> Result<Index, Cause> {
        let Some(snapshot) = &access.opened.snapshot else { return Index::of(access).await };
        let found = judge::outline(&access.damaged()).await;
        let outline = match recorded_outline(&access.file(), snapshot).await {
            Ok(Some(recorded)) if !access.caches.stream.shown().is_empty() => recorded,
            _ => found?,
        };
        Ok(Index::with(access, outline).await)
    }

    async fn with(access: &Access<'_>, outline: Outline) -> Index {
        let side = match judge::side_files(&outline).first() {
            None => Side::None,
            Some(stored) if access.opened.snapshot.is_none() => Side::Wanted(stored.to_string()),
            Some(stored) => match attached(access, stored).await {
                Ok((number, attachment)) => Side::Attached(number, attachment),
                Err(cause) => missing(stored, &cause),
            },
        };
        Index { outline, side, sizes: Vec::new() }
    }

    /// The name, as FAISS stored it, of a file with lists that the host has to find beside the index.
    pub fn wants_side(&self) -> Option<&str> {
        if let Side::Wanted(stored) = &self.side { Some(stored) } else { None }
    }

    /// The host looked for it: it is the side file of all questions from now on, or this is why it is not.
    #[must_use]
    pub fn with_side(mut self, found: Result<(), impl core::fmt::Display>) -> Index {
        if let Side::Wanted(stored) = &self.side {
            self.side = match found {
                Ok(()) => Side::File,
                Err(why) => missing(stored, &why),
            };
        }
        self
    }

    /// The attachment that is the file with the lists, and its number.
    pub fn attached_side(&self) -> Option<(u64, &Attachment)> {
        if let Side::Attached(number, attachment) = &self.side { Some((*number, attachment)) } else { None }
    }

    /// Why the file with the lists is not there, although the stream refers to it.
    pub fn side_missing(&self) -> Option<String> {
        match &self.side {
            Side::Missing(said) => Some(said.clone()),
            Side::Wanted(stored) => missing_text(missing(stored, &"no such file")),
            _ => None,
        }
    }

    /// The file with the lists, if it is there.
    pub fn side<'a>(&'a self, access: &Access<'a>) -> Option<Source<'a>> {
        match (&self.side, &access.opened.snapshot) {
            (Side::File, _) => Some(Source::side(&access.ask)),
            (Side::Attached(number, attachment), Some(snapshot)) => {
                Some(Source::attachment(&access.ask, snapshot, *number, attachment, &access.caches.side))
            }
            _ => None,
        }
    }

    /// Stream and side file in one, every byte checked where there are digests.
    pub fn joined<'a>(&'a self, access: &Access<'a>) -> Source<'a> {
        self.join(access, access.checked())
    }

    /// The same for whoever knows what must stand in the few bytes that are read: of a sealed snapshot, the bytes of the
    /// stream are not checked, and a chunk is not read for eight of them.
    pub fn joined_unchecked<'a>(&'a self, access: &Access<'a>) -> Source<'a> {
        self.join(access, access.stream())
    }

    fn join<'a>(&'a self, access: &Access<'a>, stream: Source<'a>) -> Source<'a> {
        let joined = stream.and(self.side(access));
        match &access.opened.snapshot {
            Some(snapshot) if !self.sizes.is_empty() => joined.with_sizes(snapshot, &self.sizes),
            _ => joined,
        }
    }

    /// What the ids look like; `None` where none are stored.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn sum_ids(&self, access: &Access<'_>, scratch: &dyn Scratch) -> Result<Option<IdSummary>, Cause> {
        let place = place(&self.outline);
        if !has_ids(&place) {
            return Ok(None);
        }
        let all = place.count().unwrap_or(0).saturating_mul(8);
        let joined = self.joined(access);
        joined.run_telling(&mut *scratch.sum(&place, joined.files()), 0, all).await
    }

    /// Lengths of stream and side file.
    pub fn files(&self, access: &Access<'_>) -> Files {
        self.joined(access).files()
    }
}

/// Whether ids are stored in this place.
pub fn has_ids(place: &IdPlace<'_>) -> bool {
    matches!(place, IdPlace::Map { .. } | IdPlace::Lists { .. })
}

/// The outline that a snapshot records; `None` for one of bytes that were no index to its writer.
///
/// # Errors
/// When it cannot be read.
pub async fn recorded_outline(file: &Source<'_>, snapshot: &Snapshot) -> Result<Option<Outline>, Cause> {
    Ok(recorded(file, snapshot).await?.map(|(_, outline)| outline))
}

/// The same with its summary.
async fn recorded(file: &Source<'_>, snapshot: &Snapshot) -> Result<Option<(TreeBody, Outline)>, Cause> {
    let Some(tree) = file.run(&mut snapshot.body::<TreeBody>()).await? else { return Ok(None) };
    let outline = file.run(&mut snapshot.outline(&tree, keep::class)).await?;
    Ok(Some((tree, outline)))
}

/// The sizes of lists of this outline that stand one after the other in the stream, and in pages of the snapshot too.
fn recorded_sizes(tree: &TreeBody, outline: &Outline) -> Vec<RecordedSizes> {
    let pairs = lists_of(outline).into_iter().zip(&tree.lists);
    let same = pairs.filter_map(|((_, lists), summary)| match (lists.sizes, &summary.sizes) {
        (Sizes::Full(span), Some(pages)) if pages.count.checked_mul(8) == Some(span.len) => {
            Some(RecordedSizes { span, pages: pages.clone() })
        }
        _ => None,
    });
    same.collect()
}

/// The attachment that has the name of the side file that FAISS stored as this.
async fn attached(access: &Access<'_>, stored: &str) -> Result<(u64, Attachment), Cause> {
    let name = base_name(stored)?;
    let attachments = access.attachments().await?;
    let found = (0..).zip(attachments).find(|(_, attachment)| attachment.name == name);
    found.ok_or_else(|| Cause::Refused("it is not in the snapshot".into()))
}

fn missing(stored: &str, why: &dyn core::fmt::Display) -> Side {
    let stored = escaped(stored);
    Side::Missing(format!("the lists are in another file, `{stored}`, which cannot be read: {why}"))
}

fn missing_text(side: Side) -> Option<String> {
    if let Side::Missing(said) = side { Some(said) } else { None }
}
