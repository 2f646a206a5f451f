//! Checking a whole snapshot: every table, every body, and that every byte of the file belongs to one thing.
//!
//! [`Check`] does all but the chunks: it reads head or mark, bodies and pages, and names the chunks a page at a
//! time, for the host to fetch and check on its threads. [`CheckAll`] is both in one reading, for when there is one
//! thread. What contradicts the format is an error; a damaged chunk is a finding, and the check goes on.

use super::chunk::{ChunkEntry, ChunkKind, Owner, StreamDigest};
use super::digest::Digest;
use super::lookup::IdsWalk;
use super::manifest::{Content, Place, SECTIONS};
use super::open::{BodyReading, Snapshot};
use super::section::{Attachment, Attachments, Fidelity, Ids, Layout, Metadata, Producer, Recipe};
use super::trailer::{HEAD_LEN, Head, MARK_LEN, Mark};
use super::tree::{ListsSummary, OutlineReading, SizesWalk, TreeBody};
use super::walk::ChunkWalk;
use crate::bytes::{Reading, Span, Step};
use crate::error::Error;
use crate::limits::WALK_BYTES;
use crate::lists::Balance;
use crate::order::sort_by;
use crate::window::{Read, Stop, Window, step_of};
use alloc::{boxed::Box, collections::VecDeque, format, string::String, vec::Vec};

/// What [`Check`] comes upon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Chunks to be fetched and checked; they follow those before.
    Chunks(Vec<ChunkEntry>),
    /// All coded chunks of `owner` have been named: decoded, in order, they must have this digest. For a sealed
    /// stream this has been checked, provided that its chunks are good.
    Whole {
        /// What the chunks were part of.
        owner: Owner,
        /// Its digest.
        digest: Digest,
    },
    /// The end: nothing contradicts the format.
    Done,
}

/// Checks a snapshot but for the bytes in its chunks. A [`Reading`] to be stepped on until it finds
/// [`Found::Done`].
#[derive(Debug)]
pub struct Check {
    snapshot: Snapshot,
    /// What is left to do, the next first.
    tasks: VecDeque<Task>,
    /// What every piece of the blocks belongs to.
    extents: Vec<(Span, String)>,
}

#[derive(Debug)]
enum Task {
    Edge(Window),
    Unknown { name: String, place: Place, hashing: Option<Box<Hashing>> },
    Attachments(BodyReading<Attachments>),
    Fidelity(BodyReading<Fidelity>),
    Ids(BodyReading<Ids>),
    Metadata(BodyReading<Metadata>),
    Producer(BodyReading<Producer>),
    Recipe(BodyReading<Recipe>),
    Tree(BodyReading<TreeBody>),
    Stream(ChunkWalk, StreamDigest),
    Attached { waiting: VecDeque<Attachment>, number: u64, walk: Option<ChunkWalk> },
    Lookup { walk: IdsWalk, ids: Ids, seen: Option<SeenIds> },
    Sizes { waiting: VecDeque<ListsSummary>, walk: Option<SizesWalk>, balance: Balance },
    Records(OutlineReading),
    Cover,
}

/// A section body being hashed; made when its turn comes, since a manifest can name very many.
#[derive(Debug)]
struct Hashing {
    window: Window,
    hasher: blake3::Hasher,
    at: u64,
}

#[derive(Debug, Clone, Copy)]
struct SeenIds {
    min: i64,
    max: i64,
    duplicates: u64,
}

/// What a task came to.
enum Did {
    /// It has this to say and goes on.
    Say(Found),
    /// It is finished, and maybe this is to be said.
    End(Option<Found>),
}

impl Check {
    /// Of this snapshot.
    pub fn new(snapshot: &Snapshot) -> Check {
        let snapshot = snapshot.clone();
        let mut tasks = VecDeque::from([Task::Edge(snapshot.window())]);
        let mut extents = Vec::new();
        for section in snapshot.sections() {
            let Content::Reference(place) = &section.body else { continue };
            extents.push((place.span(), section.name()));
            if !SECTIONS.iter().any(|(known, ..)| *known == section.tag) {
                tasks.push_back(Task::Unknown { name: section.name(), place: place.clone(), hashing: None });
            }
        }
        tasks.push_back(Task::Attachments(snapshot.body()));
        tasks.push_back(Task::Fidelity(snapshot.body()));
        tasks.push_back(Task::Ids(snapshot.body()));
        tasks.push_back(Task::Metadata(snapshot.body()));
        tasks.push_back(Task::Producer(snapshot.body()));
        tasks.push_back(Task::Recipe(snapshot.body()));
        tasks.push_back(Task::Tree(snapshot.body()));
        tasks.push_back(Task::Stream(snapshot.walk_chunks(), StreamDigest::new()));
        tasks.push_back(Task::Cover);
        Check { snapshot, tasks, extents }
    }

    fn run(&mut self) -> Read<Found> {
        loop {
            let Some(mut task) = self.tasks.pop_front() else { return Ok(Found::Done) };
            let did = self.work(&mut task);
            if !matches!(did, Ok(Did::End(_))) {
                self.tasks.push_front(task);
            }
            match did? {
                Did::Say(found) | Did::End(Some(found)) => return Ok(found),
                Did::End(None) => {}
            }
        }
    }

    /// Put follow-up work before the last task, which must stay the last.
    fn later(&mut self, task: Task) {
        let last = self.tasks.len().saturating_sub(1);
        self.tasks.insert(last, task);
    }

    fn extent(&mut self, extent: Option<Span>, name: impl Into<String>) {
        if let Some(extent) = extent {
            self.extents.push((extent, name.into()));
        }
    }

    fn work(&mut self, task: &mut Task) -> Read<Did> {
        match task {
            Task::Edge(window) => {
                // Bodies that overlap could make a small file as much work as a large one.
                apart(&mut self.extents)?;
                self.edge(window)?;
            }
            Task::Unknown { name, place, hashing } => {
                let window = || self.snapshot.window();
                let start = || Hashing { window: window(), hasher: blake3::Hasher::new(), at: place.start };
                unknown(name, place, hashing.get_or_insert_with(|| Box::new(start())))?;
            }
            Task::Attachments(body) => self.attachments(body.run()?),
            Task::Fidelity(body) => drop(body.run()?),
            Task::Ids(body) => self.ids(body.run()?),
            Task::Metadata(body) => drop(body.run()?),
            Task::Producer(body) => drop(body.run()?),
            Task::Recipe(body) => drop(body.run()?),
            Task::Tree(body) => self.tree(body.run()?),
            Task::Stream(walk, merged) => return self.stream(walk, merged),
            Task::Attached { waiting, number, walk } => return self.attached(waiting, number, walk),
            Task::Lookup { walk, ids, seen } => {
                while let Some(page) = walk.run().map_err(|stop| inside(stop, "id lookup"))? {
                    page.iter().for_each(|(id, _)| see_id(seen, *id));
                }
                check_ids(ids, *seen, walk.extent())?;
                self.extent(walk.extent(), "id lookup");
                self.extent(walk.apart(), "root page of the id lookup");
            }
            Task::Sizes { waiting, walk, balance } => self.sizes(waiting, walk, balance)?,
            Task::Records(reading) => drop(reading.run().map_err(|stop| inside(stop, "TREE.records"))?),
            Task::Cover => cover(&mut self.extents, self.snapshot.blocks())?,
        }
        Ok(Did::End(None))
    }

    /// The head, or the mark behind the stream.
    fn edge(&self, window: &Window) -> Read<()> {
        match self.snapshot.stream_span() {
            None => Head::check(&window.bytes(Span::new(0, HEAD_LEN))?)?,
            Some(stream) => Mark::check(&window.bytes(Span::new(stream.end(), MARK_LEN))?, stream.len)?,
        }
        Ok(())
    }

    fn attachments(&mut self, body: Option<Attachments>) {
        let waiting = body.map(|body| body.attachments).unwrap_or_default().into();
        self.later(Task::Attached { waiting, number: 0, walk: None });
    }

    /// The chunks of the attachments, one attachment after the other: there may be many.
    fn attached(
        &mut self,
        waiting: &mut VecDeque<Attachment>,
        number: &mut u64,
        walk: &mut Option<ChunkWalk>,
    ) -> Read<Did> {
        let Some(attachment) = waiting.front() else { return Ok(Did::End(None)) };
        let current = walk.get_or_insert_with(|| self.snapshot.walk_attachment(*number, attachment));
        let part = |stop| inside(stop, &attachment.name);
        if let Some(chunks) = current.run().map_err(part)? {
            return Ok(Did::Say(Found::Chunks(chunks)));
        }
        let (extent, apart, digest) = (current.extent(), current.apart(), attachment.digest);
        self.extent(extent, format!("attachment `{}`", attachment.name));
        self.extent(apart, format!("root page of attachment `{}`", attachment.name));
        let owner = Owner::Attachment(*number);
        *walk = None;
        *number = number.saturating_add(1);
        waiting.pop_front();
        Ok(Did::Say(Found::Whole { owner, digest }))
    }

    fn ids(&mut self, body: Option<Ids>) {
        if let Some((ids, lookup)) = body.and_then(|ids| ids.lookup.clone().map(|lookup| (ids, lookup))) {
            let walk = self.snapshot.walk_ids(&lookup);
            self.later(Task::Lookup { walk, ids, seen: None });
        }
    }

    fn tree(&mut self, body: Option<TreeBody>) {
        let Some(body) = body else { return };
        let waiting = body.lists.iter().filter(|lists| lists.sizes.is_some()).cloned().collect();
        self.later(Task::Sizes { waiting, walk: None, balance: Balance::default() });
        self.extent(body.records_at.as_ref().map(Place::span), "records of the outline");
        // Which classes there are is not this module's to know.
        let reading = self.snapshot.outline(&body, |_| None);
        self.later(Task::Records(reading));
    }

    fn sizes(
        &mut self,
        waiting: &mut VecDeque<ListsSummary>,
        walk: &mut Option<SizesWalk>,
        balance: &mut Balance,
    ) -> Read<()> {
        while let Some(lists) = waiting.front() {
            let current = walk.get_or_insert_with(|| self.snapshot.walk_sizes(lists));
            while let Some(page) = current.run().map_err(|stop| inside(stop, "list sizes"))? {
                page.iter().for_each(|size| balance.add(*size));
            }
            let (extent, apart) = (current.extent(), current.apart());
            check_balance(lists, balance, extent)?;
            self.extent(extent, format!("sizes of lists `{}`", lists.path));
            self.extent(apart, format!("root page of the sizes of lists `{}`", lists.path));
            (*walk, *balance) = (None, Balance::default());
            waiting.pop_front();
        }
        Ok(())
    }

    fn stream(&mut self, walk: &mut ChunkWalk, merged: &mut StreamDigest) -> Read<Did> {
        if let Some(chunks) = walk.run().map_err(|stop| inside(stop, "chunk table"))? {
            for chunk in &chunks {
                if let ChunkKind::Sealed { value, .. } = &chunk.kind {
                    merged.push(*value);
                }
            }
            return Ok(Did::Say(Found::Chunks(chunks)));
        }
        let extent = walk.extent();
        let digest = self.snapshot.stream().digest;
        if let Some(found) = core::mem::take(merged).finish() {
            let at = extent.map_or(0, |extent| extent.start);
            digest.expect(found, at, "stream, from the values of its chunks")?;
        }
        self.extent(extent, "chunk table of the stream");
        self.extent(walk.apart(), "root page of the chunk table");
        let whole = Found::Whole { owner: Owner::Stream, digest };
        Ok(Did::End((self.snapshot.layout() == Layout::Packed).then_some(whole)))
    }
}

impl Task {
    fn bring(&mut self, at: u64, bytes: &[u8]) {
        match self {
            Task::Edge(window) => window.insert(at, bytes),
            Task::Unknown { hashing, .. } => {
                if let Some(hashing) = hashing {
                    hashing.window.insert(at, bytes);
                }
            }
            Task::Attachments(reading) => reading.bring(at, bytes),
            Task::Fidelity(reading) => reading.bring(at, bytes),
            Task::Ids(reading) => reading.bring(at, bytes),
            Task::Metadata(reading) => reading.bring(at, bytes),
            Task::Producer(reading) => reading.bring(at, bytes),
            Task::Recipe(reading) => reading.bring(at, bytes),
            Task::Tree(reading) => reading.bring(at, bytes),
            Task::Stream(reading, _) => reading.bring(at, bytes),
            Task::Attached { walk: Some(walk), .. } => walk.bring(at, bytes),
            Task::Lookup { walk, .. } => walk.bring(at, bytes),
            Task::Sizes { walk: Some(walk), .. } => walk.bring(at, bytes),
            Task::Records(reading) => reading.bring(at, bytes),
            Task::Attached { walk: None, .. } | Task::Sizes { walk: None, .. } | Task::Cover => {}
        }
    }
}

impl Reading for Check {
    type Output = Found;

    fn step(&mut self) -> Result<Step<Found>, Error> {
        step_of(self.run())
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        if let Some(task) = self.tasks.front_mut() {
            task.bring(at, bytes);
        }
    }
}

fn inside(stop: Stop, part: &str) -> Stop {
    match stop {
        Stop::Bad(error) => error.inside(part).into(),
        need => need,
    }
}

/// Hash the body of a section that this build does not know, a piece at a time.
fn unknown(name: &str, place: &Place, hashing: &mut Hashing) -> Read<()> {
    let Hashing { window, hasher, at } = hashing;
    while *at < place.span().end() {
        let piece = Span::between(*at, at.saturating_add(WALK_BYTES).min(place.span().end()));
        hasher.update(&window.bytes(piece)?);
        window.forget(piece);
        *at = piece.end();
    }
    let found = hasher.finalize().into();
    Ok(place.digest.expect(found, place.start, "section body").map_err(|error| error.inside(name))?)
}

fn see_id(seen: &mut Option<SeenIds>, id: i64) {
    match seen {
        None => *seen = Some(SeenIds { min: id, max: id, duplicates: 0 }),
        Some(seen) => {
            // They ascend: an id that is there already is the largest so far.
            seen.duplicates = seen.duplicates.saturating_add(u64::from(seen.max == id));
            seen.max = id;
        }
    }
}

fn check_ids(ids: &Ids, seen: Option<SeenIds>, extent: Option<Span>) -> Result<(), Error> {
    let Some(seen) = seen else { return Ok(()) };
    let at = extent.map_or(0, |extent| extent.start);
    let recorded = (ids.min, ids.max, ids.duplicates.unwrap_or(seen.duplicates));
    let found = (seen.min, seen.max, seen.duplicates);
    if recorded != found {
        let rule = "min, max and duplicates of IDMP are those of the id lookup";
        let words = |(min, max, duplicates)| format!("{min}, {max} and {duplicates}");
        return Err(Error::inconsistent(at, rule, words(recorded), words(found)));
    }
    Ok(())
}

fn check_balance(lists: &ListsSummary, found: &Balance, extent: Option<Span>) -> Result<(), Error> {
    let recorded =
        Balance { total: lists.total, non_empty: lists.non_empty, largest: lists.largest, squares: lists.squares };
    if recorded != *found {
        let at = extent.map_or(0, |extent| extent.start);
        let rule = "balance of TREE.lists is that of the sizes";
        let words = |balance: &Balance| {
            let Balance { total, non_empty, largest, squares } = balance;
            format!("{total} entries, {non_empty} lists in use, {largest} at most, {squares} squared")
        };
        return Err(Error::inconsistent(at, rule, words(&recorded), words(found)));
    }
    Ok(())
}

/// That no two extents overlap; sorts them.
fn apart(extents: &mut Vec<(Span, String)>) -> Result<(), Error> {
    sort_by(extents, Ord::cmp);
    for ((before, last), (span, name)) in extents.iter().zip(extents.iter().skip(1)) {
        if span.start < before.end() {
            let found = format!("{name} at {span} begins inside {last}");
            return Err(Error::inconsistent(span.start, "nothing overlaps", before.end(), found).inside("blocks"));
        }
    }
    Ok(())
}

/// That the extents tile the blocks.
fn cover(extents: &mut Vec<(Span, String)>, blocks: Span) -> Result<(), Error> {
    apart(extents)?;
    let mut at = blocks.start;
    for (span, name) in extents.iter() {
        if span.start > at {
            return Err(gap(Span::between(at, span.start)));
        }
        if span.start < at {
            let found = format!("{name} at {span} begins inside what comes before the blocks");
            return Err(Error::inconsistent(span.start, "nothing overlaps", at, found).inside("blocks"));
        }
        at = span.end();
    }
    if at < blocks.end() { Err(gap(Span::between(at, blocks.end()))) } else { Ok(()) }
}

fn gap(span: Span) -> Error {
    Error::invalid(span.start, "every byte belongs to something", format!("{span} to nothing")).inside("blocks")
}

/// A chunk that is not what its entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// What the chunk was part of.
    pub owner: Owner,
    /// The bytes of it that are lost, in the stream or attachment.
    pub logical: Span,
    /// The stored bytes, in the file.
    pub stored: Span,
    /// What is wrong with them.
    pub error: Error,
}

/// Checks a snapshot with all its chunks, one after the other. Gives the damaged chunks.
#[derive(Debug)]
pub struct CheckAll {
    check: Check,
    window: Window,
    /// Chunks that were named and are not checked yet, the next last.
    chunks: Vec<ChunkEntry>,
    /// Hashes the decoded bytes of what the chunks are part of; `None` once one of them was damaged.
    hasher: Option<blake3::Hasher>,
    damage: Vec<Damage>,
}

impl CheckAll {
    /// Of this snapshot.
    pub fn new(snapshot: &Snapshot) -> CheckAll {
        CheckAll {
            check: Check::new(snapshot),
            window: Window::new(snapshot.file_len()),
            chunks: Vec::new(),
            hasher: Some(blake3::Hasher::new()),
            damage: Vec::new(),
        }
    }

    fn run(&mut self) -> Read<Vec<Damage>> {
        loop {
            while let Some(chunk) = self.chunks.last() {
                let bytes = self.window.bytes(chunk.stored)?;
                self.window.forget(chunk.stored);
                match chunk.check(&bytes) {
                    Ok(decoded) => {
                        // A sealed stream's digest comes from the values of its chunks.
                        if let (ChunkKind::Coded { .. }, Some(hasher)) = (&chunk.kind, &mut self.hasher) {
                            hasher.update(&decoded);
                        }
                    }
                    Err(error) => {
                        self.hasher = None;
                        let (owner, logical, stored) = (chunk.owner, chunk.logical, chunk.stored);
                        self.damage.push(Damage { owner, logical, stored, error });
                    }
                }
                self.chunks.pop();
            }
            match self.check.run()? {
                Found::Chunks(mut chunks) => {
                    chunks.reverse();
                    self.chunks = chunks;
                }
                Found::Whole { owner, digest } => {
                    let hasher = self.hasher.replace(blake3::Hasher::new());
                    if let Some(hasher) = hasher {
                        let what = match owner {
                            Owner::Stream => "stream",
                            Owner::Attachment(_) => "attachment",
                        };
                        digest.expect(hasher.finalize().into(), 0, what)?;
                    }
                }
                Found::Done => return Ok(core::mem::take(&mut self.damage)),
            }
        }
    }
}

impl Reading for CheckAll {
    type Output = Vec<Damage>;

    fn step(&mut self) -> Result<Step<Vec<Damage>>, Error> {
        step_of(self.run())
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        if self.chunks.is_empty() { self.check.bring(at, bytes) } else { self.window.insert(at, bytes) }
    }
}
