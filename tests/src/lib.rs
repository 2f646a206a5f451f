//! The corpus: every fixture as a case.
//!
//! `fixtures/faiss/` in the repository holds every file of the newest FAISS and, of older releases,
//! what is laid out differently. The whole corpus, 15 releases, is larger than a repository should
//! be: where it is (`FAISSIL_FIXTURES`, else `../shared/fixtures/faiss` beside the repository) the
//! tests run over it too. Adding a file adds a test.

pub mod asking;
#[cfg(feature = "wasm")]
pub mod compared;
pub mod counting;
pub mod driven;
pub mod examine;
pub mod extremes;
#[cfg(feature = "faissx")]
pub mod faissx;
pub mod heal;
pub mod health;
pub mod rows;
pub mod salvaged;
pub mod snapshots;
#[cfg(feature = "wasm")]
pub mod wasm;

use faissil_core::{files::Files, limits::MAX_SHOWN};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// An index file that FAISS wrote, with what FAISS says about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Case {
    /// Release and recipe: `1.15.1/flat_l2`.
    pub name: String,
    /// The index file.
    pub path: PathBuf,
}

impl Case {
    /// The index file's bytes.
    pub fn bytes(&self) -> Vec<u8> {
        std::fs::read(&self.path).unwrap_or_else(|error| panic!("{}: {error}", self.path.display()))
    }

    /// The name of its recipe: `flat_l2`.
    pub fn recipe(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }

    /// The file with its on-disk lists, if it has one.
    pub fn side(&self) -> Option<PathBuf> {
        let facts = self.facts();
        let (name, _) = facts["side_files"].as_object()?.iter().next()?;
        Some(self.path.parent()?.join(name)).filter(|path| path.exists())
    }

    /// The index file's bytes with those of its side file behind, and how many there are of each.
    pub fn with_side(&self) -> (Vec<u8>, Files) {
        let mut bytes = self.bytes();
        let stream = bytes.len() as u64;
        let side =
            self.side().map(|path| std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())));
        let files = Files { stream, side: side.as_ref().map(|side| side.len() as u64) };
        bytes.extend(side.iter().flatten());
        (bytes, files)
    }

    /// The facts beside it; `fixtures/README.md` says what they mean.
    pub fn facts(&self) -> serde_json::Value {
        let path = self.path.with_extension("json");
        let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }
}

/// The root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace").to_path_buf()
}

/// The cases in the repository, by name.
pub fn kept() -> Vec<Case> {
    let cases = cases_in(&root().join("fixtures/faiss"));
    assert!(!cases.is_empty(), "fixtures/faiss holds no index files");
    cases
}

/// Every case there is, by name: those in the repository, and the whole corpus where it is.
pub fn corpus() -> Vec<Case> {
    let outside = match std::env::var_os("FAISSIL_FIXTURES") {
        Some(path) => {
            let cases = cases_in(Path::new(&path));
            assert!(!cases.is_empty(), "FAISSIL_FIXTURES names {path:?}, which holds no index files");
            cases
        }
        None => cases_in(&root().join("../shared/fixtures/faiss")),
    };
    let all = outside.into_iter().chain(kept()).map(|case| (case.name.clone(), case));
    all.collect::<BTreeMap<_, _>>().into_values().collect()
}

/// The index files of `folder/VERSION/NAME.faiss`; none where there is no such folder.
fn cases_in(folder: &Path) -> Vec<Case> {
    let entries = |folder: &Path| {
        let entries = std::fs::read_dir(folder).into_iter().flatten();
        entries.map(|entry| entry.expect("a folder that can be opened can be read").path()).collect::<Vec<_>>()
    };
    let files = entries(folder).into_iter().flat_map(|version| entries(&version));
    let mut cases: Vec<Case> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "faiss"))
        .filter_map(|path| {
            let version = path.parent()?.file_name()?.to_str()?;
            let name = format!("{version}/{}", path.file_stem()?.to_str()?);
            Some(Case { name, path })
        })
        .collect();
    cases.sort();
    cases
}

/// A fact as an outline has it: `null` where it is more values than are shown with one.
pub fn listed(fact: &serde_json::Value) -> serde_json::Value {
    let is_long = fact.as_array().is_some_and(|values| values.len() as u64 > MAX_SHOWN);
    if is_long { serde_json::Value::Null } else { fact.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_has_the_bytes_that_its_facts_are_about() {
        for case in kept() {
            assert_eq!(case.facts()["size_bytes"], case.bytes().len(), "{}", case.name);
        }
    }
}
