//! Opens what a command is given: a file or standard input.

use crate::{Outcome, talk};
use faissil::{Error, opened::Opened, save::spool};
use std::{
    env,
    path::{Path, PathBuf},
};

/// Open the file at `path`; `-` is standard input, which goes to a temporary file without a name.
pub(crate) fn open(path: &Path) -> Result<Opened, Error> {
    if path.as_os_str() != "-" {
        return Opened::open(path);
    }
    spool(&env::temp_dir()).map_err(|cause| cause.reading(path))
}

/// Do `one` with each of several files, and tell what went wrong with it; the worst decides.
pub(crate) fn each(files: &[PathBuf], mut one: impl FnMut(usize, &Path) -> Result<Outcome, Error>) -> Outcome {
    let outcome = |(number, path): (usize, &PathBuf)| {
        one(number, path).unwrap_or_else(|error| {
            talk::error(&error);
            crate::outcome_of(&error)
        })
    };
    files.iter().enumerate().map(outcome).max().unwrap_or(Outcome::Good)
}
