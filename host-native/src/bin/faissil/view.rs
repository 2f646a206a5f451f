//! `faissil view`: the viewer, on one file.

use crate::{Outcome, talk};
use faissil::{
    Cause, Error,
    core::snapshot::Digest,
    view::{Server, Shown, viewer},
};
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    low_level::pipe,
};
use std::{
    env, io,
    os::unix::{net::UnixStream, process::CommandExt},
    path::PathBuf,
    process::{Command, Stdio},
};

/// Open an index file or a snapshot in a browser, in the viewer.
///
/// Page and file are served on this machine alone, at an address that cannot be guessed, until Ctrl-C.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The index or snapshot
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Take any snapshot as wrong but the one with this digest, its own or that of its stream
    #[arg(long, value_name = "DIGEST")]
    expect: Option<Digest>,
    /// Listen on this port of 127.0.0.1; without, on a free one
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    port: u16,
    /// Print the address, and open no browser
    #[arg(long)]
    no_open: bool,
}

impl Args {
    pub(crate) fn run(self) -> Result<Outcome, Error> {
        let Some(page) = viewer() else {
            let cause = Cause::Refused("this build has no viewer".into());
            let hint = "in the sources of Faissil, `cargo xtask web` builds the viewer, then `cargo build --release --features viewer` a command that has it";
            return Err(cause.of(format!("cannot show `{}`", self.file.display())).hint(hint));
        };
        let server = Server::bind(self.port, page, Shown::open(&self.file)?, self.expect)?;
        let serving = |cause: Cause| cause.of(format!("cannot serve `{}`", self.file.display()));
        let ended = signals().map_err(|error| serving(error.into()))?;
        talk::print(&server.url())?;
        talk::note("whoever knows this address can read the file, until Ctrl-C");
        if !self.no_open {
            show(&server.ticket().map_err(serving)?);
        }
        server.run(ended).map_err(|error| serving(error.into()))?;
        Ok(Outcome::Good)
    }
}

/// What can be read once somebody wants the command to end.
fn signals() -> io::Result<UnixStream> {
    let (told, tells) = UnixStream::pair()?;
    pipe::register(SIGTERM, tells.try_clone()?)?;
    pipe::register(SIGINT, tells)?;
    Ok(told)
}

/// Open the address in a browser, where there is a screen.
fn show(address: &str) {
    let has_screen =
        ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| env::var_os(name).is_some_and(|it| !it.is_empty()));
    let opener = match (cfg!(target_os = "macos"), has_screen) {
        (true, _) => "open",
        (false, true) => "xdg-open",
        (false, false) => return,
    };
    let mut command = Command::new(opener);
    command.arg(address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // Ctrl-C here does not reach a browser that this starts.
    if let Err(error) = command.process_group(0).spawn() {
        talk::note(&format!("no browser was opened (`{opener}`: {error}): open the address in one"));
    }
}
