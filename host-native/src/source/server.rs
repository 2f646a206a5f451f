//! An index behind a FAISSx server.
//!
//! What it is gets asked for once, before the plan: its place in the server's list, its class, its metric, and for an id map
//! the base index, which the server keeps under a name of its own and through which the vectors come. What the server's version does wrongly goes
//! into the facts as faults ([`quirks`]), and so does what this index would do: an IVF whose ids are not its row numbers takes
//! one for the other, an id map over a base with other rows reads past its end.

mod recover;

use super::{Arrived, Lost, Source};
use crate::{
    Cause,
    cache::VectorCache,
    remote::{Address, Client, Listed, Login, Status, Trouble, Waiting, quirks},
};
use faissil_core::plan::{
    Call, Can, ClassFacts, Cost, Facts, Fault, IdFacts, IdStep, IdStrategy, Mode, Search, Stores, Strategy, class_facts,
};
use std::ops::Range;

/// Bytes of an answer with vectors that is aimed at: larger ones are no faster.
const ANSWER: u64 = 8 << 20;
/// Queries in a search for ids: one request takes a tenth of a second whatever it asks, and each tells thousands of rows.
const QUERIES: u64 = 8;
/// Neighbours among which some rows have to be, by which it is found out whether row numbers are ids.
const NEIGHBOURS: u64 = 1000;
/// Most neighbours that the server gives (`MAX_SEARCH_K`).
pub(super) const MOST_NEIGHBOURS: u64 = 10_000;
/// Rows by which it is found out what the server does not say.
const SAMPLE: u64 = 16;

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

/// An index behind a server.
#[derive(Debug)]
pub struct ServerSource {
    address: Address,
    client: Client,
    place: Place,
    facts: Facts,
    metric: i32,
    /// What the user has to know.
    warnings: Vec<String>,
    /// Rows that were sent for.
    ahead: Option<Range<u64>>,
    /// What was kept when it was added.
    cache: Option<VectorCache>,
}

impl ServerSource {
    /// Connect, and find out what can be had.
    ///
    /// # Errors
    /// When nobody answers, the key is wrong, or there is no such index.
    pub fn connect(address: &Address, login: Login, waiting: Waiting) -> Result<ServerSource, Cause> {
        let mut client = Client::connect(address, login, waiting)?;
        let mut warnings = Vec::new();
        if quirks::version(client.version_text()).is_none_or(|version| version > quirks::NEWEST) {
            let said = client.version_text().escape_debug();
            warnings.push(format!(
                "version {said} of the server is newer than the newest that is known; it is taken to do the same"
            ));
        }
        let place = find(&mut client, &address.index)?;
        let mut source = ServerSource {
            address: address.clone(),
            facts: facts(&client, &place),
            client,
            place,
            metric: 1,
            warnings,
            ahead: None,
            cache: None,
        };
        source.ask_further()?;
        Ok(source)
    }

    /// What was found on the server.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The connection.
    pub fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    /// Use what was kept when it was added, unless the server has other rows than that.
    pub fn keep(&mut self, mut cache: VectorCache) {
        let rows = self.facts.rows;
        if cache.runs().last().is_some_and(|last| last.end > rows) {
            let end = cache.runs().last().map_or(0, |last| last.end);
            self.warnings.push(format!("what was kept is not used: it goes to row {end}, and the server has {rows}"));
            cache.drop_all();
        }
        self.facts.can.cached = cache.runs();
        self.facts.ids.cached = cache.has_ids_of_all(rows);
        self.cache = Some(cache);
    }

    /// What was kept, and what it was good for.
    pub fn cache(&self) -> Option<&VectorCache> {
        self.cache.as_ref()
    }

    /// What the user has to know.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// That the index has as many rows as when it was looked at.
    ///
    /// # Errors
    /// When it has not, or is gone.
    pub fn check_unchanged(&mut self) -> Result<(), Cause> {
        let now = self.client.find(&self.place.listed.index)?;
        if now.rows != self.place.listed.rows {
            let (was, now) = (self.place.listed.rows, now.rows);
            return Err(Cause::Refused(format!("the index changed meanwhile: it had {was} rows and has {now}")));
        }
        Ok(())
    }

    /// What the server does not say, found out by a few rows: the metric, and whether row numbers are what it takes for ids.
    fn ask_further(&mut self) -> Result<(), Cause> {
        let (base, d, rows) = (self.place.base.index.clone(), self.facts.d, self.place.base.rows);
        let told = self.client.metric(&base)?;
        // "IP" is also said of a flat index with any other metric.
        let certain = told.filter(|_| self.place.base_status.class != "IndexFlat");
        if rows == 0 || !(self.reads_ranges() || self.facts.can.one && !self.is_forbidden(Call::One)) {
            self.metric = told.unwrap_or(1);
            return Ok(());
        }
        let numbered = self.place.inner.as_deref().is_some_and(|class| class_facts(class).own_ids == Some(false));
        if certain.is_some() && numbered {
            self.metric = certain.unwrap_or(1);
            return Ok(());
        }
        let sample: Vec<u64> = (0..rows.min(SAMPLE)).map(|n| n * rows / rows.min(SAMPLE)).collect();
        let mut queries = Vec::new();
        for row in &sample {
            match self.one_row(*row) {
                // What is behind the transforms reconstructs no row, so nothing can be had.
                Err(Trouble::Denied(_)) if self.place.inner.is_none() => return Ok(()),
                vector => queries.extend(vector?),
            }
        }
        let answers = match self.client.search(&base, &queries, d, rows.min(NEIGHBOURS)) {
            Err(Trouble::Denied(_)) if certain.is_some() => Vec::new(),
            answers => answers?,
        };
        let beyond = |label: &i64| *label < -1 || *label >= rows.cast_signed();
        let strange = answers.iter().flat_map(|answer| &answer.labels).find(|label| beyond(label));
        let exact = self.facts.stores == Stores::Floats;
        let away =
            sample.iter().zip(&answers).find(|(row, answer)| exact && !answer.labels.contains(&row.cast_signed()));
        if let Some(why) = match (numbered, strange, away) {
            (true, ..) | (false, None, None) => None,
            (false, Some(id), _) => Some(format!("takes ids for row numbers, and this index has others, such as {id}")),
            (false, None, Some((row, _))) => {
                Some(format!("gives a vector for row {row} under which a search does not find it"))
            }
        } {
            for forbids in [Call::Range, Call::One] {
                self.facts.faults.push(Fault { forbids, why: why.clone() });
            }
            (self.facts.ids.own, self.facts.ids.search) = (Some(true), None);
        } else if self.facts.ids.own.is_none() {
            self.facts.ids.own = Some(false);
        }
        self.metric = match certain {
            Some(metric) => metric,
            None => self.measured(&sample, &queries, &answers, told)?,
        };
        Ok(())
    }

    /// The metric by which these distances came about.
    fn measured(
        &mut self,
        sample: &[u64],
        queries: &[u8],
        answers: &[crate::remote::Answers],
        told: Option<i32>,
    ) -> Result<i32, Cause> {
        let d = self.facts.d;
        let (mut l2_off, mut ip_off) = (0.0, 0.0);
        for ((_, query), answer) in sample.iter().zip(queries.chunks_exact(d as usize * 4)).zip(answers) {
            let found = answer
                .labels
                .iter()
                .zip(&answer.distances)
                .find(|(label, _)| (0..self.place.base.rows.cast_signed()).contains(*label));
            let Some((label, distance)) = found else { continue };
            let there = self.one_row(label.cast_unsigned())?;
            let pairs = || floats(query).zip(floats(&there));
            let l2: f64 = pairs().map(|(a, b)| (a - b) * (a - b)).sum();
            let ip: f64 = pairs().map(|(a, b)| a * b).sum();
            l2_off += (distance - l2).abs();
            ip_off += (distance - ip).abs();
        }
        if (l2_off - ip_off).abs() <= 1e-3 * (l2_off + ip_off) {
            let metric = told.unwrap_or(1);
            self.warnings.push(format!(
                "the server does not say the metric, and its answers do not tell: {} is noted",
                if metric == 1 { "L2" } else { "inner product" }
            ));
            return Ok(metric);
        }
        Ok(if l2_off < ip_off { 1 } else { 0 })
    }

    fn reads_ranges(&self) -> bool {
        self.facts.can.range.is_some() && !self.is_forbidden(Call::Range)
    }

    /// The vector of one row, in a way that is allowed.
    fn one_row(&mut self, row: u64) -> Result<Vec<u8>, Trouble> {
        let (base, d) = (self.place.base.index.clone(), self.facts.d);
        match self.reads_ranges() {
            true => self.client.reconstruct_range(&base, row, 1, d),
            false => self.client.reconstruct_one(&base, row, d),
        }
    }

    fn is_forbidden(&self, call: Call) -> bool {
        self.facts.faults.iter().any(|fault| fault.forbids == call)
    }
}

fn floats(bytes: &[u8]) -> impl Iterator<Item = f64> + '_ {
    bytes.as_chunks::<4>().0.iter().map(|float| f32::from_le_bytes(*float).into())
}

fn find(client: &mut Client, index: &str) -> Result<Place, Trouble> {
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

/// What can be had of the index at this place.
fn facts(client: &Client, place: &Place) -> Facts {
    let (d, rows) = (place.listed.d, place.listed.rows);
    let is_map = place.status.class.starts_with("IndexIDMap");
    let class = &place.base_status.class;
    // Behind transforms could be an id map, of which a range ends the server and a row is only refused.
    let unseen = ClassFacts { stores: Stores::Unknown, range: false, one: true, own_ids: None };
    let ClassFacts { range, one, own_ids, .. } = place.inner.as_deref().map_or(unseen, class_facts);
    let stores = class_facts(class).stores;
    let mut faults = quirks::faults(client.version(), place.inner.as_deref().unwrap_or(class));
    let row_bytes = u64::from(d) * 9 + 5;
    let has_base = !is_map || place.base.index != place.listed.index;
    let same_rows = place.base.rows == rows;
    if !same_rows {
        let why = format!(
            "would give the vectors of another index: `{}` has {} rows and `{}` {rows}",
            place.base.index, place.base.rows, place.listed.index
        );
        for forbids in [Call::Range, Call::One] {
            faults.push(Fault { forbids, why: why.clone() });
        }
        let why = "would read past the end of its id map, or tell ids of other rows".into();
        faults.push(Fault { forbids: Call::Search, why });
    }
    if let Some(other) = place.sharing.first() {
        // FAISS takes the rows of the base for its own as soon as it is added to, and has no ids for those of the other.
        let why = format!("would read past the end of its id map: `{other}` adds rows to the same base");
        faults.push(Fault { forbids: Call::Search, why });
    }
    let query_bytes = recover::query_bytes(d, MOST_NEIGHBOURS.min(rows));
    let search = Search { page: QUERIES, passes: 2, queries: recover::expected(rows), query_bytes };
    Facts {
        mode: Mode::Remote,
        index: what(place),
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
        },
    }
}

/// The index in words: a factory string where the server tells enough for one.
fn what(place: &Place) -> String {
    let base = described(&place.base_status);
    match place.status.class.as_str() {
        "IndexIDMap" if place.listed.base.is_some() => format!("IDMap,{base}"),
        "IndexIDMap2" if place.listed.base.is_some() => format!("IDMap2,{base}"),
        _ => base,
    }
}

fn described(status: &Status) -> String {
    let param = |name: &str| status.params.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str());
    match (status.class.as_str(), param("nlist"), param("M"), param("nbits")) {
        ("IndexFlatL2" | "IndexFlatIP" | "IndexFlat", ..) => "Flat".into(),
        ("IndexIVFFlat", Some(nlist), ..) => format!("IVF{nlist},Flat"),
        ("IndexPQ", _, Some(m), Some(nbits)) => format!("PQ{m}x{nbits}"),
        (class, ..) => class.into(),
    }
}

impl Source for ServerSource {
    fn name(&self) -> String {
        self.address.to_string()
    }

    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn metric(&self) -> (i32, f32) {
        (self.metric, 0.0)
    }

    fn page(&mut self, strategy: Strategy, rows: Range<u64>, next: Option<Range<u64>>) -> Result<Vec<u8>, Lost> {
        let (base, d) = (self.place.base.index.clone(), self.facts.d);
        let count = rows.end - rows.start;
        let lost = |trouble: Trouble| match trouble {
            Trouble::Denied(words) => Lost::Rows(words),
            other => Lost::All(other.into()),
        };
        match strategy {
            Strategy::ReconstructRange => {
                if self.ahead.take() != Some(rows.clone()) {
                    self.client.hang_up_if_waiting();
                    self.client.send_for_rows(&base, rows.start, count);
                }
                let answer = self.client.rows(count, d).map_err(lost)?;
                // The server works on the next page while this one is read.
                if let Some(next) = next {
                    self.client.send_for_rows(&base, next.start, next.end - next.start);
                    self.ahead = Some(next);
                }
                match Client::vectors_in(&answer, count, d) {
                    Err(Trouble::Garbled(_)) => {
                        self.ahead = None;
                        self.client.hang_up();
                        self.client.reconstruct_range(&base, rows.start, count, d).map_err(lost)
                    }
                    floats => floats.map_err(lost),
                }
            }
            Strategy::ReconstructOne => {
                self.ahead = None;
                self.client.hang_up_if_waiting();
                let each = rows.map(|row| self.client.reconstruct_one(&base, row, d));
                Ok(each.collect::<Result<Vec<_>, _>>().map_err(lost)?.concat())
            }
            Strategy::CachedVectors => {
                let kept = self.cache.as_mut().map_or(Ok(None), |cache| cache.vectors(rows));
                let kept = kept.map_err(|cause| Lost::Rows(cause.to_string()))?;
                kept.ok_or_else(|| Lost::Rows("they were not kept".into()))
            }
            other => Err(Lost::Rows(format!("a server is not asked for {}", other.name()))),
        }
    }

    fn ids(&mut self, step: &IdStep, most: Option<u64>, arrived: &mut dyn Arrived) -> Result<(), Cause> {
        self.ahead = None;
        self.client.hang_up_if_waiting();
        match step.strategy {
            IdStrategy::BySearch => recover::by_search(self, step.page, most, arrived),
            IdStrategy::FromCache => {
                let rows = self.facts.rows;
                for first in (0..rows).step_by(1 << 16) {
                    let part = first..rows.min(first + (1 << 16));
                    let ids =
                        self.cache.as_ref().map_or(Ok(None), |cache| cache.ids(part.clone()))?.unwrap_or_default();
                    for (row, id) in part.zip(ids).filter(|(row, _)| arrived.wants(*row)).collect::<Vec<_>>() {
                        arrived.note(row, id)?;
                    }
                }
                Ok(())
            }
            other => Err(Cause::Refused(format!("a server is not asked for {}", other.name()))),
        }
    }
}
