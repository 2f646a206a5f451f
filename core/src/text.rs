//! Floats as text, names as they are shown, and text in text, in little code.
//!
//! What the standard library brings for `{}` of a float is 20 KB for a browser, most of it for cases that no report has.
//! The shortest digits come from `zmij` instead, which JSON is written with anyway; this only puts them without exponent,
//! as `{}` does. `escape_debug` is another 8 KB, tables most of it, and they are those of the compiler that was at hand:
//! [`escaped`] shows a name alike on every machine.

use alloc::{format, string::String};

/// A float in the fewest digits that give it back: what `{}` prints of it, but that a tie in the last digit goes to the
/// even one.
pub(crate) fn shortest(value: impl zmij::Float) -> String {
    plain(zmij::Buffer::new().format(value))
}

/// The same with a fraction even where it is zero, and with an exponent where it is very large or small.
pub(crate) fn with_fraction(value: f32) -> String {
    zmij::Buffer::new().format(value).into()
}

/// What a file says, put so that it stays on its line and shows all it has: quotes, backslashes and what is not seen
/// (control and format characters, spaces but the common one, private use) are escaped as in Rust's literals.
pub fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        let short = match c {
            '\0' => '0',
            '\t' => 't',
            '\n' => 'n',
            '\r' => 'r',
            '"' | '\'' | '\\' => c,
            _ => {
                let code = u32::from(c);
                if UNSEEN.iter().any(|(first, last)| (*first..=*last).contains(&code)) {
                    out.push_str(&format!("\\u{{{code:x}}}"));
                } else {
                    out.push(c);
                }
                continue;
            }
        };
        out.extend(['\\', short]);
    }
    out
}

/// Characters of a name that an error shows.
const SHOWN: usize = 200;

/// The same for an error, which has to stay readable whatever the name is: the start of it, with `…` where it goes on.
pub(crate) fn escaped_start(text: &str) -> String {
    let whole = escaped(text);
    match whole.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", whole.get(..end).unwrap_or_default()),
        None => whole,
    }
}

/// Characters of Unicode's categories Cc, Cf, Co, Zl, Zp and Zs, from first to last, without the common space.
const UNSEEN: [(u32, u32); 27] = [
    (0x0, 0x1f),
    (0x7f, 0xa0),
    (0xad, 0xad),
    (0x600, 0x605),
    (0x61c, 0x61c),
    (0x6dd, 0x6dd),
    (0x70f, 0x70f),
    (0x890, 0x891),
    (0x8e2, 0x8e2),
    (0x1680, 0x1680),
    (0x180e, 0x180e),
    (0x2000, 0x200f),
    (0x2028, 0x202f),
    (0x205f, 0x2064),
    (0x2066, 0x206f),
    (0x3000, 0x3000),
    (0xe000, 0xf8ff),
    (0xfeff, 0xfeff),
    (0xfff9, 0xfffb),
    (0x110bd, 0x110bd),
    (0x110cd, 0x110cd),
    (0x13430, 0x13438),
    (0x1bca0, 0x1bca3),
    (0x1d173, 0x1d17a),
    (0xe0001, 0xe0001),
    (0xe0020, 0xe007f),
    (0xf0000, 0x10ffff),
];

/// Whether a part, which is not empty, stands in a text.
pub(crate) fn holds(text: &str, part: &str) -> bool {
    text.as_bytes().windows(part.len()).any(|found| found == part.as_bytes())
}

/// A number such as `-1.25e-7` without its exponent.
fn plain(text: &str) -> String {
    let (number, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let Some((whole, part)) = number.split_once('.').or(exponent.ne("0").then_some((number, ""))) else {
        return text.into(); // NaN, inf
    };
    let (sign, whole) = whole.split_at(usize::from(whole.starts_with('-')));
    let mut out = String::from(sign);
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let shift = usize::try_from(exponent.unsigned_abs()).unwrap_or(0);
    // The digits, with as many zeros on the side where the point goes as it takes to get there.
    let mut digits = String::new();
    let zeros = core::iter::repeat_n('0', shift);
    let point = if exponent < 0 {
        digits.extend(zeros);
        digits.push_str(whole);
        digits.push_str(part);
        whole.len()
    } else {
        digits.push_str(whole);
        digits.push_str(part);
        digits.extend(zeros);
        whole.len().saturating_add(shift)
    };
    let (before, after) = digits.split_at_checked(point).unwrap_or((&digits, ""));
    let before = before.trim_start_matches('0');
    out.push_str(if before.is_empty() { "0" } else { before });
    let after = after.trim_end_matches('0');
    if !after.is_empty() {
        out.push('.');
        out.push_str(after);
    }
    out
}

/// A float that is not negative, with two digits behind the point; what is too large for that has more before it.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a figure for people, and `as` stays in range
pub(crate) fn hundredths(value: f64) -> String {
    let all = libm::round(value * 100.0) as u64;
    format!("{}.{:02}", all / 100, all % 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    #[test]
    fn the_ends_of_what_floats_hold_are_as_the_standard_library_has_them() {
        let ends = [0.0, 1.0, 0.1, 123.456, 5e-324, f64::MAX, f64::MIN_POSITIVE, f64::EPSILON, f64::NAN, f64::INFINITY];
        for value in ends.into_iter().flat_map(|value| [value, -value]) {
            assert_eq!(shortest(value), format!("{value}"));
        }
        for value in [f32::MAX, f32::MIN_POSITIVE, 1e-45, 8.224_445, 16_777_216.0, -0.0] {
            assert_eq!(shortest(value), format!("{value}"));
        }
        for power in -320..309 {
            let value: f64 = format!("1e{power}").parse().unwrap();
            assert_eq!(shortest(value), format!("{value}"));
        }
    }

    #[test]
    fn names_keep_to_their_line_and_show_what_they_hold() {
        let held = "\0\t\r\n'\"\\ \u{1b}[31m \u{a0}\u{202e}gpj.\u{2028}\u{feff}\u{e000}\u{10ffff}";
        assert_eq!(escaped(held), held.escape_debug().to_string());
        let seen = "Zürich 東京 e\u{301} \u{1f980}";
        assert_eq!(escaped(seen), seen);
        assert_eq!(escaped_start(seen), seen);
        assert_eq!(escaped_start(&"\u{1}".repeat(255)), "\\u{1}".repeat(40) + "…");
        let latin: String = (0..0x300).filter_map(char::from_u32).collect();
        assert_eq!(escaped(&latin), latin.escape_debug().to_string());
    }

    proptest! {
        #[test]
        fn all_floats_come_back_from_as_few_digits_as_the_standard_library_takes(bits: u64, few: u32) {
            let value = f64::from_bits(bits);
            prop_assert_eq!(shortest(value).len(), format!("{}", value).len());
            prop_assert!(value.is_nan() || shortest(value).parse::<f64>().unwrap().to_bits() == bits);
            let value = f32::from_bits(few);
            prop_assert_eq!(shortest(value).len(), format!("{}", value).len());
            prop_assert!(value.is_nan() || shortest(value).parse::<f32>().unwrap().to_bits() == few);
        }

        #[test]
        fn hundredths_are_as_the_standard_library_has_them_but_for_ties(thousandths in 0_u32..10_000_000) {
            prop_assume!(thousandths % 10 != 5);
            let value = f64::from(thousandths) / 1000.0;
            prop_assert_eq!(hundredths(value), format!("{:.2}", value));
        }
    }
}
