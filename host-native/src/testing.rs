//! Snapshot tests of indexes: what an index is, as a page of text that is kept beside a test.
//!
//! [`assert_index_snapshot!`](crate::assert_index_snapshot) makes the [`page`] of an index and holds it against the
//! one that is committed, with [insta](https://insta.rs). A page has a line for each fact, so a change in the pipeline
//! that makes the index is a diff of a few lines; on failure the macro also says in a sentence what changed.
//!
//! The page is about the index alone: an index file, a snapshot of it in either layout and its bytes in memory have the
//! same. It says every parameter, a digest of each array, what the ids look like, a digest of each row or of small
//! groups of them, and what a few exact searches find. It has no path, no time, and no number that depends on the
//! machine. [`changes`] compares two indexes that are both at hand; [`Fixture`] makes some.
//!
//! `docs/testing.md` shows a page and a diff.
//!
//! # Example
//!
//! ```
//! use faissil::testing::{Fixture, changes, page};
//!
//! let old = Fixture::new("IDMap2,Flat").rows(40);
//! let new = old.clone().without([3, 5, 8]).changed([20, 21]);
//! let (old, new) = (old.build()?, new.build()?);
//! assert!(page(&old)?.starts_with("index IDMap2,Flat\n"));
//! assert_eq!(changes(&old, &new)?, "3 ids gone, vectors of 2 rows changed");
//! # Ok::<(), faissil::Error>(())
//! ```

mod changes;
mod made;
mod page;
mod rows;
#[cfg(feature = "native")]
mod searched;
mod searches;

pub use crate::fixture::{Fixture, Metric};
#[doc(hidden)]
pub use insta;
#[cfg(feature = "native")]
pub use searched::{Live, Searched};

use crate::{Cause, Error, inspect::Index, opened::Opened, store::File};
use faissil_core::diff::{Diff, Side};
use insta::internals::SnapshotContents;
use std::{
    io::Write,
    path::{Path, PathBuf},
};

/// Something that a page can be made of.
pub trait Subject {
    /// Its file, opened.
    ///
    /// # Errors
    /// When it cannot be read.
    fn open(&self) -> Result<Opened, Error>;

    /// Lines to add to the page, each with its newline.
    ///
    /// # Errors
    /// When they cannot be made.
    fn more(&self) -> Result<String, Error> {
        Ok(String::new())
    }
}

impl<S: Subject + ?Sized> Subject for &S {
    fn open(&self) -> Result<Opened, Error> {
        (**self).open()
    }

    fn more(&self) -> Result<String, Error> {
        (**self).more()
    }
}

impl Subject for Path {
    fn open(&self) -> Result<Opened, Error> {
        Opened::open(self)
    }
}

impl Subject for PathBuf {
    fn open(&self) -> Result<Opened, Error> {
        Opened::open(self)
    }
}

/// A path.
impl Subject for str {
    fn open(&self) -> Result<Opened, Error> {
        Opened::open(Path::new(self))
    }
}

/// The bytes of an index file or of a snapshot.
impl Subject for [u8] {
    fn open(&self) -> Result<Opened, Error> {
        let opened = || -> Result<Opened, Cause> {
            let mut file = tempfile::tempfile()?;
            file.write_all(self)?;
            Opened::from_file(File::from_open(file, Path::new("bytes in memory"))?)
        };
        opened().map_err(|cause| cause.of("cannot read the index in memory"))
    }
}

impl Subject for Vec<u8> {
    fn open(&self) -> Result<Opened, Error> {
        self.as_slice().open()
    }
}

/// The index that it makes.
impl Subject for Fixture {
    fn open(&self) -> Result<Opened, Error> {
        self.build()?.open()
    }
}

/// The page of an index, as `docs/testing.md` explains it.
///
/// # Errors
/// When it is none, or cannot be read. One that cannot be followed to its end has a page that says so.
pub fn page(subject: &(impl Subject + ?Sized)) -> Result<String, Error> {
    let opened = subject.open()?;
    let page = made::page(&opened).map_err(|cause| cause.reading(opened.file.path()))?;
    Ok(page.to_string() + &subject.more()?)
}

/// What changed from one index to another, in one sentence; empty when nothing did.
///
/// The two are compared row by row, so the numbers are exact whatever their size.
///
/// # Errors
/// When one of them is no index, or cannot be read.
pub fn changes(old: &(impl Subject + ?Sized), new: &(impl Subject + ?Sized)) -> Result<String, Error> {
    let (a, b) = (old.open()?, new.open()?);
    let compared = || -> Result<String, Cause> {
        let (one, other) = (Index::of(&a)?, Index::of(&b)?);
        let diff = Diff::new(
            Side { outline: &one.outline, files: one.files() },
            Side { outline: &other.outline, files: other.files() },
            0,
        );
        let both = crate::store::Joined::new(one.joined(), Some(other.joined()));
        Ok(changes::of_report(
            &crate::drive::drive(diff, &both)?,
            faissil_core::index::has_ids(&faissil_core::ids::place(&one.outline)),
        ))
    };
    compared().map_err(|cause| cause.of("cannot compare the two indexes"))
}

/// What changed from one page to another, in one sentence; empty when nothing did.
///
/// Of an index with more rows than a page has lines for, rows are told apart by groups: then it says `at least`.
pub fn page_changes(old: &str, new: &str) -> String {
    changes::of_pages(&page::Page::parse(old), &page::Page::parse(new))
}

/// Hold the page of an index against the one that is kept.
///
/// `assert_index_snapshot!(subject)` names the page after the test, `assert_index_snapshot!("name", subject)` as it
/// says. The subject is anything that implements [`Subject`](crate::testing::Subject): a path, bytes, a
/// [`Fixture`](crate::testing::Fixture). The page is kept where insta keeps its snapshots, and is accepted with
/// `cargo insta review`, or by running the tests with `INSTA_UPDATE=always`.
///
/// # Panics
/// When the page differs, after a sentence that says what changed; when the subject cannot be read.
#[macro_export]
macro_rules! assert_index_snapshot {
    ($subject:expr $(,)?) => {{
        let page = $crate::testing::page_or_panic(&$subject);
        let _settings = $crate::testing::settings().bind_to_scope();
        $crate::testing::insta::assert_snapshot!(page);
    }};
    ($name:expr, $subject:expr $(,)?) => {{
        let page = $crate::testing::page_or_panic(&$subject);
        let _settings = $crate::testing::settings().bind_to_scope();
        $crate::testing::insta::assert_snapshot!($name, page);
    }};
}

/// For the macro: the page, or the end of the test.
#[doc(hidden)]
#[track_caller]
pub fn page_or_panic(subject: &(impl Subject + ?Sized)) -> String {
    page(subject).unwrap_or_else(|error| panic!("{error}"))
}

/// For the macro: insta's settings with our sentence.
#[doc(hidden)]
pub fn settings() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    let inner = settings.comparator().dyn_clone();
    settings.set_comparator(Box::new(Telling { inner }));
    settings.set_omit_expression(true);
    settings
}

/// Compares as insta would, and says what changed.
struct Telling {
    inner: Box<dyn insta::Comparator>,
}

impl Telling {
    fn tell(&self, same: bool, reference: &insta::Snapshot, test: &insta::Snapshot) -> bool {
        if let (false, SnapshotContents::Text(old), SnapshotContents::Text(new)) =
            (same, reference.contents(), test.contents())
        {
            let said = page_changes(&old.to_string(), &new.to_string());
            eprintln!("the index changed: {}", if said.is_empty() { "see the lines below" } else { &said });
        }
        same
    }
}

impl insta::Comparator for Telling {
    fn matches(&self, reference: &insta::Snapshot, test: &insta::Snapshot) -> bool {
        self.tell(self.inner.matches(reference, test), reference, test)
    }

    fn matches_fully(&self, reference: &insta::Snapshot, test: &insta::Snapshot) -> bool {
        self.tell(self.inner.matches_fully(reference, test), reference, test)
    }

    fn dyn_clone(&self) -> Box<dyn insta::Comparator> {
        Box::new(Telling { inner: self.inner.dyn_clone() })
    }
}
