//! Attachments of a snapshot, taken out in pieces.

use crate::asking::Give;
use crate::error::Cause;
use crate::opened::Access;
use crate::snapshot::Digest;
use crate::source::{Cache, Source};
use crate::text::escaped;
use alloc::{format, sync::Arc, vec::Vec};

/// Give the attachment called `name` in pieces, each checked; what they come to is held against its digest at the end.
///
/// # Errors
/// When there is none of this name, or it is damaged. What was given before is good.
pub async fn pieces(access: &Access<'_>, name: &str, give: &Give<Arc<Vec<u8>>>) -> Result<(), Cause> {
    let snapshot = access.opened.snapshot()?;
    let attachments = access.attachments().await?;
    let found = (0..).zip(&attachments).find(|(_, attachment)| attachment.name == name);
    let Some((number, attachment)) = found else {
        return Err(Cause::Refused(format!("no attachment is named `{}`", escaped(name))));
    };
    let source = Source::attachment(&access.ask, snapshot, number, attachment, &Cache::default());
    let mut whole = blake3::Hasher::new();
    let mut at = 0_u64;
    while at < source.len() {
        let piece = source.piece_at(at).await?;
        whole.update(&piece);
        at = at.saturating_add(piece.len() as u64);
        access.ask.tell(at, source.len());
        give.give(piece).await;
    }
    if Digest::from(whole.finalize()) == attachment.digest {
        return Ok(());
    }
    Err(Cause::Damage(format!("attachment `{}` does not have its digest", escaped(&attachment.name))))
}
