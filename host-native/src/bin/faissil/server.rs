//! Arguments of commands that ask a server, and of those that plan.

use crate::talk;
use clap::ValueEnum;
use faissil::{
    Cause, Error,
    core::{
        plan::{Missing, Policy, Strategies, Strategy},
        report::Level,
    },
    remote::{Address, Login, Waiting},
    source::ServerSource,
};
use std::{path::PathBuf, sync::Arc, time::Duration};

/// How to talk to a server. The key comes from FAISSX_API_KEY or a file, the tenant from FAISSX_TENANT_ID.
#[derive(clap::Args)]
pub(crate) struct ServerArgs {
    /// Read the API key from this file, not from FAISSX_API_KEY
    #[arg(long, value_name = "PATH")]
    key_file: Option<PathBuf>,
    /// Seconds to wait for an answer
    #[arg(long, value_name = "S", default_value = "60", value_parser = clap::value_parser!(u64).range(1..))]
    timeout: u64,
    /// How often to ask again when the connection fails
    #[arg(long, value_name = "N", default_value = "5", value_parser = clap::value_parser!(u32).range(..1000))]
    tries: u32,
}

impl ServerArgs {
    pub(crate) fn login(&self) -> Result<Login, Error> {
        Login::from_environment(self.key_file.as_deref())
    }

    /// Waits that Ctrl-C ends; a second one ends the process.
    pub(crate) fn waiting(&self) -> Waiting {
        let stop = Arc::default();
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            let shut = signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&stop));
            if shut.and_then(|_| signal_hook::flag::register(signal, Arc::clone(&stop))).is_err() {
                talk::warning("Ctrl-C ends the command at once");
            }
        }
        Waiting { timeout: Duration::from_secs(self.timeout), tries: self.tries, stop, ..Waiting::default() }
    }
}

/// How an index behind a server is had: what `plan` and `pull` have in common.
#[derive(clap::Args)]
pub(crate) struct SourceArgs {
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
    #[command(flatten)]
    server: ServerArgs,
    /// Take the index's bytes from the server's data folder, checked against what the server answers
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}

impl SourceArgs {
    /// Connect to the server of `url`, and look into its folder where that is given. `what` cannot be done otherwise.
    pub(crate) fn connect(&self, url: &str, what: &str) -> Result<(Address, ServerSource), Error> {
        let what = || format!("cannot {what} `{url}`");
        let address = Address::parse(url).map_err(|why| Cause::Refused(why).of(what()))?;
        let mut source = ServerSource::connect(&address, self.server.login()?, self.server.waiting())
            .map_err(|cause| with_key_hint(cause, what()))?;
        if let Some(dir) = &self.data_dir {
            source.read_folder(dir)?;
        }
        Ok((address, source))
    }
}

/// The error, with where a key comes from when that is what is wrong.
pub(crate) fn with_key_hint(cause: Cause, what: String) -> Error {
    let about_key = matches!(&cause, Cause::Refused(said) if said.contains("API key"));
    let error = cause.of(what);
    if about_key { error.hint("set FAISSX_API_KEY, or name a file with the key by --key-file") } else { error }
}

/// What is accepted.
#[derive(clap::Args)]
pub(crate) struct PolicyArgs {
    /// The lowest fidelity of a row that is accepted
    #[arg(long, value_enum, value_name = "LEVEL", default_value = "decoded-vectors")]
    floor: Floor,
    /// A way that is not wanted, such as native-bytes; may be repeated
    #[arg(long, value_enum, value_name = "WAY")]
    without: Vec<Way>,
    /// Memory at most, in MiB
    #[arg(long, value_name = "MIB", default_value = "128", value_parser = clap::value_parser!(u64).range(1..1 << 40))]
    memory: u64,
    /// Requests at most
    #[arg(long, value_name = "N")]
    requests: Option<u64>,
    /// Seconds at most
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u64).range(1..1 << 40))]
    seconds: Option<u64>,
    /// Rows in a request at most
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u64).range(1..))]
    page: Option<u64>,
    /// Leave out rows that cannot be had, or whose ids cannot, and say so
    #[arg(long)]
    leave_out: bool,
    /// Put zeros in the place of vectors that cannot be had, and say so
    #[arg(long, conflicts_with = "leave_out")]
    placeholders: bool,
    /// Give rows whose ids cannot be had their numbers for ids, and say so
    #[arg(long)]
    number_rows: bool,
    /// Ask for every page until two answers agree, since the protocol has no checksum
    #[arg(long)]
    twice: bool,
}

/// A fidelity to insist on.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Floor {
    /// The FAISS stream itself
    ExactBytes,
    /// Each vector bit for bit
    ExactVectors,
    /// Vectors as their codes decode
    DecodedVectors,
    /// A part may be missing
    Partial,
    /// Rows may be made up
    Placeholder,
}

/// A way to vectors.
#[derive(Clone, Copy, ValueEnum)]
enum Way {
    /// The FAISS stream as it is
    NativeBytes,
    /// Vectors that were kept when they were added
    CachedVectors,
    /// Many stored vectors a request
    BulkVectors,
    /// Stored codes, decoded here
    DecodeCodes,
    /// Neighbouring rows, reconstructed by the source
    ReconstructRanges,
    /// Row after row, reconstructed by the source
    ReconstructOneByOne,
}

impl Floor {
    pub(crate) fn level(self) -> Level {
        Level::ALL[self as usize]
    }
}

impl PolicyArgs {
    pub(crate) fn policy(&self) -> Policy {
        let missing = match (self.leave_out, self.placeholders) {
            (true, _) => Missing::LeaveOut,
            (_, true) => Missing::Placeholder,
            _ => Missing::Refuse,
        };
        Policy {
            floor: self.floor.level(),
            without: self.without.iter().fold(Strategies::default(), |all, way| all.and(Strategy::ALL[*way as usize])),
            memory: self.memory << 20,
            requests: self.requests,
            millis: self.seconds.map(|seconds| seconds * 1000),
            page: self.page,
            missing,
            number_rows: self.number_rows,
            twice: self.twice,
        }
    }
}
