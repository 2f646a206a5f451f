//! What is taken, what is refused, and where the vectors are afterwards.

use crate::made::{D, built, vectors};
use faiss::MetricType;
use faissil::{
    Cause, Load, Save,
    core::snapshot::Digest,
    error::Verdict,
    native::{Residence, Verification},
};
use std::{fs, path::Path};

#[test]
fn each_stream_is_loaded_in_the_way_that_suits_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    for (factory, residence) in [
        ("Flat", Residence::MappedFile),
        ("IDMap2,Flat", Residence::MappedFile),
        ("SQ8", Residence::MappedFile),
        ("HNSW8,Flat", Residence::MappedFile),
        ("IVF8,Flat", Residence::MappedLists),
        ("IDMap,IVF8,SQ8", Residence::MappedLists),
        ("IVF8,PQ4x4fs", Residence::Memory),
        ("PQ4x4fs", Residence::Memory),
    ] {
        let index = built(factory, MetricType::L2, 2000).unwrap();
        faissil::save(&index, &path).unwrap();
        let loaded = faissil::load(&path).unwrap();
        assert_eq!(loaded.provenance().residence, residence, "{factory}");
        assert_eq!(loaded.provenance().verification, Verification::Verified, "{factory}");
        if residence != Residence::Memory {
            let copied = Load::new().private_copy().load(&path).unwrap();
            assert_eq!(copied.provenance().residence, Residence::PrivateCopy, "{factory}");
        }
    }
}

#[test]
fn a_digest_that_is_expected_must_be_there() {
    let folder = tempfile::tempdir().unwrap();
    let (path, plain) = (folder.path().join("x"), folder.path().join("x.faiss"));
    let index = built("Flat", MetricType::L2, 100).unwrap();
    let saved = faissil::save(&index, &path).unwrap();
    faiss::write_index(&index, plain.to_str().unwrap()).unwrap();
    let other = Digest::of(b"other");
    for digest in [saved.digest, saved.stream_digest] {
        assert!(Load::new().expect(digest).load(&path).is_ok());
    }
    for path in [&path, &plain] {
        let error = Load::new().expect(other).load(path).unwrap_err();
        assert_eq!(error.cause.verdict(), Verdict::Damaged, "{error}");
        let error = Load::new().expect(other).load_owned(path).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("expected digest"), "{error}");
    }
    let loaded = Load::new().expect(saved.stream_digest).load(&plain).unwrap();
    assert_eq!(loaded.provenance().verification, Verification::Verified);
}

#[test]
fn a_plain_file_and_a_trusted_one_say_that_nothing_was_verified() {
    let folder = tempfile::tempdir().unwrap();
    let (path, plain) = (folder.path().join("x"), folder.path().join("x.faiss"));
    let index = built("Flat", MetricType::L2, 100).unwrap();
    faissil::save(&index, &path).unwrap();
    faiss::write_index(&index, plain.to_str().unwrap()).unwrap();
    let loaded = faissil::load(&plain).unwrap();
    assert_eq!(loaded.provenance().verification, Verification::Unsealed);
    assert_eq!(loaded.provenance().warnings, ["a plain index file: there are no digests to hold its bytes against"]);
    assert_eq!(Load::new().trust().load(&path).unwrap().provenance().verification, Verification::Trusted);
}

/// A seal that was not finished, which is what a sealed snapshot that was cut looks like.
#[test]
fn the_index_of_an_interrupted_seal_is_loaded_only_without_verification() {
    let folder = tempfile::tempdir().unwrap();
    let (path, plain) = (folder.path().join("x"), folder.path().join("x.faiss"));
    let index = built("Flat", MetricType::L2, 100).unwrap();
    let saved = faissil::save(&index, &path).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let stream = faissil::native::stream_of(&index).unwrap();
    bytes.truncate(stream.len() + 100);
    fs::write(&path, bytes).unwrap();
    fs::write(&plain, stream).unwrap();
    let words = faissil::opened::interrupted_seal(fs::metadata(&plain).unwrap().len());
    for load in [Load::new(), Load::new().private_copy(), Load::new().sealed_only(), Load::new().sealed_only().trust()]
    {
        for error in [load.load(&path).unwrap_err(), load.load_owned(&path).map(|_| ()).unwrap_err()] {
            assert_eq!(error.cause.to_string(), words);
            let hint = error.hint.unwrap();
            assert!(hint.contains("`faissil seal` begins") && hint.contains("`faissil unseal` takes"), "{hint}");
        }
    }
    assert_eq!(Load::new().trust().load(&path).unwrap().ntotal(), 100);
    // A digest of the caller's vouches for it as well as one in the file.
    let expecting = Load::new().expect(saved.stream_digest).sealed_only();
    assert_eq!(expecting.load(&path).unwrap().provenance().verification, Verification::Verified);

    let error = Load::new().sealed_only().load(&plain).unwrap_err().to_string();
    assert!(error.contains("not a snapshot: no digests to hold its bytes against"), "{error}");
    assert_eq!(expecting.load(&plain).unwrap().provenance().verification, Verification::Verified);
    faissil::save(&index, &path).unwrap();
    assert_eq!(Load::new().sealed_only().load(&path).unwrap().provenance().verification, Verification::Verified);
}

#[test]
fn a_damaged_byte_anywhere_is_found_before_faiss_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    for factory in ["Flat", "IVF8,Flat", "IVF8,PQ4x4fs"] {
        let index = built(factory, MetricType::L2, 5000).unwrap();
        for layout in [faissil::core::snapshot::Layout::Sealed, faissil::core::snapshot::Layout::Packed] {
            let saved = faissil::Save::new().layout(layout).save(&index, &path).unwrap();
            let good = fs::read(&path).unwrap();
            for at in (0..good.len()).step_by(good.len() / 23) {
                let mut bad = good.clone();
                bad[at] ^= 0x10;
                fs::write(&path, bad).unwrap();
                for load in [Load::new(), Load::new().private_copy()] {
                    let error = load.load(&path).map(|_| ()).unwrap_err();
                    assert_eq!(error.cause.verdict(), Verdict::Damaged, "{factory} {layout:?} byte {at}: {error}");
                    let error = load.load_owned(&path).map(|_| ()).unwrap_err();
                    assert_eq!(error.cause.verdict(), Verdict::Damaged, "{factory} {layout:?} byte {at}: {error}");
                }
            }
            fs::write(&path, good).unwrap();
            assert_eq!(faissil::load(&path).unwrap().provenance().stream_digest, Some(saved.stream_digest));
        }
    }
}

/// Types that came after the linked FAISS are refused by name, with the place and the release that has them; a snapshot
/// of one is verified all the same, to say that nothing is wrong with it.
#[test]
fn what_the_linked_faiss_does_not_know_is_said_before_it_is_asked() {
    let quiet: faissil::parallel::Progress<'_> = &|_, _| {};
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/faiss/1.15.1");
    let folder = tempfile::tempdir().unwrap();
    let snapshot = folder.path().join("x");
    let mut words = Vec::new();
    for name in ["ivf_sq_tqmse4", "ivf_eden1"] {
        let path = corpus.join(name).with_extension("faiss");
        words.push(faissil::load(&path).unwrap_err().cause.to_string());
        let input = faissil::save::Input::Path(path);
        let (layout, additions) = (faissil::core::snapshot::Layout::Sealed, faissil::save::Additions::default());
        faissil::save::save(&input, &snapshot, layout, &additions, quiet).unwrap();
        words.push(faissil::load(&snapshot).unwrap_err().cause.to_string());
        assert_eq!(faissil::load_owned(&snapshot).map(|_| ()).unwrap_err().cause.to_string(), words[words.len() - 1]);
    }
    insta::assert_snapshot!(words.join("\n"), @r"
    sq.qtype is 13 in sq.qtype at byte 363 takes at least FAISS 1.14.2, and this program has FAISS 1.12.0; the file itself is whole, as far as its outline shows
    sq.qtype is 13 in sq.qtype at byte 363 takes at least FAISS 1.14.2, and this program has FAISS 1.12.0; the snapshot itself is intact, every byte of it
    tag `IwEe` at byte 0 takes at least FAISS 1.15.0, and this program has FAISS 1.12.0; the file itself is whole, as far as its outline shows
    tag `IwEe` at byte 0 takes at least FAISS 1.15.0, and this program has FAISS 1.12.0; the snapshot itself is intact, every byte of it
    ");
}

/// What ends the process of FAISS is refused before FAISS sees it, with the place; the tests over the corpus look for more.
#[test]
fn what_faiss_is_known_to_crash_on_is_not_given_to_it() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/faiss/1.15.1");
    let mut words = Vec::new();
    for name in ["rq_untrained", "ivf_flat_no_invlists", "nsg_empty", "nndescent_empty"] {
        let path = corpus.join(name).with_extension("faiss");
        words.push(faissil::load(&path).unwrap_err().cause.to_string());
        assert_eq!(faissil::load_owned(&path).map(|_| ()).unwrap_err().cause.to_string(), words[words.len() - 1]);
    }
    // The same inside of another index.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let index = faiss::index_factory(D as u32, "IDMap,Flat", MetricType::L2).unwrap();
    let mut stream = faissil::native::stream_of(&index).unwrap();
    let outline = faissil::core::faiss::outline(&stream).unwrap();
    let inner = outline.root.child("index").unwrap().span;
    stream.splice(inner.start as usize..inner.end() as usize, *b"null");
    fs::write(&path, stream).unwrap();
    words.push(faissil::load(&path).unwrap_err().cause.to_string());
    insta::assert_snapshot!(words.join("\n"), @r"
    a residual quantizer without codebooks at byte 0 ends the process of FAISS 1.12.0, or keeps it busy for ever; FAISS 1.14.2 does not crash on it; the file itself is whole, as far as its outline shows
    an IVF index without inverted lists in invlists at byte 363 ends the process of FAISS 1.12.0, or keeps it busy for ever; FAISS 1.14.2 does not crash on it; the file itself is whole, as far as its outline shows
    a graph that is not built at byte 0 ends the process of FAISS 1.12.0, or keeps it busy for ever; FAISS 1.14.2 does not crash on it; the file itself is whole, as far as its outline shows
    a graph that is not built at byte 0 ends the process of FAISS 1.12.0, or keeps it busy for ever; FAISS 1.14.2 does not crash on it; the file itself is whole, as far as its outline shows
    an index around one that is not there at byte 0 ends the process of FAISS 1.12.0, or keeps it busy for ever; FAISS 1.14.2 does not crash on it; the file itself is whole, as far as its outline shows
    ");
}

/// A search among more nodes than there are never ends in FAISS.
#[test]
fn a_graph_is_not_asked_for_more_than_it_has() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/faiss/1.15.1");
    for (name, too_many) in [("nsg_flat", 1..), ("nndescent_flat", 0..)] {
        let index = faissil::load(corpus.join(name).with_extension("faiss")).unwrap();
        let nodes = index.ntotal() as usize;
        let query = vec![0.5; index.d()];
        assert_eq!(index.search(&query, nodes - 1).unwrap().ids.len(), nodes - 1, "{name}");
        for more in too_many.take(1) {
            let refused = index.search(&query, nodes + more).unwrap_err().to_string();
            assert!(refused.contains(&format!("k is {}: FAISS", nodes + more)), "{name}: {refused}");
        }
    }
}

/// FAISS does not look whether an id is a row of a refinement, nor where a direct map leads.
#[test]
fn only_what_is_there_is_reconstructed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    for factory in ["Flat", "IVF4,Flat,RFlat", "SQ8", "HNSW8,Flat", "PCA8,Flat", "Flat,RFlat"] {
        faissil::save(&built(factory, MetricType::L2, 500).unwrap(), &path).unwrap();
        for index in [faissil::load(&path).unwrap(), Load::new().load_into_memory(&path).unwrap()] {
            for id in [-1, i64::MIN, 500, i64::MAX] {
                let error = index.reconstruct(id).unwrap_err().to_string();
                assert!(error.contains("the index holds 500"), "{factory} {id}: {error}");
            }
            assert_eq!(index.reconstruct(499).unwrap().len(), D, "{factory}");
        }
    }
    faissil::save(&built("IDMap,Flat", MetricType::L2, 500).unwrap(), &path).unwrap();
    let error = faissil::load(&path).unwrap().reconstruct(1000).unwrap_err().to_string();
    assert!(error.contains("from an IndexIDMap2"), "{error}");
    faissil::save(&built("IDMap2,Flat", MetricType::L2, 500).unwrap(), &path).unwrap();
    let index = faissil::load(&path).unwrap();
    assert_eq!(index.reconstruct(1000).unwrap(), vectors(1, D));
    assert!(index.reconstruct(-7).unwrap_err().to_string().contains("not found"));

    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/faiss/1.15.1");
    for name in ["ivf_flat_dm_array", "ivf_flat_dm_hash"] {
        let bytes = fs::read(corpus.join(name).with_extension("faiss")).unwrap();
        let path = folder.path().join(format!("{name}.good"));
        fs::write(&path, &bytes).unwrap();
        let index = faissil::load(&path).unwrap();
        let stored = index.search(&vec![0.0; index.d()], 1).unwrap().ids[0];
        assert_eq!(index.reconstruct(stored).unwrap().len(), index.d(), "{name}");
        let outline = faissil::judge::outline(&bytes).unwrap();
        let array = outline.root.array("direct_map.array").filter(|array| !array.span.is_empty());
        let array = array.or(outline.root.array("direct_map.hashtable")).unwrap();
        let mut bad = bytes;
        let at = array.span.end() as usize - 4;
        bad[at..at + 4].copy_from_slice(&900_000i32.to_le_bytes());
        // FAISS looks ahead in mapped lists on threads of its own: the file of an index that was searched is not written into.
        let other = folder.path().join(name);
        fs::write(&other, bad).unwrap();
        let index = faissil::load(&other).unwrap();
        let error = index.reconstruct(stored).unwrap_err().to_string();
        assert!(error.contains("of list 900000") && error.contains("which is not there"), "{name}: {error}");
        index.search(&vec![0.0; index.d()], 1).unwrap();
    }
}

#[test]
fn cancelling_ends_a_load() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    faissil::save(&built("Flat", MetricType::L2, 100).unwrap(), &path).unwrap();
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    for load in [Load::new(), Load::new().private_copy()] {
        let load = load.cancel(stop.clone());
        assert!(matches!(load.load(&path).unwrap_err().cause, Cause::Cancelled));
        assert!(matches!(load.load_owned(&path).map(|_| ()).unwrap_err().cause, Cause::Cancelled));
    }
}

#[test]
fn odd_questions_are_answered_with_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    faissil::save(&built("Flat", MetricType::L2, 100).unwrap(), &path).unwrap();
    let mut index = faissil::load(&path).unwrap();
    let said = |result: Result<faissil::native::Hits, Cause>| result.unwrap_err().to_string();
    assert!(said(index.search(&[0.0; D + 1], 1)).contains("17 numbers, which is no multiple of the 16"));
    assert!(said(index.search(&[0.0; D], 0)).contains("k is 0"));
    assert!(said(index.search(&[0.0; D], usize::MAX)).contains("k is"));
    assert!(said(index.search(&[0.0; D], 1 << 62)).contains("do not fit"));
    assert!(index.reconstruct(100).is_err() && index.reconstruct(-1).is_err());
    assert_eq!(index.reconstruct(3).unwrap(), vectors(4, D)[3 * D..]);
    assert!(said(index.search(&[0.0; D], 1 << 31)).contains("too many for one search"));
    assert!(said(index.search(&[f32::NAN; D], 1)).contains("query 0 holds NaN"));
    for value in [0.0, -1.0, 1e19, f64::NAN, 1.5] {
        let error = index.set_parameter("nprobe", value).unwrap_err().to_string();
        assert!(error.contains("is no value for `nprobe`"), "{error}");
    }
    assert!(index.set_parameter("nprobe", 4.0).unwrap_err().to_string().contains("could not set parameter nprobe"));
    assert_eq!(index.search(&[], 3).unwrap().ids, Vec::<i64>::new());
    let near = index.range_search(&vectors(1, D), 0.001).unwrap();
    assert_eq!((near.lims, near.ids), (vec![0, 1], vec![0]));
}

#[test]
fn a_check_that_cannot_be_made_does_not_say_that_nothing_was_verified() {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/faiss/1.15.1");
    for name in ["ivf_flat_ondisk.faiss", "ivf_flat_ondisk.ivfdata"] {
        fs::copy(root.join(name), folder.path().join(name)).unwrap();
    }
    let [index, snapshot] = ["ivf_flat_ondisk.faiss", "x.faissil"].map(|name| folder.path().join(name));
    let (input, quiet) = (faissil::save::Input::Path(index.clone()), |_: u64, _: u64| {});
    faissil::save::save(&input, &snapshot, faissil::Layout::Sealed, &Default::default(), &quiet).unwrap();
    let error = faissil::native::check(&index, &snapshot).unwrap_err().to_string();
    assert!(error.contains("its inverted lists are in another file") && !error.contains("not verified"), "{error}");
}

#[test]
fn an_unseal_takes_the_attachments_of_a_mapped_index_and_leaves_its_searches() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.faiss");
    Save::new().attach_bytes("x", "", "kept").save(&built("Flat", MetricType::L2, 200).unwrap(), &path).unwrap();
    let index = faissil::load(&path).unwrap();
    let before = index.search(&vectors(1, D), 3).unwrap();
    assert_eq!(index.attachment("x").unwrap().unwrap(), b"kept");
    faissil::seal::unseal(&path, &|_, _| {}).unwrap();
    assert!(index.attachment("x").is_err());
    assert_eq!(index.search(&vectors(1, D), 3).unwrap().ids, before.ids);
}
