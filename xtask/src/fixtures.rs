//! `cargo xtask fixtures [CORPUS]`: copy into `fixtures/faiss/` what the tests must always have.
//!
//! The corpus holds a thousand files of fifteen releases of FAISS, most of which differ from another
//! release's file only in what was drawn at random. Kept are all files of the newest release, and of
//! older ones those whose four-character codes or size no newer release has: another layout.

use crate::Outcome;
use crate::run::root;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// One line of the corpus's `MANIFEST.tsv`.
struct Entry<'a> {
    version: &'a str,
    name: &'a str,
    size: &'a str,
    codes: &'a str,
}

pub(crate) fn run(arguments: &[String]) -> Outcome {
    let corpus = match arguments.first() {
        Some(path) => PathBuf::from(path),
        None => root().join("../shared/fixtures/faiss"),
    };
    let manifest = corpus.join("MANIFEST.tsv");
    let text =
        std::fs::read_to_string(&manifest).map_err(|error| format!("cannot read {}: {error}", manifest.display()))?;
    let entries = text.lines().skip(1).map(entry).collect::<Option<Vec<_>>>();
    let entries = entries.ok_or("MANIFEST.tsv has a line that is not version, name, size, sha256, codes")?;
    let kept = select(&entries);
    let into = root().join("fixtures/faiss");
    for entry in &kept {
        copy(&corpus.join(entry.version), &into.join(entry.version), entry.name)
            .map_err(|error| format!("cannot copy {}/{}: {error}", entry.version, entry.name))?;
    }
    println!("{} of {} index files are in {}", kept.len(), entries.len(), into.display());
    Ok(())
}

fn entry(line: &str) -> Option<Entry<'_>> {
    let mut fields = line.split('\t');
    let mut next = || fields.next();
    let (version, name, size, _sha256, codes) = (next()?, next()?, next()?, next()?, next()?);
    Some(Entry { version, name, size, codes })
}

/// The entries that are kept.
fn select<'a, 'b>(entries: &'b [Entry<'a>]) -> Vec<&'b Entry<'a>> {
    let versions: BTreeSet<_> = entries.iter().map(|entry| Reverse(numbers(entry.version))).collect();
    let mut seen = BTreeSet::new();
    let mut kept = Vec::new();
    for (age, version) in versions.iter().enumerate() {
        let of_version = || entries.iter().filter(|entry| numbers(entry.version) == version.0);
        kept.extend(of_version().filter(|entry| age == 0 || !seen.contains(&(entry.codes, entry.size))));
        // Only newer releases count: two files of one release with one layout are both kept.
        seen.extend(of_version().map(|entry| (entry.codes, entry.size)));
    }
    kept
}

/// `1.7.1.post3` as numbers that sort by age.
fn numbers(version: &str) -> Vec<u32> {
    version.split(['.', 't']).filter_map(|part| part.parse().ok()).collect()
}

/// Copy the index file, its facts, and the file that it refers to if there is one.
fn copy(from: &Path, to: &Path, name: &str) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for (extension, needed) in [("faiss", true), ("json", true), ("ivfdata", false)] {
        let file = format!("{name}.{extension}");
        if needed || from.join(&file).exists() {
            // Read and write, not copied: the corpus may be read-only, the copy must not be.
            std::fs::write(to.join(&file), std::fs::read(from.join(&file))?)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_file_is_kept_only_where_its_layout_is_new() {
        let text = "1.9.0.post1\tflat\t100\t-\tIxF2\n1.15.1\tflat\t100\t-\tIxF2\n1.15.1\tflat8\t100\t-\tIxF2\n\
                    1.7.1\told\t9\t-\tIxRQ\n1.7.1.post3\told\t9\t-\tIxRQ\n1.9.0.post1\twide\t200\t-\tIxF2\n";
        let entries: Vec<_> = text.lines().filter_map(entry).collect();
        let kept: Vec<_> = select(&entries).iter().map(|entry| format!("{}/{}", entry.version, entry.name)).collect();
        assert_eq!(kept, ["1.15.1/flat", "1.15.1/flat8", "1.9.0.post1/wide", "1.7.1.post3/old"]);
    }
}
