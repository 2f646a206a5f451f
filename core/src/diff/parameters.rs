//! Two outlines side by side: numbers, classes and shapes, and which arrays have bytes to compare.

use super::report::Difference;
use super::same::Pair;
use crate::bytes::Span;
use crate::lists::{Layout, Lists};
use crate::outline::{Array, Field, Item, Record, join};
use alloc::{format, string::String, string::ToString, vec::Vec};

/// What the outlines say, and what is left to read.
#[derive(Debug, Default)]
pub(super) struct Compared {
    pub(super) parameters: Vec<Difference>,
    pub(super) arrays: Vec<Difference>,
    pub(super) pairs: Vec<Pair>,
}

/// Compare two records and all inside. Data in `skip`, of the one and of the other, is left out.
pub(super) fn compare(a: &Record, b: &Record, skip: &[Vec<Span>; 2]) -> Compared {
    let mut out = Compared::default();
    records("", a, b, skip, &mut out);
    out
}

/// Whether what stands at this path of a storage record decides what its codes mean. How many rows
/// there are, where they are and how they are searched does not.
pub(super) fn decodes(path: &str) -> bool {
    let last = path.rsplit('.').next().unwrap_or(path);
    let rows =
        ["ntotal", "codes", "xb", "ids", "sizes", "lists", "slots", "filename", "totsize", "instances", "invlists"];
    let search = ["nprobe", "list_type", "polysemous_ht", "do_polysemous_training", "k_factor"];
    let inside_quantizer = path.contains("quantizer.");
    !(path.starts_with("direct_map")
        || path.starts_with("invlists")
        || search.contains(&last)
        || !inside_quantizer && rows.contains(&last))
}

fn records(path: &str, a: &Record, b: &Record, skip: &[Vec<Span>; 2], out: &mut Compared) {
    let mut differ = |name: &str, a: Option<String>, b: Option<String>| {
        if a != b {
            out.parameters.push(Difference { path: join(path, name), a, b });
        }
    };
    let other_class = a.class != b.class;
    if other_class {
        differ("class", Some(a.class.into()), Some(b.class.into()));
    }
    let shown = |field: &Field| field.name != "tag" || !other_class;
    for (name, value) in
        fields(a).filter(|(_, field)| field.is_none_or(shown)).map(|(name, field)| (name, named(a, name, field)))
    {
        differ(name, Some(value), b.value(name).map(ToString::to_string));
    }
    for (name, field) in fields(b).filter(|(name, field)| a.value(name).is_none() && field.is_none_or(shown)) {
        differ(name, None, Some(named(b, name, field)));
    }
    for child in b.children().filter(|child| a.child(&child.role).is_none()) {
        differ(&child.role, None, Some(child.class.into()));
    }
    for child in a.children() {
        match b.child(&child.role) {
            Some(other) => records(&join(path, &child.role), child, other, skip, out),
            None => {
                let (path, a) = (join(path, &child.role), Some(child.class.into()));
                out.parameters.push(Difference { path, a, b: None });
            }
        }
    }
    arrays(path, a, b, skip, out);
    lists(path, a, b, skip, out);
}

/// Names of fields, and of derived values, which have no field.
fn fields(record: &Record) -> impl Iterator<Item = (&str, Option<&Field>)> {
    let stored = record.items.iter().filter_map(|item| match item {
        Item::Field(field) => Some((&*field.name, Some(field))),
        _ => None,
    });
    stored.chain(record.derived.iter().map(|(name, _)| (&**name, None)))
}

fn named(record: &Record, name: &str, field: Option<&Field>) -> String {
    field.map(|field| &field.value).or_else(|| record.value(name)).map(ToString::to_string).unwrap_or_default()
}

fn arrays(path: &str, a: &Record, b: &Record, skip: &[Vec<Span>; 2], out: &mut Compared) {
    let [skip_a, skip_b] = skip;
    let of = |record: &'_ Record, skip: &[Span]| -> Vec<Array> {
        let arrays = record.items.iter().filter_map(|item| match item {
            Item::Array(array) => Some(array.clone()),
            _ => None,
        });
        arrays.filter(|array| !skip.contains(&array.span) || array.span.is_empty()).collect()
    };
    let (of_a, of_b) = (of(a, skip_a), of(b, skip_b));
    for array in &of_b {
        if !of_a.iter().any(|other| other.name == array.name) && a.array(&array.name).is_none() {
            out.arrays.push(Difference { path: join(path, &array.name), a: None, b: Some(array.to_string()) });
        }
    }
    for array in &of_a {
        let path = join(path, &array.name);
        let Some(other) = of_b.iter().find(|other| other.name == array.name) else {
            if b.array(&array.name).is_none() {
                out.arrays.push(Difference { path, a: Some(array.to_string()), b: None });
            }
            continue;
        };
        if (array.dtype, &array.shape) != (other.dtype, &other.shape) {
            out.arrays.push(Difference { path, a: Some(array.to_string()), b: Some(other.to_string()) });
        } else {
            // FAISS writes out hash tables in no order of its own (`DirectMap::hashtable`, `instances`).
            let any_order = matches!(&*array.name, "direct_map.hashtable" | "instances");
            out.pairs.push(Pair::new(path, array.to_string(), array.span, other.span, any_order));
        }
    }
}

/// Inverted lists that are not compared row by row.
fn lists(path: &str, a: &Record, b: &Record, skip: &[Vec<Span>; 2], out: &mut Compared) {
    let of = |record: &'_ Record, skip: &[Span]| -> Option<Lists> {
        let found = record.items.iter().find_map(|item| match item {
            Item::Lists(lists) => Some((**lists).clone()),
            _ => None,
        });
        found.filter(|lists| !skip.contains(&lists.span))
    };
    let [skip_a, skip_b] = skip;
    if let (Some(a), Some(b)) = (of(a, skip_a), of(b, skip_b)) {
        let [one, other] = [&a, &b].map(|lists| {
            let lies = if let Layout::OnDisk { .. } = lists.layout { " in another file" } else { "" };
            format!("{} rows in {} lists{lies}, {} bytes", lists.balance.total, lists.nlist, lists.span.len)
        });
        if one == other {
            out.pairs.push(Pair::new(path.into(), one, a.span, b.span, false));
        } else {
            out.arrays.push(Difference { path: path.into(), a: Some(one), b: Some(other) });
        }
    }
}
