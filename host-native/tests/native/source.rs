//! A live index as a source: its bytes, or its vectors as FAISS reconstructs them.

use crate::made::{D, built, vectors};
use faiss::{
    Index as _, MetricType,
    index::{FromInnerPtr as _, IndexImpl},
    index_binary_factory, index_factory,
};
use faissil::{
    Cause, Error, Layout,
    core::{
        plan::{Facts, IdStep, IdStrategy, Missing, Policy, Strategies, Strategy, plan},
        snapshot::Recipe,
    },
    drive::drive,
    native::LiveSource,
    opened::Opened,
    parallel::Progress,
    pull::{Options, Pulled, pull},
    save::{Additions, Saved},
    source::{Arrived, Lost, Origin, Source},
};
use std::{ops::Range, path::Path, ptr};

const ROWS: usize = 500;

fn without(ways: &[Strategy]) -> Options {
    let without = ways.iter().fold(Strategies::default(), |all, way| all.and(*way));
    Options { policy: Policy { without, page: Some(64), ..Policy::default() }, ..Options::default() }
}

fn pulled(index: &IndexImpl, path: &Path, options: &Options) -> Result<Pulled, Error> {
    pull(&mut LiveSource::new(index).unwrap(), path, options, &|_, _| {})
}

/// The vectors and ids of a pulled snapshot, by FAISS.
fn contents(path: &Path) -> (Vec<u32>, Vec<i64>) {
    let loaded = faissil::load(path).unwrap();
    let n = loaded.ntotal() as usize;
    let opened = Opened::open(path).unwrap();
    let source = faissil::source::FileSource::new(&opened, path).unwrap();
    let (mut floats, mut ids) = (Vec::new(), Vec::new());
    source
        .each(|more, bytes| {
            ids.extend_from_slice(more);
            floats.extend(bytes.as_chunks::<4>().0.iter().map(|float| u32::from_le_bytes(*float)));
            Ok(())
        })
        .unwrap();
    assert_eq!((ids.len(), floats.len()), (n, n * D));
    (floats, ids)
}

fn bits(floats: &[f32]) -> Vec<u32> {
    floats.iter().map(|float| float.to_bits()).collect()
}

/// What FAISS itself reconstructs, row by row.
fn reconstructed(index: &IndexImpl, names: impl Iterator<Item = i64>) -> Vec<u32> {
    let mut out = vec![0.0; D];
    let mut all = Vec::new();
    for name in names {
        index.reconstruct(faiss::Idx::new(name.cast_unsigned()), &mut out).unwrap();
        all.extend(bits(&out));
    }
    all
}

fn make_direct_map(index: &IndexImpl) {
    // SAFETY: an IVF, and nobody else uses it.
    unsafe {
        let ivf = faiss_sys::faiss_IndexIVF_cast(index.inner_ptr());
        assert!(!ivf.is_null());
        assert_eq!(faiss_sys::faiss_IndexIVF_make_direct_map(ivf, 1), 0);
    }
}

#[test]
fn its_bytes_come_first() {
    let folder = tempfile::tempdir().unwrap();
    let (path, saved) = (folder.path().join("pulled"), folder.path().join("saved"));
    let index = built("IDMap2,HNSW8,Flat", MetricType::L2, ROWS).unwrap();
    faissil::save(&index, &saved).unwrap();
    let pulled = pulled(&index, &path, &Options::default()).unwrap();
    assert_eq!((pulled.plan.steps[0].strategy, pulled.saved.fidelity), (Strategy::NativeBytes, "exact bytes"));
    assert_eq!(std::fs::read(&path).unwrap(), std::fs::read(&saved).unwrap());
    let packed = Options { layout: Layout::Packed, ..Options::default() };
    let again = self::pulled(&index, &path, &packed).unwrap();
    assert_eq!((again.saved.layout, again.saved.stream_digest), (Layout::Packed, pulled.saved.stream_digest));
}

#[test]
fn without_them_vectors_are_reconstructed_and_ids_read() {
    let folder = tempfile::tempdir().unwrap();
    let x = bits(&vectors(ROWS, D));
    let own: Vec<i64> = (0..ROWS as i64).map(|row| 1000 + row * 7919 % 100_003).collect();
    let numbers: Vec<i64> = (0..ROWS as i64).collect();
    let exact =
        ["Flat", "IDMap,Flat", "IDMap2,Flat", "HNSW8,Flat", "NSG8,Flat", "IVF4,Flat", "IDMap,IVF4,Flat", "PQ4x4,RFlat"];
    let lossy =
        ["PQ4x4", "SQ8", "IVF4,PQ4x4", "PCA8,Flat", "PCA8,IVF4,SQ8", "IDMap2,PQ4x4fs", "LSH", "IDMap,HNSW8_SQ8"];
    for factory in exact.iter().chain(&lossy) {
        let (is_exact, is_map) = (exact.contains(factory), factory.starts_with("IDMap"));
        let index = built(factory, MetricType::L2, ROWS).unwrap();
        for ways in [&[Strategy::NativeBytes][..], &[Strategy::NativeBytes, Strategy::ReconstructRange]] {
            let path = folder.path().join("x");
            let pulled = match pulled(&index, &path, &without(ways)) {
                // Row by row an IVF needs a direct map.
                Err(error) if ways.len() == 2 && factory.contains("IVF") => {
                    let said = error.to_string();
                    assert!(
                        said.contains("reconstruct one by one: it is refused: FAISS says: direct map not initialized"),
                        "{said}"
                    );
                    continue;
                }
                pulled => pulled.unwrap_or_else(|error| panic!("{factory}: {error}")),
            };
            let way = if ways.len() == 1 { Strategy::ReconstructRange } else { Strategy::ReconstructOne };
            let level = if is_exact { "exact vectors" } else { "decoded vectors" };
            assert_eq!((pulled.plan.steps[0].strategy, pulled.saved.fidelity), (way, level), "{factory}");
            let ids = if is_map { IdStrategy::FromIdMap } else { IdStrategy::Sequential };
            assert_eq!(pulled.plan.ids.strategy, ids, "{factory}");
            let (found, found_ids) = contents(&path);
            assert!(found_ids == if is_map { own.clone() } else { numbers.clone() }, "{factory}");
            if is_exact {
                assert!(found == x, "{factory}");
            } else if !factory.contains("IVF") && (!is_map || factory.starts_with("IDMap2")) {
                assert!(found == reconstructed(&index, found_ids.into_iter()), "{factory}");
            }
            let opened = Opened::open(&path).unwrap();
            let recipe = drive(opened.snapshot.as_ref().unwrap().body::<Recipe>(), &opened.file).unwrap().unwrap();
            let param =
                |key: &str| recipe.params.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str());
            // In the shorter spelling, where there are two.
            let shorter = factory.replace("HNSW8,Flat", "HNSW8").replace("NSG8,Flat", "NSG8");
            assert_eq!((recipe.description.as_str(), param("factory")), (shorter.as_str(), Some(shorter.as_str())));
        }
    }
}

#[test]
fn an_ivf_with_ids_of_its_own_takes_a_direct_map() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let x = vectors(ROWS, D);
    let add = |index: &mut IndexImpl, ids: &[i64]| {
        let ids: Vec<_> = ids.iter().map(|id| faiss::Idx::new(id.cast_unsigned())).collect();
        index.add_with_ids(&x, &ids).unwrap();
    };
    let trained = || {
        let mut index = index_factory(D as u32, "IVF4,Flat", MetricType::L2).unwrap();
        index.train(&x).unwrap();
        index
    };
    let ids: Vec<i64> = (0..ROWS as i64).map(|row| row * 3 + 5).collect();
    let mut index = trained();
    add(&mut index, &ids);
    let said = pulled(&index, &path, &without(&[Strategy::NativeBytes])).unwrap_err().to_string();
    assert!(said.contains("the lists have other ids") && said.contains("`make_direct_map`"), "{said}");
    assert!(!path.exists() && !folder.path().join("x.part").exists());

    // FAISS's direct map of such ids is a hash table, which this makes it: 2.
    // SAFETY: as in `make_direct_map`.
    unsafe {
        let ivf = faiss_sys::faiss_IndexIVF_cast(index.inner_ptr());
        assert_ne!(faiss_sys::faiss_IndexIVF_make_direct_map(ivf, 1), 0, "an array takes row numbers");
    }
    let mut numbered = trained();
    numbered.add(&x).unwrap();
    make_direct_map(&numbered);
    let pulled = pulled(&numbered, &path, &without(&[Strategy::NativeBytes, Strategy::ReconstructRange])).unwrap();
    assert_eq!(pulled.plan.steps[0].strategy, Strategy::ReconstructOne);
    assert!(contents(&path).0 == bits(&x));

    // An id twice: FAISS would give one vector for both.
    let mut twice = trained();
    add(&mut twice, &ids.iter().map(|id| if *id == 8 { 5 } else { *id }).collect::<Vec<_>>());
    let said = self::pulled(&twice, &path, &without(&[Strategy::NativeBytes])).unwrap_err().to_string();
    assert!(said.contains("id 5 is there more than once"), "{said}");
}

/// Replicas of one index, which FAISS cannot write. They do not own it.
fn replicas(of: &IndexImpl) -> IndexImpl {
    let mut replicas = ptr::null_mut();
    // SAFETY: made here; the test keeps the index as long.
    unsafe {
        assert_eq!(faiss_sys::faiss_IndexReplicas_new(&raw mut replicas, D as i64), 0);
        assert_eq!(faiss_sys::faiss_IndexReplicas_add_replica(replicas, of.inner_ptr()), 0);
        IndexImpl::from_inner_ptr(replicas)
    }
}

#[test]
fn what_faiss_cannot_write_is_reconstructed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let inside = built("Flat", MetricType::InnerProduct, ROWS).unwrap();
    let index = replicas(&inside);
    assert!(faissil::save(&index, &path).is_err());
    let options = Options::default();
    let pulled = pulled(&index, &path, &options).unwrap();
    assert_eq!(pulled.plan.steps[0].strategy, Strategy::ReconstructOne);
    let down = |name: &str| pulled.plan.turned_down.iter().find(|down| down.strategy == name).unwrap().why.clone();
    assert!(
        down("native bytes").contains("it cannot be written: FAISS says: don't know how to serialize"),
        "{}",
        down("native bytes")
    );
    assert!(down("reconstruct ranges").contains("may end the process"), "{}", down("reconstruct ranges"));
    // Nobody can tell what it stores.
    assert_eq!(pulled.saved.fidelity, "decoded vectors");
    assert!(contents(&path).0 == bits(&vectors(ROWS, D)));
    assert_eq!(faissil::load(&path).unwrap().metric(), 0);
}

#[test]
fn what_faiss_cannot_reconstruct_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let no_bytes = without(&[Strategy::NativeBytes]);
    let index = built("IVF4,ITQ8,SH", MetricType::L2, ROWS).unwrap();
    let said = pulled(&index, &path, &no_bytes).unwrap_err().to_string();
    assert!(said.contains("there is no way to rows 0..500") && said.contains("it is refused: FAISS says"), "{said}");
    // With its bytes it is saved all the same.
    assert_eq!(pulled(&index, &path, &Options::default()).unwrap().saved.fidelity, "exact bytes");
    std::fs::remove_file(&path).unwrap();
    let mut bits = index_binary_factory(64, "BFlat").unwrap();
    bits.add(&[7; 80]).unwrap();
    let mut source = LiveSource::new(&bits).unwrap();
    let said = pull(&mut source, &path, &no_bytes, &|_, _| {}).unwrap_err().to_string();
    assert!(said.contains("it stores bits, and a flat index holds floats"), "{said}");
    assert_eq!(pull(&mut source, &path, &Options::default(), &|_, _| {}).unwrap().saved.fidelity, "exact bytes");
    // Vectors that cannot be had, as zeros.
    let policy = Policy { missing: Missing::Placeholder, ..no_bytes.policy };
    let planned = plan(source.facts(), &policy);
    assert_eq!((planned.steps[0].strategy, planned.is_refused()), (Strategy::Placeholder, false));
}

#[test]
fn what_faiss_reconstructs_wrongly_is_not_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let no_bytes = without(&[Strategy::NativeBytes]);
    for (factory, is_right) in [("PQ8x4fs", true), ("PQ8x4fs_64", false), ("PQ8x4fs_64,RFlat", true)] {
        let index = built(factory, MetricType::L2, ROWS).unwrap();
        // The codes, decoded by the core from FAISS's own bytes.
        faissil::save(&index, &path).unwrap();
        let decoded = contents(&path).0;
        let is_same = reconstructed(&index, 0..ROWS as i64) == decoded;
        assert_eq!(is_same, is_right, "{factory}");
        match pulled(&index, &path, &no_bytes) {
            Ok(_) => assert!(is_right && contents(&path).0 == decoded, "{factory}"),
            Err(error) => assert!(!is_right && error.to_string().contains("these are blocks of 64"), "{error}"),
        }
    }
}

#[test]
fn what_faiss_writes_without_its_rows_is_had_by_its_vectors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let index = built("ZnLattice4x10_4", MetricType::L2, ROWS).unwrap();
    let said = faissil::save(&index, &path).unwrap_err().to_string();
    assert!(said.contains("FAISS writes an IndexLattice without its 500 rows") && !path.exists(), "{said}");
    let pulled = pulled(&index, &path, &Options::default()).unwrap();
    assert_eq!((pulled.plan.steps[0].strategy, pulled.saved.fidelity), (Strategy::ReconstructOne, "decoded vectors"));
    assert!(contents(&path).0 == reconstructed(&index, 0..ROWS as i64));
}

#[test]
fn an_empty_index_is_pulled_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let index = built("IDMap2,Flat", MetricType::L2, 0).unwrap();
    pulled(&index, &path, &without(&[Strategy::NativeBytes])).unwrap();
    assert_eq!(contents(&path), (vec![], vec![]));
}

/// A live index whose writer throws in the end, which none of FAISS's does that could be measured.
struct Throwing<'a>(LiveSource<'a>);

impl Source for Throwing<'_> {
    fn name(&self) -> String {
        self.0.name()
    }
    fn facts(&self) -> &Facts {
        self.0.facts()
    }
    fn metric(&self) -> (i32, f32) {
        self.0.metric()
    }
    fn origin(&self) -> Origin {
        self.0.origin()
    }
    fn save_bytes(&mut self, _: &Path, _: Layout, _: &Additions, _: Progress<'_>) -> Result<Saved, Error> {
        Err(Cause::Faiss("thrown".into()).of("cannot save"))
    }
    fn page(&mut self, way: Strategy, rows: Range<u64>, next: Option<Range<u64>>) -> Result<Vec<u8>, Lost> {
        self.0.page(way, rows, next)
    }
    fn ids(&mut self, step: &IdStep, most: Option<u64>, arrived: &mut dyn Arrived) -> Result<(), Cause> {
        self.0.ids(step, most, arrived)
    }
    fn check_unchanged(&mut self) -> Result<(), Cause> {
        self.0.check_unchanged()
    }
}

#[test]
fn when_the_writer_throws_the_next_way_takes_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let index = built("IDMap2,Flat", MetricType::L2, ROWS).unwrap();
    let mut source = Throwing(LiveSource::new(&index).unwrap());
    let planned = plan(source.facts(), &Policy::default());
    assert_eq!(planned.steps[0].strategy, Strategy::NativeBytes);
    assert_eq!(planned.steps[0].then, [Strategy::ReconstructRange, Strategy::ReconstructOne]);
    let pulled = pull(&mut source, &path, &Options::default(), &|_, _| {}).unwrap();
    assert_eq!((pulled.plan.steps[0].strategy, pulled.saved.fidelity), (Strategy::ReconstructRange, "exact vectors"));
    assert!(pulled.warnings.iter().any(|said| said.contains("its bytes could not be had")), "{:?}", pulled.warnings);
    assert!(contents(&path).0 == bits(&vectors(ROWS, D)));
    // A refusal of the policy is the error that FAISS gave.
    let exact = Options {
        policy: Policy { floor: faissil::core::report::Level::ExactBytes, ..Policy::default() },
        ..Options::default()
    };
    let said = pull(&mut source, &path, &exact, &|_, _| {}).unwrap_err().to_string();
    assert!(said.contains("thrown"), "{said}");
}
