//! Names of files that come out of a file: of a side file, of an attachment.
//!
//! Such a name is a claim by a stranger. It is used as one plain name in one known directory, or not at all.

use crate::error::Cause;
use crate::text::escaped;
use alloc::format;

/// Longest name that common file systems take, in bytes.
const LONGEST_NAME: usize = 255;

/// Names that are devices on Windows, in whatever case and with whatever extension; `#` stands for one of [`PORTS`].
const DEVICES: [&str; 8] = ["con", "prn", "aux", "nul", "com#", "lpt#", "conin$", "conout$"];

/// What Windows takes for the number of a port.
const PORTS: [char; 13] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '\u{b9}', '\u{b2}', '\u{b3}'];

/// `name`, if it is one plain file name, here and on any other system that the snapshot may come to.
///
/// # Errors
/// Says what is wrong with it: a path, a way out of the directory, a device, characters that no name should have.
pub fn plain_name(name: &str) -> Result<&str, Cause> {
    let wrong = match name {
        "" => "it is empty",
        "." | ".." => "it names a directory",
        _ if name.contains(['/', '\\']) => "it is a path",
        _ if name.contains(':') => "it holds a colon, which names a drive or a hidden stream on Windows",
        _ if name.chars().any(char::is_control) => "it holds a control character",
        _ if name.chars().any(turns_text) => "it holds a character that changes the direction of text",
        _ if name.ends_with(['.', ' ']) => "it ends with a dot or a space, which Windows leaves out",
        _ if is_device(name) => "it is a device on Windows",
        _ if is_temporary(name) => "it is one that Faissil's own temporary files have, which are removed",
        _ if name.len() > LONGEST_NAME => "it is longer than 255 bytes",
        _ => return Ok(name),
    };
    Err(Cause::Refused(format!("`{}` cannot be a file's name: {wrong}", escaped(name))))
}

/// Marks, embeddings, overrides and isolates of Unicode's bidirectional algorithm: with them a name reads as another.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether Windows opens a device by this name, in any directory.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end_matches(' ').to_ascii_lowercase();
    DEVICES.into_iter().any(|device| match device.strip_suffix('#') {
        None => stem == device,
        Some(port) => stem.strip_prefix(port).is_some_and(|number| number.parse().is_ok_and(|n| PORTS.contains(&n))),
    })
}

/// The last part of the path that FAISS stored for a side file, as a plain name.
///
/// # Errors
/// When nothing usable is left.
pub fn base_name(stored: &str) -> Result<&str, Cause> {
    plain_name(stored.rsplit(['/', '\\']).next().unwrap_or_default())
}

/// What the temporary files of a native host begin and end with.
pub const TEMPORARY: (&str, &str) = (".faissil-", ".tmp");

/// Whether a file of this name is taken for what a crashed writer left behind.
pub fn is_temporary(name: &str) -> bool {
    name.starts_with(TEMPORARY.0) && name.ends_with(TEMPORARY.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_strangers_name_stays_in_its_directory() {
        for bad in
            ["", ".", "..", "../x", "/etc/passwd", "a/b", "a\\b", "a\0b", "a\nb", ".faissil-x.tmp", &"x".repeat(256)]
        {
            assert!(plain_name(bad).is_err(), "{bad:?}");
        }
        for device in [
            "CON",
            "nul",
            "Aux.txt",
            "PRN.tar.gz",
            "COM1",
            "com9.json",
            "LPT0",
            "LPT\u{b2}",
            "NUL .txt",
            "CONIN$",
            "conout$.x",
        ] {
            assert!(plain_name(device).unwrap_err().to_string().contains("a device on Windows"), "{device}");
        }
        for (bad, why) in [
            ("C:evil", "a colon"),
            ("x:stream", "a colon"),
            ("x.", "ends with a dot"),
            ("x ", "ends with a dot or a space"),
            ("a\tb", "a control character"),
            ("a\u{85}b", "a control character"),
        ] {
            let said = plain_name(bad).unwrap_err().to_string();
            assert!(said.contains(why), "{said}");
        }
        let bidi = ('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}').chain(['\u{200e}', '\u{200f}', '\u{61c}']);
        for c in bidi {
            let said = plain_name(&format!("gpj{c}.exe")).unwrap_err().to_string();
            // The message itself must not turn around.
            assert!(said.contains("direction of text") && !said.contains(c), "{said}");
        }
        for good in ["lists.ivfdata", "console", "com", "COM10", "nul2", "x.con", " x", "\u{5d0}.txt", "a b"] {
            assert_eq!(plain_name(good).unwrap(), good);
        }
        assert_eq!(base_name("/data/old/lists.ivfdata").unwrap(), "lists.ivfdata");
        assert_eq!(base_name("C:\\data\\lists.ivfdata").unwrap(), "lists.ivfdata");
        assert!(base_name("/data/..").is_err());
        assert!(base_name("data/").is_err());
    }
}
