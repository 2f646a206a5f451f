//! `faissil inspect`: what is in an index or a snapshot.

use crate::{
    Outcome,
    input::{each, open},
    talk::{self, print, print_json, print_json_error},
};
use faissil::{
    Error,
    core::report,
    inspect::{inspect_opaque, inspect_opened},
};
use std::path::{Path, PathBuf};

/// Say what is in an index file or a snapshot.
///
/// A snapshot answers from its own record, in two reads; `faissil verify` holds that against the stream.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Print one JSON object a file
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) fn run(self) -> Result<Outcome, Error> {
        Ok(each(&self.files, |number, path| {
            if number > 0 && !self.json {
                print("")?;
            }
            self.one(path)
        }))
    }

    /// The error of a file of which nothing can be said, which has its line all the same.
    fn refused(&self, path: &Path, error: Error) -> Error {
        let told = if self.json { print_json_error(path, &error) } else { Ok(()) };
        told.err().unwrap_or(error)
    }

    fn one(&self, path: &Path) -> Result<Outcome, Error> {
        let opened = open(path).map_err(|error| self.refused(path, error))?;
        let inspection = match inspect_opened(&opened, &talk::progress("reading")) {
            Ok(inspection) => inspection,
            Err(error) => match inspect_opaque(&opened, &error.cause) {
                Ok(Some(report)) => {
                    if self.json {
                        print_json(&report)?
                    } else {
                        print(&report::opaque_page(&report))?
                    }
                    return Err(error.hint("the snapshot keeps the bytes as they are; `faissil load` gives them back"));
                }
                Ok(None) | Err(_) => return Err(self.refused(path, error)),
            },
        };
        if self.json {
            print_json(&inspection)?;
        } else {
            print(&report::page(&inspection))?;
        }
        let Some(fault) = &inspection.fault else { return Ok(Outcome::Good) };
        let kind = fault.kind.as_str();
        let beyond_us = ["unknown tag", "unsupported", "over the limit"].contains(&kind);
        let hint = if beyond_us {
            "this build does not know what follows; save, verify and load keep it byte for byte"
        } else {
            "was the file cut short, or changed, when it was copied?"
        };
        let cause = if beyond_us {
            faissil::Cause::Refused(fault.message.clone())
        } else {
            faissil::Cause::Damage(fault.message.clone())
        };
        Err(cause.of(format!("cannot read all of `{}`", path.display())).hint(hint))
    }
}
