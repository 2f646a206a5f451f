//! The last step of a writer: section bodies, the roots that stand last, manifest, trailer.

use super::super::digest::Digest;
use super::super::manifest::{CRITICAL, Content, REFERENCE, SECTIONS, Section, put_manifest};
use super::super::open::SectionBody;

use super::super::section::{Attachments, Chunks, Entry, Ids, Metadata, Stream, Tree, tag};
use super::super::trailer::trailer_bytes;
use super::super::tree::TreeBody;
use super::super::wire::Body;
use super::pages::Root;
use super::{Finished, Parts, SizesRoot, Writer};
use crate::bytes::Span;
use crate::error::Error;
use crate::limits::{MAX_BODY, MAX_INLINE, MAX_MANIFEST};
use crate::outline::Fourcc;
use alloc::{collections::BTreeMap, format, string::String, vec::Vec};

impl Writer {
    /// The rest of the file: section bodies, manifest, trailer.
    ///
    /// # Errors
    /// A table is still open, the stream is not in, or a part breaks the rules of its section.
    pub fn finish(mut self, parts: Parts) -> Result<Finished, Error> {
        self.idle("the end of the snapshot")?;
        let Some((stream_digest, table)) = self.stream.take() else {
            return Err(self.out_of_turn("the end of a snapshot without a stream"));
        };
        let (faiss_major, faiss_minor, faiss_patch) = parts.faiss_min;
        let stream = Stream {
            layout: self.layout.number(),
            length: self.stream_len,
            digest: stream_digest,
            faiss_major,
            faiss_minor,
            faiss_patch,
        };
        let tree = parts.tree.map(|tree| self.settle_tree(tree)).transpose()?;
        let attachments = Attachments { attachments: core::mem::take(&mut self.attachments) };
        let metadata = metadata(parts.metadata);

        let mut sections = Vec::new();
        if !attachments.attachments.is_empty() {
            sections.push(self.section(&attachments)?);
        }
        self.optional(&mut sections, parts.fidelity.as_ref())?;
        if !metadata.entries.is_empty() {
            sections.push(self.section(&metadata)?);
        }
        self.optional(&mut sections, parts.producer.as_ref())?;
        self.optional(&mut sections, parts.recipe.as_ref())?;
        sections.push(inline(tag::STRM, stream.body()));
        self.optional(&mut sections, tree.as_ref())?;

        let lookup = self.lookup.take().filter(|_| parts.ids.is_some());
        let (table, lookup) = self.place_last(&table, lookup.as_ref());
        let chunks = Chunks { chunk_log2: self.chunk_log2, table };
        sections.push(inline(tag::CHNK, chunks.body()));
        let ids = parts.ids.map(|ids| Ids { lookup, ..ids });
        self.optional(&mut sections, ids.as_ref())?;
        sections.sort_by_key(|section| section.tag.0);
        self.end(&sections, stream_digest)
    }

    fn end(mut self, sections: &[Section], stream_digest: Digest) -> Result<Finished, Error> {
        let bytes = put_manifest(sections);
        let len = bytes.len() as u64;
        if len > MAX_MANIFEST {
            return Err(Error::limit(self.out.end, "bytes of a manifest", MAX_MANIFEST, len));
        }
        let digest = Digest::of(&bytes);
        let span: Span = self.out.push(&bytes);
        let trailer = trailer_bytes(span, digest);
        let file_len = span.end().saturating_add(trailer.len() as u64);
        Ok(Finished { bytes: self.take(), trailer, digest, stream_digest, file_len })
    }

    /// Write the root pages of chunk table and id lookup, the smaller one last: if not both come with the
    /// file's end, that one does.
    fn place_last(&mut self, table: &Root, lookup: Option<&Root>) -> (Tree, Option<Tree>) {
        match lookup {
            Some(lookup) if lookup.page.len() < table.page.len() => {
                let table = table.place(&mut self.out);
                (table, Some(lookup.place(&mut self.out)))
            }
            lookup => {
                let lookup = lookup.map(|lookup| lookup.place(&mut self.out));
                (table.place(&mut self.out), lookup)
            }
        }
    }

    /// Put the roots of list sizes in their places, and the records in the blocks when they are long.
    fn settle_tree(&mut self, mut tree: TreeBody) -> Result<TreeBody, Error> {
        for (number, sizes) in core::mem::take(&mut self.sizes) {
            let Some(lists) = tree.lists.get_mut(number) else {
                return Err(Error::invalid(self.out.end, "sizes belong to inverted lists of the outline", number));
            };
            lists.sizes = Some(match sizes {
                SizesRoot::Written(tree) => tree,
                SizesRoot::Held(root) => root.place(&mut self.out),
            });
        }
        if tree.body().len() as u64 > MAX_INLINE && !tree.records.is_empty() {
            let place = self.out.place(&core::mem::take(&mut tree.records));
            if place.len > MAX_BODY {
                return Err(Error::limit(place.start, "bytes of records", MAX_BODY, place.len));
            }
            tree.records_at = Some(place);
        }
        Ok(tree)
    }

    fn optional<T: SectionBody>(&mut self, sections: &mut Vec<Section>, body: Option<&T>) -> Result<(), Error> {
        if let Some(body) = body {
            sections.push(self.section(body)?);
        }
        Ok(())
    }

    /// A section with this body, in the manifest or in the blocks by its length.
    fn section<T: SectionBody>(&mut self, body: &T) -> Result<Section, Error> {
        // The manifest is not written yet; whatever was is before it.
        body.check(self.out.end, self.out.end).map_err(|error| error.inside(&format!("{}", T::TAG)))?;
        let bytes = body.body();
        let len = bytes.len() as u64;
        if len <= MAX_INLINE {
            return Ok(inline(T::TAG, bytes));
        }
        if len > MAX_BODY {
            let error = Error::limit(self.out.end, "bytes of a section body", MAX_BODY, len);
            return Err(error.inside(&format!("{}", T::TAG)));
        }
        let place = self.out.place(&bytes);
        Ok(Section { tag: T::TAG, flags: flags(T::TAG) | REFERENCE, body: Content::Reference(place) })
    }
}

fn flags(tag: Fourcc) -> u8 {
    let critical = SECTIONS.iter().any(|(known, critical)| *known == tag && *critical);
    if critical { CRITICAL } else { 0 }
}

fn inline(tag: Fourcc, bytes: Vec<u8>) -> Section {
    Section { tag, flags: flags(tag), body: Content::Inline { bytes, at: 0 } }
}

/// The entries ascending by key; of two with one key the last.
fn metadata(entries: Vec<Entry>) -> Metadata {
    let sorted: BTreeMap<String, String> = entries.into_iter().map(|entry| (entry.key, entry.value)).collect();
    Metadata { entries: sorted.into_iter().map(|(key, value)| Entry { key, value }).collect() }
}
