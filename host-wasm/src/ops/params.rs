//! The parameters of tasks.
//!
//! They come as text, `name=value` each with a zero character between, which costs a browser far less code than JSON:
//! whole numbers in digits, lists with commas between.

use alloc::{format, string::String, vec::Vec};
use core::str::FromStr;
use faissil_core::text::escaped;

/// Parameters that nobody has asked for yet.
pub(crate) struct Params<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Params<'a> {
    /// Those in this text.
    pub(crate) fn of(text: &'a str) -> Params<'a> {
        let all = text.split('\0').filter(|pair| !pair.is_empty());
        Params(all.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect())
    }

    /// A text.
    pub(crate) fn text(&mut self, name: &str) -> Option<&'a str> {
        let place = self.0.iter().position(|(known, _)| *known == name)?;
        Some(self.0.swap_remove(place).1)
    }

    /// A whole number.
    pub(crate) fn number(&mut self, name: &str) -> Result<Option<u64>, String> {
        self.text(name).map(whole).transpose()
    }

    /// Whole numbers.
    #[cfg(feature = "contents")]
    pub(crate) fn numbers<T: FromStr>(&mut self, name: &str) -> Result<Option<Vec<T>>, String> {
        let listed = |text: &str| text.split(',').filter(|one| !one.is_empty()).map(whole).collect();
        self.text(name).map(listed).transpose()
    }

    /// The rows from `first` on, `count` of them.
    #[cfg(any(feature = "basics", feature = "contents"))]
    pub(crate) fn rows(&mut self) -> Result<core::ops::Range<u64>, String> {
        let first = self.number("first")?.unwrap_or(0);
        Ok(first..first.saturating_add(self.number("count")?.unwrap_or(0)))
    }

    /// That there are no more.
    pub(crate) fn end(self) -> Result<(), String> {
        self.0.first().map_or(Ok(()), |(name, _)| Err(format!("`{}` is none of its parameters", escaped(name))))
    }
}

fn whole<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{}` is no whole number of 64 bits", escaped(text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn they_are_taken_by_name_and_nothing_is_left_over() {
        let mut params = Params::of("ids=-1,9223372036854775807\0name=a=b,c\0first=3\0count=4\0rows=");
        assert_eq!(params.numbers("ids"), Ok(Some(vec![-1, i64::MAX])));
        assert_eq!(params.numbers::<u64>("rows"), Ok(Some(vec![])));
        assert_eq!(params.numbers::<u64>("at"), Ok(None));
        assert_eq!((params.text("name"), params.rows()), (Some("a=b,c"), Ok(3..7)));
        assert_eq!(params.end(), Ok(()));
        assert_eq!(Params::of("at=1\0x=2").end(), Err("`at` is none of its parameters".into()));
        for (text, said) in
            [("at=-1", "-1"), ("at=1.5", "1.5"), ("at", ""), ("at=18446744073709551616", "18446744073709551616")]
        {
            assert_eq!(Params::of(text).number("at"), Err(format!("`{said}` is no whole number of 64 bits")));
        }
    }
}
