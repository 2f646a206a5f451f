//! What all tasks on a file share, so that a second one does not read what a first one has read.

use alloc::{rc::Rc, string::String};
use core::cell::RefCell;
use faissil_core::{
    asking::Ask,
    error::Cause,
    files::Files,
    index::Index,
    opened::{Access, Caches, Opened, open},
};

/// A file.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Its length, and that of its side file.
    pub(crate) files: Files,
    /// What reports call it.
    pub(crate) name: String,
    caches: Caches,
    opened: RefCell<Option<Rc<Opened>>>,
    #[cfg(any(feature = "basics", feature = "contents"))]
    recorded: RefCell<Option<Rc<Index>>>,
    #[cfg(feature = "health")]
    made: RefCell<Option<Rc<Index>>>,
}

impl Shared {
    pub(crate) fn new(len: u64, name: String, side: Option<u64>) -> Shared {
        let files = Files { stream: len, side };
        Shared {
            files,
            name,
            caches: Caches::default(),
            opened: RefCell::default(),
            #[cfg(any(feature = "basics", feature = "contents"))]
            recorded: RefCell::default(),
            #[cfg(feature = "health")]
            made: RefCell::default(),
        }
    }

    /// What the file was found to be.
    pub(crate) async fn opened(&self, ask: &Ask) -> Result<Rc<Opened>, Cause> {
        if let Some(opened) = self.opened.borrow().as_ref() {
            return Ok(opened.clone());
        }
        let opened = Rc::new(open(ask).await?);
        Ok(self.opened.borrow_mut().insert(opened).clone())
    }

    /// A way to ask for its bytes.
    pub(crate) fn access<'a>(&self, ask: Ask, opened: &'a Opened) -> Access<'a> {
        Access::new(ask, opened, self.caches.clone())
    }

    /// Whether the file with the lists is there.
    pub(crate) fn side(&self) -> Result<(), String> {
        self.files.side.map(drop).ok_or_else(|| "no such file".into())
    }

    /// The index in it for a look at a few rows: as it is recorded, where it is.
    #[cfg(any(feature = "basics", feature = "contents"))]
    pub(crate) async fn index_as_recorded(&self, access: &Access<'_>) -> Result<Rc<Index>, Cause> {
        if let Some(index) = self.recorded.borrow().as_ref() {
            return Ok(index.clone());
        }
        let index = Rc::new(Index::as_recorded(access).await?.with_side(self.side()));
        Ok(self.recorded.borrow_mut().insert(index).clone())
    }

    /// The index in it for a report on all of it, which does not rest on what a snapshot says of itself.
    #[cfg(feature = "health")]
    pub(crate) async fn index(&self, access: &Access<'_>) -> Result<Rc<Index>, Cause> {
        if let Some(index) = self.made.borrow().as_ref() {
            return Ok(index.clone());
        }
        let index = Rc::new(Index::of(access).await?.with_side(self.side()));
        Ok(self.made.borrow_mut().insert(index).clone())
    }
}
