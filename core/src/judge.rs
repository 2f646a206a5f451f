//! What a stream is and what has to be said about it, before anything is done with it.
//!
//! An unknown code deep inside, bytes behind the end, an index without training or vectors: all are
//! kept, with a word about it. What is no index, cut short or contradicts itself is refused, unless the
//! caller says that the bytes are opaque.

use crate::bytes::Span;
use crate::error::{Cause, Kind};
use crate::faiss::Outliner;
use crate::lists::Layout;
use crate::outline::{Outline, Value};
use crate::recognise::{SAMPLE_BYTES, recognise};
use crate::source::Source;
use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
    vec::Vec,
};

/// A stream, judged.
#[derive(Debug)]
pub struct Judged {
    /// Where everything lies; `None` for opaque bytes.
    pub outline: Option<Outline>,
    /// What the user has to know.
    pub warnings: Vec<String>,
    /// What is good to know.
    pub notes: Vec<String>,
}

/// Judge a stream. `opaque`: take whatever it is.
///
/// # Errors
/// When it is not fit to be kept, or cannot be read.
pub async fn judge(stream: &Source<'_>, opaque: bool) -> Result<Judged, Cause> {
    let mut judged = Judged { outline: None, warnings: Vec::new(), notes: Vec::new() };
    if stream.is_empty() {
        return Err(Cause::Refused("the file is empty".into()));
    }
    match outline(stream).await {
        Ok(outline) => match &outline.fault {
            Some(fault) if !is_kept(&outline) => {
                if !opaque {
                    return Err(Cause::Fault(Box::new(fault.clone())));
                }
                judged.warnings.push(format!("{fault}; the bytes are kept as they are"));
            }
            _ => {
                remark(&outline, &mut judged);
                judged.outline = Some(outline);
            }
        },
        Err(cause @ (Cause::Fault(_) | Cause::Refused(_))) if opaque => {
            judged
                .warnings
                .push(format!("not a FAISS index that this build knows ({cause}); the bytes are kept as they are"));
        }
        Err(cause) => return Err(cause),
    }
    Ok(judged)
}

/// The outline of a stream.
///
/// # Errors
/// When its first code is no index; says what the file is instead, where that can be told.
pub async fn outline(stream: &Source<'_>) -> Result<Outline, Cause> {
    match stream.run(&mut Outliner::new(stream.len())).await {
        Err(Cause::Fault(fault)) => Err(match recognised(stream).await? {
            Some(phrase) => Cause::Refused(phrase),
            // A part of an index, such as a transform, is a file of another kind and no damage.
            None if matches!(fault.kind, Kind::MisplacedTag { .. }) => Cause::Refused(fault.to_string()),
            None => Cause::Fault(fault),
        }),
        other => other,
    }
}

async fn recognised(stream: &Source<'_>) -> Result<Option<String>, Cause> {
    let len = stream.len();
    let head = stream.bytes(Span::new(0, len.min(SAMPLE_BYTES))).await?;
    let tail = stream.bytes(Span::between(len.saturating_sub(SAMPLE_BYTES), len)).await?;
    let found = recognise(&head, &tail, len).filter(|found| found.name != "faiss");
    Ok(found.map(|found| format!("not a FAISS index: {}", found.phrase)))
}

/// Whether this outline goes into a snapshot: it is complete, or stops at what is beyond us.
pub fn is_kept(outline: &Outline) -> bool {
    outline.fault.as_ref().is_none_or(|fault| is_beyond_us(&fault.kind))
}

/// Whether this is a limit of ours and not a fault of the file.
fn is_beyond_us(kind: &Kind) -> bool {
    matches!(kind, Kind::UnknownTag(_) | Kind::Unsupported(_) | Kind::Limit { .. })
}

fn remark(outline: &Outline, judged: &mut Judged) {
    if let Some(fault) = &outline.fault {
        judged.warnings.push(format!("{fault}; what follows is kept without being understood"));
    }
    if let Some(trailing) = outline.trailing() {
        let said = format!("{} bytes after the end of the index at byte {} are kept", trailing.len, trailing.start);
        judged.warnings.push(said);
    }
    if matches!(outline.root.value("is_trained"), Some(Value::Bool(false))) {
        judged.notes.push("the index is not trained".into());
    }
    if outline.root.u64("ntotal") == Some(0) && outline.fault.is_none() {
        judged.notes.push("the index holds no vectors".into());
    }
}

/// The names of other files that the stream refers to, as FAISS stored them.
pub fn side_files(outline: &Outline) -> Vec<&str> {
    let records = outline.records().into_iter();
    let mut names: Vec<&str> = records
        .filter_map(|record| match &record.lists()?.layout {
            Layout::OnDisk { filename, .. } => Some(filename.as_str()),
            _ => None,
        })
        .collect();
    names.dedup();
    names
}
