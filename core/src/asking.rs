//! Readings written as straight-line code that waits for its bytes.
//!
//! A question about a file (is it a snapshot, what is in it, is it intact) takes several readings, one after the
//! other, and decides between them. Here it is an `async` block: [`Ask`] is what it asks with, and
//! `ask.some(span).await` gives back bytes. A [`Task`] makes a [`Reading`] of the block, so the same hosts drive it
//! that drive a parser, from a loop over a file or from a browser's answers. A [`Course`] does the same for a block
//! that has more than one thing to say.
//!
//! There is no executor and nothing is woken: a block that is not done has asked for bytes, and is polled again when
//! they have been brought. What bytes of a file stand for (a stream, a part of it, decoded chunks) is the business of
//! [`crate::source`].

use crate::bytes::{Reading, Span, Step};
use crate::error::{Cause, Error, Kind};
use crate::files::Files;
use alloc::{boxed::Box, rc::Rc, vec::Vec};
use core::{
    cell::Cell,
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    task::{Context, Poll, Waker},
};

/// Asks for bytes of a file, and of its side file, which follows it in one run of bytes (see [`Files`]).
#[derive(Clone)]
pub struct Ask(Rc<Slot>);

/// What lies between a block and whoever polls it.
struct Slot {
    files: Files,
    need: Cell<Option<Span>>,
    brought: Cell<Option<(u64, Vec<u8>)>>,
    /// Bytes that came with others and were not used yet.
    ahead: Cell<(u64, Vec<u8>)>,
    done: Cell<(u64, u64)>,
}

impl Ask {
    fn new(files: Files) -> Ask {
        let (need, brought, ahead, done) = Default::default();
        Ask(Rc::new(Slot { files, need, brought, ahead, done }))
    }

    /// The lengths of file and side file.
    pub fn files(&self) -> Files {
        self.0.files
    }

    /// Bytes from the start of `span`: one at least, maybe not all of it, maybe more. The span must not be empty and
    /// must lie in the files, since nobody can bring it else.
    pub async fn some(&self, span: Span) -> Vec<u8> {
        let (at, ahead) = self.0.ahead.take();
        let held = Span::new(at, ahead.len() as u64);
        if held.contains(&Span::new(span.start, 1)) {
            return skip(ahead, span.start.saturating_sub(at));
        }
        let slot = &self.0;
        slot.need.set(Some(span));
        let (at, bytes) = poll_fn(|_| {
            match slot.brought.take() {
                // Bytes of another place do not help.
                Some((at, bytes)) if Span::new(at, bytes.len() as u64).contains(&Span::new(span.start, 1)) => {
                    Poll::Ready((at, bytes))
                }
                _ => Poll::Pending,
            }
        })
        .await;
        slot.need.set(None);
        skip(bytes, span.start.saturating_sub(at))
    }

    /// All bytes of `span`, which must lie in the files.
    pub async fn all(&self, span: Span) -> Vec<u8> {
        let mut out = Vec::new();
        let mut rest = span;
        while !rest.is_empty() {
            let mut more = self.some(rest).await;
            if more.len() as u64 > rest.len {
                let ahead = more.split_off(usize::try_from(rest.len).unwrap_or(usize::MAX).min(more.len()));
                self.0.ahead.set((rest.end(), ahead));
            }
            rest = Span::between(rest.start.saturating_add(more.len() as u64), rest.end());
            if out.is_empty() { out = more } else { out.append(&mut more) }
        }
        out
    }

    /// Tell whoever looks that `done` of about `all` bytes have been gone through.
    pub fn tell(&self, done: u64, all: u64) {
        self.0.done.set((done, all));
    }
}

fn skip(mut bytes: Vec<u8>, count: u64) -> Vec<u8> {
    match usize::try_from(count) {
        Ok(0) => bytes,
        Ok(count) => bytes.split_off(count.min(bytes.len())),
        Err(_) => Vec::new(),
    }
}

type Block<'a, T> = Pin<Box<dyn Future<Output = Result<T, Cause>> + 'a>>;

/// A block that is polled once more whenever bytes have been brought.
struct Polled<'a, T> {
    ask: Ask,
    /// `None` once it has ended.
    block: Option<Block<'a, T>>,
}

impl<T> Polled<'_, T> {
    fn poll(&mut self) -> Result<Poll<Result<T, Cause>>, Error> {
        let Some(block) = &mut self.block else {
            return Err(Error::new(Kind::Unsupported("this task has ended and has nothing more to say".into()), 0));
        };
        let polled = block.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if polled.is_ready() {
            self.block = None;
        }
        Ok(polled)
    }

    /// What a block that is not done waits for.
    fn need<O>(&self) -> Result<Step<O>, Error> {
        let need = self.ask.0.need.get().map(Step::Need);
        need.ok_or_else(|| Error::new(Kind::Unsupported("this task waits for something else than bytes".into()), 0))
    }

    fn bring(&self, at: u64, bytes: &[u8]) {
        self.ask.0.brought.set(Some((at, bytes.to_vec())));
    }
}

/// A question as a [`Reading`] of a file: its output is the answer, or why there is none.
///
/// It needs spans of the file, and behind its end those of the side file; [`Files::which`] tells them apart. Its
/// steps fail only when it is stepped on after its end.
pub struct Task<'a, T>(Polled<'a, T>);

impl<'a, T> Task<'a, T> {
    /// Ask `question` of files of these lengths.
    pub fn new<F>(files: Files, question: impl FnOnce(Ask) -> F) -> Task<'a, T>
    where
        F: Future<Output = Result<T, Cause>> + 'a,
    {
        let ask = Ask::new(files);
        let block = Box::pin(question(ask.clone()));
        Task(Polled { ask, block: Some(block) })
    }

    /// How far it is: bytes done and bytes in all, about. Zeros while nothing is known.
    pub fn progress(&self) -> (u64, u64) {
        self.0.ask.0.done.get()
    }
}

impl<T> Reading for Task<'_, T> {
    type Output = Result<T, Cause>;

    fn step(&mut self) -> Result<Step<Result<T, Cause>>, Error> {
        match self.0.poll()? {
            Poll::Ready(out) => Ok(Step::Done(out)),
            Poll::Pending => self.0.need(),
        }
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        self.0.bring(at, bytes);
    }
}

/// Where a block of a [`Course`] puts what it has to say.
pub struct Give<G>(Rc<Cell<Option<G>>>);

impl<G> Give<G> {
    /// Say this; the block goes on when more is wanted.
    pub async fn give(&self, item: G) {
        self.0.set(Some(item));
        // Taken means: go on.
        poll_fn(|_| match self.0.take() {
            None => Poll::Ready(()),
            waiting => {
                self.0.set(waiting);
                Poll::Pending
            }
        })
        .await;
    }
}

/// A question with an answer in many parts: a [`Reading`] that is done again and again, with the next part each time
/// and at last `None`.
pub struct Course<'a, G> {
    polled: Polled<'a, ()>,
    given: Rc<Cell<Option<G>>>,
}

impl<'a, G: 'a> Course<'a, G> {
    /// Ask `question` of files of these lengths.
    pub fn new<F>(files: Files, question: impl FnOnce(Ask, Give<G>) -> F) -> Course<'a, G>
    where
        F: Future<Output = Result<(), Cause>> + 'a,
    {
        let ask = Ask::new(files);
        let given = Rc::new(Cell::new(None));
        let block = Box::pin(question(ask.clone(), Give(given.clone())));
        Course { polled: Polled { ask, block: Some(block) }, given }
    }

    /// As [`Task::progress`].
    pub fn progress(&self) -> (u64, u64) {
        self.polled.ask.0.done.get()
    }
}

impl<G> Reading for Course<'_, G> {
    type Output = Result<Option<G>, Cause>;

    fn step(&mut self) -> Result<Step<Result<Option<G>, Cause>>, Error> {
        if self.polled.block.is_none() {
            return Ok(Step::Done(Ok(None)));
        }
        match self.polled.poll()? {
            Poll::Ready(Ok(())) => Ok(Step::Done(Ok(None))),
            Poll::Ready(Err(cause)) => Ok(Step::Done(Err(cause))),
            Poll::Pending => match self.given.take() {
                Some(item) => Ok(Step::Done(Ok(Some(item)))),
                None => self.polled.need(),
            },
        }
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        self.polled.bring(at, bytes);
    }
}

impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ask").field("files", &self.0.files).field("need", &self.0.need.get()).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Task<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Task").field(&self.0.ask).finish()
    }
}

impl<G> fmt::Debug for Course<'_, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Course").field(&self.polled.ask).finish()
    }
}

impl<G> fmt::Debug for Give<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Give")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::slice;
    use alloc::vec;

    const FILE: &[u8] = b"0123456789";

    /// Drive a reading, bringing `page` bytes at a time, whatever was asked for; and count.
    fn answer<R: Reading>(reading: &mut R, page: u64) -> (R::Output, usize) {
        let mut asked = 0_usize;
        loop {
            match reading.step().unwrap() {
                Step::Done(out) => return (out, asked),
                Step::Need(span) => {
                    asked = asked.saturating_add(1);
                    assert!(asked < 99 && !span.is_empty() && span.end() <= 10, "{span}");
                    reading.bring(span.start, slice(FILE, Span::new(span.start, page)));
                }
            }
        }
    }

    #[test]
    fn a_block_gets_what_it_asks_for_however_it_arrives() {
        for page in [1, 3, 4, 99] {
            let block = |ask: Ask| async move {
                let first = ask.all(Span::new(1, 4)).await;
                let next = ask.all(Span::new(5, 2)).await;
                let back = ask.all(Span::new(0, 1)).await;
                Ok([first, next, back].concat())
            };
            let (out, asked) = answer(&mut Task::new(Files::only(10), block), page);
            assert_eq!(out.unwrap(), b"1234560", "pages of {page}");
            assert_eq!(asked, [7, 3, 3, 2][[1, 3, 4, 99].iter().position(|&p| p == page).unwrap()]);
        }
    }

    #[test]
    fn bytes_of_another_place_are_no_answer() {
        let mut task = Task::new(Files::only(10), |ask: Ask| async move { Ok(ask.all(Span::new(4, 2)).await) });
        assert_eq!(task.step(), Ok(Step::Need(Span::new(4, 2))));
        task.bring(0, b"012");
        assert_eq!(task.step(), Ok(Step::Need(Span::new(4, 2))));
        task.bring(3, b"345");
        assert_eq!(task.step(), Ok(Step::Done(Ok(b"45".to_vec()))));
        assert!(task.step().is_err(), "it has ended");
    }

    #[test]
    fn a_course_says_one_thing_after_the_other() {
        let block = |ask: Ask, give: Give<u8>| async move {
            for at in [7, 2] {
                for byte in ask.all(Span::new(at, 2)).await {
                    give.give(byte).await;
                }
                ask.tell(at, 10);
            }
            Err(Cause::Refused("enough".into()))
        };
        let mut course = Course::new(Files::only(10), block);
        let mut said = vec![];
        let end = loop {
            match answer(&mut course, 99).0 {
                Ok(Some(byte)) => said.push(byte),
                end => break end,
            }
        };
        assert_eq!((said.as_slice(), course.progress()), (b"7823".as_slice(), (2, 10)));
        assert_eq!(end, Err(Cause::Refused("enough".into())));
        assert_eq!(course.step(), Ok(Step::Done(Ok(None))));
    }
}
