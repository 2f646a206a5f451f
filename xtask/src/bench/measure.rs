//! Time, memory and bytes read of other programs, and the lines of the table.

use crate::run::output;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A line of the table.
#[derive(Clone)]
pub(crate) struct Figure {
    what: String,
    ours: String,
    rival: String,
    ratio: String,
    promised: String,
}

impl Figure {
    /// Our time against a rival's; at least `promised` of its speed.
    pub(crate) fn ratio(what: &str, ours: f64, rival_name: &str, rival: f64, promised: f64) -> Figure {
        let ratio = rival / ours;
        Figure {
            what: what.into(),
            ours: format!("{ours:.3} s"),
            rival: format!("{rival_name}: {rival:.3} s"),
            ratio: format!("{ratio:.2}{}", missed(ratio < promised)),
            promised: format!("≥ {promised}"),
        }
    }

    /// A figure that has no rival but a bound.
    pub(crate) fn below(what: &str, ours: f64, promised: f64, unit: &str) -> Figure {
        Figure {
            what: what.into(),
            ours: format!("{ours:.1} {unit}{}", missed(ours >= promised)),
            rival: String::new(),
            ratio: String::new(),
            promised: format!("< {promised} {unit}"),
        }
    }

    /// A time that has neither rival nor bound.
    pub(crate) fn alone(what: &str, ours: f64) -> Figure {
        let empty = String::new;
        Figure { what: what.into(), ours: format!("{ours:.3} s"), rival: empty(), ratio: empty(), promised: empty() }
    }

    /// As a line of a Markdown table.
    pub(crate) fn row(&self) -> String {
        format!("| {} | {} | {} | {} | {} |\n", self.what, self.ours, self.rival, self.ratio, self.promised)
    }
}

fn missed(missed: bool) -> &'static str {
    if missed { " (missed)" } else { "" }
}

/// Seconds that a program takes; it must succeed.
pub(crate) fn seconds(command: &mut Command) -> Result<f64, String> {
    let start = Instant::now();
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    let time = start.elapsed().as_secs_f64();
    match status {
        Ok(status) if status.success() => Ok(time),
        Ok(status) => Err(format!("{command:?} failed: {status}")),
        Err(error) => Err(format!("cannot run {command:?}: {error}")),
    }
}

/// The median time of each contestant, who take turns after one round that does not count.
pub(crate) fn alternate<const N: usize>(
    rounds: usize,
    contestants: [&dyn Fn() -> Result<f64, String>; N],
) -> Result<[f64; N], String> {
    let mut times = [const { Vec::new() }; N];
    for round in 0..=rounds {
        for (contestant, times) in contestants.iter().zip(&mut times) {
            let time = contestant()?;
            if round > 0 {
                times.push(time);
            }
        }
    }
    Ok(times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    }))
}

/// The most memory that a program holds at once, in KiB, as the kernel keeps the books (`VmHWM`).
pub(crate) fn peak_memory(command: &mut Command) -> Result<u64, String> {
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut child = child.map_err(|error| format!("cannot run {command:?}: {error}"))?;
    let mut peak = 0;
    loop {
        // The mark only rises, so the last look before the end is the one that counts.
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let mark = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let mark = mark.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        peak = peak.max(mark.unwrap_or(0));
        match child.try_wait() {
            Ok(None) => std::thread::sleep(Duration::from_millis(2)),
            Ok(Some(status)) if status.success() => return Ok(peak),
            Ok(Some(status)) => return Err(format!("{command:?} failed: {status}")),
            Err(error) => return Err(format!("cannot wait for {command:?}: {error}")),
        }
    }
}

/// Bytes that a program reads of one file, counted by `strace`. A map counts in full.
pub(crate) fn bytes_read(command: &Command, file: &Path) -> Result<u64, String> {
    let calls = "trace=read,pread64,readv,preadv,preadv2,mmap,sendfile,splice,copy_file_range";
    let trace = std::env::temp_dir().join(format!("faissil-bench-{}.trace", std::process::id()));
    let mut traced = Command::new("strace");
    traced.args(["-f", "-qq", "-y", "-e", calls, "-o"]).arg(&trace);
    output(traced.arg(command.get_program()).args(command.get_args()))?;
    let text = std::fs::read_to_string(&trace).map_err(|error| format!("cannot read the trace: {error}"))?;
    std::fs::remove_file(&trace).ok();
    let mark = format!("<{}>", file.canonicalize().map_err(|error| error.to_string())?.display());
    let counts = text.lines().filter(|line| line.contains(&mark)).map(|line| {
        let last = if line.contains("mmap(") { line.split(", ").nth(1) } else { line.rsplit("= ").next() };
        last.and_then(|number| number.trim().parse::<u64>().ok()).ok_or(format!("cannot read the trace at: {line}"))
    });
    counts.sum()
}
