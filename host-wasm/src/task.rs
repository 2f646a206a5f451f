//! A task: steps, the bytes between them, and what comes out.

use crate::failure::Failure;
use faissil_core::Span;
use std::fmt;
use wasm_bindgen::prelude::wasm_bindgen;

/// What a job answers to a step.
pub(crate) enum Answer {
    /// It needs these bytes, of the file itself (0) or of its side file (1).
    Need(Span, u32),
    /// It has a result. There may be more: step on.
    Result(Output),
    /// There is nothing more.
    End,
}

/// A result.
#[derive(Debug, Default)]
pub(crate) struct Output {
    /// JSON.
    pub(crate) json: String,
    /// Numbers, little-endian.
    pub(crate) bytes: Vec<u8>,
}

/// What a [`Task`] does.
pub(crate) trait Job {
    /// Go as far as the bytes allow.
    fn step(&mut self) -> Result<Answer, Failure>;

    /// Take the bytes at `at` of the file that was named with the need.
    fn bring(&mut self, at: u64, bytes: &[u8]);
}

/// Work on a file that goes on step by step.
#[wasm_bindgen]
pub struct Task {
    /// `None` once it has failed or come to its end.
    job: Option<Box<dyn Job>>,
    need: Span,
    need_file: u32,
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

impl Task {
    pub(crate) fn new(job: Box<dyn Job>) -> Task {
        Task { job: Some(job), need: Span::default(), need_file: 0, output: Output::default() }
    }
}

#[wasm_bindgen]
impl Task {
    /// Go as far as the bytes allow. 0: it needs bytes, see `needAt`; 1: it has a result, see `json` and `bytes`, and
    /// may have another; 2: it failed, and `json` says why; 3: it is finished.
    pub fn step(&mut self) -> u32 {
        let Some(job) = &mut self.job else { return ENDED };
        match job.step() {
            Ok(Answer::Need(span, file)) => {
                (self.need, self.need_file) = (span, file);
                NEEDS
            }
            Ok(Answer::Result(output)) => {
                self.output = output;
                RESULT
            }
            Ok(Answer::End) => {
                self.job = None;
                ENDED
            }
            Err(failure) => {
                self.job = None;
                let json = serde_json::to_string(&failure).unwrap_or_default();
                self.output = Output { json, bytes: Vec::new() };
                FAILED
            }
        }
    }

    /// The first byte that is needed.
    #[wasm_bindgen(js_name = needAt)]
    pub fn need_at(&self) -> u64 {
        self.need.start
    }

    /// How many bytes are needed. The first of them must come; fewer are fine, and so are more.
    #[wasm_bindgen(js_name = needLen)]
    pub fn need_len(&self) -> u64 {
        self.need.len
    }

    /// Of which file: 0 the file itself, 1 its side file.
    #[wasm_bindgen(js_name = needFile)]
    pub fn need_file(&self) -> u32 {
        self.need_file
    }

    /// Hand over the bytes at `at` of the file that was asked for.
    pub fn bring(&mut self, at: u64, bytes: &[u8]) {
        if let Some(job) = &mut self.job {
            job.bring(at, bytes);
        }
    }

    /// The JSON of the result or of the failure, taken out.
    pub fn json(&mut self) -> String {
        std::mem::take(&mut self.output.json)
    }

    /// The bytes of the result, taken out.
    pub fn bytes(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output.bytes)
    }
}
