//! Streams that must not be given to some releases of FAISS, because reading or searching them ends the process.
//!
//! An exception of FAISS becomes an error; a crash cannot. So what is known to crash is refused before FAISS sees it. Each row was
//! found by reading a file of that kind with that release in a child process; the tests do so again for every index file of the
//! corpus, so a crash that is not in the table shows.

use faissil_core::{
    faiss::Version,
    outline::{Outline, Record, Value},
};

/// A kind of stream that some releases crash on.
struct Crash {
    /// Which records.
    is: fn(&Record) -> bool,
    /// What those are, for people.
    what: &'static str,
    /// The first release known to crash, and the first that does not.
    from: Version,
    until: Version,
}

/// What is known.
const CRASHES: &[Crash] = &[];

/// A row that applies: the place and what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KnownCrash {
    /// The byte where the record starts.
    pub(super) at: u64,
    /// Path of the record; empty for the outermost.
    pub(super) path: String,
    /// What is there.
    pub(super) what: &'static str,
    /// The first release that takes it.
    pub(super) until: Version,
}

/// Whether this release of FAISS is known to crash on the stream.
pub(super) fn find(outline: &Outline, linked: Version) -> Option<KnownCrash> {
    find_in(&outline.root, "", linked)
}

fn find_in(record: &Record, path: &str, linked: Version) -> Option<KnownCrash> {
    let hit = CRASHES.iter().find(|crash| crash.from <= linked && linked < crash.until && (crash.is)(record));
    if let Some(crash) = hit {
        return Some(KnownCrash { at: record.span.start, path: path.into(), what: crash.what, until: crash.until });
    }
    record.children().find_map(|child| find_in(child, &faissil_core::outline::join(path, &child.role), linked))
}

/// Whether a record says that it is not trained.
#[expect(dead_code, reason = "for rows to come")]
fn is_untrained(record: &Record) -> bool {
    matches!(record.value("is_trained"), Some(Value::Bool(false)))
}
