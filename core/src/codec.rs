//! Codecs: how the bytes of a packed chunk are stored smaller.
//!
//! A chunk says by number which codec its bytes went through, with a few bytes of parameters.
//! [`TABLE`] is the list of codecs; the one in `docs/snapshot-format.md` is made from it. Decoding is
//! safe on any bytes: what comes out has exactly the declared length or there is an error, and no
//! more than that length and a constant is ever in memory. Encoding is deterministic.
//!
//! A codec sees one chunk and knows nothing of snapshots, digests or FAISS. To store bytes use
//! [`pack`], which measures what pays and falls back to raw; to get them back, [`decode`].

mod deflate;
mod planes;

use crate::error::{Error, Kind};
use crate::limits::MAX_CHUNK;
use alloc::{borrow::Cow, format, string::String, vec, vec::Vec};
pub use planes::Width;

/// One codec as the snapshot format knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Codec {
    /// The number that stands in a chunk's entry.
    pub number: u32,
    /// Its name in messages and reports.
    pub name: &'static str,
    /// Its parameters, byte by byte.
    pub parameters: &'static str,
    /// What its stored bytes are.
    pub stored: &'static str,
}

/// Every codec that this build reads and writes, by ascending number.
pub const TABLE: [Codec; 2] = [
    Codec { number: 0, name: "raw", parameters: "none", stored: "the bytes themselves" },
    Codec {
        number: 1,
        name: "planes",
        parameters: "one byte, the element width: 1, 2, 4 or 8",
        stored: "byte planes, each by itself raw or DEFLATE (RFC 1951)",
    },
];

/// Most bytes of parameters that a codec can have.
pub const MAX_PARAMETERS: usize = 16;

/// A codec with its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Coding {
    /// Codec 0: the bytes themselves.
    Raw,
    /// Codec 1: elements of this many bytes, taken apart into byte planes.
    Planes(Width),
}

impl Coding {
    /// The codec's number.
    pub fn number(self) -> u32 {
        match self {
            Coding::Raw => 0,
            Coding::Planes(_) => 1,
        }
    }

    /// The parameters as they stand in a chunk's entry.
    pub fn parameters(self) -> Vec<u8> {
        match self {
            Coding::Raw => Vec::new(),
            Coding::Planes(width) => vec![width.byte()],
        }
    }

    /// The coding that a chunk's entry names.
    ///
    /// # Errors
    /// A number that is not in [`TABLE`], or parameters that the codec does not have. Only chunks that
    /// say so are harmed. `at` is 0; the caller knows where the entry stands.
    pub fn from_entry(number: u32, parameters: &[u8]) -> Result<Coding, Error> {
        let refused = |reason: String| Err(codec_error(number, reason, 0));
        match (number, parameters) {
            (0, []) => Ok(Coding::Raw),
            (0, _) => refused(format!("takes no parameters, found {} bytes of them", parameters.len())),
            (1, &[byte]) => match Width::from_byte(byte) {
                Some(width) => Ok(Coding::Planes(width)),
                None => refused(format!("element width is 1, 2, 4 or 8: found {byte}")),
            },
            (1, _) => refused(format!("takes one byte of parameters, found {}", parameters.len())),
            _ => refused(format!("not known to this build, which reads codecs 0 to {}", TABLE.len().saturating_sub(1))),
        }
    }
}

/// Bytes as they are to be stored, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed<'a> {
    /// What they went through.
    pub coding: Coding,
    /// The stored bytes; never more of them than were given.
    pub stored: Cow<'a, [u8]>,
}

/// What coding must save to be worth its decoding: a 64th of the bytes, and 64 bytes.
fn pays(coded: usize, raw: usize) -> bool {
    let least = (raw >> 6).max(64);
    coded.saturating_add(least) <= raw
}

/// Store `bytes` in the smallest way that pays, which is raw where nothing does.
///
/// `width` is the size of the elements in bytes, where the caller knows it; without it the widths
/// are tried on a part of the bytes. The result depends on the arguments alone.
pub fn pack(width: Option<Width>, bytes: &[u8]) -> Packed<'_> {
    if let Coding::Planes(width) = choose(width, bytes) {
        let stored = planes::encode(width, bytes);
        if pays(stored.len(), bytes.len()) {
            return Packed { coding: Coding::Planes(width), stored: Cow::Owned(stored) };
        }
    }
    Packed { coding: Coding::Raw, stored: Cow::Borrowed(bytes) }
}

/// The coding that promises most for `bytes`, by trial on a part of them.
///
/// With a `width` only this one is considered, else all are.
pub fn choose(width: Option<Width>, bytes: &[u8]) -> Coding {
    if !(1..=MAX_CHUNK).contains(&(bytes.len() as u64)) {
        return Coding::Raw;
    }
    if let Some(width) = width {
        return Coding::Planes(width);
    }
    let sample = middle(bytes);
    let mut best = (Coding::Raw, sample.len());
    for width in Width::ALL {
        // A wider one must earn its place: twice as many planes often gain a hair.
        let len = planes::encode(width, sample).len();
        if pays(len, best.1) {
            best = (Coding::Planes(width), len);
        }
    }
    best.0
}

/// At most 64 KiB from the middle, from a place where an element of any width starts.
fn middle(bytes: &[u8]) -> &[u8] {
    const SAMPLE: usize = 1 << 16;
    let start = (bytes.len().saturating_sub(SAMPLE) >> 1) & !7;
    bytes.get(start..).and_then(|rest| rest.get(..SAMPLE.min(rest.len()))).unwrap_or(bytes)
}

/// Store `bytes` in this coding, whether it pays or not.
pub fn encode(coding: Coding, bytes: &[u8]) -> Cow<'_, [u8]> {
    match coding {
        Coding::Raw => Cow::Borrowed(bytes),
        Coding::Planes(width) => Cow::Owned(planes::encode(width, bytes)),
    }
}

/// The `len` bytes that were stored as `stored`, which starts at byte `at` of the file.
///
/// Raw bytes are lent, others are new.
///
/// # Errors
/// [`Kind::Codec`] when `stored` is not what this coding makes of `len` bytes; [`Kind::Limit`] when
/// `len` is over [`MAX_CHUNK`] and the bytes are coded.
pub fn decode(coding: Coding, stored: &[u8], at: u64, len: u64) -> Result<Cow<'_, [u8]>, Error> {
    match coding {
        Coding::Raw if stored.len() as u64 == len => Ok(Cow::Borrowed(stored)),
        Coding::Raw => {
            let reason = format!("{} bytes are stored for {len}", stored.len());
            Err(codec_error(coding.number(), reason, at))
        }
        Coding::Planes(width) => {
            let Some(len) = usize::try_from(len).ok().filter(|&len| len as u64 <= MAX_CHUNK) else {
                return Err(Error::limit(at, "bytes of a coded chunk", MAX_CHUNK, len));
            };
            let decoded = planes::decode(width, stored, len);
            decoded
                .map(Cow::Owned)
                .map_err(|fault| codec_error(coding.number(), fault.reason, at.saturating_add(fault.at as u64)))
        }
    }
}

fn codec_error(codec: u32, reason: impl Into<Cow<'static, str>>, at: u64) -> Error {
    Error::new(Kind::Codec { codec, reason: reason.into() }, at)
}

/// [`TABLE`] as the Markdown table of `docs/snapshot-format.md`.
pub fn table_page() -> String {
    let mut page = String::from("| codec | name | parameters | stored bytes |\n|--:|---|---|---|\n");
    for Codec { number, name, parameters, stored } in TABLE {
        page.push_str(&format!("| {number} | {name} | {parameters} | {stored} |\n"));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    fn opened<'a>(coding: Coding, stored: &'a [u8], len: usize) -> Result<Cow<'a, [u8]>, Error> {
        let coding = Coding::from_entry(coding.number(), &coding.parameters())?;
        decode(coding, stored, 0, len as u64)
    }

    /// Floats as embeddings have them: small, of both signs, with uneven exponents.
    fn floats(count: u32) -> Vec<u8> {
        let noise = |n: u32| (n.wrapping_mul(2_654_435_769) ^ n.wrapping_mul(40_503) >> 7) as f32 / u32::MAX as f32;
        (0..count).flat_map(|n| ((noise(n) - 0.5) * noise(n ^ 0x5555) * 0.2).to_le_bytes()).collect()
    }

    #[test]
    fn the_table_is_numbered_and_agrees_with_the_codings() {
        for (index, codec) in TABLE.iter().enumerate() {
            assert_eq!(codec.number as usize, index);
        }
        assert_eq!(Coding::from_entry(0, &[]), Ok(Coding::Raw));
        for width in Width::ALL {
            assert_eq!(Coding::from_entry(1, &[width.byte()]), Ok(Coding::Planes(width)));
            assert!(Coding::Planes(width).parameters().len() <= MAX_PARAMETERS);
        }
        assert!(table_page().contains("| 1 | planes |"));
    }

    #[test]
    fn unknown_codecs_and_parameters_are_refused_by_number() {
        let message = |number, parameters: &[u8]| Coding::from_entry(number, parameters).unwrap_err().to_string();
        let known = "cannot decode at byte 0: codec 7: not known to this build, which reads codecs 0 to 1";
        assert_eq!(message(7, &[]), known);
        assert_eq!(message(1, &[3]), "cannot decode at byte 0: codec 1: element width is 1, 2, 4 or 8: found 3");
        assert_eq!(message(1, &[]), "cannot decode at byte 0: codec 1: takes one byte of parameters, found 0");
        assert_eq!(message(0, &[4]), "cannot decode at byte 0: codec 0: takes no parameters, found 1 bytes of them");
    }

    #[test]
    fn floats_lose_a_tenth_and_noise_stays_raw() {
        let bytes = floats(50_000);
        let packed = pack(Some(Width::W4), &bytes);
        assert_eq!(packed.coding, Coding::Planes(Width::W4));
        assert!(packed.stored.len() * 10 < bytes.len() * 9, "{}", packed.stored.len());
        assert_eq!(pack(None, &bytes).coding, packed.coding);
        let mut noise = vec![0; 20_000];
        blake3::Hasher::new().finalize_xof().fill(&mut noise);
        assert_eq!(pack(Some(Width::W4), &noise).coding, Coding::Raw);
        assert_eq!(pack(None, &noise).coding, Coding::Raw);
    }

    #[test]
    fn whole_numbers_shrink_with_and_without_a_known_width() {
        let ids: Vec<u8> = (0..9000i64).flat_map(|id| (id * 3).to_le_bytes()).collect();
        for width in [None, Some(Width::W8)] {
            assert!(pack(width, &ids).stored.len() * 20 < ids.len());
        }
    }

    #[test]
    fn lengths_are_checked_before_memory_is_taken() {
        let coding = Coding::Planes(Width::W1);
        let error = decode(coding, &[0; 4], 9, u64::MAX).unwrap_err();
        let limit =
            "over the limit at byte 9: bytes of a coded chunk is limited to 4194304: found 18446744073709551615";
        assert_eq!(error.to_string(), limit);
        let error = decode(Coding::Raw, b"abc", 9, 4).unwrap_err();
        assert_eq!(error.to_string(), "cannot decode at byte 9: codec 0: 3 bytes are stored for 4");
    }

    fn any_width() -> impl Strategy<Value = Width> {
        (0usize..4).prop_map(|index| Width::ALL[index])
    }

    /// Up to several blocks of bytes between noise and a single value.
    fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
        (0usize..150_000, any::<u64>(), prop_oneof![Just(u8::MAX), Just(15), Just(0)]).prop_map(|(len, seed, mask)| {
            let mut bytes = vec![0; len];
            blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
            bytes.iter_mut().for_each(|byte| *byte &= mask);
            bytes
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn any_bytes_come_back(width in any_width(), bytes in any_bytes()) {
            let coding = Coding::Planes(width);
            let stored = encode(coding, &bytes);
            prop_assert!(stored.len() <= bytes.len().saturating_add(32));
            prop_assert_eq!(&opened(coding, &stored, bytes.len()).unwrap()[..], &bytes[..]);
            for width in [None, Some(width)] {
                let packed = pack(width, &bytes);
                prop_assert!(packed.stored.len() <= bytes.len());
                prop_assert_eq!(&opened(packed.coding, &packed.stored, bytes.len()).unwrap()[..], &bytes[..]);
            }
        }

        #[test]
        fn changed_bytes_give_the_length_or_an_error(
            width in any_width(),
            bytes in any_bytes().prop_filter("has a byte", |bytes| !bytes.is_empty()),
            place in any::<proptest::sample::Index>(),
            flip in 1u8..,
            wrong in 0usize..160_000,
        ) {
            let coding = Coding::Planes(width);
            let mut stored = encode(coding, &bytes).into_owned();
            if wrong != bytes.len() {
                prop_assert!(opened(coding, &stored, wrong).is_err());
            }
            let cut = place.index(stored.len());
            prop_assert!(opened(coding, &stored[..cut], bytes.len()).is_err());
            stored[cut] ^= flip;
            if let Ok(decoded) = opened(coding, &stored, bytes.len()) {
                prop_assert_eq!(decoded.len(), bytes.len());
            }
        }

        #[test]
        fn any_stored_bytes_are_harmless(width in any_width(), stored in proptest::collection::vec(any::<u8>(), 0..600), len in 0usize..5_000_000) {
            if let Ok(decoded) = opened(Coding::Planes(width), &stored, len) {
                prop_assert_eq!(decoded.len(), len);
            }
        }
    }
}
