//! Floats as text, and text in text, in little code.
//!
//! What the standard library brings for `{}` of a float is 20 KB for a browser, most of it for cases that no report has.
//! The shortest digits come from `zmij` instead, which JSON is written with anyway; this only puts them without exponent,
//! as `{}` does.

use alloc::string::String;

/// A float in the fewest digits that give it back: what `{}` prints of it, but that a tie in the last digit goes to the
/// even one.
pub(crate) fn shortest(value: impl zmij::Float) -> String {
    plain(zmij::Buffer::new().format(value))
}

/// The same with a fraction even where it is zero, and with an exponent where it is very large or small.
pub(crate) fn with_fraction(value: f32) -> String {
    zmij::Buffer::new().format(value).into()
}

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
    alloc::format!("{}.{:02}", all / 100, all % 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
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
