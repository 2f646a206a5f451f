//! What must hold within a section's body, beyond its encoding.

use super::open::SectionBody;
use super::page::check_tree;
use super::section::{Attachments, Fidelity, Ids, Metadata, Producer, Recipe, Tree, id_kind, tag};
use crate::error::Error;
use crate::outline::Fourcc;
use crate::text::escaped;
use alloc::{format, string::String};

/// Why a text cannot be the name of an attachment; `None` when it can.
///
/// A name is a bare file name on every system: nothing that leads to another folder.
pub fn attachment_name_fault(name: &str) -> Option<&'static str> {
    if name.is_empty() || name.len() > 255 {
        return Some("name has 1 to 255 bytes");
    }
    if name == "." || name == ".." {
        return Some("name is not `.` or `..`");
    }
    if name.chars().any(|each| each == '/' || each == '\\' || each.is_control()) {
        return Some("name has no `/`, `\\` or control character");
    }
    None
}

/// That keys ascend, each once, and none is empty.
fn check_keys<'a>(keys: impl Iterator<Item = &'a String>, at: u64) -> Result<(), Error> {
    let mut last = "";
    for key in keys {
        if key.as_str() <= last {
            return Err(Error::invalid(
                at,
                "keys are not empty and ascend, each once",
                format!("`{key}` after `{last}`"),
            ));
        }
        last = key;
    }
    Ok(())
}

fn check_optional(tree: Option<&Tree>, at: u64, manifest: u64) -> Result<(), Error> {
    tree.map_or(Ok(()), |tree| check_tree(tree, at, manifest))
}

impl SectionBody for Attachments {
    const TAG: Fourcc = tag::ATCH;

    fn check(&self, at: u64, manifest: u64) -> Result<(), Error> {
        let mut names: alloc::vec::Vec<&str> = alloc::vec::Vec::new();
        for (number, attachment) in self.attachments.iter().enumerate() {
            let inside = |error: Error| error.inside(&format!("attachments[{number}]"));
            if let Some(rule) = attachment_name_fault(&attachment.name) {
                return Err(inside(Error::invalid(at, rule, format!("`{}`", escaped(&attachment.name)))));
            }
            let Err(place) = names.binary_search(&attachment.name.as_str()) else {
                return Err(inside(Error::invalid(at, "names are unique", format!("`{}` twice", attachment.name))));
            };
            names.insert(place, &attachment.name);
            if attachment.table.is_some() != (attachment.length > 0) {
                let rule = "an attachment has a table exactly when it has bytes";
                return Err(inside(Error::inconsistent(at, rule, attachment.length > 0, attachment.table.is_some())));
            }
            check_optional(attachment.table.as_ref(), at, manifest).map_err(inside)?;
        }
        Ok(())
    }
}

impl SectionBody for Metadata {
    const TAG: Fourcc = tag::META;

    fn check(&self, at: u64, _manifest: u64) -> Result<(), Error> {
        check_keys(self.entries.iter().map(|entry| &entry.key), at)
    }
}

impl SectionBody for Producer {
    const TAG: Fourcc = tag::PROD;

    fn check(&self, _at: u64, _manifest: u64) -> Result<(), Error> {
        Ok(())
    }
}

impl SectionBody for Ids {
    const TAG: Fourcc = tag::IDMP;

    fn check(&self, at: u64, manifest: u64) -> Result<(), Error> {
        if self.kind > id_kind::ARBITRARY {
            return Err(Error::invalid(at, "kind is 0 to 4", self.kind));
        }
        if self.min > self.max {
            return Err(Error::inconsistent(at, "min is not above max", self.max, self.min));
        }
        if let Some(duplicates) = self.duplicates.filter(|duplicates| *duplicates > self.count.saturating_sub(1)) {
            return Err(Error::inconsistent(at, "duplicates are fewer than ids", self.count, duplicates));
        }
        if let Some(lookup) = &self.lookup
            && lookup.count != self.count
        {
            return Err(Error::inconsistent(at, "lookup.count = count", self.count, lookup.count));
        }
        check_optional(self.lookup.as_ref(), at, manifest).map_err(|error| error.inside("lookup"))
    }
}

impl SectionBody for Fidelity {
    const TAG: Fourcc = tag::FIDE;

    fn check(&self, at: u64, _manifest: u64) -> Result<(), Error> {
        for (number, run) in self.runs.iter().enumerate() {
            let inside = |error: Error| error.inside(&format!("runs[{number}]"));
            if run.level > 4 {
                return Err(inside(Error::invalid(at, "level is 0 to 4", run.level)));
            }
            if usize::from(run.strategy) >= self.strategies.len() {
                let rule = "strategy is a number in strategies";
                return Err(inside(Error::invalid(at, rule, run.strategy)));
            }
            if run.rows == 0 {
                return Err(inside(Error::invalid(at, "a run has rows", 0)));
            }
        }
        Ok(())
    }
}

impl SectionBody for Recipe {
    const TAG: Fourcc = tag::RCPE;

    fn check(&self, at: u64, _manifest: u64) -> Result<(), Error> {
        check_keys(self.params.iter().map(|entry| &entry.key), at).map_err(|error| error.inside("params"))
    }
}
