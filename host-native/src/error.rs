//! What could not be done, why, and what to do about it.
//!
//! A [`Cause`] is the plain reason: bytes at fault, the system's answer, or a refusal of ours. An
//! [`Error`] wraps it in what was being tried and, where there is one, a way out. People read the
//! last line under stress, so both halves name their file.

use std::{fmt, io, path::Path};

/// The reason of an [`Error`].
#[derive(Debug)]
pub enum Cause {
    /// The file's bytes are at fault, or are of a kind that this build does not take.
    Fault(faissil_core::Error),
    /// The operating system said no.
    Io(io::Error),
    /// The bytes are not what was promised: damage, or another file than the expected one.
    Damage(String),
    /// Nothing is wrong with the bytes; what was asked for is not done.
    Refused(String),
    /// FAISS threw; these are its words.
    Faiss(String),
    /// The caller said stop.
    Cancelled,
}

/// What a cause says about the file, for the exit code of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The file is damaged, or differs from what it has to be.
    Damaged,
    /// It could not be done; nothing is said about the file.
    Undone,
}

/// Why something was not done.
#[derive(Debug)]
pub struct Error {
    /// What was being tried: ``cannot read `x.faiss` ``.
    pub what: String,
    /// Why it did not work.
    pub cause: Cause,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Cause {
    /// Whether the file is to blame.
    pub fn verdict(&self) -> Verdict {
        match self {
            Cause::Damage(_) => Verdict::Damaged,
            Cause::Fault(fault) if fault.kind.is_damage() => Verdict::Damaged,
            _ => Verdict::Undone,
        }
    }

    /// This cause as the core has it, where it says something about the bytes.
    pub fn of_bytes(&self) -> Option<faissil_core::error::Cause> {
        use faissil_core::error::Cause as Core;
        match self {
            Cause::Fault(fault) => Some(Core::Fault(fault.clone())),
            Cause::Damage(reason) => Some(Core::Damage(reason.clone())),
            Cause::Io(_) | Cause::Refused(_) | Cause::Faiss(_) | Cause::Cancelled => None,
        }
    }

    /// This cause of not having done `what`. Where standard output could not be written, that is what was not done.
    pub fn of(self, what: impl Into<String>) -> Error {
        let what = if self.is_of_stdout() { NO_STDOUT.into() } else { what.into() };
        Error { what, cause: self, hint: None }
    }

    /// Whether standard output could not be written.
    fn is_of_stdout(&self) -> bool {
        matches!(self, Cause::Io(error) if error.get_ref().is_some_and(|inner| inner.is::<Unwritten>()))
    }

    /// This cause of not having read the file at `path`.
    pub fn reading(self, path: &Path) -> Error {
        self.of(format!("cannot read `{}`", path.display()))
    }

    /// This cause of not having done `what` with the file at `path`. A refusal is of that; anything else is of reading
    /// the file.
    pub fn doing(self, what: &str, path: &Path) -> Error {
        match self {
            Cause::Refused(_) => self.of(format!("cannot {what} `{}`", path.display())),
            _ => self.reading(path),
        }
    }

    /// This cause of not having written the file at `path`.
    pub fn writing(self, path: &Path) -> Error {
        if path.as_os_str() == "-" || self.is_of_stdout() {
            return self.of(NO_STDOUT);
        }
        let full = matches!(&self, Cause::Io(error) if is_full(error));
        let error = self.of(format!("cannot write `{}`", path.display()));
        if full { error.hint("nothing was left behind; make room and run it again") } else { error }
    }
}

const NO_STDOUT: &str = "cannot write to standard output";

/// Marks an error of standard output, so that what was read meanwhile is not blamed.
#[derive(Debug)]
struct Unwritten(Cause);

/// The error of a write to standard output, which [`Cause::of`] will know again. That nobody reads any more stays as
/// it is.
pub fn to_stdout(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::BrokenPipe => error,
        kind => io::Error::new(kind, Unwritten(Cause::Io(error))),
    }
}

impl fmt::Display for Unwritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Unwritten {}

/// Whether the disk, a quota or a file-size limit is what stopped a write.
pub fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

impl Error {
    /// The same error with a way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Error {
        self.hint = Some(hint.into());
        self
    }
}

impl From<faissil_core::Error> for Cause {
    fn from(fault: faissil_core::Error) -> Cause {
        Cause::Fault(fault)
    }
}

impl From<faissil_core::error::Cause> for Cause {
    fn from(cause: faissil_core::error::Cause) -> Cause {
        use faissil_core::error::Cause as Core;
        match cause {
            Core::Fault(fault) => Cause::Fault(fault),
            Core::Damage(reason) => Cause::Damage(reason),
            Core::Refused(reason) => Cause::Refused(reason),
        }
    }
}

impl From<io::Error> for Cause {
    /// An I/O error that carries a cause, made from one, gives it back.
    fn from(error: io::Error) -> Cause {
        match error.downcast::<Cause>() {
            Ok(cause) => cause,
            Err(error) => Cause::Io(error),
        }
    }
}

impl From<Cause> for io::Error {
    fn from(cause: Cause) -> io::Error {
        match cause {
            Cause::Io(error) => error,
            other => io::Error::other(other),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Fault(fault) => fault.fmt(f),
            Cause::Io(error) if error.get_ref().is_some() => error.fmt(f), // has words of its own
            Cause::Io(error) => match error.kind() {
                io::ErrorKind::NotFound => f.write_str("no such file"),
                io::ErrorKind::PermissionDenied => f.write_str("permission denied"),
                io::ErrorKind::StorageFull => f.write_str("no space left on the disk"),
                io::ErrorKind::QuotaExceeded => f.write_str("the disk quota is used up"),
                io::ErrorKind::FileTooLarge => f.write_str("larger than a file may be here"),
                io::ErrorKind::IsADirectory => f.write_str("is a directory"),
                _ => error.fmt(f),
            },
            Cause::Damage(reason) | Cause::Refused(reason) => f.write_str(reason),
            Cause::Faiss(words) => write!(f, "FAISS says: {words}"),
            Cause::Cancelled => f.write_str("cancelled"),
        }
    }
}

impl std::error::Error for Cause {}

impl fmt::Display for Error {
    /// Two or three lines: what, cause, hint.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  cause: {}", self.what, self.cause)?;
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_why_and_what_to_do() {
        let error = Cause::from(io::Error::from(io::ErrorKind::StorageFull)).writing(Path::new("out.faissil"));
        assert_eq!(
            error.to_string(),
            "cannot write `out.faissil`\n  cause: no space left on the disk\n  hint: nothing was left behind; make room and run it again"
        );
    }

    #[test]
    fn what_is_read_is_not_to_blame_for_standard_output() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let said = "cannot write to standard output\n  cause: no space left on the disk";
        assert_eq!(Cause::from(to_stdout(full())).reading(Path::new("x.faiss")).to_string(), said);
        assert_eq!(Cause::from(full()).writing(Path::new("-")).to_string(), said);
        assert_eq!(to_stdout(io::ErrorKind::BrokenPipe.into()).kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn a_cause_survives_the_road_through_an_io_error() {
        let cause = Cause::from(io::Error::from(Cause::Damage("chunk 3".into())));
        assert!(matches!(&cause, Cause::Damage(reason) if reason == "chunk 3"), "{cause:?}");
        assert_eq!(cause.verdict(), Verdict::Damaged);
    }
}
