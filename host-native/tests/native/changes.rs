//! A mapped index while something happens to its file.

use crate::made::{D, built, vectors};
use faiss::MetricType;
use faissil::{Load, core::snapshot::Layout, parallel::Progress, save::Additions};
use std::fs;

/// Whatever Faissil does to the file of a mapped index, the index answers as before.
#[test]
fn nothing_that_faissil_does_to_the_file_is_felt() {
    let quiet: Progress<'_> = &|_, _| {};
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let queries = vectors(20, D);
    for factory in ["Flat", "HNSW8,Flat", "IVF8,Flat", "IDMap2,SQ8"] {
        let index = built(factory, MetricType::L2, 20_000).unwrap();
        let other = built(factory, MetricType::L2, 3_000).unwrap();
        let path = at("x");
        faissil::save(&index, &path).unwrap();
        let loaded = faissil::load(&path).unwrap();
        let expected = loaded.search(&queries, 5).unwrap();
        let same = |what: &str| assert_eq!(loaded.search(&queries, 5).unwrap(), expected, "{factory}: {what}");

        faissil::seal::unseal(&path, quiet).unwrap();
        same("unsealed in place");
        faissil::seal::seal(&path, &Additions::default(), quiet).unwrap();
        same("sealed in place");
        faissil::save(&other, &path).unwrap();
        same("replaced by a smaller one");
        let input = faissil::save::Input::Path(path.clone());
        faissil::save::save(&input, &path, Layout::Packed, &Additions::default(), quiet).unwrap();
        same("replaced by a packed one");
        faissil::load::load(&path, &faissil::load::Output::Path(at("x.faiss")), None, quiet).unwrap();
        fs::remove_file(&path).unwrap();
        same("deleted");
    }
}

/// A plain file that is mapped may be sealed in place.
#[test]
fn a_plain_file_may_be_sealed_while_it_is_mapped() {
    let quiet: Progress<'_> = &|_, _| {};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.faiss");
    faiss::write_index(&built("IVF8,Flat", MetricType::L2, 20_000).unwrap(), path.to_str().unwrap()).unwrap();
    let loaded = faissil::load(&path).unwrap();
    let expected = loaded.search(&vectors(9, D), 5).unwrap();
    faissil::seal::seal(&path, &Additions::default(), quiet).unwrap();
    assert_eq!(loaded.search(&vectors(9, D), 5).unwrap(), expected);
    faissil::seal::unseal(&path, quiet).unwrap();
    assert_eq!(loaded.search(&vectors(9, D), 5).unwrap(), expected);
}

/// What other programs do to the bytes of a mapped file is felt; a private copy is out of their reach.
#[test]
fn a_private_copy_survives_what_others_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    faissil::save(&built("Flat", MetricType::L2, 20_000).unwrap(), &path).unwrap();
    let loaded = Load::new().private_copy().load(&path).unwrap();
    let expected = loaded.search(&vectors(9, D), 5).unwrap();
    fs::write(&path, vec![0xFF; 1 << 20]).unwrap();
    assert_eq!(loaded.search(&vectors(9, D), 5).unwrap(), expected);
    fs::File::options().write(true).open(&path).unwrap().set_len(0).unwrap();
    assert_eq!(loaded.search(&vectors(9, D), 5).unwrap(), expected);
}
