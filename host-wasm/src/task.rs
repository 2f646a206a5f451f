//! A task: steps, the bytes between them, and what comes out.

use crate::failure::Failure;
#[cfg(feature = "basics")]
use crate::verifier::Verifier;
use alloc::{boxed::Box, string::String, vec::Vec};
use core::fmt;
#[cfg(any(feature = "contents", feature = "health"))]
use faissil_core::asking::{Course, Give};
use faissil_core::{
    Reading, Span, Step,
    asking::{self, Ask},
    codec,
    error::{Cause, Error},
    files::Files,
};
use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;

/// A result.
#[derive(Debug, Default)]
pub(crate) struct Output {
    json: String,
    bytes: Vec<u8>,
    #[cfg(feature = "basics")]
    verifier: Option<Verifier>,
}

impl Output {
    /// A report.
    pub(crate) fn json(report: &impl Serialize) -> Output {
        // It fails for maps with keys that are no text, and reports have none.
        Output { json: serde_json::to_string(report).unwrap_or_default(), ..Output::default() }
    }

    /// Numbers with it, little-endian.
    #[cfg(any(feature = "basics", feature = "contents"))]
    pub(crate) fn with_bytes(self, bytes: Vec<u8>) -> Output {
        Output { bytes, ..self }
    }

    /// A verification that has begun.
    #[cfg(feature = "basics")]
    pub(crate) fn with_verifier(self, verifier: Verifier) -> Output {
        Output { verifier: Some(verifier), ..self }
    }
}

/// What a step of a question gives: the next result, if there is one, and whether it is the last.
type Stepped = Step<Result<(Option<Output>, bool), Cause>>;

/// A question, whatever its answer is made of.
trait Question {
    /// Go as far as the bytes allow.
    fn step(&mut self) -> Result<Stepped, Error>;
    fn bring(&mut self, at: u64, bytes: &[u8]);
    /// How far it is, and how far it goes.
    fn progress(&self) -> (u64, u64);
}

/// With one answer.
impl Question for asking::Task<'static, Output> {
    fn step(&mut self) -> Result<Stepped, Error> {
        Reading::step(self).map(|step| done(step, |output| (Some(output), true)))
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        Reading::bring(self, at, bytes);
    }

    fn progress(&self) -> (u64, u64) {
        self.progress()
    }
}

/// A question whose answer comes in parts, and how a part is put.
#[cfg(any(feature = "contents", feature = "health"))]
struct Parts<G>(Course<'static, G>, fn(G) -> Output);

#[cfg(any(feature = "contents", feature = "health"))]
impl<G: 'static> Question for Parts<G> {
    fn step(&mut self) -> Result<Stepped, Error> {
        let put = self.1;
        self.0.step().map(|step| done(step, |part| (part.map(put), false)))
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        self.0.bring(at, bytes);
    }

    fn progress(&self) -> (u64, u64) {
        self.0.progress()
    }
}

/// What a [`Task`] does.
enum Job {
    Asks(Box<dyn Question>),
    /// It failed before it began.
    Failed(Cause),
    Ended,
}

/// Work on a file that goes on step by step.
#[wasm_bindgen]
pub struct Task {
    files: Files,
    job: Job,
    need: Span,
    output: Output,
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("need", &self.need).field("output", &self.output).finish_non_exhaustive()
    }
}

/// What [`Task::step`] answers.
const NEEDS: u32 = 0;
const RESULT: u32 = 1;
const FAILED: u32 = 2;
const ENDED: u32 = 3;
const ELSEWHERE: u32 = 4;

impl Task {
    /// A question with one answer.
    pub(crate) fn one<F>(files: Files, question: impl FnOnce(Ask) -> F) -> Task
    where
        F: Future<Output = Result<Output, Cause>> + 'static,
    {
        Task::new(files, Job::Asks(Box::new(asking::Task::new(files, question))))
    }

    /// A question whose answer comes in parts; `put` makes results of them.
    #[cfg(any(feature = "contents", feature = "health"))]
    pub(crate) fn many<G, F>(files: Files, put: fn(G) -> Output, question: impl FnOnce(Ask, Give<G>) -> F) -> Task
    where
        G: 'static,
        F: Future<Output = Result<(), Cause>> + 'static,
    {
        Task::new(files, Job::Asks(Box::new(Parts(Course::new(files, question), put))))
    }

    /// A question that cannot be asked.
    pub(crate) fn refused(files: Files, why: String) -> Task {
        Task::new(files, Job::Failed(Cause::Refused(why)))
    }

    fn new(files: Files, job: Job) -> Task {
        Task { files, job, need: Span::default(), output: Output::default() }
    }

    fn ended_by(&mut self, cause: Cause) -> u32 {
        self.job = Job::Ended;
        if codec::lacks(&cause) {
            return ELSEWHERE;
        }
        self.output = Output::json(&Failure::from(cause));
        FAILED
    }
}

#[wasm_bindgen]
impl Task {
    /// Go as far as the bytes allow. 0: it needs bytes, see `needAt`; 1: it has a result, see `json`, `bytes` and
    /// `verifier`, and may have another; 2: it failed, and `json` says why; 3: it is finished; 4: it takes codecs that
    /// this module has not, so another one is to be asked.
    pub fn step(&mut self) -> u32 {
        let stepped = match &mut self.job {
            Job::Asks(question) => question.step(),
            Job::Failed(cause) => Ok(Step::Done(Err(cause.clone()))),
            Job::Ended => return ENDED,
        };
        match stepped {
            Ok(Step::Need(span)) => {
                self.need = span;
                NEEDS
            }
            Ok(Step::Done(Ok((Some(output), last)))) => {
                if last {
                    self.job = Job::Ended;
                }
                self.output = output;
                RESULT
            }
            Ok(Step::Done(Ok((None, _)))) => {
                self.job = Job::Ended;
                ENDED
            }
            Ok(Step::Done(Err(cause))) => self.ended_by(cause),
            Err(error) => self.ended_by(error.into()),
        }
    }

    /// The first byte that is needed.
    #[wasm_bindgen(js_name = needAt)]
    pub fn need_at(&self) -> u64 {
        self.files.which(self.need).1.start
    }

    /// How many bytes are needed. The first of them must come; fewer are fine, and so are more.
    #[wasm_bindgen(js_name = needLen)]
    pub fn need_len(&self) -> u64 {
        self.need.len
    }

    /// Of which file: 0 the file itself, 1 its side file.
    #[wasm_bindgen(js_name = needFile)]
    pub fn need_file(&self) -> u32 {
        self.files.which(self.need).0
    }

    /// Hand over the bytes at `at` of the file that was asked for.
    pub fn bring(&mut self, at: u64, bytes: &[u8]) {
        let before = if self.need_file() == 0 { 0 } else { self.files.stream };
        let at = at.saturating_add(before);
        match &mut self.job {
            Job::Asks(question) => question.bring(at, bytes),
            Job::Failed(_) | Job::Ended => {}
        }
    }

    /// How much is done, from 0 to 1, about; 0 while nothing is known, and for tasks that are short.
    pub fn progress(&self) -> f64 {
        match &self.job {
            Job::Asks(question) => {
                let (done, all) = question.progress();
                if all == 0 { 0.0 } else { done as f64 / all as f64 }
            }
            Job::Failed(_) | Job::Ended => 1.0,
        }
    }

    /// The JSON of the result or of the failure, taken out; empty where there is none.
    pub fn json(&mut self) -> String {
        core::mem::take(&mut self.output.json)
    }

    /// The bytes of the result, taken out.
    pub fn bytes(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.output.bytes)
    }

    /// The verification that has begun, taken out.
    #[cfg(feature = "basics")]
    pub fn verifier(&mut self) -> Option<Verifier> {
        self.output.verifier.take()
    }
}

/// A step whose answer is put otherwise.
fn done<T, U>(step: Step<Result<T, Cause>>, put: impl FnOnce(T) -> U) -> Step<Result<U, Cause>> {
    match step {
        Step::Done(answer) => Step::Done(answer.map(put)),
        Step::Need(span) => Step::Need(span),
    }
}
