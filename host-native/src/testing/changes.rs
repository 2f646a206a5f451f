//! What changed, in one sentence.
//!
//! Made from a comparison of two indexes, or from two pages about them. What follows from something that is said
//! already is left out: counts of rows, the same number in another record, the arrays that hold the rows.

use super::{
    page::{Page, Section},
    rows::{self, RowChanges},
};
use faissil_core::diff::Report;

/// Changes that are named; the rest is counted.
const MOST: usize = 8;

#[derive(Default)]
struct Sentence {
    parts: Vec<String>,
    /// Names and values of parameters that were said.
    said: Vec<[String; 3]>,
}

/// From a comparison. `ids`: whether the index stores any.
pub(super) fn of_report(report: &Report, ids: bool) -> String {
    let mut sentence = Sentence::default();
    for change in &report.parameters {
        sentence.parameter(&change.path, change.a.as_deref(), change.b.as_deref(), report.ids.is_some());
    }
    let vectors = &report.vectors;
    let rows = report.ids.as_ref().map(|ids| RowChanges {
        gone: ids.removed.count,
        new: ids.added.count,
        changed: vectors.compared.map(|_| vectors.changed.count),
        what: vectors.compared.unwrap_or_default(),
        reordered: ids.moved.as_ref().is_some_and(|moved| moved.count > 0),
        at_least: false,
    });
    if let Some(rows) = rows {
        sentence.rows(&rows, ids);
    }
    if let (None, Some(why), false) = (vectors.compared, &vectors.why, report.same) {
        sentence.parts.push(format!("vectors not compared ({why})"));
    }
    for change in &report.arrays {
        sentence.array(&change.path, change.a.as_deref(), change.b.as_deref());
    }
    sentence.finish()
}

/// From two pages.
pub(super) fn of_pages(old: &Page, new: &Page) -> String {
    let mut sentence = Sentence::default();
    let both = |name: &str| Some((old.section(name)?, new.section(name)?));
    let rows = both("rows");
    for (key, a, b) in both("parameters").into_iter().flat_map(|(a, b)| differing(a, b)) {
        sentence.parameter(key, a, b, rows.is_some());
    }
    if let Some((a, b)) = both("").filter(|_| sentence.parts.is_empty()) {
        // Of what follows from parameters nothing is left but what is new.
        differing(a, b).into_iter().for_each(|(key, a, b)| sentence.parameter(key, a, b, true));
    }
    if let Some((a, b)) = rows {
        sentence.rows(&rows::compare(a, b), new.section("ids").is_some());
    }
    for (key, a, b) in both("arrays").into_iter().flat_map(|(a, b)| differing(a, b)) {
        let told = |line: Option<&str>| line.is_none_or(|line| line.ends_with(" rows"));
        if !(told(a) && told(b) && rows.is_some()) {
            sentence.array(key, a, b);
        }
    }
    for name in ["metadata", "attachments"] {
        let empty = Section::default();
        let [a, b] = [old, new].map(|page| page.section(name).unwrap_or(&empty));
        differing(a, b).into_iter().for_each(|(key, a, b)| sentence.parameter(key, a, b, false));
    }
    if let Some((a, b)) = both("answers") {
        let (others, all) = (differing(a, b).len(), b.lines.len());
        if others > 0 {
            sentence.parts.push(format!("FAISS answers {others} of {all} queries otherwise"));
        }
    }
    sentence.finish()
}

/// Lines by key that are not the same in both, in their order.
fn differing<'a>(old: &'a Section, new: &'a Section) -> Vec<(&'a str, Option<&'a str>, Option<&'a str>)> {
    let ours = old.lines.iter().map(|(key, value)| (key.as_str(), Some(value.as_str()), new.get(key)));
    let theirs = new.lines.iter().filter(|(key, _)| old.get(key).is_none());
    let theirs = theirs.map(|(key, value)| (key.as_str(), None, Some(value.as_str())));
    ours.chain(theirs).filter(|(_, a, b)| a != b).collect()
}

fn first_word(text: &str) -> &str {
    text.split(' ').next().unwrap_or(text)
}

impl Sentence {
    fn parameter(&mut self, path: &str, a: Option<&str>, b: Option<&str>, rows_are_told: bool) {
        let name = path.rsplit('.').next().unwrap_or(path);
        if name == "ntotal" && rows_are_told {
            return;
        }
        // A class stands beside its four-character code, which says the same.
        let [a, b] = [a, b].map(|value| value.map(|text| if name == "class" { first_word(text) } else { text }));
        // Another class has other parameters.
        if (a.is_none() || b.is_none()) && self.said.iter().any(|[name, ..]| name == "class") {
            return;
        }
        let key = [name, a.unwrap_or_default(), b.unwrap_or_default()].map(String::from);
        if self.said.contains(&key) {
            return;
        }
        self.said.push(key);
        self.parts.push(match (a, b) {
            (Some(a), Some(b)) => format!("{path} {a} to {b}"),
            (None, Some(b)) => format!("{path} {b} new"),
            _ => format!("{path} gone"),
        });
    }

    fn array(&mut self, path: &str, a: Option<&str>, b: Option<&str>) {
        let path = if path.is_empty() { "lists" } else { path };
        self.parts.push(match (a, b) {
            (None, _) => format!("{path} new"),
            (_, None) => format!("{path} gone"),
            _ => format!("{path} changed"),
        });
    }

    fn rows(&mut self, rows: &RowChanges, ids: bool) {
        let at_least = if rows.at_least { "at least " } else { "" };
        let noun = |count: u64, ids: bool| match (ids, count) {
            (true, 1) => "id",
            (true, _) => "ids",
            (false, 1) => "row",
            (false, _) => "rows",
        };
        for (count, what) in [(rows.gone, "gone"), (rows.new, "new")] {
            if count > 0 {
                self.parts.push(format!("{at_least}{count} {} {what}", noun(count, ids)));
            }
        }
        if let Some(count) = rows.changed.filter(|count| *count > 0) {
            let what = if rows.what == "codes" { "codes" } else { "vectors" };
            self.parts.push(format!("{what} of {at_least}{count} {} changed", noun(count, false)));
        }
        if rows.reordered && (rows.gone, rows.new) == (0, 0) {
            self.parts.push("rows in another order".into());
        }
    }

    fn finish(mut self) -> String {
        let more = self.parts.len().saturating_sub(MOST);
        self.parts.truncate(MOST);
        let said = self.parts.join(", ");
        if more > 0 { format!("{said}, and {more} more") } else { said }
    }
}
