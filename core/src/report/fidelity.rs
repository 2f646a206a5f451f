//! How close what is kept comes to what was added, in five words.

use serde::{Serialize, Serializer};

/// How close a vector that is kept is to the one that was added. From best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The FAISS stream itself, byte for byte.
    ExactBytes,
    /// Each vector bit for bit, in a stream of another make.
    ExactVectors,
    /// Vectors decoded from a lossy code.
    DecodedVectors,
    /// A part is missing and is named.
    Partial,
    /// Made up on request, to keep a place.
    Placeholder,
}

impl Level {
    /// All levels; the position is the number in a snapshot's `FIDE`.
    pub const ALL: [Level; 5] =
        [Level::ExactBytes, Level::ExactVectors, Level::DecodedVectors, Level::Partial, Level::Placeholder];

    /// The words for it in every report.
    pub const fn name(self) -> &'static str {
        match self {
            Level::ExactBytes => "exact bytes",
            Level::ExactVectors => "exact vectors",
            Level::DecodedVectors => "decoded vectors",
            Level::Partial => "partial",
            Level::Placeholder => "placeholder",
        }
    }

    /// What it means, in a sentence.
    pub const fn meaning(self) -> &'static str {
        match self {
            Level::ExactBytes => "the FAISS stream comes back byte for byte",
            Level::ExactVectors => "every vector comes back bit for bit; graph and training do not",
            Level::DecodedVectors => "vectors come back as their codes decode, not as they were added",
            Level::Partial => "a part is missing",
            Level::Placeholder => "some rows are stand-ins that hold no data of the index",
        }
    }

    /// The level of a snapshot that records runs of rows with these levels: the worst. What records them is not kept byte
    /// for byte, even if it has no rows.
    pub fn worst(levels: impl Iterator<Item = u8>) -> Level {
        let levels = levels.map(|level| Level::from_number(level).unwrap_or(Level::Placeholder));
        levels.max().unwrap_or(Level::ExactVectors)
    }

    /// The level with this number in a snapshot.
    pub fn from_number(number: u8) -> Option<Level> {
        Level::ALL.get(usize::from(number)).copied()
    }
}

impl Serialize for Level {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_format() {
        let names: alloc::vec::Vec<_> = (0..6).map(|number| Level::from_number(number).map(Level::name)).collect();
        let expected = ["exact bytes", "exact vectors", "decoded vectors", "partial", "placeholder"];
        assert_eq!(names[..5], expected.map(Some));
        assert_eq!(names[5], None);
    }
}
