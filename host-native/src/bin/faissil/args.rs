//! Arguments that several subcommands take, and how they are read.

use crate::{say, talk};
use faissil::core::{error::Cause, look_up::rows_of};
use std::{ops::Range, path::PathBuf};

/// `KEY=VALUE`.
pub(crate) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.into(), value.into())),
        _ => Err("write it as KEY=VALUE".into()),
    }
}

/// `NAME=PATH`.
pub(crate) fn attachment(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, path)) if !name.is_empty() && !path.is_empty() => Ok((name.into(), path.into())),
        _ => Err("write it as NAME=PATH".into()),
    }
}

/// `A..B`, `A..` or `..B`: half-open, as everywhere here.
pub(crate) fn range(text: &str) -> Result<Range<u64>, String> {
    let wrong = || "write it as A..B: from A up to, but not with, B".to_string();
    let (from, to) = text.split_once("..").ok_or_else(wrong)?;
    let number = |text: &str, empty| match text {
        "" => Ok(empty),
        _ => text.replace('_', "").parse::<u64>().map_err(|_| wrong()),
    };
    let range = number(from, 0)?..number(to, u64::MAX)?;
    if range.start > range.end { Err(wrong()) } else { Ok(range) }
}

/// The rows of a [`range`] that there are, of `all`; says so where these are fewer than were named.
///
/// # Errors
/// When they start behind the last.
pub(crate) fn rows_there(wanted: Option<&Range<u64>>, all: u64) -> Result<Range<u64>, Cause> {
    let rows = rows_of(wanted.cloned(), all)?;
    if wanted.is_some_and(|wanted| wanted.end > all && wanted.end != u64::MAX) {
        talk::note(&format!("there are {} rows, so none from {all}", say::count(all)));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_half_open_and_may_be_open() {
        assert_eq!(range("3..10"), Ok(3..10));
        assert_eq!(range("..1_000"), Ok(0..1000));
        assert_eq!(range("5.."), Ok(5..u64::MAX));
        assert!(range("10..3").is_err() && range("3").is_err() && range("-1..3").is_err());
    }

    #[test]
    fn a_value_may_hold_an_equals_sign() {
        assert_eq!(pair("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert!(pair("=b").is_err() && pair("ab").is_err());
    }
}
