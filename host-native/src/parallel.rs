//! Work on all cores, results in order, memory bounded.
//!
//! [`in_order`] numbers jobs, lets every core take the next one, and hands the results over in the
//! order of the numbers. A core that is ahead waits for the slowest, so no more than a few results
//! a core are held whatever the number of jobs. [`sweep`] is the case of reading a store from end to end, with buffers
//! used again. Plain threads: everything here is bounded by the disk or by arithmetic, not by waiting.

use crate::{Cause, store::Store};
use faissil_core::Span;
use std::{
    collections::BTreeMap,
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    thread,
};

/// Called with the bytes that are done and all bytes.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) + Sync);

/// Bytes of one piece of a [`sweep`]: what a core's second cache holds, so that a piece is hashed before it has left it
/// again. A power of two, so that chunks and pieces nest.
pub const PIECE: u64 = 1 << 19;

/// Pieces that a thread reads before it hands over, so that threads seldom wait for each other.
const PIECES_OF_A_JOB: u64 = 8;

/// Bytes that all results of all threads may hold at a time.
const HELD: u64 = 48 << 20;

/// Results that may exist at a time when each holds `bytes`: some more than there are threads, so that
/// nobody waits for a slow one, and one at least.
pub fn most_of(bytes: u64) -> u64 {
    (HELD / bytes.max(1)).clamp(1, 3 * threads())
}

/// Threads to use: one a core, as many as bounded memory allows.
pub fn threads() -> u64 {
    thread::available_parallelism().map_or(1, |cores| cores.get() as u64).min(12)
}

/// Do jobs `0..count` with `work` on all cores, and give each result to `take`, in order, on the
/// calling thread. At most `most` results exist at a time. The first error of either ends everything.
///
/// The calling thread does jobs too while the next result is not there: a thread beside those that work would take turns with
/// one of them on its core, and everybody else would wait for that one.
///
/// # Errors
/// The error of the job with the lowest number among those that failed, or that of `take`.
pub fn in_order<T: Send, E: Send>(
    count: u64,
    most: u64,
    work: impl Fn(u64) -> Result<T, E> + Sync,
    mut take: impl FnMut(u64, T) -> Result<(), E>,
) -> Result<(), E> {
    let threads = threads().min(count).min(most);
    if threads <= 1 {
        return (0..count).try_for_each(|number| take(number, work(number)?));
    }
    let gate = Gate { taken: Mutex::new(0), moved: Condvar::new(), stopped: AtomicBool::new(false) };
    let next = AtomicU64::new(0);
    let (send, receive) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 1..threads {
            let (send, gate, next, work) = (send.clone(), &gate, &next, &work);
            scope.spawn(move || {
                let _panicked = Panicked(gate);
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count || !gate.wait(number, most) {
                        return;
                    }
                    let result = work(number);
                    if send.send((number, result)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        // However this ends, threads that wait at the gate must be let go.
        let _release = Release(&gate);
        let mut waiting = BTreeMap::new();
        let mut expected = 0;
        while expected < count {
            waiting.extend(receive.try_iter());
            if let Some(result) = waiting.remove(&expected) {
                take(expected, result?)?;
                expected += 1;
                gate.advance(expected);
                continue;
            }
            // A job that may be begun without waiting, since nobody else would end the wait.
            let open = count.min(expected + most);
            let begin = |number| (number < open).then_some(number + 1);
            if let Ok(number) = next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, begin) {
                waiting.insert(number, work(number));
            } else {
                // A worker that panicked sends nothing more; the scope passes its panic on.
                let Ok((number, result)) = receive.recv() else { break };
                waiting.insert(number, result);
            }
        }
        Ok(())
    })
}

/// What a mutex holds, also after a thread that held it panicked: nothing here is left half done.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps workers from running ahead of the one who takes.
struct Gate {
    taken: Mutex<u64>,
    moved: Condvar,
    stopped: AtomicBool,
}

impl Gate {
    /// Wait until job `number` is less than `ahead` beyond what was taken. False: stop working.
    fn wait(&self, number: u64, ahead: u64) -> bool {
        let taken = lock(&self.taken);
        let open = |taken: &mut u64| number >= *taken + ahead && !self.stopped.load(Ordering::Relaxed);
        drop(self.moved.wait_while(taken, open).unwrap_or_else(PoisonError::into_inner));
        !self.stopped.load(Ordering::Relaxed)
    }

    fn advance(&self, to: u64) {
        *lock(&self.taken) = to;
        self.moved.notify_all();
    }
}

/// Lets everyone go when a worker panics: its result never comes.
struct Panicked<'a>(&'a Gate);

impl Drop for Panicked<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            drop(Release(self.0));
        }
    }
}

struct Release<'a>(&'a Gate);

impl Drop for Release<'_> {
    fn drop(&mut self) {
        // Under the lock, so that nobody goes to sleep between looking and waiting.
        let held = lock(&self.0.taken);
        self.0.stopped.store(true, Ordering::Relaxed);
        drop(held);
        self.0.moved.notify_all();
    }
}

/// Read `span` of `store` once, in pieces of [`PIECE`] bytes counted from its start, on all cores:
/// `work` sees each piece on some thread, `take` gets the result of `work`, in order, on the calling
/// thread. It sees the bytes too where it `wants` them; a thread whose bytes nobody wants reads the next
/// piece into the same memory, which is still in its cache.
///
/// # Errors
/// The first of the store, `work` or `take`.
pub fn sweep<T: Send>(
    store: &(impl Store + ?Sized),
    span: Span,
    wants: impl Fn(Span) -> bool + Sync,
    work: impl Fn(Span, &[u8]) -> Result<T, Cause> + Sync,
    take: impl FnMut(Span, &[u8], T) -> Result<(), Cause>,
) -> Result<(), Cause> {
    sweep_from(store, span, 0, wants, work, take)
}

/// A [`sweep`] that begins with piece `first` and comes to those before it at the end, so that what is made of some
/// bytes can be made while the others are read.
///
/// # Errors
/// As [`sweep`].
pub fn sweep_from<T: Send>(
    store: &(impl Store + ?Sized),
    span: Span,
    first: u64,
    wants: impl Fn(Span) -> bool + Sync,
    work: impl Fn(Span, &[u8]) -> Result<T, Cause> + Sync,
    mut take: impl FnMut(Span, &[u8], T) -> Result<(), Cause>,
) -> Result<(), Cause> {
    let spare: Mutex<Vec<Buffer>> = Mutex::new(Vec::new());
    let give_back = |buffer| lock(&spare).push(buffer);
    let pieces = span.len.div_ceil(PIECE);
    let piece = |number: u64| {
        let start = span.start + (first + number) % pieces * PIECE;
        Span::between(start, span.end().min(start + PIECE))
    };
    let of_job = |job: u64| (job * PIECES_OF_A_JOB..pieces.min((job + 1) * PIECES_OF_A_JOB)).map(piece);
    let read = |span: Span| {
        let spared = lock(&spare).pop();
        let mut buffer = spared.unwrap_or_else(|| Buffer::new(PIECE));
        store.read_at(span.start, buffer.first(span.len))?;
        let made = work(span, buffer.first(span.len))?;
        if wants(span) {
            return Ok((Some(buffer), made));
        }
        give_back(buffer);
        Ok((None, made))
    };
    let job = |number: u64| of_job(number).map(read).collect::<Result<Vec<_>, Cause>>();
    in_order(pieces.div_ceil(PIECES_OF_A_JOB), most_of(PIECES_OF_A_JOB * PIECE), job, |number, done| {
        of_job(number).zip(done).try_for_each(|(span, (mut buffer, made))| {
            take(span, buffer.as_mut().map_or(&[], |buffer| buffer.first(span.len)), made)?;
            buffer.into_iter().for_each(give_back);
            Ok(())
        })
    })
}

/// Memory to read into, from the start of a page: the kernel copies a file's pages a third faster to
/// there than to where an allocator happens to put them. Best used again: fresh memory costs more than reading into it.
pub(crate) struct Buffer {
    room: Vec<u8>,
    start: usize,
}

impl Buffer {
    const PAGE: usize = 4096;

    /// With room for so many bytes.
    pub(crate) fn new(len: u64) -> Buffer {
        let room = vec![0; len as usize + Buffer::PAGE];
        // Where the start cannot be told, any place will do.
        let start = Some(room.as_ptr().align_offset(Buffer::PAGE)).filter(|&start| start < Buffer::PAGE);
        Buffer { room, start: start.unwrap_or(0) }
    }

    /// How many bytes fit.
    #[cfg(feature = "native")]
    pub(crate) fn room(&self) -> u64 {
        (self.room.len() - Buffer::PAGE) as u64
    }

    /// Its first bytes, at most as many as fit.
    pub(crate) fn first(&mut self, len: u64) -> &mut [u8] {
        &mut self.room[self.start..][..len as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Counting;

    #[test]
    fn results_come_in_order_and_only_a_few_wait() {
        let ahead = AtomicU64::new(0);
        let mut seen = 0;
        let work = |number: u64| {
            ahead.fetch_max(number, Ordering::Relaxed);
            Ok::<_, Cause>(number * 2)
        };
        in_order(1000, 6, work, |number, made| {
            assert_eq!((number, made), (seen, seen * 2));
            assert!(ahead.load(Ordering::Relaxed) < seen + 6);
            seen += 1;
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, 1000);
    }

    #[test]
    fn an_error_of_either_side_ends_it() {
        let work = |number| if number == 77 { Err(Cause::Damage("77".into())) } else { Ok(number) };
        let mut seen = 0;
        let error = in_order(1000, 6, work, |_, _| {
            seen += 1;
            Ok(())
        })
        .unwrap_err();
        assert_eq!((error.to_string().as_str(), seen), ("77", 77));
        let error = in_order(1000, 6, Ok, |n, _| if n == 5 { Err(Cause::Damage("5".into())) } else { Ok(()) });
        assert_eq!(error.unwrap_err().to_string(), "5");
    }

    #[test]
    #[should_panic]
    fn a_panic_is_passed_on_and_nobody_waits_for_ever() {
        let work = |number| if number == 3 { panic!("on purpose") } else { Ok::<_, Cause>(number) };
        let _ = in_order(1000, 6, work, |_, _| Ok(()));
    }

    #[test]
    fn a_sweep_reads_every_byte_once() {
        let bytes: Vec<u8> = (0..5 * PIECE / 2).map(|n| (n % 251) as u8).collect();
        let store = Counting::new(bytes.clone());
        let mut copy = Vec::new();
        let span = Span::between(3, bytes.len() as u64 - 4);
        sweep(
            &store,
            span,
            |_| true,
            |_, piece| Ok(blake3::hash(piece)),
            |at, piece, hash| {
                assert_eq!((at.start, hash), (3 + copy.len() as u64, blake3::hash(piece)));
                copy.extend_from_slice(piece);
                Ok(())
            },
        )
        .unwrap();
        assert_eq!(copy, bytes[3..bytes.len() - 4]);
        assert_eq!((store.reads(), store.bytes()), (3, span.len));
    }

    #[test]
    fn only_bytes_that_are_wanted_come_along() {
        let store: Vec<u8> = (0..9 * PIECE).map(|n| (n / PIECE) as u8).collect();
        let (span, wanted) = (Span::new(0, 9 * PIECE), Span::new(4 * PIECE + 1, PIECE));
        let mut seen = Vec::new();
        let wants = |span: Span| span.overlap(&wanted).is_some();
        let take = |span: Span, bytes: &[u8], first: u8| {
            assert!(bytes.is_empty() || bytes.len() as u64 == span.len);
            seen.push((first, !bytes.is_empty()));
            Ok(())
        };
        sweep(&store, span, wants, |_, bytes| Ok(bytes[0]), take).unwrap();
        assert_eq!(seen, (0..9).map(|n| (n, n == 4 || n == 5)).collect::<Vec<_>>());
    }
}
