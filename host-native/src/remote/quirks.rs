//! What each version of the server does otherwise than one would think, in one table.
//!
//! Read from FAISSx's source (`faissx/server/server.py`, `response.py`, `training.py`, 0.20260422.2) and tried on the running
//! server; a test in `tests/` holds every entry against it. An entry with [`forbids`](Quirk::forbids) becomes a
//! [`Fault`] of the source, so no plan asks for it; the others say how the client goes about things.

use faissil_core::plan::{Call, Fault};

/// A version of the server, as it says it in every answer.
pub type Version = (u64, u64, u64);

/// The newest version that was tried. A newer one is taken to do the same, with a warning.
pub const NEWEST: Version = (0, 20_260_422, 2);

/// What a version does.
#[derive(Debug, Clone, Copy)]
pub struct Quirk {
    /// A short name that does not change.
    pub name: &'static str,
    /// The last version that does it; `None`: it still did in [`NEWEST`], so a newer one is taken to do it too.
    pub until: Option<Version>,
    /// What must not be asked because of it.
    pub forbids: Option<Call>,
    /// Beginnings of the names of the classes that it is about; empty: all.
    pub classes: &'static [&'static str],
    /// What happens, in words that follow "it".
    pub why: &'static str,
}

/// All that is known.
pub const QUIRKS: &[Quirk] = &[
    Quirk {
        name: "get_vectors",
        until: None,
        forbids: Some(Call::Bulk),
        classes: &[],
        why: "is answered with an error whatever the rows: `get_vectors` gives the row where the name of the index belongs",
    },
    Quirk {
        name: "reconstruct_n_id_map",
        until: None,
        forbids: Some(Call::Range),
        classes: &["IndexIDMap"],
        why: "ends the server: `reconstruct_n` of an id map throws in a thread of FAISS",
    },
    Quirk {
        name: "reconstruct_id_map",
        until: None,
        forbids: Some(Call::One),
        classes: &["IndexIDMap"],
        why: "is answered with an error for every id: `reconstruct` looks for it in what cannot be looked through",
    },
    Quirk {
        name: "reconstruct_above_ntotal",
        until: None,
        forbids: None,
        classes: &[],
        why: "is refused by `reconstruct` for any id from the number of rows on",
    },
    Quirk {
        name: "search_and_reconstruct",
        until: None,
        forbids: None,
        classes: &[],
        why: "is answered with an error by `search_and_reconstruct` in every case, so it is not used",
    },
    Quirk {
        name: "status_hnsw",
        until: None,
        forbids: None,
        classes: &["IndexHNSW"],
        why: "is answered with an error by `get_index_status`: the class is asked for by `set_parameter` with a name that no class has",
    },
    Quirk {
        name: "status_scalar_quantizer",
        until: None,
        forbids: None,
        classes: &["IndexScalarQuantizer"],
        why: "is answered with an error by `get_index_status`, as for HNSW",
    },
    Quirk {
        name: "info_counts",
        until: None,
        forbids: None,
        classes: &[],
        why: "has no rows and no dimensions in `get_index_info`: only the metric is taken from there",
    },
    Quirk {
        name: "add_with_ids_keeps_a_copy",
        until: None,
        forbids: None,
        classes: &["IndexIDMap"],
        why: "is kept a second time, as Python lists, by `add_with_ids`: `add_vectors` with ids does the same and keeps nothing",
    },
    Quirk {
        name: "delete_leaves_the_base",
        until: None,
        forbids: None,
        classes: &["IndexIDMap"],
        why: "leaves its base `X_base` behind when it is deleted: both are deleted",
    },
    Quirk {
        name: "base_not_persisted",
        until: None,
        forbids: None,
        classes: &["IndexIDMap"],
        why: "comes back from the data folder beside a base without rows: its vectors are out of reach then, but for the folder itself",
    },
    Quirk {
        name: "add_limit",
        until: None,
        forbids: None,
        classes: &[],
        why: "takes 10 000 vectors at once at most in `add_vectors`, and 100 MB",
    },
    Quirk {
        name: "search_polls",
        until: None,
        forbids: None,
        classes: &[],
        why: "takes a tenth of a second at least for a search or an addition, since the server looks for the answer ten times a second",
    },
];

impl Quirk {
    /// Whether this version does it with an index of this class.
    pub fn holds(&self, version: Version, class: &str) -> bool {
        self.until.is_none_or(|until| version <= until)
            && (self.classes.is_empty() || self.classes.iter().any(|start| class.starts_with(start)))
    }
}

/// What must not be asked of an index of this class on a server of this version.
pub fn faults(version: Version, class: &str) -> Vec<Fault> {
    let holding = QUIRKS.iter().filter(|quirk| quirk.holds(version, class));
    holding.filter_map(|quirk| Some(Fault { forbids: quirk.forbids?, why: quirk.why.into() })).collect()
}

/// Read a version.
pub fn version(text: &str) -> Option<Version> {
    let mut numbers = text.split('.').map(|number| number.parse().ok());
    let found = (numbers.next()??, numbers.next()??, numbers.next()??);
    numbers.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_map_is_asked_neither_for_ranges_nor_for_rows() {
        let calls = |class| faults(NEWEST, class).iter().map(|fault| fault.forbids).collect::<Vec<_>>();
        assert_eq!(calls("IndexIDMap2"), [Call::Bulk, Call::Range, Call::One]);
        assert_eq!(calls("IndexFlatL2"), [Call::Bulk]);
    }

    #[test]
    fn the_document_has_every_entry() {
        let document = include_str!("../../../docs/remote.md");
        let table = document.split("<!-- quirks -->").nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap();
        for quirk in QUIRKS {
            assert!(table.contains(&format!("`{}`", quirk.name)), "docs/remote.md says nothing of {}", quirk.name);
        }
    }

    #[test]
    fn names_are_given_once_and_versions_are_three_numbers() {
        let names: std::collections::BTreeSet<_> = QUIRKS.iter().map(|quirk| quirk.name).collect();
        assert_eq!(names.len(), QUIRKS.len());
        assert_eq!(version("0.20260422.2"), Some(NEWEST));
        assert_eq!((version("1.2"), version("1.2.x"), version("1.2.3.4")), (None, None, None));
    }
}
