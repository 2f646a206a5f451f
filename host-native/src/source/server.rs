//! An index behind a FAISSx server.
//!
//! What it is gets asked for once, before the plan: its place in the server's list, its class, its metric, and for an id map
//! the base index, which the server keeps under a name of its own and through which the vectors come. What the server's version does wrongly goes
//! into the facts as faults ([`quirks`]), and so does what this index would do: an IVF whose ids are not its row numbers takes
//! one for the other, an id map over a base with other rows reads past its end.

mod data_dir;
mod metric;
mod place;
mod recover;

pub use place::Place;

use super::{Arrived, Lost, Origin, Source};
use crate::{
    Cause, Error,
    cache::VectorCache,
    parallel::Progress,
    remote::{Address, Client, Login, Trouble, Waiting, quirks},
    save::{Additions, Input, Saved, save},
};
use faissil_core::{
    plan::{Call, Facts, Fault, IdStep, IdStrategy, Stores, Strategy, class_facts},
    snapshot::Layout,
};
use std::{
    ops::Range,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

/// Neighbours among which some rows have to be, by which it is found out whether row numbers are ids.
const NEIGHBOURS: u64 = 1000;
/// Rows by which it is found out what the server does not say.
const SAMPLE: u64 = 16;

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
    /// The file with its bytes, where the server's folder can be read.
    file: Option<PathBuf>,
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
        let place = Place::find(&mut client, &address.index)?;
        if place.inner.as_deref().unwrap_or(&place.base_status.class).contains("FastScan") {
            let said = "the server does not say the size of fast scan's blocks, and FAISS reconstructs wrong vectors from others than 32; `--data-dir` has the codes";
            warnings.push(said.into());
        }
        let mut source = ServerSource {
            address: address.clone(),
            facts: place.facts(&client),
            client,
            place,
            metric: metric::L2,
            warnings,
            ahead: None,
            cache: None,
            file: None,
        };
        source.ask_further()?;
        source.count_overhead();
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

    /// Take the bytes from the server's data folder, where it can be read here, once they are held against what the server answers.
    ///
    /// # Errors
    /// When it does not hold the index that the server answers for.
    pub fn read_folder(&mut self, dir: &Path) -> Result<(), Error> {
        let file = data_dir::file_of(dir, &self.place.listed.index);
        self.facts.can.native = Some(data_dir::check(self, &file)?);
        self.file = Some(file);
        self.count_overhead();
        Ok(())
    }

    /// What was asked so far, and at the end whether the index is still the same.
    fn count_overhead(&mut self) {
        self.facts.cost.overhead = self.client.tally().requests + 1;
    }

    /// What the server does not say, found out by a few rows: the metric, and whether row numbers are what it takes for ids.
    fn ask_further(&mut self) -> Result<(), Cause> {
        let (base, d, rows) = (self.place.base.index.clone(), self.facts.d, self.place.base.rows);
        let told = self.client.metric(&base)?;
        // "IP" is also said of any other metric.
        let others = ["IndexFlat", "IndexIVFFlat"].contains(&self.place.base_status.class.as_str());
        let certain = told.filter(|metric| *metric == metric::L2 || !others);
        if rows == 0 || !(self.reads_ranges() || self.facts.can.one && !self.is_forbidden(Call::One)) {
            self.metric = told.unwrap_or(metric::L2);
            return Ok(());
        }
        let numbered = self.place.inner.as_deref().is_some_and(|class| class_facts(class).own_ids == Some(false));
        if certain.is_some() && numbered {
            self.metric = certain.unwrap_or(metric::L2);
            return Ok(());
        }
        let sample: Vec<u64> = (0..rows.min(SAMPLE)).map(|n| n * rows / rows.min(SAMPLE)).collect();
        let mut queries = Vec::new();
        for row in &sample {
            match self.one_row(*row) {
                // What is behind the transforms reconstructs no row, so nothing can be had.
                Err(Trouble::Denied(words)) if self.place.inner.is_none() => {
                    self.forbid_rows(&format!("is answered with an error: {words}"));
                    return Ok(());
                }
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
            self.forbid_rows(&why);
            (self.facts.ids.own, self.facts.ids.search) = (Some(true), None);
        } else if self.facts.ids.own.is_none() {
            self.facts.ids.own = Some(false);
        }
        self.metric = match certain {
            Some(metric) => metric,
            None => metric::measured(self, &sample, &queries, &answers, told)?,
        };
        Ok(())
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

    fn forbid_rows(&mut self, why: &str) {
        let faults = [Call::Range, Call::One].map(|forbids| Fault { forbids, why: why.into() });
        self.facts.faults.extend(faults);
    }

    fn is_forbidden(&self, call: Call) -> bool {
        self.facts.faults.iter().any(|fault| fault.forbids == call)
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

    fn origin(&self) -> Origin {
        let (place, version) = (&self.place, self.client.version_text());
        let mut params = vec![("class", place.status.class.clone())];
        if place.base.index != place.listed.index {
            params.push(("base_class", place.base_status.class.clone()));
        }
        params.extend(place.base_status.params.iter().cloned());
        if let Some((factory, assumed)) = place.factory() {
            params.push(("factory", factory));
            params.extend(assumed.map(|assumed| ("assumed", assumed.to_string())));
        }
        let text = format!("pulled from a FAISSx server, version {version}, index {}", place.listed.index);
        Origin { text, params }
    }

    fn warnings(&self) -> &[String] {
        &self.warnings
    }

    fn stop(&self) -> Arc<AtomicBool> {
        self.client.stop()
    }

    fn save_bytes(
        &mut self,
        output: &Path,
        layout: Layout,
        additions: &Additions,
        progress: Progress<'_>,
    ) -> Result<Saved, Error> {
        let missing = || Cause::Refused("a server does not give its bytes".into()).of("cannot save them");
        let file = self.file.clone().ok_or_else(missing)?;
        save(&Input::Path(file), output, layout, additions, progress)
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
                    for (row, id) in part.zip(ids).filter(|(row, _)| arrived.lacks_id(*row)).collect::<Vec<_>>() {
                        arrived.note(row, id)?;
                    }
                }
                Ok(())
            }
            other => Err(Cause::Refused(format!("a server is not asked for {}", other.name()))),
        }
    }

    fn check_unchanged(&mut self) -> Result<(), Cause> {
        let now = self.client.find(&self.place.listed.index)?;
        if now.rows != self.place.listed.rows {
            let (was, now) = (self.place.listed.rows, now.rows);
            return Err(Cause::Refused(format!("the index changed meanwhile: it had {was} rows and has {now}")));
        }
        Ok(())
    }
}
