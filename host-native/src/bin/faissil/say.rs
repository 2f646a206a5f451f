//! Numbers and names as people read them: as the reports have them.

pub(crate) use faissil::core::report::{grouped as count, size as bytes};

/// A name as a shell takes it.
pub(crate) fn quoted(name: &str) -> String {
    let plain = |each: char| each.is_alphanumeric() || "-_./+:@%".contains(each);
    if !name.is_empty() && name.chars().all(plain) { name.into() } else { format!("'{}'", name.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_space_is_quoted() {
        assert_eq!(
            (quoted("a/b.faissil"), quoted("a b"), quoted("it's")),
            ("a/b.faissil".into(), "'a b'".into(), r"'it'\''s'".into())
        );
    }
}
