//! Every codec there and back, what each is for, and stored bytes of a stranger.
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)] // small numbers

use super::*;
use alloc::string::ToString;
use proptest::prelude::*;

fn opened<'a>(coding: Coding, stored: &'a [u8], len: usize) -> Result<Cow<'a, [u8]>, Error> {
    let coding = Coding::from_entry(coding.number(), &coding.parameters())?;
    decode(coding, stored, 0, len as u64)
}

/// Floats as embeddings have them: small, of both signs, with uneven exponents, and no two alike.
fn floats(count: u32) -> Vec<u8> {
    let noise = noise(0, count as usize * 8);
    let unit = |bytes: &[u8; 4]| u32::from_le_bytes(*bytes) as f32 / u32::MAX as f32;
    let float = |pair: &[[u8; 4]; 2]| (unit(&pair[0]) - 0.5) * unit(&pair[1]) * 0.2;
    noise.as_chunks::<4>().0.as_chunks::<2>().0.iter().flat_map(|pair| float(pair).to_le_bytes()).collect()
}

/// Bytes without order, the same for the same seed.
fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

/// What `pack` makes of bytes, which come back.
fn packed(level: Level, holds: &Holds, bytes: &[u8]) -> (Coding, usize) {
    let packed = pack(level, holds, bytes);
    assert!(packed.stored.len() <= bytes.len());
    assert_eq!(&opened(packed.coding, &packed.stored, bytes.len()).unwrap()[..], bytes);
    assert_eq!(pack(level, holds, bytes), packed);
    (packed.coding, packed.stored.len())
}

const F32: Holds = Holds::Floats(Width::W4);
const I32: Holds = Holds::Integers(Width::W4);
const I64: Holds = Holds::Integers(Width::W8);

#[test]
fn the_table_is_numbered_and_agrees_with_the_codings() {
    for (index, codec) in TABLE.iter().enumerate() {
        assert_eq!(codec.number as usize, index);
    }
    let numbers = NumberCoding { width: Width::W4, view: View::Float, zeros: 13 };
    let codings = [
        Coding::Raw,
        Coding::Planes(Width::W8),
        Coding::Numbers(numbers),
        Coding::Columns(96),
        Coding::Links(64),
        Coding::Lists(0),
    ];
    for (coding, codec) in codings.into_iter().zip(TABLE) {
        assert_eq!((coding.number(), coding.name()), (codec.number, codec.name));
        assert_eq!(Coding::from_entry(coding.number(), &coding.parameters()), Ok(coding));
        assert!(coding.parameters().len() <= MAX_PARAMETERS);
    }
    assert!(table_page().contains("| 1 | planes |"));
}

#[test]
fn unknown_codecs_and_parameters_are_refused_by_number() {
    let message = |number, parameters: &[u8]| Coding::from_entry(number, parameters).unwrap_err().to_string();
    let known = "cannot decode at byte 0: codec 7: not known to this build, which reads codecs 0 to 5";
    assert_eq!(message(7, &[]), known);
    assert_eq!(message(1, &[3]), "cannot decode at byte 0: codec 1: element width is 1, 2, 4 or 8: found 3");
    assert_eq!(message(1, &[]), "cannot decode at byte 0: codec 1: takes one byte of parameters, found 0");
    assert_eq!(message(0, &[4]), "cannot decode at byte 0: codec 0: takes no parameters, found 1 bytes of them");
    assert_eq!(
        message(2, &[4, 1, 31]),
        "cannot decode at byte 0: codec 2: no elements of width 4, view 1 and 31 zeros"
    );
    assert_eq!(message(2, &[2, 0, 0]), "cannot decode at byte 0: codec 2: no elements of width 2, view 0 and 0 zeros");
    assert_eq!(message(3, &[0; 4]), "cannot decode at byte 0: codec 3: rows are 1 to 65536 bytes: found 0");
    assert_eq!(message(4, &[1]), "cannot decode at byte 0: codec 4: takes four bytes of parameters, found 1");
    assert_eq!(
        message(5, &[1, 0, 1, 0]),
        "cannot decode at byte 0: codec 5: codes are at most 65536 bytes: found 65537"
    );
}

#[test]
fn floats_lose_a_tenth_and_noise_stays_raw() {
    let bytes = floats(50_000);
    let (coding, len) = packed(Level::Balanced, &F32, &bytes);
    assert_eq!(coding.number(), 2);
    assert!(len * 10 < bytes.len() * 9, "{len}");
    assert_eq!(packed(Level::Fast, &F32, &bytes).0, Coding::Raw);
    assert!(packed(Level::Small, &F32, &bytes).1 <= len);
    for holds in [F32, I32, I64, Holds::Rows(20), Holds::Anything] {
        for level in Level::ALL {
            assert_eq!(packed(level, &holds, &noise(1, 20_000)).0, Coding::Raw, "{holds:?}");
        }
    }
}

#[test]
fn floats_that_were_narrower_take_what_they_took() {
    let bytes = floats(50_000);
    let cut = |low: u32| -> Vec<u8> {
        let words = bytes.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word) >> low << low);
        words.flat_map(u32::to_le_bytes).collect()
    };
    // As bf16, and with the mantissa of fp16.
    for (low, most) in [(16, 400), (13, 500)] {
        let bytes = cut(low);
        let (coding, len) = packed(Level::Balanced, &F32, &bytes);
        assert!(matches!(coding, Coding::Numbers(NumberCoding { zeros, .. }) if u32::from(zeros) >= low), "{coding:?}");
        assert!(len * 1000 < bytes.len() * most, "{len}");
        // An element that was not is an outlier and no more.
        let mut odd = bytes.clone();
        odd[4000..4004].copy_from_slice(&f32::from_bits(0x7FC0_1235).to_le_bytes());
        assert!(packed(Level::Balanced, &F32, &odd).1 < len + 64);
    }
    // Of 200 values.
    let coarse: Vec<u8> = noise(2, 40_000).iter().flat_map(|&n| (f32::from(n % 200) * 0.013).to_le_bytes()).collect();
    assert!(packed(Level::Balanced, &F32, &coarse).1 * 100 < coarse.len() * 25);
}

#[test]
fn every_float_comes_back_whatever_it_is() {
    let odd = [0, 1 << 31, 1, 0x807F_FFFF, 0x7F80_0000, 0xFF80_0000, 0x7FC0_0001, 0xFFC1_2345, 0x7F80_0001, u32::MAX];
    let mut words: Vec<u32> = floats(3000).as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
    words.extend(odd.iter().cycle().take(300));
    let narrow: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let wide: Vec<u8> =
        words.iter().flat_map(|&word| (u64::from(word) << 32 | u64::from(word & 1)).to_le_bytes()).collect();
    for zeros in [0, 1, 13, 16, 30] {
        for (width, bytes) in [(Width::W4, &narrow), (Width::W8, &wide)] {
            for view in View::ALL {
                let coding = Coding::Numbers(NumberCoding { width, view, zeros });
                let stored = encode(coding, Level::Balanced, &F32, bytes).unwrap();
                assert_eq!(&opened(coding, &stored, bytes.len()).unwrap()[..], &bytes[..], "{coding:?}");
            }
        }
    }
}

#[test]
fn whole_numbers_shrink_with_and_without_a_known_width() {
    let ids: Vec<u8> = (0..9000i64).flat_map(|id| (id * 3).to_le_bytes()).collect();
    for holds in [Holds::Anything, I64] {
        assert!(packed(Level::Balanced, &holds, &ids).1 * 20 < ids.len());
    }
    // All steps are one bin of no bits.
    assert!(packed(Level::Balanced, &I64, &ids).1 < 100);
    let sorted: Vec<u8> = (0..9000u64).flat_map(|n| (n * 1000 + n * 7919 % 900).to_le_bytes()).collect();
    assert!(packed(Level::Balanced, &I64, &sorted).1 * 4 < sorted.len());
}

#[test]
fn links_cost_what_their_nodes_leave_open() {
    // 2,000 nodes of 32 slots, of which 8 to 31 are links to one of 4,096.
    let noise = noise(3, 200_000);
    let mut slots: Vec<i32> = Vec::new();
    for node in 0..2000usize {
        let links = 8 + usize::from(noise[node]) % 24;
        let link = |at: usize| {
            i32::from(noise[2000 + node * 64 + at * 2]) << 4 | i32::from(noise[2001 + node * 64 + at * 2]) & 15
        };
        slots.extend((0..links).map(link).chain((links..32).map(|_| -1)));
    }
    let links = slots.iter().filter(|&&slot| slot >= 0).count();
    let bytes: Vec<u8> = slots.iter().flat_map(|slot| slot.to_le_bytes()).collect();
    let (coding, len) = packed(Level::Balanced, &I32, &bytes);
    assert_eq!(coding, Coding::Links(32));
    // 12 bits a link, log2(24) bits a node, and tables.
    assert!(len * 8 < links * 12 + 2000 * 5 + 9000, "{len}");
}

/// Lists of these sizes, the ids 0 to their sum dealt out to them, as an IVF has them.
fn dealt(code_size: usize, sizes: &[u64]) -> Vec<u8> {
    let mut lists: Vec<Vec<u64>> = sizes.iter().map(|_| Vec::new()).collect();
    let total: u64 = sizes.iter().sum();
    let mut order: Vec<(u64, usize)> =
        sizes.iter().enumerate().flat_map(|(list, &size)| (0..size).map(move |_| (0, list))).collect();
    for (number, entry) in (0u64..).zip(&mut order) {
        entry.0 = (number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
    order.sort_unstable();
    order.iter().zip(0..total).for_each(|(&(_, list), id)| lists[list].push(id));
    let mut out = Vec::new();
    for (number, ids) in lists.iter().enumerate() {
        out.extend(noise(number as u64, ids.len() * code_size));
        out.extend(ids.iter().flat_map(|id| id.to_le_bytes()));
    }
    out
}

#[test]
fn ids_of_lists_cost_what_the_sizes_leave_open() {
    let sizes: Vec<u64> = (0..64).map(|n| 100 + n * n / 8).collect();
    let total: u64 = sizes.iter().sum();
    let bytes = dealt(4, &sizes);
    let (coding, len) = packed(Level::Balanced, &Holds::Lists { code_size: 4, sizes: sizes.clone() }, &bytes);
    assert_eq!(coding, Coding::Lists(4));
    let share = |size: u64| size as f64 / total as f64;
    let entropy: f64 = -sizes.iter().map(|&size| share(size) * libm::log2(share(size))).sum::<f64>();
    let bits = (len as u64 - total * 4) as f64 * 8.0 / total as f64;
    assert!(bits < entropy + 0.15, "{bits} bits an id, {entropy} at best");
    // Out of order: the order is kept.
    let mut swapped = bytes.clone();
    let ids = 100 * 4;
    swapped[ids..ids + 800].rotate_left(8);
    assert_eq!(
        packed(Level::Balanced, &Holds::Lists { code_size: 4, sizes: sizes.clone() }, &swapped).0,
        Coding::Lists(4)
    );
    // Sizes that are not those of the bytes: something else.
    let wrong = Holds::Lists { code_size: 5, sizes };
    assert_ne!(packed(Level::Balanced, &wrong, &bytes).0.number(), 5);
}

#[test]
fn columns_that_are_uneven_shrink_and_the_others_stay() {
    let rows: Vec<u8> = noise(5, 12 * 3000)
        .chunks(12)
        .flat_map(|row| {
            row.iter().enumerate().map(|(column, &byte)| match column {
                0..4 => byte,
                4..8 => byte & 15,
                _ => byte.leading_zeros() as u8,
            })
        })
        .collect();
    let (coding, len) = packed(Level::Balanced, &Holds::Rows(12), &rows);
    assert_eq!(coding, Coding::Columns(12));
    // 8, 4 and 2 bits, and tables.
    assert!(len * 8 < 3000 * 4 * (8 + 4 + 2) + 20_000, "{len}");
}

#[test]
fn a_table_that_no_column_has_still_brings_its_symbols() {
    let states = [&[32][..], &[0, 0, 1, 0].repeat(8)].concat();
    let always_zero = [&[0x80, 0x80, 1][..], &[0; 255]].concat();
    let stored = |symbols: &[u8]| [&[1, 255][..], &always_zero, symbols, b"abc"].concat();
    assert_eq!(&opened(Coding::Columns(1), &stored(&states), 3).unwrap()[..], b"abc");
    assert!(opened(Coding::Columns(1), &stored(&[]), 3).is_err());
    let no_rows = [&[1, 255][..], &[255; 4], &always_zero, b"abc"].concat();
    assert_eq!(&opened(Coding::Columns(5), &no_rows, 3).unwrap()[..], b"abc");
}

#[test]
fn lengths_are_checked_before_memory_is_taken() {
    for coding in [Coding::Planes(Width::W1), Coding::Columns(1), Coding::Links(1), Coding::Lists(0)] {
        let error = decode(coding, &[0; 4], 9, u64::MAX).unwrap_err();
        let limit =
            "over the limit at byte 9: bytes of a coded chunk is limited to 4194304: found 18446744073709551615";
        assert_eq!(error.to_string(), limit);
    }
    let error = decode(Coding::Raw, b"abc", 9, 4).unwrap_err();
    assert_eq!(error.to_string(), "cannot decode at byte 9: codec 0: 3 bytes are stored for 4");
}

/// Up to several blocks of bytes between noise and a single value.
fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    (0usize..150_000, any::<u64>(), prop_oneof![Just(u8::MAX), Just(15), Just(0)]).prop_map(|(len, seed, mask)| {
        let mut bytes = noise(seed, len);
        bytes.iter_mut().for_each(|byte| *byte &= mask);
        bytes
    })
}

fn any_coding() -> impl Strategy<Value = Coding> {
    let numbers = (0usize..2, 0usize..3, 0u8..31).prop_map(|(width, view, zeros)| {
        Coding::Numbers(NumberCoding { width: [Width::W4, Width::W8][width], view: View::ALL[view], zeros })
    });
    prop_oneof![
        (0usize..4).prop_map(|index| Coding::Planes(Width::ALL[index])),
        numbers,
        (1u32..40).prop_map(Coding::Columns),
        (0u32..70).prop_map(Coding::Links),
        (0u32..40).prop_map(Coding::Lists),
    ]
}

/// Bytes in a coding that has a form for them: links are four bytes wide, lists what is said of them.
fn stored(coding: Coding, bytes: &mut Vec<u8>) -> Vec<u8> {
    let mut holds = Holds::Anything;
    match coding {
        Coding::Links(_) => bytes.truncate(bytes.len() & !3),
        Coding::Lists(code_size) => {
            let entry = code_size as usize + 8;
            bytes.resize((bytes.len() / entry).max(1) * entry, 7);
            let count = (bytes.len() / entry) as u64;
            holds = Holds::Lists { code_size: code_size.into(), sizes: vec![count / 3, 0, count - count / 3] };
        }
        _ => {}
    }
    // Columns that gain nothing have a form all the same: no tables, and no column of one.
    let plain = |columns: u32| [vec![0], vec![255; columns as usize], bytes.clone()].concat();
    match (encode(coding, Level::Balanced, &holds, bytes), coding) {
        (None, Coding::Columns(columns)) => plain(columns),
        (stored, _) => stored.unwrap(),
    }
}

#[test]
fn more_effort_is_no_larger_where_vectors_repeat() {
    // Ten vectors of 32 floats, over and over, in two lists.
    let vector =
        |n: u64| (0..32u64).flat_map(move |at| (((n % 10) * 1_000_003 + at * 7919) as f32).sqrt().to_le_bytes());
    let lists = |from: u64| {
        let codes = (from..from + 2000).flat_map(vector);
        codes.chain((from..from + 2000).flat_map(|id| (id * 3).to_le_bytes())).collect::<Vec<u8>>()
    };
    let bytes = [lists(0), lists(2000)].concat();
    let holds = Holds::Lists { code_size: 128, sizes: vec![2000, 2000] };
    let len = |level| pack(level, &holds, &bytes).stored.len();
    let [fast, balanced, small] = Level::ALL.map(len);
    assert!(balanced <= fast && small <= balanced, "{fast} {balanced} {small}");
    assert!(balanced < bytes.len() / 20, "{balanced}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_bytes_come_back(coding in any_coding(), mut bytes in any_bytes(), holds in 0usize..5) {
        let stored = stored(coding, &mut bytes);
        prop_assert_eq!(&opened(coding, &stored, bytes.len()).unwrap()[..], &bytes[..]);
        let holds = [Holds::Anything, F32, I64, Holds::Rows(17), I32][holds].clone();
        for level in Level::ALL {
            packed(level, &holds, &bytes);
        }
    }

    #[test]
    fn any_lists_come_back(sizes in proptest::collection::vec(0u64..90, 1..90), code_size in 0usize..9) {
        let bytes = dealt(code_size, &sizes);
        packed(Level::Balanced, &Holds::Lists { code_size: code_size as u64, sizes }, &bytes);
    }

    #[test]
    fn changed_bytes_give_the_length_or_an_error(
        coding in any_coding(),
        mut bytes in any_bytes().prop_filter("has a byte", |bytes| bytes.len() > 3),
        place in any::<proptest::sample::Index>(),
        flip in 1u8..,
        wrong in 0usize..160_000,
    ) {
        let mut stored = stored(coding, &mut bytes);
        if wrong != bytes.len() && matches!(coding, Coding::Planes(_) | Coding::Lists(_)) {
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
    fn any_stored_bytes_are_harmless(coding in any_coding(), stored in proptest::collection::vec(any::<u8>(), 0..600), len in 0usize..5_000_000) {
        if let Ok(decoded) = opened(coding, &stored, len) {
            prop_assert_eq!(decoded.len(), len);
        }
    }
}
