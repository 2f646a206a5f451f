//! Opens what a command is given: a file or standard input.

use faissil::{Error, opened::Opened, save::spool};
use std::{env, path::Path};

/// Open the file at `path`; `-` is standard input, which goes to a temporary file without a name.
pub(crate) fn open(path: &Path) -> Result<Opened, Error> {
    if path.as_os_str() != "-" {
        return Opened::open(path);
    }
    spool(&env::temp_dir()).map_err(|cause| cause.reading(path))
}
