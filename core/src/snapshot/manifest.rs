//! The manifest: a list of sections, ascending by tag, each with a body or a reference to one.

use super::digest::Digest;
use super::wire::{Cursor, Wire, record};
use crate::bytes::Span;
use crate::error::{Error, Kind};
use crate::limits::{MAX_BODY, MAX_INLINE};
use crate::outline::Fourcc;
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

/// Section flag: a reader that does not know the section refuses the snapshot.
pub const CRITICAL: u8 = 1;
/// Section flag: the body stands in the blocks.
pub const REFERENCE: u8 = 2;

record! {
    /// Bytes elsewhere in the file, under their digest.
    Place {
        /// First byte, from the start of the file.
        start: u64,
        /// Length in bytes.
        len: u64,
        /// BLAKE3 of the bytes.
        digest: Digest,
    }
}

impl Place {
    /// The bytes.
    pub fn span(&self) -> Span {
        Span::new(self.start, self.len)
    }
}

/// One section of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Four letters.
    pub tag: Fourcc,
    /// [`CRITICAL`] and [`REFERENCE`].
    pub flags: u8,
    /// The body, or where it is.
    pub body: Content,
}

/// A section's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// In the manifest.
    Inline {
        /// The body.
        bytes: Vec<u8>,
        /// Its first byte, from the start of the file.
        at: u64,
    },
    /// In the blocks.
    Reference(Place),
}

impl Section {
    /// Whether a reader that does not know it must refuse the snapshot.
    pub fn critical(&self) -> bool {
        self.flags & CRITICAL != 0
    }

    /// What it is called in messages: `section META`.
    pub fn name(&self) -> String {
        format!("section {}", self.tag)
    }
}

/// What this build knows of a section: tag and whether it is critical, ascending by tag.
pub const SECTIONS: [(Fourcc, bool); 9] = [
    (Fourcc(*b"ATCH"), true),
    (Fourcc(*b"CHNK"), true),
    (Fourcc(*b"FIDE"), true),
    (Fourcc(*b"IDMP"), false),
    (Fourcc(*b"META"), false),
    (Fourcc(*b"PROD"), false),
    (Fourcc(*b"RCPE"), false),
    (Fourcc(*b"STRM"), true),
    (Fourcc(*b"TREE"), false),
];

/// What each of them holds: apart, since the document needs it and no reader.
pub const CONTENTS: [&str; 9] = [
    "attachments: name, media type, length, chunks",
    "sealed chunk size, chunk count, root of the chunk table",
    "fidelity and strategy by row runs; absent: exact bytes throughout",
    "id summary and root of the id lookup pages",
    "the user's key and value text, sorted by key",
    "name and version of the writer",
    "what a stand-in stream stands for",
    "layout, length and digest of the stream, lowest FAISS version",
    "the outline: summary, records, list sizes",
];

/// The bytes of a manifest.
pub(crate) fn put_manifest(sections: &[Section]) -> Vec<u8> {
    let mut out = Vec::new();
    super::wire::put_varint(sections.len() as u128, &mut out);
    for section in sections {
        section.tag.0.put(&mut out);
        section.flags.put(&mut out);
        match &section.body {
            Content::Inline { bytes, .. } => bytes.put(&mut out),
            Content::Reference(place) => place.put(&mut out),
        }
    }
    out
}

/// The sections of a manifest whose bytes stand at byte `at`.
///
/// # Errors
/// Tags twice or out of order, flags that mean nothing, bodies that are too long, bytes left over; an unknown
/// critical section is refused by name.
pub(crate) fn take_manifest(bytes: &[u8], at: u64) -> Result<Vec<Section>, Error> {
    let mut cursor = Cursor::new(bytes, at);
    let count = cursor.count().map_err(|error| error.inside("sections"))?;
    let mut sections: Vec<Section> = Vec::new();
    for number in 0..count {
        let section = take_section(&mut cursor, at).map_err(|error| error.inside(&format!("section {number}")))?;
        if let Some(last) = sections.last()
            && last.tag >= section.0.tag
        {
            let found = format!("{} after {}", section.0.tag, last.tag);
            return Err(Error::invalid(section.1, "sections ascend by tag, each once", found));
        }
        sections.push(section.0);
    }
    if !cursor.is_empty() {
        return Err(Error::invalid(cursor.at(), "manifest ends after its sections", cursor.rest().len()));
    }
    Ok(sections)
}

fn take_section(cursor: &mut Cursor<'_>, manifest: u64) -> Result<(Section, u64), Error> {
    let start = cursor.at();
    let tag = Fourcc(cursor.array()?);
    let inside = |error: Error| error.inside(&tag.to_string());
    let flags_at = cursor.at();
    let flags = u8::take(cursor).map_err(inside)?;
    if flags & !(CRITICAL | REFERENCE) != 0 {
        return Err(inside(Error::invalid(flags_at, "flags are critical (1) and reference (2)", flags)));
    }
    let known = SECTIONS.iter().find(|(known, ..)| *known == tag);
    match known {
        None if flags & CRITICAL != 0 => {
            let text = format!("critical section {tag} is unknown to this build: a newer one may read the snapshot");
            return Err(Error::new(Kind::Unsupported(text.into()), start));
        }
        Some((_, critical)) if *critical != (flags & CRITICAL != 0) => {
            let rule = if *critical { "section is critical" } else { "section is not critical" };
            return Err(inside(Error::invalid(flags_at, rule, flags)));
        }
        _ => {}
    }
    let body = if flags & REFERENCE == 0 {
        let len_at = cursor.at();
        let len = cursor.count().map_err(inside)?;
        if len > MAX_INLINE {
            return Err(inside(Error::limit(len_at, "bytes of an inline body", MAX_INLINE, len)));
        }
        let at = cursor.at();
        Content::Inline { bytes: cursor.take(len).map_err(inside)?.into(), at }
    } else {
        let at = cursor.at();
        let place = Place::take(cursor).map_err(inside)?;
        check_place(&place, at, manifest).map_err(inside)?;
        // What this build does not know is never held in memory, so its length is its own affair.
        if known.is_some() && place.len > MAX_BODY {
            return Err(inside(Error::limit(at, "bytes of a section body", MAX_BODY, place.len)));
        }
        Content::Reference(place)
    };
    Ok((Section { tag, flags, body }, start))
}

/// That a place, recorded at byte `at`, lies before the manifest and is not empty.
pub(crate) fn check_place(place: &Place, at: u64, manifest: u64) -> Result<(), Error> {
    if place.len == 0 {
        return Err(Error::invalid(at, "a reference has bytes", 0));
    }
    match place.start.checked_add(place.len) {
        Some(end) if end <= manifest => Ok(()),
        _ => {
            let found = format!("{} bytes from byte {}", place.len, place.start);
            Err(Error::inconsistent(at, "span ends before the manifest", manifest, found))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn inline(tag: &[u8; 4], flags: u8, bytes: &[u8]) -> Section {
        Section { tag: Fourcc(*tag), flags, body: Content::Inline { bytes: bytes.into(), at: 0 } }
    }

    fn message(sections: &[Section]) -> String {
        take_manifest(&put_manifest(sections), 1000).unwrap_err().to_string()
    }

    #[test]
    fn the_table_of_sections_ascends() {
        assert!(SECTIONS.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn unknown_sections_are_skipped_or_refused_by_name() {
        let bytes = put_manifest(&[inline(b"XTRA", 0, b"x")]);
        assert_eq!(take_manifest(&bytes, 0).unwrap().len(), 1);
        assert_eq!(
            message(&[inline(b"XTRA", CRITICAL, b"x")]),
            "unsupported at byte 1001 while reading section 0: critical section XTRA is unknown to this build: a newer one may read the snapshot"
        );
    }

    #[test]
    fn order_flags_and_lengths_are_held() {
        let meta = inline(b"META", 0, b"\0");
        assert_eq!(
            message(&[meta.clone(), meta.clone()]),
            "invalid at byte 1008: sections ascend by tag, each once: found META after META"
        );
        assert!(
            message(&[inline(b"META", 4, b"")]).contains("META: flags are critical (1) and reference (2): found 4")
        );
        assert!(message(&[inline(b"META", 1, b"")]).contains("META: section is not critical: found 1"));
        assert!(message(&[inline(b"STRM", 0, b"")]).contains("STRM: section is critical: found 0"));
        assert!(message(&[inline(b"META", 0, &vec![0; 4097])]).contains("limited to 4096: found 4097"));
        let place = |start, len| Section {
            tag: Fourcc(*b"META"),
            flags: REFERENCE,
            body: Content::Reference(Place { start, len, digest: Digest([0; 32]) }),
        };
        assert!(
            message(&[place(990, 11)])
                .contains("span ends before the manifest: expected 1000, found 11 bytes from byte 990")
        );
        assert!(message(&[place(u64::MAX, 2)]).contains("span ends before the manifest"));
        assert!(message(&[place(9, 0)]).contains("a reference has bytes: found 0"));
        let mut bytes = put_manifest(&[meta]);
        bytes.push(0);
        assert!(take_manifest(&bytes, 0).unwrap_err().to_string().contains("manifest ends after its sections"));
    }
}
