//! The table of strategies: what each needs, what it gives, what it is called.

use super::facts::{Call, Facts, Mode};
use crate::report::Level;
use serde::{Serialize, Serializer};

/// A way to vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strategy {
    /// The FAISS stream as it is.
    NativeBytes,
    /// Vectors that were kept when they were added.
    CachedVectors,
    /// Many stored vectors a request.
    BulkVectors,
    /// Stored codes, decoded here.
    DecodeCodes,
    /// Neighbouring rows, reconstructed by the source.
    ReconstructRange,
    /// Row after row, reconstructed by the source.
    ReconstructOne,
    /// Zeros.
    Placeholder,
    /// Nothing: the rows are left out, or the plan is refused.
    Nothing,
}

impl Strategy {
    /// All that give vectors of the index, best first.
    pub const ALL: [Strategy; 6] = [
        Strategy::NativeBytes,
        Strategy::CachedVectors,
        Strategy::BulkVectors,
        Strategy::DecodeCodes,
        Strategy::ReconstructRange,
        Strategy::ReconstructOne,
    ];

    /// What it is called, in a plan and in a snapshot.
    pub const fn name(self) -> &'static str {
        match self {
            Strategy::NativeBytes => "native bytes",
            Strategy::CachedVectors => "cached vectors",
            Strategy::BulkVectors => "bulk vectors",
            Strategy::DecodeCodes => "decode codes",
            Strategy::ReconstructRange => "reconstruct ranges",
            Strategy::ReconstructOne => "reconstruct one by one",
            Strategy::Placeholder => "placeholders",
            Strategy::Nothing => "nothing",
        }
    }

    /// What is asked of the source; `None` where it is not asked.
    pub(super) const fn call(self) -> Option<Call> {
        match self {
            Strategy::NativeBytes => Some(Call::Native),
            Strategy::BulkVectors => Some(Call::Bulk),
            Strategy::DecodeCodes => Some(Call::Codes),
            Strategy::ReconstructRange => Some(Call::Range),
            Strategy::ReconstructOne => Some(Call::One),
            Strategy::CachedVectors | Strategy::Placeholder | Strategy::Nothing => None,
        }
    }

    /// Rows a request at most; `None` where the source cannot do it.
    pub(super) fn page(self, facts: &Facts) -> Option<u64> {
        let can = &facts.can;
        match self {
            Strategy::NativeBytes => can.native.map(|_| facts.rows),
            Strategy::CachedVectors => can.cached.iter().any(|run| !run.is_empty()).then_some(u64::MAX),
            Strategy::BulkVectors => can.bulk.filter(|&page| page > 0),
            Strategy::DecodeCodes => can.decode.then_some(u64::MAX),
            Strategy::ReconstructRange => can.range.filter(|&page| page > 0),
            Strategy::ReconstructOne => can.one.then_some(1),
            Strategy::Placeholder | Strategy::Nothing => Some(u64::MAX),
        }
    }

    /// How close what it gives comes to what was added.
    pub fn level(self, facts: &Facts) -> Level {
        match self {
            Strategy::NativeBytes => Level::ExactBytes,
            Strategy::CachedVectors => Level::ExactVectors,
            Strategy::Placeholder => Level::Placeholder,
            Strategy::Nothing => Level::Partial,
            _ => facts.made(),
        }
    }

    /// Whether rows are asked for, one request a page.
    pub(super) const fn is_asked(self) -> bool {
        matches!(self, Strategy::BulkVectors | Strategy::ReconstructRange | Strategy::ReconstructOne)
    }

    /// What a source lacks when [`page`](Strategy::page) is `None`.
    pub(super) const fn lacking(self, mode: Mode) -> &'static str {
        match (self, mode) {
            (Strategy::NativeBytes, Mode::Local) => "its bytes do not end as those of an index do",
            (Strategy::NativeBytes, Mode::Remote) => "the server does not give its bytes",
            (Strategy::CachedVectors, _) => "no vectors were kept",
            (Strategy::BulkVectors, Mode::Local) => "only a server gives vectors by the page",
            (Strategy::BulkVectors, Mode::Remote) => "the server does not give vectors by the page",
            (Strategy::DecodeCodes, Mode::Local) => "nothing decodes what it stores",
            (Strategy::DecodeCodes, Mode::Remote) => "the server does not give its codes",
            (Strategy::ReconstructRange | Strategy::ReconstructOne, Mode::Local) => "there is no FAISS here to ask",
            (Strategy::ReconstructRange, Mode::Remote) => "the server does not reconstruct ranges",
            (Strategy::ReconstructOne, Mode::Remote) => "the server does not reconstruct single rows",
            (Strategy::Placeholder | Strategy::Nothing, _) => "it was not asked for",
        }
    }
}

/// Some of the strategies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Strategies(u8);

impl Strategies {
    /// These, and this one.
    #[must_use]
    pub const fn and(self, strategy: Strategy) -> Strategies {
        Strategies(self.0 | strategy.bit())
    }

    /// Whether this one is among them.
    pub const fn has(self, strategy: Strategy) -> bool {
        self.0 & strategy.bit() != 0
    }
}

impl Strategy {
    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl Serialize for Strategy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
