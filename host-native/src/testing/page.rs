//! A page as text, written and read back.
//!
//! Lines of a word and the rest, in sections under a title; the lines before the first title are the head. Reading
//! takes any text, since a page that is kept may have been edited by hand.

use std::fmt;

/// A page, or what is left of one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    /// The first has no title: it is the head.
    pub(super) sections: Vec<Section>,
}

/// Lines under a title.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Section {
    /// Its first word names the section.
    pub(super) title: String,
    /// The first word of each line, and the rest.
    pub(super) lines: Vec<(String, String)>,
}

impl Section {
    pub(super) fn new(title: impl Into<String>) -> Section {
        Section { title: title.into(), lines: Vec::new() }
    }

    pub(super) fn push(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.lines.push((key.into(), value.into()));
    }

    /// The value of the first line with this key.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.lines.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

impl Page {
    pub(super) fn parse(text: &str) -> Page {
        let mut sections = vec![Section::default()];
        let mut in_head = true;
        for line in text.lines() {
            let split = |line: &str| match line.trim_start().split_once(' ') {
                Some((key, value)) => (key.to_string(), value.trim().to_string()),
                None => (line.trim().to_string(), String::new()),
            };
            match line.trim() {
                "" => in_head = false,
                _ if in_head || line.starts_with(' ') => {
                    if let Some(section) = sections.last_mut() {
                        section.lines.push(split(line));
                    }
                }
                title => sections.push(Section::new(title)),
            }
        }
        Page { sections }
    }

    /// The section of this name; `""` is the head.
    pub(super) fn section(&self, name: &str) -> Option<&Section> {
        let named = |section: &&Section| section.title.split([' ', ',', ':']).next().is_some_and(|first| first == name);
        self.sections.iter().find(named)
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Section { title, lines } in &self.sections {
            let indent = if title.is_empty() { "" } else { "  " };
            if !title.is_empty() {
                writeln!(f, "\n{title}")?;
            }
            for (key, value) in lines {
                writeln!(f, "{}", format!("{indent}{key} {value}").trim_end())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_as_it_was_written() {
        let text = "index Flat\nmetric L2\n\nparameters\n  d 8\n  filename\n\nrows: id and floats\n  -3 00ff\n";
        let page = Page::parse(text);
        assert_eq!(page.to_string(), text);
        assert_eq!(page.section("").and_then(|head| head.get("metric")), Some("L2"));
        assert_eq!(page.section("rows").and_then(|rows| rows.get("-3")), Some("00ff"));
        assert_eq!(page.section("parameters").map(|found| found.lines.len()), Some(2));
    }
}
