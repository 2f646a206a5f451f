//! A plan in sentences.

use super::facts::Mode;
use super::ids::{IdStep, IdStrategy};
use super::make::{Plan, Step};
use super::strategy::Strategy;
use crate::report::{grouped, size};
use core::fmt;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rows, d) = (grouped(self.rows), self.d);
        writeln!(f, "{}: {rows} vectors of {d} dimensions; from {}\n", self.index, self.from)?;
        for step in &self.steps {
            writeln!(f, "  rows {}..{}: {step}", step.first, step.first.saturating_add(step.rows))?;
            if let [then @ .., last] = step.then.as_slice() {
                f.write_str("    rows on which that fails: ")?;
                for strategy in then {
                    write!(f, "{}, else ", strategy.name())?;
                }
                writeln!(f, "{}", last.name())?;
            }
        }
        writeln!(f, "  ids: {}", self.ids)?;
        writeln!(f, "  fidelity: {}, {}", self.fidelity.name(), self.fidelity.meaning())?;
        let (bytes, memory) = (size(self.bytes), size(self.memory));
        match self.mode {
            Mode::Local => writeln!(f, "  in all: {bytes} read, at most {memory} of memory")?,
            Mode::Remote => {
                let (requests, overhead) = (grouped(self.requests), grouped(self.overhead));
                write!(f, "  in all: about {requests} requests and {overhead} beside them, {bytes} moved, ")?;
                writeln!(f, "at most {memory} of memory, about {} s", seconds(self.millis))?;
            }
        }
        for down in &self.turned_down {
            writeln!(f, "  turned down: {} ({})", down.strategy, down.why)?;
        }
        for why in &self.refused {
            writeln!(f, "  refused: {why}")?;
        }
        Ok(())
    }
}

/// Milliseconds as seconds, with one digit.
fn seconds(millis: u64) -> Tenths {
    Tenths(millis.div_ceil(100))
}

struct Tenths(u64);

impl fmt::Display for Tenths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0.checked_div(10).unwrap_or(0), self.0.checked_rem(10).unwrap_or(0))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.strategy {
            Strategy::Nothing => return f.write_str("nothing; they are left out"),
            Strategy::Placeholder => return f.write_str("placeholders: zeros, which hold no data of the index"),
            strategy => f.write_str(strategy.name())?,
        }
        if self.strategy.is_asked() && self.page > 1 {
            write!(f, " of {}", grouped(self.page))?;
        }
        write!(f, " ({})", self.fidelity.name())?;
        let bytes = size(self.bytes);
        match self.requests {
            0 => write!(f, ", {bytes}"),
            requests => write!(f, ", {bytes} in {} requests", grouped(requests)),
        }
    }
}

impl fmt::Display for IdStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.strategy.name();
        f.write_str(name.strip_prefix("ids ").unwrap_or(name))?;
        if self.strategy == IdStrategy::BySearch {
            let (page, requests) = (grouped(self.page), grouped(self.requests));
            write!(f, ": {page} queries at a time, about {requests} requests")?;
        }
        Ok(())
    }
}
