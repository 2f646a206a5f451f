//! What a server says of an index, and what can be had of it.

use super::recover;
use crate::remote::{Client, Listed, Status, Trouble, quirks};
use faissil_core::plan::{Call, Can, ClassFacts, Cost, Facts, Fault, IdFacts, Mode, Search, Stores, class_facts};

/// Bytes of an answer with vectors that is aimed at: larger ones are no faster.
const ANSWER: u64 = 8 << 20;
/// Queries in a search for ids: one request takes a tenth of a second whatever it asks, and each tells thousands of rows.
const QUERIES: u64 = 8;
/// Most neighbours that the server gives (`MAX_SEARCH_K`).
pub(super) const MOST_NEIGHBOURS: u64 = 10_000;

/// The name of an index on its server, and what was found there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The index.
    pub listed: Listed,
    /// Its class and parameters.
    pub status: Status,
    /// The index that gives the vectors: that of an id map, else the index itself.
    pub base: Listed,
    /// Its class and parameters.
    pub base_status: Status,
    /// What decides what FAISS reconstructs: its class, or of a pre-transform the class behind the transforms, where the server tells it.
    pub inner: Option<String>,
    /// Other id maps with rows over the same base.
    pub sharing: Vec<String>,
}

impl Place {
    /// Look for an index, and for what its vectors come from.
    pub(super) fn find(client: &mut Client, index: &str) -> Result<Place, Trouble> {
        let list = client.list()?;
        let named = |name: &str| {
            let found = list.iter().find(|listed| listed.index == name).cloned();
            found.ok_or_else(|| Trouble::Denied(format!("there is no index `{}`", name.escape_debug())))
        };
        let listed = named(index)?;
        let status = client.status(index)?;
        let (base, base_status, sharing) = match &listed.base {
            Some(name) if status.class.starts_with("IndexIDMap") => {
                let sharing =
                    list.iter().filter(|other| other.base == listed.base && other.index != index && other.rows > 0);
                let sharing = sharing.map(|other| other.index.clone()).collect();
                (named(name)?, client.status(name)?, sharing)
            }
            _ => (listed.clone(), status.clone(), Vec::new()),
        };
        let inner = match base_status.class.as_str() {
            // Of an index that was loaded the server says no more than "Index".
            "IndexPreTransform" => client.behind_transforms(&base.index)?.filter(|class| class != "Index"),
            class => Some(class.into()),
        };
        Ok(Place { listed, status, base, base_status, inner, sharing })
    }

    /// What can be had of the index here.
    pub(super) fn facts(&self, client: &Client) -> Facts {
        let (d, rows) = (self.listed.d, self.listed.rows);
        let is_map = self.status.class.starts_with("IndexIDMap");
        let class = &self.base_status.class;
        // Behind transforms could be an id map, of which a range ends the server and a row is only refused.
        let unseen = ClassFacts { stores: Stores::Unknown, range: false, one: true, own_ids: None };
        let ClassFacts { range, one, own_ids, .. } = self.inner.as_deref().map_or(unseen, class_facts);
        let stores = class_facts(class).stores;
        let mut faults = quirks::faults(client.version(), self.inner.as_deref().unwrap_or(class));
        let row_bytes = u64::from(d) * 9 + 5;
        let has_base = !is_map || self.base.index != self.listed.index;
        let same_rows = self.base.rows == rows;
        if !same_rows {
            let why = format!(
                "would give the vectors of another index: `{}` has {} rows and `{}` {rows}",
                self.base.index, self.base.rows, self.listed.index
            );
            for forbids in [Call::Range, Call::One] {
                faults.push(Fault { forbids, why: why.clone() });
            }
            let why = "would read past the end of its id map, or tell ids of other rows".into();
            faults.push(Fault { forbids: Call::Search, why });
        }
        if let Some(other) = self.sharing.first() {
            // FAISS takes the rows of the base for its own as soon as it is added to, and has no ids for those of the other.
            let why = format!("would read past the end of its id map: `{other}` adds rows to the same base");
            faults.push(Fault { forbids: Call::Search, why });
        }
        let query_bytes = recover::query_bytes(d, MOST_NEIGHBOURS.min(rows));
        let search = Search { page: QUERIES, passes: 2, queries: recover::expected(rows), query_bytes };
        Facts {
            mode: Mode::Remote,
            from: format!("a FAISSx server, version {}", client.version_text().escape_debug()),
            index: self.what(),
            rows,
            d,
            stores,
            can: Can {
                bulk: Some((ANSWER / row_bytes).max(1)),
                range: Some((ANSWER / row_bytes).max(1)).filter(|_| range && has_base),
                one: one && has_base,
                ..Can::default()
            },
            ids: IdFacts {
                own: if is_map { Some(true) } else { own_ids },
                search: (is_map && has_base).then_some(search),
                ..IdFacts::default()
            },
            faults,
            cost: Cost {
                request_ms: 3,
                bytes_per_ms: 50_000,
                row_bytes,
                // Two answers, of which one is still growing, and what is made of one.
                row_memory: row_bytes * 3 + u64::from(d) * 4,
                base_memory: 8 << 20,
                overhead: 0,
            },
        }
    }

    /// The index in words: a factory string where the server tells enough for one.
    fn what(&self) -> String {
        let base = described(&self.base_status);
        match self.status.class.as_str() {
            "IndexIDMap" if self.listed.base.is_some() => format!("IDMap,{base}"),
            "IndexIDMap2" if self.listed.base.is_some() => format!("IDMap2,{base}"),
            _ => base,
        }
    }

    /// The string by which FAISS makes an index of this kind, and what of it the server does not say and is taken from its defaults.
    pub(super) fn factory(&self) -> Option<(String, Option<&'static str>)> {
        let nlist = self.base_status.params.iter().find(|(key, _)| *key == "nlist").map(|(_, value)| value);
        let hnsw = "the server does not tell the links of a node: 32 are taken, as it makes them unless told otherwise";
        let quantizer =
            "the server does not tell the kind of scalar quantizer: 8 bits are taken, as its client makes it";
        let described = described(&self.base_status);
        let (base, assumed) = match (self.base_status.class.as_str(), nlist) {
            ("IndexHNSWFlat", _) => ("HNSW32,Flat".into(), Some(hnsw)),
            ("IndexScalarQuantizer", _) => ("SQ8".into(), Some(quantizer)),
            ("IndexIVFScalarQuantizer", Some(nlist)) => (format!("IVF{nlist},SQ8"), Some(quantizer)),
            (class, _) if described == class => return None,
            _ => (described, None),
        };
        let map = match self.status.class.as_str() {
            "IndexIDMap" => "IDMap,",
            "IndexIDMap2" => "IDMap2,",
            _ => "",
        };
        Some((format!("{map}{base}"), assumed))
    }
}

/// An index without id map in words.
fn described(status: &Status) -> String {
    let param = |name: &str| status.params.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str());
    match (status.class.as_str(), param("nlist"), param("M"), param("nbits")) {
        ("IndexFlatL2" | "IndexFlatIP" | "IndexFlat", ..) => "Flat".into(),
        ("IndexIVFFlat", Some(nlist), ..) => format!("IVF{nlist},Flat"),
        ("IndexPQ", _, Some(m), Some(nbits)) => format!("PQ{m}x{nbits}"),
        (class, ..) => class.into(),
    }
}
