//! `inspect`: what is in the file.
//!
//! Straight-line code over the bytes that have arrived, run again when a missing one has come.

use crate::failure::Failure;
use crate::task::{Answer, Job, Output};
use faissil_core::{
    Kind, Reading, Span, Step,
    bytes::slice,
    faiss::Outliner,
    keep,
    recognise::{SAMPLE_BYTES, recognise},
    report::{Attachment, Container, Fidelity, Known, Level, Run, inspection},
    snapshot::{self, Layout, Open, Snapshot},
    window::{Stop, Window},
};

/// The job.
pub(crate) struct Inspect {
    window: Window,
    name: String,
    done: bool,
}

/// Why straight-line code stopped.
enum Halt {
    Need(Span),
    Failed(Failure),
}

impl From<Stop> for Halt {
    fn from(stop: Stop) -> Halt {
        match stop {
            Stop::Need(span) => Halt::Need(span),
            Stop::Bad(error) => Halt::Failed((*error).into()),
        }
    }
}

impl Inspect {
    /// Of a file of `len` bytes.
    pub(crate) fn new(len: u64, name: &str) -> Inspect {
        Inspect { window: Window::new(len), name: name.into(), done: false }
    }

    fn drive<R: Reading>(&self, mut reading: R) -> Result<R::Output, Stop> {
        loop {
            match reading.step()? {
                Step::Done(out) => return Ok(out),
                Step::Need(span) => {
                    let run = self.window.run(span.start, u64::MAX);
                    if run.is_empty() {
                        return Err(Stop::Need(span));
                    }
                    reading.bring(span.start, slice(run, Span::new(0, run.len() as u64)));
                }
            }
        }
    }

    fn run(&self) -> Result<String, Halt> {
        let len = self.window.file_len();
        let mut known = Known { file: self.name.clone(), size_bytes: len, stream_len: len, ..Known::default() };
        let snapshot = match self.drive(Open::new(len)) {
            Ok(snapshot) => Some(snapshot),
            Err(Stop::Bad(error)) if matches!(error.kind, Kind::NotThis(_)) => None,
            Err(other) => return Err(other.into()),
        };
        let recorded = match &snapshot {
            Some(snapshot) => {
                self.recall(snapshot, &mut known)?;
                self.drive(snapshot.body::<snapshot::TreeBody>())?
            }
            None => None,
        };
        let outline = match (&snapshot, recorded) {
            (Some(snapshot), Some(tree)) => {
                known.as_recorded = true;
                self.drive(snapshot.outline(&tree, keep::class))?
            }
            _ => match self.drive(Outliner::new(len)) {
                Err(Stop::Bad(error)) => {
                    let sample = len.min(SAMPLE_BYTES);
                    let head = self.window.bytes(Span::new(0, sample))?;
                    let tail = self.window.bytes(Span::new(len.saturating_sub(sample), sample))?;
                    return Err(Halt::Failed(match recognise(&head, &tail, len) {
                        Some(looks) => Failure::refused(looks.phrase),
                        None => (*error).into(),
                    }));
                }
                other => other?,
            },
        };
        serde_json::to_string(&inspection(&outline, known))
            .map_err(|error| Halt::Failed(Failure::refused(error.to_string())))
    }

    fn recall(&self, snapshot: &Snapshot, known: &mut Known) -> Result<(), Stop> {
        known.kind = match snapshot.layout() {
            Layout::Sealed => Container::Sealed,
            Layout::Packed => Container::Packed,
        };
        known.snapshot_digest = Some(snapshot.digest().0);
        known.stream_digest = Some(snapshot.stream().digest.0);
        known.stream_len = snapshot.stream().length;
        let ids = self.drive(snapshot.body::<snapshot::Ids>())?;
        known.ids = ids.as_ref().and_then(keep::id_summary);
        if let Some(metadata) = self.drive(snapshot.body::<snapshot::Metadata>())? {
            known.metadata = metadata.entries.into_iter().map(|entry| (entry.key, entry.value)).collect();
        }
        if let Some(attached) = self.drive(snapshot.body::<snapshot::Attachments>())? {
            for snapshot::Attachment { name, media_type, length, .. } in attached.attachments {
                known.attachments.push(Attachment { name, media_type, bytes: length });
            }
        }
        if let Some(recorded) = self.drive(snapshot.body::<snapshot::Fidelity>())? {
            let level = |number| Level::from_number(number).unwrap_or(Level::Placeholder);
            let worst = recorded.runs.iter().map(|run| run.level).max().unwrap_or(0);
            let mut first: u64 = 0;
            let mut runs = Vec::new();
            for run in &recorded.runs {
                let strategy = recorded.strategies.get(usize::from(run.strategy)).cloned().unwrap_or_default();
                runs.push(Run { first, rows: run.rows, level: level(run.level), strategy });
                first = first.saturating_add(run.rows);
            }
            known.fidelity = Fidelity { level: level(worst), runs };
        }
        Ok(())
    }
}

impl Job for Inspect {
    fn step(&mut self) -> Result<Answer, Failure> {
        if self.done {
            return Ok(Answer::End);
        }
        match self.run() {
            Ok(json) => {
                self.done = true;
                Ok(Answer::Result(Output { json, bytes: Vec::new() }))
            }
            Err(Halt::Need(span)) => Ok(Answer::Need(span, 0)),
            Err(Halt::Failed(failure)) => Err(failure),
        }
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        self.window.insert(at, bytes);
    }
}
