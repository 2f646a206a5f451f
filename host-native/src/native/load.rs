//! A snapshot becomes a live index.
//!
//! The file is opened once; what is verified and what FAISS gets is that open file, whatever happens to its name
//! meanwhile. FAISS is given a stream only when its outline is complete, the linked release reads every type in it, and none of
//! them is [known to crash](super::crashes) it. How FAISS gets it depends on where the bulk of the stream lies ([`Way`]): mapped where
//! FAISS can use it in place, else through the callback reader, which verifies ahead of FAISS.

mod refused;

use super::{
    ffi::{self, Family, Owned},
    index::{Index, Provenance, Residence, Verification},
    reader::{Ahead, Shared},
    way::{Way, admit, family_of},
};
use crate::{
    Cause, Error,
    drive::drive,
    judge,
    load::{attachments, check_rest, check_stream, copy_stream},
    opened::Opened,
    salvage::{Salvaged, salvage},
    store::{Stoppable, Store},
};
use faiss::index::{BinaryIndexImpl, IndexImpl};
use faissil_core::{
    outline::Outline,
    report::Level,
    snapshot::{Digest, Fidelity, Metadata},
};
use refused::loading;
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use std::{
    ffi::CString,
    fmt, fs,
    os::fd::AsRawFd,
    path::Path,
    sync::{Arc, atomic::AtomicBool},
    thread,
};

/// Load the index at `path` for searching: a snapshot, verified, or a plain index file, which cannot be. [`Load`] has the options.
///
/// # Errors
/// When the snapshot is damaged, its seal was interrupted, or it is no index that the linked FAISS reads.
pub fn load(path: impl AsRef<Path>) -> Result<Index, Error> {
    Load::new().load(path)
}

/// Load the index at `path` into memory, as an ordinary index of the crate `faiss` that can grow.
///
/// # Errors
/// As [`load`]; and for a binary index, which [`Load::load_owned_binary`] loads.
pub fn load_owned(path: impl AsRef<Path>) -> Result<IndexImpl, Error> {
    Load::new().load_owned(path).map(|(index, _)| index)
}

/// How an index is loaded.
#[must_use = "nothing happens before `load`"]
#[derive(Clone)]
pub struct Load {
    expected: Option<Digest>,
    trust: bool,
    sealed_only: bool,
    private_copy: bool,
    progress: Arc<dyn Fn(u64, u64) + Send + Sync>,
    cancel: Arc<AtomicBool>,
    /// A second flag, of a [`Live`](super::Live), beside that of its caller.
    halt: Arc<AtomicBool>,
}

impl Default for Load {
    fn default() -> Load {
        Load::new()
    }
}

impl fmt::Debug for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Load")
            .field("expected", &self.expected)
            .field("trust", &self.trust)
            .field("sealed_only", &self.sealed_only)
            .field("private_copy", &self.private_copy)
            .finish_non_exhaustive()
    }
}

impl Load {
    /// Verified, and mapped where FAISS can do that.
    pub fn new() -> Load {
        Load {
            expected: None,
            trust: false,
            sealed_only: false,
            private_copy: false,
            progress: Arc::new(|_, _| {}),
            cancel: Arc::default(),
            halt: Arc::default(),
        }
    }

    /// Refuse everything but the snapshot with this digest, its own or that of its stream. A plain index file is verified against it.
    ///
    /// A digest is parsed from its 64 hexadecimal digits, as `faissil inspect` prints them:
    ///
    /// ```
    /// # use faiss::{Index, index_factory, MetricType};
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("none.faissil");
    /// # let saved = faissil::save(&index_factory(2, "Flat", MetricType::L2)?, &path)?;
    /// # let known = saved.digest.to_string();
    /// let digest: faissil::Digest = known.parse()?;
    /// let index = faissil::Load::new().expect(digest).load(&path)?;
    ///
    /// let another = "00".repeat(32).parse()?;
    /// assert!(faissil::Load::new().expect(another).load(&path).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn expect(mut self, digest: Digest) -> Load {
        self.expected = Some(digest);
        self
    }

    /// Do not verify. [`Provenance::verification`] says so. The index of an interrupted seal is taken too.
    pub fn trust(mut self) -> Load {
        self.trust = true;
        self
    }

    /// Refuse what has no digests to be held against: a plain index file and an interrupted seal, which is also what a snapshot
    /// looks like while another program copies it here. A plain index file of an [expected](Load::expect) digest has one.
    pub fn sealed_only(mut self) -> Load {
        self.sealed_only = true;
        self
    }

    /// Map a copy in memory that no other program can reach, so that nothing anyone does to the file matters any more.
    pub fn private_copy(mut self) -> Load {
        self.private_copy = true;
        self
    }

    /// Be told how many bytes of how many are done.
    pub fn progress(mut self, progress: impl Fn(u64, u64) + Send + Sync + 'static) -> Load {
        self.progress = Arc::new(progress);
        self
    }

    /// Stop, with [`Cause::Cancelled`], soon after this has become true.
    pub fn cancel(mut self, cancel: Arc<AtomicBool>) -> Load {
        self.cancel = cancel;
        self
    }

    pub(super) fn halt(mut self, halt: Arc<AtomicBool>) -> Load {
        self.halt = halt;
        self
    }

    /// Load for searching.
    ///
    /// # Errors
    /// As [`load`](fn@load).
    pub fn load(&self, path: impl AsRef<Path>) -> Result<Index, Error> {
        let path = path.as_ref();
        let opened = self.open(path)?;
        let (index, provenance) = self.mapped(&opened).map_err(|cause| loading(cause, path, &opened))?;
        Ok(Index::new(index, opened, provenance))
    }

    /// Load what is open already.
    #[cfg(feature = "testing")]
    pub(crate) fn load_opened(&self, opened: Opened) -> Result<Index, Cause> {
        let (index, provenance) = self.mapped(&opened)?;
        Ok(Index::new(index, opened, provenance))
    }

    /// Load into memory, for searching: nothing is mapped, so nothing that anyone does to the file is felt.
    ///
    /// # Errors
    /// As [`load`](fn@load).
    pub fn load_into_memory(&self, path: impl AsRef<Path>) -> Result<Index, Error> {
        let path = path.as_ref();
        let opened = self.open(path)?;
        let load = || {
            let provenance = self.provenance(&opened)?;
            Ok((self.read(&opened, &provenance.outline)?, provenance))
        };
        let (index, provenance) = load().map_err(|cause| loading(cause, path, &opened))?;
        Ok(Index::new(index, opened, provenance))
    }

    /// Load into memory, as an index that can grow; what is said of it beside.
    ///
    /// # Errors
    /// As [`load`](fn@load), and for a binary index.
    pub fn load_owned(&self, path: impl AsRef<Path>) -> Result<(IndexImpl, Provenance), Error> {
        self.owned(path.as_ref(), Family::Float, |index| index.into_float())
    }

    /// Load a binary index into memory.
    ///
    /// # Errors
    /// As [`load`](fn@load), and for an index that is not binary.
    pub fn load_owned_binary(&self, path: impl AsRef<Path>) -> Result<(BinaryIndexImpl, Provenance), Error> {
        self.owned(path.as_ref(), Family::Binary, |index| index.into_binary())
    }

    /// Load what is good of a damaged snapshot into memory: the index without the rows that damage touches, and which those are.
    /// An intact snapshot comes back whole. The stream passes through a temporary file.
    ///
    /// # Errors
    /// When what is damaged is no row and cannot be left out, or as [`load`](fn@load).
    pub fn load_salvaged(&self, path: impl AsRef<Path>) -> Result<(IndexImpl, Salvaged), Error> {
        let path = path.as_ref();
        let failed = |error: std::io::Error| Cause::from(error).of("cannot make a temporary folder");
        let folder = tempfile::tempdir().map_err(failed)?;
        let rest = folder.path().join("salvaged.faiss");
        let salvaged = salvage(path, &rest, self.expected, &*self.progress)?;
        let plain = Load { expected: None, sealed_only: false, ..self.clone() };
        let (index, _) = plain.load_owned(&rest)?;
        Ok((index, salvaged))
    }

    fn owned<T>(
        &self,
        path: &Path,
        family: Family,
        into: impl Fn(Owned) -> Result<T, Cause>,
    ) -> Result<(T, Provenance), Error> {
        let opened = self.open(path)?;
        let load = || {
            let provenance = self.provenance(&opened)?;
            match (family_of(&provenance.outline), family) {
                (Family::Binary, Family::Float) => {
                    return Err(Cause::Refused("it is a binary index: `load_owned_binary` loads it".into()));
                }
                (Family::Float, Family::Binary) => {
                    return Err(Cause::Refused("it is not a binary index: `load_owned` loads it".into()));
                }
                _ => {}
            }
            let index = self.read(&opened, &provenance.outline)?;
            Ok((into(index)?, provenance))
        };
        load().map_err(|cause| loading(cause, path, &opened))
    }

    /// Load in the way that suits the stream.
    fn mapped(&self, opened: &Opened) -> Result<(Owned, Provenance), Cause> {
        let mut provenance = self.provenance(opened)?;
        let outline = provenance.outline.clone();
        let family = family_of(&outline);
        let way = Way::of(&outline);
        let Some(flags) = way.flags() else {
            return Ok((self.read(opened, &outline)?, provenance));
        };
        let packed = opened.snapshot.as_ref().is_some_and(|snapshot| snapshot.stream_span().is_none());
        let held;
        let file = if packed || self.private_copy {
            held = self.copy(opened)?;
            provenance.residence = Residence::PrivateCopy;
            &held
        } else {
            self.verify(opened)?;
            provenance.residence = way.residence();
            opened.file.file()
        };
        // FAISS maps by name. This one leads to the very file that was verified, wherever its own name leads by now.
        let path = CString::new(format!("/proc/self/fd/{}", file.as_raw_fd())).unwrap_or_default();
        Ok((ffi::read_path(family, &path, flags)?, provenance))
    }

    /// A store, until one of the flags is set.
    fn stoppable<S: Store>(&self, store: S) -> Stoppable<'_, Stoppable<'_, S>> {
        Stoppable::new(Stoppable::new(store, &self.cancel), &self.halt)
    }

    /// Hold every byte against its digest, on all cores.
    fn verify(&self, opened: &Opened) -> Result<(), Cause> {
        let file = self.stoppable(&opened.file);
        match &opened.snapshot {
            Some(snapshot) if !self.trust => {
                check_rest(&file, snapshot)?;
                check_stream(&file, snapshot, &*self.progress)
            }
            Some(_) => Ok(()),
            None => self.check_plain(opened),
        }
    }

    /// A plain file has its own length and nothing else to be held against, unless the caller knows its digest.
    fn check_plain(&self, opened: &Opened) -> Result<(), Cause> {
        let Some(expected) = self.expected else { return Ok(()) };
        let found = crate::hashing::digest_of(&self.stoppable(opened.stream()), &*self.progress)?;
        match found == expected {
            true => Ok(()),
            false => Err(Cause::Damage(format!("expected digest {expected}; the file has {found}"))),
        }
    }

    /// The stream in memory that only this process can reach, checked while it is copied.
    fn copy(&self, opened: &Opened) -> Result<fs::File, Cause> {
        let name = "faissil";
        let memory =
            memfd_create(name, MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).map_err(std::io::Error::from)?;
        let memory = fs::File::from(memory);
        let store = self.stoppable(&opened.file);
        match &opened.snapshot {
            Some(snapshot) => {
                if !self.trust {
                    check_rest(&store, snapshot)?;
                }
                copy_stream(&store, snapshot, &memory, &*self.progress)?;
            }
            None => {
                self.check_plain(opened)?;
                crate::hashing::copy_to(&self.stoppable(opened.stream()), &memory, &*self.progress)?;
            }
        }
        let seals = SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW;
        fcntl_add_seals(&memory, seals).map_err(std::io::Error::from)?;
        Ok(memory)
    }

    /// Let FAISS read the stream into its memory, each byte checked before it gets there.
    fn read(&self, opened: &Opened, outline: &Outline) -> Result<Owned, Cause> {
        let family = family_of(outline);
        let file = self.stoppable(&opened.file);
        let Some(snapshot) = opened.snapshot.as_ref().filter(|_| !self.trust) else {
            self.verify(opened)?;
            let stream = self.stoppable(opened.stream());
            let mut at = 0;
            return ffi::read(family, &mut |out| {
                stream.read_at(at, out)?;
                at += out.len() as u64;
                (self.progress)(at, stream.len());
                Ok(())
            });
        };
        check_rest(&file, snapshot)?;
        let shared = Shared::new();
        thread::scope(|scope| {
            let mut ahead = Ahead::new(scope, &file, snapshot, &shared, &*self.progress);
            let index = ffi::read(family, &mut |out| ahead.fill(out))?;
            ahead.finish()?;
            Ok(index)
        })
    }

    /// What is known before FAISS is asked, and whether it may be asked.
    fn provenance(&self, opened: &Opened) -> Result<Provenance, Cause> {
        let mut provenance = Provenance {
            verification: Verification::Unsealed,
            residence: Residence::Memory,
            snapshot_digest: None,
            stream_digest: self.expected.filter(|_| opened.snapshot.is_none()),
            fidelity: "exact bytes".into(),
            outline: Arc::new(judge::outline(&opened.checked())?),
            metadata: Vec::new(),
            attachments: Vec::new(),
            warnings: Vec::new(),
        };
        match &opened.snapshot {
            Some(snapshot) => {
                provenance.verification = if self.trust { Verification::Trusted } else { Verification::Verified };
                provenance.snapshot_digest = Some(snapshot.digest());
                provenance.stream_digest = Some(snapshot.stream().digest);
                if let Some(metadata) = drive(snapshot.body::<Metadata>(), &opened.file)? {
                    provenance.metadata = metadata.entries;
                }
                provenance.attachments = attachments(&opened.file, snapshot)?;
                if let Some(fidelity) = drive(snapshot.body::<Fidelity>(), &opened.file)? {
                    let worst = fidelity.runs.iter().map(|run| run.level).max().unwrap_or(0);
                    provenance.fidelity = Level::from_number(worst).map_or("unknown", Level::name).into();
                }
            }
            None if self.expected.is_some() => provenance.verification = Verification::Verified,
            None => {
                provenance.warnings.push("a plain index file: there are no digests to hold its bytes against".into())
            }
        }
        admit(&provenance.outline).map_err(|cause| self.with_health(cause, opened))?;
        Ok(provenance)
    }
}
