//! Pages of indexes that FAISS makes in this process.
#![cfg(all(feature = "native", feature = "testing"))]

use faiss::{Idx, Index, index_factory};
use faissil::testing::{Fixture, Live, Searched, changes, page, page_changes};

#[test]
fn a_pipeline_that_is_trained_anew_is_said_in_a_sentence() {
    let old = Fixture::new("IDMap2,IVF8,Flat").rows(50).seed(1);
    let new = Fixture::new("IDMap2,IVF12,Flat").rows(50).seed(1).without([4, 9, 30]).changed(10..22);
    let said = "index.nlist 8 to 12, 3 ids gone, vectors of 12 rows changed, index.quantizer.codes changed";
    assert_eq!(changes(&old, &new).unwrap(), said);
    assert_eq!(page_changes(&page(&old).unwrap(), &page(&new).unwrap()), said);
}

#[test]
fn an_index_in_memory_has_the_page_of_its_file() {
    let fixture = Fixture::new("IDMap,Flat").rows(30).dim(4);
    let mut index = index_factory(4, "IDMap,Flat", faiss::MetricType::L2).unwrap();
    let floats: Vec<f32> = fixture.kept().flat_map(|row| fixture.data().floats(row, 4).collect::<Vec<_>>()).collect();
    let ids: Vec<Idx> = fixture.ids().unwrap().iter().map(|id| Idx::from(id.0)).collect();
    index.add_with_ids(&floats, &ids).unwrap();
    assert_eq!(page(&Live::of(&index)).unwrap(), page(&fixture).unwrap());
}

#[test]
fn what_faiss_answers_can_be_kept_too() {
    for factory in ["IDMap2,Flat", "IVF4,Flat", "PQ4x4np"] {
        let fixture = Fixture::new(factory).rows(200);
        let (plain, searched) = (page(&fixture).unwrap(), page(&Searched(&fixture)).unwrap());
        let answers = searched.strip_prefix(&plain).unwrap();
        assert!(answers.starts_with("\nanswers of FAISS: id and distance\n  q0 "), "{factory}: {answers}");
        if factory == "IDMap2,Flat" {
            // FAISS finds what the search through all rows has found.
            let ids = |text: &str| {
                let lines = text.lines().filter(|line| line.starts_with("  q"));
                let words = lines.flat_map(|line| line[5..].split(", ").map(|pair| pair.split(' ').next().unwrap()));
                words.map(String::from).collect::<Vec<_>>()
            };
            assert_eq!(ids(answers), ids(&plain));
        }
    }
    let changed = page(&Searched(Fixture::new("IVF4,Flat").rows(200).changed([7]))).unwrap();
    let before = page(&Searched(Fixture::new("IVF4,Flat").rows(200))).unwrap();
    assert!(
        page_changes(&before, &changed).starts_with("vectors of at least 1 row"),
        "{}",
        page_changes(&before, &changed)
    );
    let error = page(&Searched(Fixture::new("BFlat"))).unwrap_err().to_string();
    assert!(error.contains("this index holds bits"), "{error}");
}
