//! The tasks there are, by name.

mod inspect;

use crate::File;
use crate::failure::Failure;
use crate::task::{Answer, Job};

/// The job of this name.
pub(crate) fn start(file: &File, op: &str, _params: &str) -> Box<dyn Job> {
    match op {
        "inspect" => Box::new(inspect::Inspect::new(file.len, &file.name)),
        _ => Box::new(Refused(Failure::refused(format!("no task `{op}`")))),
    }
}

/// A task that cannot begin.
struct Refused(Failure);

impl Job for Refused {
    fn step(&mut self) -> Result<Answer, Failure> {
        Err(self.0.clone())
    }

    fn bring(&mut self, _: u64, _: &[u8]) {}
}
