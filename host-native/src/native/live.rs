//! A live index that is replaced while it serves.
//!
//! A [`Live`] holds the index of the newest good snapshot of a path. Searching takes a reference to it, which costs a lock for the
//! time of copying a pointer; a newer snapshot is loaded and verified beside it and then takes its place, and the old index is freed by the
//! watching thread once the last search in it has ended. A newer snapshot that is damaged is reported and the old one goes on serving; so
//! is one that proves less than the one that serves, or that the same queries do not fit.

mod replacing;

use super::{
    index::{Index, Verification},
    load::Load,
};
use crate::{Cause, Error, parallel::lock};
use replacing::{again, another_shape, may_pass};
use std::{
    fmt, fs,
    os::unix::fs::MetadataExt,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle, ThreadId},
    time::{Duration, Instant},
};

/// How often the path is looked at, unless told otherwise.
const PAUSE: Duration = Duration::from_millis(500);

/// How often an index that no longer serves is looked at, until nobody searches in it any more.
const RETIRED: Duration = Duration::from_millis(5);

/// What has become of a snapshot that appeared.
#[derive(Debug)]
pub enum Event {
    /// It serves now; how many swaps there were with it.
    Swapped(u64),
    /// It was not taken, and the one before goes on serving.
    Refused(Error),
}

/// The newest good snapshot of a path, for searching.
///
/// ```
/// # use faiss::{Index, MetricType, index_factory};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("x.faissil");
/// let mut index = index_factory(2, "Flat", MetricType::L2)?;
/// index.add(&[0.0, 0.0])?;
/// faissil::save(&index, &path)?;
///
/// let live = faissil::Live::open(&path)?;
/// index.add(&[5.0, 5.0])?;
/// faissil::save(&index, &path)?;
/// live.refresh()?; // or wait: the path is looked at twice a second
/// assert_eq!(live.get().search(&[4.0, 4.0], 1)?.ids, [1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "dropped, it serves nothing"]
pub struct Live {
    shared: Arc<Shared>,
    watcher: Option<JoinHandle<()>>,
}

struct Shared {
    path: PathBuf,
    load: Load,
    allow: Allow,
    current: RwLock<Arc<Index>>,
    /// What was seen at the path last and taken, or not taken for what it is. Held while a newer one is loaded, so one is
    /// loaded at a time.
    seen: Mutex<Last>,
    swaps: AtomicU64,
    fault: Mutex<Option<Arc<Error>>>,
    report: Box<dyn Fn(&Event) + Send + Sync>,
    /// The threads that are in `report` now.
    reporting: Mutex<Vec<ThreadId>>,
    upkeep: Mutex<Upkeep>,
    wake: Condvar,
    cancel: Arc<AtomicBool>,
}

/// What a replacement may be that is refused otherwise.
#[derive(Debug, Clone, Copy, Default)]
struct Allow {
    unsealed: bool,
    another_shape: bool,
}

/// A file that needs no other look.
#[derive(Debug, Clone, Copy)]
struct Last {
    seen: Seen,
    taken: bool,
}

/// What the watching thread has to do besides looking.
#[derive(Default)]
struct Upkeep {
    stopped: bool,
    /// Indexes that served. Each is freed here and not in whatever thread ends the last search in it: unmapping and
    /// freeing a large one takes many milliseconds.
    retired: Vec<Arc<Index>>,
}

/// By what a file at a path is told from another: device, inode, length, times of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen(Option<[i64; 7]>);

impl Seen {
    fn at(path: &Path) -> Seen {
        Seen(fs::metadata(path).ok().map(|data| {
            let (dev, ino) = (data.dev().cast_signed(), data.ino().cast_signed());
            [dev, ino, data.size().cast_signed(), data.mtime(), data.mtime_nsec(), data.ctime(), data.ctime_nsec()]
        }))
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("path", &self.shared.path).field("swaps", &self.swaps()).finish_non_exhaustive()
    }
}

/// How a [`Live`] loads, and how it tells what happens.
#[must_use = "nothing happens before `open`"]
pub struct Opening {
    load: Load,
    allow: Allow,
    every: Option<Duration>,
    report: Box<dyn Fn(&Event) + Send + Sync>,
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Opening");
        shown.field("load", &self.load).field("allow", &self.allow).field("every", &self.every).finish_non_exhaustive()
    }
}

impl Opening {
    /// Load as this says. An expected digest holds for the first snapshot and all later ones.
    pub fn load(mut self, load: Load) -> Opening {
        self.load = load;
        self
    }

    /// Look at the path so often; with `None` only on [`Live::refresh`].
    pub fn every(mut self, pause: Option<Duration>) -> Opening {
        self.every = pause;
        self
    }

    /// After a verified index take one that has no digests to be held against, too: a plain index file. Refused otherwise, because a
    /// snapshot that is being copied to the path looks like that just before its end has arrived.
    pub fn allow_unsealed(mut self) -> Opening {
        self.allow.unsealed = true;
        self
    }

    /// Take an index of another dimension, of another metric, or a binary one after one that is not, too. Refused otherwise, because
    /// the queries of those who search do not fit it, or its distances mean something else.
    pub fn allow_another_shape(mut self) -> Opening {
        self.allow.another_shape = true;
        self
    }

    /// Be told of each snapshot that appears, on the thread that loaded it; and at each look of one that could not be read for
    /// a reason that may pass.
    ///
    /// `report` may use the [`Live`], and drop it; a [`Live::refresh`] in it is not reported itself. A panic in it is caught,
    /// after the panic hook has printed it as any, and watching goes on.
    pub fn report(mut self, report: impl Fn(&Event) + Send + Sync + 'static) -> Opening {
        self.report = Box::new(report);
        self
    }

    /// Load the snapshot at `path`, and watch.
    ///
    /// # Errors
    /// As [`load`](fn@super::load).
    pub fn open(self, path: impl AsRef<Path>) -> Result<Live, Error> {
        let path = path.as_ref();
        let cancel = Arc::new(AtomicBool::new(false));
        let load = self.load.halt(cancel.clone());
        // Looked at before it is loaded: what comes in between is seen as new.
        let seen = Seen::at(path);
        let index = Arc::new(load.load(path)?);
        let shared = Arc::new(Shared {
            path: path.into(),
            load,
            allow: self.allow,
            current: RwLock::new(index),
            seen: Mutex::new(Last { seen, taken: true }),
            swaps: AtomicU64::new(0),
            fault: Mutex::new(None),
            report: self.report,
            reporting: Mutex::default(),
            upkeep: Mutex::default(),
            wake: Condvar::new(),
            cancel,
        });
        let (watching, every) = (shared.clone(), self.every);
        let watcher = thread::Builder::new().name("faissil-live".into()).spawn(move || watching.watch(every));
        let watcher = watcher.map_err(|error| Cause::from(error).of("cannot start the thread that watches"))?;
        Ok(Live { shared, watcher: Some(watcher) })
    }
}

impl Live {
    /// Serve the snapshot at `path`, verified, and look for a newer one twice a second.
    ///
    /// # Errors
    /// As [`load`](fn@super::load).
    pub fn open(path: impl AsRef<Path>) -> Result<Live, Error> {
        Live::opening().open(path)
    }

    /// To say how it loads, how often it looks, and who is told.
    pub fn opening() -> Opening {
        Opening { load: Load::new(), allow: Allow::default(), every: Some(PAUSE), report: Box::new(|_| {}) }
    }

    /// The index that serves now. It stays what it is for as long as it is held.
    pub fn get(&self) -> Arc<Index> {
        self.shared.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many newer snapshots have taken the place of the one before.
    pub fn swaps(&self) -> u64 {
        self.shared.swaps.load(Ordering::Acquire)
    }

    /// Why the snapshot that is at the path now is not the one that serves; `None` when it is.
    pub fn fault(&self) -> Option<Arc<Error>> {
        lock(&self.shared.fault).clone()
    }

    /// Look at the path now, and take a newer snapshot. Says whether there was one.
    ///
    /// A file that was refused for what it is is not loaded again until it changes. What may pass (no descriptors left, a
    /// disk that does not answer, a load that was cancelled) is tried again at each look.
    ///
    /// # Errors
    /// When there is another file and it was not taken, now or at an earlier look. The one before goes on serving.
    pub fn refresh(&self) -> Result<bool, Error> {
        self.shared.refresh()
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        lock(&self.shared.upkeep).stopped = true;
        self.shared.cancel.store(true, Ordering::Relaxed);
        self.shared.wake.notify_all();
        // Dropped in a report, this is the watching thread. It ends by itself after the report.
        if let Some(watcher) = self.watcher.take().filter(|watcher| watcher.thread().id() != thread::current().id()) {
            let _ = watcher.join();
        }
    }
}

impl Shared {
    fn watch(&self, every: Option<Duration>) {
        let mut next = every.map(|every| Instant::now() + every);
        loop {
            let mut upkeep = lock(&self.upkeep);
            if upkeep.stopped {
                return;
            }
            let (free, held) =
                std::mem::take(&mut upkeep.retired).into_iter().partition(|index| Arc::strong_count(index) == 1);
            upkeep.retired = held;
            let freeing: Vec<Arc<Index>> = free;
            if !freeing.is_empty() {
                drop(upkeep);
                drop(freeing);
                continue;
            }
            let now = Instant::now();
            if let (Some(time), Some(every)) = (next, every)
                && time <= now
            {
                drop(upkeep);
                // What is wrong was reported.
                let _ = self.refresh();
                next = Some(Instant::now() + every);
                continue;
            }
            let until = next.map(|time| time - now);
            let until = if upkeep.retired.is_empty() { until } else { Some(until.unwrap_or(RETIRED).min(RETIRED)) };
            match until {
                Some(pause) => drop(self.wake.wait_timeout(upkeep, pause)),
                None => drop(self.wake.wait(upkeep)),
            }
        }
    }

    fn refresh(&self) -> Result<bool, Error> {
        let mut last = lock(&self.seen);
        let seen = Seen::at(&self.path);
        if seen == last.seen {
            let mut fault = lock(&self.fault);
            if last.taken {
                // Another file was here for a while, and could not be read.
                *fault = None;
            }
            return fault.as_deref().map_or(Ok(false), |fault| Err(again(fault)));
        }
        let found = match seen.0 {
            Some(_) => self.replacement(),
            None => Err(Cause::Refused("it is not there any more".into()).reading(&self.path)),
        };
        let index = match found {
            Ok(index) => Arc::new(index),
            Err(error) => {
                if !may_pass(&error.cause) {
                    *last = Last { seen, taken: false };
                }
                *lock(&self.fault) = Some(Arc::new(again(&error)));
                drop(last);
                let event = Event::Refused(error);
                self.tell(&event);
                let Event::Refused(error) = event else { return Ok(false) };
                return Err(error);
            }
        };
        *last = Last { seen, taken: true };
        let old = {
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *current, index)
        };
        let swaps = self.swaps.fetch_add(1, Ordering::AcqRel) + 1;
        *lock(&self.fault) = None;
        drop(last);
        lock(&self.upkeep).retired.push(old);
        self.wake.notify_all();
        self.tell(&Event::Swapped(swaps));
        Ok(true)
    }

    /// The index at the path, if it may take the place of the one that serves.
    fn replacement(&self) -> Result<Index, Error> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner).clone();
        let verified = current.provenance().verification == Verification::Verified;
        let load = self.load.clone();
        let load = if verified && !self.allow.unsealed { load.sealed_only() } else { load };
        let index = load.load(&self.path)?;
        match another_shape(&index, &current).filter(|_| !self.allow.another_shape) {
            None => Ok(index),
            Some(said) => Err(Cause::Refused(said)
                .of(format!("cannot serve `{}`", self.path.display()))
                .hint("`Opening::allow_another_shape` takes it all the same")),
        }
    }

    /// Report, unless it is the report that led here.
    fn tell(&self, event: &Event) {
        let me = thread::current().id();
        {
            let mut reporting = lock(&self.reporting);
            if reporting.contains(&me) {
                return;
            }
            reporting.push(me);
        }
        // The panic hook has printed what there is to say.
        let _ = catch_unwind(AssertUnwindSafe(|| (self.report)(event)));
        lock(&self.reporting).retain(|thread| *thread != me);
    }
}
