//! House rules that the compiler does not know.
//!
//! Every module opens with a `//!` tour. The core's modules use only whom `ARCHITECTURE.md` says they
//! may: the table there is what is checked, so it cannot drift, and it has no circle. Nothing is left undone or ignored.
//! Long files are named, as a hint to look for a seam; that is no failure.

use crate::Outcome;
use crate::run::{command, output, root};
use std::collections::BTreeMap;

/// Above this many lines a file is worth a second look.
const LONG: usize = 500;

/// Words that have no place in finished Rust code. Written in halves, so that this file passes.
const UNFINISHED: &[&str] = &[
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
    concat!("db", "g!("),
    concat!("FIX", "ME"),
    concat!("#[ign", "ore"),
];

/// Who may use whom: a module's name and those of the modules it may name.
type Uses = BTreeMap<String, Vec<String>>;

pub(crate) fn run(_: &[String]) -> Outcome {
    let listed = output(&mut command("git", &["ls-files", "--cached", "--others", "--exclude-standard", "*.rs"]))?;
    let uses = uses(&read("ARCHITECTURE.md")?)?;
    let mut faults: Vec<String> = uses
        .keys()
        .filter(|module| !root().join(format!("core/src/{module}.rs")).exists())
        .map(|module| format!("ARCHITECTURE.md speaks of `{module}`, which the core does not have"))
        .collect();
    faults.extend(circle(&uses).map(|way| format!("ARCHITECTURE.md has a circle: {}", way.join(" uses "))));
    for path in listed.lines().filter(|path| root().join(path).exists()) {
        let text = read(path)?;
        if !text.starts_with("//!") {
            faults.push(format!("{path}: the first line is no `//!` that says what the file is"));
        }
        for (number, line) in (1..).zip(text.lines()) {
            for word in UNFINISHED.iter().filter(|word| line.contains(**word)) {
                faults.push(format!("{path}:{number}: `{word}`"));
            }
        }
        faults.extend(strangers(path, &text, &uses));
        if text.lines().count() > LONG {
            eprintln!("note: {path} has {} lines; is there a seam?", text.lines().count());
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(format!("{} rules broken\n  {}", faults.len(), faults.join("\n  "))) }
}

fn read(path: &str) -> Result<String, String> {
    std::fs::read_to_string(root().join(path)).map_err(|error| format!("cannot read {path}: {error}"))
}

/// The table in `ARCHITECTURE.md`: the code block marked `uses`, one `module: module module` a line.
fn uses(architecture: &str) -> Result<Uses, String> {
    let block = architecture.split_once("```uses\n").and_then(|(_, rest)| rest.split_once("```"));
    let (block, _) = block.ok_or("ARCHITECTURE.md has no block marked `uses`")?;
    let words = |text: &str| text.split_whitespace().map(String::from).collect();
    block
        .lines()
        .map(|line| line.split_once(':').map(|(module, used)| (module.trim().into(), words(used))))
        .collect::<Option<_>>()
        .ok_or("a line of the table in ARCHITECTURE.md has no colon".into())
}

/// A way along who may use whom that comes back to where it began.
fn circle(uses: &Uses) -> Option<Vec<String>> {
    let mut left = uses.clone();
    // Whoever uses nobody that is left is in no circle, and is left no longer.
    while let Some(module) = left.iter().find(|(_, used)| !used.iter().any(|name| left.contains_key(name))) {
        let module = module.0.clone();
        left.remove(&module);
    }
    // All that are left use one another: whoever follows them comes by one of them again.
    let mut way = vec![left.keys().next()?.clone()];
    loop {
        let next = left.get(way.last()?)?.iter().find(|name| left.contains_key(*name))?.clone();
        if let Some(start) = way.iter().position(|seen| *seen == next) {
            way.push(next);
            return Some(way.split_off(start));
        }
        way.push(next);
    }
}

/// Where a file of the core names a module that its own module may not use. Tests, at the end of a
/// file, may use anything.
fn strangers(path: &str, text: &str, uses: &Uses) -> Vec<String> {
    let Some(inside) = path.strip_prefix("core/src/") else { return Vec::new() };
    let module = inside.split(['/', '.']).next().unwrap_or_default();
    if module == "lib" || inside.ends_with("/tests.rs") {
        return Vec::new();
    }
    let Some(may) = uses.get(module) else {
        return vec![format!("{path}: ARCHITECTURE.md does not say whom `{module}` may use")];
    };
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let spoken = |line: &str| if line.trim_start().starts_with("//") { "" } else { line }.to_string();
    let code = code.lines().map(spoken).collect::<Vec<_>>().join("\n");
    let named = code.match_indices("crate::").map(|(at, word)| code.split_at(at + word.len()));
    named
        .flat_map(|(before, rest)| roots(rest).into_iter().map(move |name| (before.matches('\n').count() + 1, name)))
        .filter(|(_, name)| name != module && uses.contains_key(name) && !may.contains(name))
        .map(|(number, name)| format!("{path}:{number}: `{module}` may not use `{name}` (ARCHITECTURE.md)"))
        .collect()
}

/// The first names after `crate::`, one or those of a braced group.
fn roots(rest: &str) -> Vec<String> {
    let name = |text: &str| text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    match rest.strip_prefix('{') {
        Some(group) => group.split(';').next().unwrap_or_default().split(['{', '}', ',']).map(name).collect(),
        None => vec![name(rest)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Uses {
        uses("# Map\n```uses\nbytes:\nfaiss: bytes\nsnapshot: bytes codec\ncodec:\n```\n").unwrap()
    }

    #[test]
    fn a_module_that_uses_a_stranger_is_named_with_its_line() {
        let text =
            "//! Tour.\nuse crate::bytes::Span;\nuse crate::{bytes, codec};\nfn f() { crate::snapshot::open() }\n";
        let found = strangers("core/src/faiss/flat.rs", text, &table());
        assert_eq!(
            found,
            [
                "core/src/faiss/flat.rs:3: `faiss` may not use `codec` (ARCHITECTURE.md)",
                "core/src/faiss/flat.rs:4: `faiss` may not use `snapshot` (ARCHITECTURE.md)"
            ]
        );
    }

    #[test]
    fn a_circle_is_shown_and_a_fan_is_none() {
        assert_eq!(circle(&table()), None);
        let circular = uses("```uses\na: b\nb: c leaf\nc: d b\nd: leaf\nleaf:\n```").unwrap();
        assert_eq!(circle(&circular).unwrap(), ["b", "c", "b"]);
        let own = uses("```uses\na: a\n```").unwrap();
        assert_eq!(circle(&own).unwrap(), ["a", "a"]);
    }

    #[test]
    fn tests_and_comments_may_name_anything() {
        let text = "//! Tour, see [`crate::snapshot`].\n#[cfg(test)]\nmod tests {\n    use crate::snapshot::open;\n}\n";
        assert_eq!(strangers("core/src/faiss.rs", text, &table()), [""; 0]);
    }

    #[test]
    fn a_module_that_the_map_leaves_out_is_named() {
        let found = strangers("core/src/new.rs", "//! Tour.\n", &table());
        assert_eq!(found, ["core/src/new.rs: ARCHITECTURE.md does not say whom `new` may use"]);
    }
}
