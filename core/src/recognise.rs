//! What a file is that is not what was expected: a pointer, a web page, another format.
//!
//! [`recognise`] looks at the first and last bytes and the length, and answers with a sentence for
//! the person who got the file, which says what to do next where that is known. It is a table tried
//! from the top (`TABLE`); signatures come before guesses. What it cannot know: the data of on-disk
//! lists (`.ivfdata`) and other raw bytes have no signature, and are `None`.
//!
//! Whether bytes are a FAISS index or a sound snapshot is decided by their readers, not here; the
//! entries for those two only serve messages such as "not a snapshot: this looks like a plain index".

/// Bytes of a file's start and of its end that are worth bringing.
pub const SAMPLE_BYTES: u64 = 4096;

/// What a file looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recognised {
    /// A short name that does not change, for programs: `git-lfs-pointer`.
    pub name: &'static str,
    /// A sentence for people: what it is and what to do, lower case, without a full stop.
    pub phrase: &'static str,
}

/// What a file of `len` bytes looks like, from its first and last bytes (at most
/// [`SAMPLE_BYTES`] each are looked at; the two may overlap).
pub fn recognise(head: &[u8], tail: &[u8], len: u64) -> Option<Recognised> {
    let most = usize::try_from(SAMPLE_BYTES).unwrap_or(usize::MAX);
    let head = head.get(..most).unwrap_or(head);
    let tail = tail.get(tail.len().saturating_sub(most)..).unwrap_or(tail);
    let sample = Sample { head, tail, len };
    TABLE.iter().find(|entry| (entry.test)(&sample)).map(|&Entry { name, phrase, .. }| Recognised { name, phrase })
}

/// The parts of a file that a test sees.
struct Sample<'a> {
    head: &'a [u8],
    tail: &'a [u8],
    len: u64,
}

/// One kind of file.
struct Entry {
    name: &'static str,
    phrase: &'static str,
    test: fn(&Sample<'_>) -> bool,
}

/// Kinds of file, the surest first.
const TABLE: &[Entry] = &[
    Entry {
        name: "empty",
        phrase: "this file is empty; was the download or the copy cut short?",
        test: |s| s.len == 0,
    },
    Entry {
        name: "git-lfs-pointer",
        phrase: "this is a Git LFS pointer; fetch the real file with git lfs pull",
        test: |s| s.starts(b"version https://git-lfs.github.com/spec/"),
    },
    Entry {
        name: "git-annex-pointer",
        phrase: "this is a git-annex pointer; fetch the real file with git annex get",
        test: |s| s.starts(b"/annex/objects/"),
    },
    Entry {
        name: "faissil-packed",
        phrase: "this starts as a packed Faissil snapshot does",
        test: |s| s.starts(b"\x89FAISSIL"),
    },
    Entry {
        name: "faissil-sealed",
        phrase: "this ends as a Faissil snapshot does",
        test: |s| s.tail.ends_with(b"\x89FAISSIL"),
    },
    Entry {
        name: "npy",
        phrase: "this is a NumPy array (.npy): plain numbers, not an index",
        test: |s| s.starts(b"\x93NUMPY"),
    },
    Entry {
        name: "pickle",
        phrase: "this is a Python pickle; index libraries keep documents in one beside the index, look for a .faiss file \
                 in the same place (and load no pickle from a stranger: it can run code)",
        // Protocols 2 to 5 start with PROTO and end with STOP.
        test: |s| matches!(s.head, [0x80, 2..=5, ..]) && s.tail.ends_with(b"."),
    },
    Entry {
        name: "npz",
        phrase: "this is a NumPy archive (.npz): plain arrays, not an index",
        test: |s| s.starts(b"PK\x03\x04") && s.zip_entry().is_some_and(|name| name.ends_with(b".npy")),
    },
    Entry {
        name: "torch",
        phrase: "this is a PyTorch file: tensors, not an index",
        test: |s| s.starts(b"PK\x03\x04") && s.zip_entry().is_some_and(|name| name.ends_with(b"/data.pkl")),
    },
    Entry {
        name: "zip",
        phrase: "this is a ZIP archive; the index may be inside: unpack it first",
        test: |s| s.starts(b"PK\x03\x04") || s.starts(b"PK\x05\x06"),
    },
    Entry {
        name: "gzip",
        phrase: "this is compressed with gzip; unpack it first with gunzip",
        test: |s| s.starts(b"\x1f\x8b\x08"),
    },
    Entry {
        name: "zstd",
        phrase: "this is compressed with Zstandard; unpack it first with zstd -d",
        test: |s| s.starts(b"\x28\xb5\x2f\xfd"),
    },
    Entry {
        name: "bzip2",
        phrase: "this is compressed with bzip2; unpack it first with bunzip2",
        test: |s| s.starts(b"BZh") && s.head.get(4..10) == Some(b"\x31\x41\x59\x26\x53\x59"),
    },
    Entry {
        name: "xz",
        phrase: "this is compressed with xz; unpack it first with unxz",
        test: |s| s.starts(b"\xfd7zXZ\0"),
    },
    Entry {
        name: "lz4",
        phrase: "this is compressed with LZ4; unpack it first with lz4 -d",
        test: |s| s.starts(b"\x04\x22\x4d\x18"),
    },
    Entry {
        name: "tar",
        phrase: "this is a tar archive; the index may be inside: unpack it first",
        test: |s| s.head.get(257..262) == Some(b"ustar"),
    },
    Entry {
        name: "parquet",
        phrase: "this is a Parquet table, not an index",
        test: |s| s.starts(b"PAR1") && s.tail.ends_with(b"PAR1"),
    },
    Entry { name: "arrow", phrase: "this is an Arrow table, not an index", test: |s| s.starts(b"ARROW1") },
    Entry {
        name: "safetensors",
        phrase: "this is a safetensors file: tensors, not an index",
        test: |s| s.safetensors(),
    },
    Entry {
        name: "hdf5",
        phrase: "this is an HDF5 file: arrays, not an index",
        test: |s| s.starts(b"\x89HDF\r\n\x1a\n"),
    },
    Entry {
        name: "sqlite",
        phrase: "this is an SQLite database, not an index",
        test: |s| s.starts(b"SQLite format 3\0"),
    },
    Entry {
        name: "gguf",
        phrase: "this is a GGUF model, not an index",
        test: |s| s.starts(b"GGUF") && s.head.len() >= 8,
    },
    Entry { name: "pdf", phrase: "this is a PDF document, not an index", test: |s| s.starts(b"%PDF-") },
    Entry {
        name: "zeros",
        phrase: "the first and the last bytes of this file are all zero; a download that reserved its space and never \
                 finished looks like this",
        test: |s| !s.head.is_empty() && s.head.iter().chain(s.tail).all(|&byte| byte == 0),
    },
    Entry {
        name: "html",
        phrase: "this is an HTML page, such as a login or an error page that was saved in place of the file; download \
                 it again",
        test: |s| s.is_text() && s.starts_word(&[b"<!doctype html", b"<html", b"<head", b"<body"]),
    },
    Entry {
        name: "xml",
        phrase: "this is an XML document, such as a store's error message that was saved in place of the file; read it \
                 as text",
        test: |s| s.is_text() && s.starts_word(&[b"<?xml", b"<error>"]),
    },
    Entry {
        name: "json",
        phrase: "this is JSON text, not an index",
        test: |s| s.is_text() && s.starts_word(&[b"{", b"["]),
    },
    Entry { name: "text", phrase: "this is plain text, not an index", test: |s| s.is_text() },
    Entry {
        name: "faiss",
        phrase: "this starts as a plain FAISS index does; it has not been sealed, or it was cut short",
        test: |s| s.faiss(),
    },
];

impl Sample<'_> {
    fn starts(&self, signature: &[u8]) -> bool {
        self.head.starts_with(signature)
    }

    /// The text after a byte order mark and blanks, compared without regard to case.
    fn starts_word(&self, words: &[&[u8]]) -> bool {
        let text = self.head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(self.head).trim_ascii_start();
        words.iter().any(|word| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)))
    }

    /// The name of a ZIP archive's first entry.
    fn zip_entry(&self) -> Option<&[u8]> {
        let len = u16::from_le_bytes(self.head.get(26..28)?.try_into().ok()?);
        self.head.get(30..30_usize.checked_add(len.into())?)
    }

    /// A header length that fits, then a JSON object.
    fn safetensors(&self) -> bool {
        let Some(len) = self.head.first_chunk().map(|len| u64::from_le_bytes(*len)) else { return false };
        let fits = len >= 2 && len.checked_add(8).is_some_and(|end| end <= self.len);
        fits && self.head.get(8) == Some(&b'{') && matches!(self.head.get(9), Some(b'"' | b'}' | b' ' | b'\n'))
    }

    /// UTF-8 without control characters, in the head (whose last character may be cut) and, as far as
    /// control characters go, in the tail.
    fn is_text(&self) -> bool {
        let whole = match core::str::from_utf8(self.head) {
            Ok(_) => true,
            Err(error) => error.error_len().is_none() && (self.head.len() as u64) < self.len,
        };
        let plain = |&byte: &u8| byte >= 0x20 || matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c);
        whole && !self.head.is_empty() && self.head.iter().chain(self.tail).all(plain)
    }

    /// A code as FAISS gives to its indexes, and something binary after it.
    fn faiss(&self) -> bool {
        let code = self.head.get(..4).is_some_and(|code| code.iter().all(u8::is_ascii_alphanumeric));
        code && (self.starts(b"I") || self.starts(b"NP")) && self.head.len() > 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{vec, vec::Vec};

    fn name(file: &[u8]) -> Option<&'static str> {
        recognise(file, file, file.len() as u64).map(|found| found.name)
    }

    fn zip(entry: &[u8]) -> Vec<u8> {
        let mut out = b"PK\x03\x04".to_vec();
        out.resize(26, 0);
        out.extend_from_slice(&u16::try_from(entry.len()).unwrap().to_le_bytes());
        out.extend_from_slice(b"\0\0");
        out.extend_from_slice(entry);
        out.extend_from_slice(b"\0\xff\x01");
        out
    }

    #[test]
    fn each_kind_is_named() {
        let mut tar = vec![b'a'; 512];
        tar[100..257].fill(0);
        tar[257..262].copy_from_slice(b"ustar");
        let mut tensors = 20_u64.to_le_bytes().to_vec();
        tensors.extend_from_slice(b"{\"a\":{\"dtype\":\"F32\"}}\0\0\0\0");
        let sealed = [b"IxF2\x08\0\0\0 stream".as_slice(), b"\x89FAISSIL"].concat();
        let cases: &[(&str, &[u8])] = &[
            ("empty", b""),
            ("git-lfs-pointer", b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"),
            ("git-annex-pointer", b"/annex/objects/MD5E-s12--00.faiss\n"),
            ("faissil-packed", b"\x89FAISSIL\0\0\0\0\0\0\0\0..."),
            ("faissil-sealed", &sealed),
            ("npy", b"\x93NUMPY\x01\0v\0{'descr': '<f4'"),
            ("pickle", b"\x80\x04\x95\x0b\0\0\0\0\0\0\0\x8c\x01a."),
            ("pickle", b"\x80\x02}q\0."),
            ("npz", &zip(b"arr_0.npy")),
            ("torch", &zip(b"archive/data.pkl")),
            ("zip", &zip(b"index.faiss")),
            ("gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\x03"),
            ("zstd", b"\x28\xb5\x2f\xfd\x04\0"),
            ("bzip2", b"BZh91AY&SY\0"),
            ("xz", b"\xfd7zXZ\0\0\x04"),
            ("lz4", b"\x04\x22\x4d\x18\x64\x40"),
            ("tar", &tar),
            ("parquet", b"PAR1\x15\x04\0PAR1"),
            ("arrow", b"ARROW1\0\0\xff\xff"),
            ("safetensors", &tensors),
            ("hdf5", b"\x89HDF\r\n\x1a\n\0\0"),
            ("sqlite", b"SQLite format 3\0\x10\0"),
            ("gguf", b"GGUF\x03\0\0\0\x01"),
            ("pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"),
            ("zeros", &[0; 70]),
            ("html", b"\xef\xbb\xbf \n<!DOCTYPE html><html lang=\"en\">"),
            ("html", b"<HTML><body>404</body></HTML>"),
            ("xml", b"<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code></Error>"),
            ("json", b"{\"nlist\": 4096}\n"),
            ("json", b"  [1, 2]"),
            ("text", b"0.1 0.2 0.3\n"),
            ("faiss", b"IxF2\x08\0\0\0\x64\0\0\0"),
        ];
        for (expected, file) in cases {
            assert_eq!(name(file), Some(*expected), "{}", file.escape_ascii());
        }
        for entry in TABLE {
            assert!(cases.iter().any(|(name, _)| *name == entry.name), "no case for {}", entry.name);
        }
    }

    #[test]
    fn raw_bytes_and_near_misses_are_not_named() {
        assert_eq!(name(b"\x12\x34\x56\x78\x9a"), None);
        assert_eq!(name(b"\x80\x04\x95 cut before its STOP"), None);
        assert_eq!(name(b"PAR1\x15\x04\0 cut"), None);
        // A length that passes the end is no safetensors header.
        assert_eq!(name(b"\xff\xff\0\0\0\0\0\0{\"a\":1}"), None);
    }

    #[test]
    fn a_character_cut_by_the_sample_is_still_text() {
        let mut text = vec![b'a'; 4095];
        text.extend_from_slice("é and more".as_bytes());
        assert_eq!(name(&text), Some("text"));
        assert_eq!(name(b"caf\xe9"), None, "Latin-1 is not known to be text");
    }

    #[test]
    fn any_short_start_is_safe() {
        for entry in 0..=255_u8 {
            for len in 0..40 {
                let _ = name(&vec![entry; len]);
                let _ = name(&zip(b"a")[..len.min(20)]);
            }
        }
    }

    #[test]
    fn phrases_follow_the_house_style() {
        for Entry { name, phrase, .. } in TABLE {
            assert!(!phrase.ends_with('.') && !phrase.contains("  ") && !phrase.contains('\n'), "{name}: {phrase}");
            assert!(phrase.starts_with("this ") || phrase.starts_with("the "), "{name}: {phrase}");
        }
    }
}
