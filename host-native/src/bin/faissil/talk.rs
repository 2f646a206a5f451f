//! How the command speaks: data to standard output, everything else to standard error.

use faissil::{Cause, Error};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

/// Print an error in the one form they all have.
pub(crate) fn error(error: &Error) {
    let _ = writeln!(io::stderr(), "error: {error}");
}

/// Print something that is no failure but has to be known.
pub(crate) fn warning(text: &str) {
    let _ = writeln!(io::stderr(), "warning: {text}");
}

/// Print something that is good to know.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr(), "note: {text}");
}

/// Say of how many ids the rows that are given tell nothing.
pub(crate) fn aliases(count: u64) {
    if count > 0 {
        let ids = if count == 1 { "id names a vector" } else { "ids name vectors" };
        note(&format!(
            "{} further {ids} of these rows: equal vectors are stored once (IndexIVFFlatDedup), and `--id` finds them",
            crate::say::count(count)
        ));
    }
}

/// Whether all that is wrong is that nobody reads any more.
pub(crate) fn is_closed_pipe(error: &Error) -> bool {
    matches!(&error.cause, Cause::Io(error) if error.kind() == io::ErrorKind::BrokenPipe)
}

/// Standard output could not be written.
pub(crate) fn to_stdout(error: io::Error) -> Error {
    Cause::from(error).of("cannot write to standard output")
}

/// Standard output, buffered. When the reader of a pipe has gone, the rest goes nowhere, quietly.
pub(crate) struct Stdout {
    inner: BufWriter<StdoutLock<'static>>,
    closed: bool,
}

impl Stdout {
    pub(crate) fn new() -> Stdout {
        Stdout { inner: BufWriter::with_capacity(1 << 16, io::stdout().lock()), closed: false }
    }

    /// Whether nobody reads any more, so that a long print can stop.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    fn quiet<T>(&mut self, result: io::Result<T>, gone: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(gone)
            }
            other => other.map_err(faissil::error::to_stdout),
        }
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.closed {
            return Ok(bytes.len());
        }
        let result = self.inner.write(bytes);
        self.quiet(result, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        let result = self.inner.flush();
        self.quiet(result, ())
    }
}

/// Print `text` and a newline as data.
pub(crate) fn print(text: &str) -> Result<(), Error> {
    let mut out = Stdout::new();
    out.write_all(text.trim_end_matches('\n').as_bytes())
        .and_then(|()| out.write_all(b"\n"))
        .and_then(|()| out.flush())
        .map_err(to_stdout)
}

/// Print one JSON value as a line of data.
pub(crate) fn print_json(value: &impl serde::Serialize) -> Result<(), Error> {
    print(&serde_json::to_string(value).map_err(|error| to_stdout(error.into()))?)
}

/// Print that nothing can be said of this file as a line of data, so that every file has its line.
pub(crate) fn print_json_error(file: &std::path::Path, error: &Error) -> Result<(), Error> {
    let said = format!("{}: {}", error.what, error.cause);
    print_json(&serde_json::json!({ "file": file.display().to_string(), "error": said }))
}

/// Progress of long work on a terminal; elsewhere it says nothing.
pub(crate) fn progress(doing: &'static str) -> impl Fn(u64, u64) + Sync {
    let bar = io::stderr().is_terminal().then(|| {
        let style = "{msg:>9} [{wide_bar}] {bytes}/{total_bytes} {bytes_per_sec}";
        let style = ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar());
        ProgressBar::no_length().with_style(style.progress_chars("=> ")).with_message(doing)
    });
    move |done, all| {
        if let Some(bar) = &bar {
            bar.set_length(all);
            bar.set_position(done);
            if done >= all {
                bar.finish_and_clear();
            }
        }
    }
}
