//! What there is to verify in a file that is no snapshot, or no longer one.

use super::{Damage, IdsLost, damage_report, structural};
use crate::asking::Ask;
use crate::bytes::Span;
use crate::error::Cause;
use crate::judge;
use crate::opened::{Access, remains};
use crate::report::{Stream, Verification};
use crate::snapshot::{Remains, TRAILER_LEN, Trailer};
use crate::source::Source;
use alloc::vec::Vec;

/// The report on a file that [`open`](crate::opened::open) refused for this cause: its end or its manifest is damaged.
///
/// # Errors
/// The cause itself, where it says nothing about the bytes.
pub async fn unopened(ask: &Ask, name: &str, cause: Cause) -> Result<Verification, Cause> {
    if !cause.is_damage() {
        return Err(cause);
    }
    let file = Source::file(ask);
    let damage = damaged_end(&file, &cause).await?;
    let damage = Vec::from([damage_report(&damage)]);
    Ok(Verification { ok: Some(false), damage, ..nothing(name, "unreadable", file.len(), 0) })
}

async fn damaged_end(file: &Source<'_>, cause: &Cause) -> Result<Damage, Cause> {
    let len = file.len();
    let trailer = Span::between(len.saturating_sub(TRAILER_LEN), len);
    if let Cause::Fault(fault) = cause {
        let manifest = Trailer::parse(&file.bytes(trailer).await?, len).map(|trailer| trailer.manifest());
        // Bytes behind a trailer belong to no part.
        let trailer = if fault.path.is_empty() { Span::between(fault.at, len) } else { trailer };
        return Ok(structural(cause, [manifest.unwrap_or_default(), trailer]));
    }
    let span = match remains(file).await?.1 {
        Some(Remains::Damaged) => trailer,
        Some(Remains::Cut(left)) => Span::between(len.saturating_sub(left), len),
        Some(Remains::Followed(end)) => Span::between(end, len),
        None => Span::new(len, 0),
    };
    let reason = alloc::string::ToString::to_string(cause);
    Ok(Damage { span, path: "trailer".into(), ids_lost: IdsLost::default(), reason })
}

/// The report on a file without digests: there is nothing to hold its bytes against.
///
/// # Errors
/// When it is no index: what the file is not must be said before what it lacks.
pub async fn unverifiable(access: &Access<'_>, name: &str) -> Result<Verification, Cause> {
    let stream = access.stream();
    judge::judge(&stream, false).await?;
    Ok(nothing(name, access.opened.kind(), access.file().len(), stream.len()))
}

fn nothing(name: &str, kind: &'static str, bytes: u64, stream_len: u64) -> Verification {
    Verification {
        file: name.into(),
        kind,
        ok: None,
        bytes,
        chunks: 0,
        snapshot_digest: None,
        stream: Stream { len: stream_len, blake3: None },
        damage: Vec::new(),
        warnings: Vec::new(),
    }
}
