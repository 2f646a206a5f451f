//! An index file or a snapshot.

use super::{Arrived, Lost, Origin, Source};
use crate::{
    Cause, Error,
    drive::drive_on,
    inspect::Index,
    opened::Opened,
    parallel::Progress,
    save::{Additions, Input, Saved, save},
    store::Store,
    vectors::each_batch,
};
use faissil_core::{
    describe,
    ids::{IdPlace, place},
    outline::{Outline, Value},
    plan::{Can, Cost, Facts, IdFacts, IdStep, Mode, Stores, Strategy},
    snapshot::Layout,
    vectors::{Codes, LabelStream, Stored, VectorStream, find_floats},
};
use std::{
    ops::Range,
    path::{Path, PathBuf},
};

/// A file, with what of it can be had.
#[derive(Debug)]
pub struct FileSource<'a> {
    path: PathBuf,
    opened: &'a Opened,
    index: Index<'a>,
    facts: Facts,
}

impl<'a> FileSource<'a> {
    /// Look at an open file called `path`.
    ///
    /// # Errors
    /// When it is no index, or its outline cannot be made.
    pub fn new(opened: &'a Opened, path: &Path) -> Result<FileSource<'a>, Error> {
        let index = Index::of(opened).map_err(|cause| cause.reading(path))?;
        let facts = facts(&index);
        Ok(FileSource { path: path.into(), opened, index, facts })
    }

    /// Dimensions of a vector.
    pub fn d(&self) -> u32 {
        self.facts.d
    }

    /// The class of the outermost index.
    pub fn class(&self) -> &'static str {
        self.index.outline.root.class
    }

    /// The ids of some rows.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn ids_of(&self, rows: &[u64]) -> Result<Vec<i64>, Cause> {
        let stored = self.stored()?;
        let joined = self.index.joined();
        let id = |row: &u64| {
            let batch = drive_on(&mut LabelStream::new(&stored, self.index.files(), *row..row + 1), &joined)?;
            let id = batch.and_then(|batch| batch.ids.first().map(|id| id.0));
            Ok(id.unwrap_or_else(|| row.cast_signed()))
        };
        rows.iter().map(id).collect()
    }

    /// Whether every row has its number for an id.
    ///
    /// # Errors
    /// When ids cannot be read, or there are no vectors, stored or decoded.
    pub fn ids_are_row_numbers(&self) -> Result<bool, Cause> {
        let stored = self.stored()?;
        let mut stream = LabelStream::new(&stored, self.index.files(), 0..stored.rows);
        let joined = self.index.joined();
        let mut row = 0;
        while let Some(batch) = drive_on(&mut stream, &joined)? {
            for id in &batch.ids {
                if id.0 != row {
                    return Ok(false);
                }
                row += 1;
            }
        }
        Ok(true)
    }

    fn stored(&self) -> Result<Stored<'_>, Cause> {
        find_floats(&self.index.outline).map_err(|not| Cause::Refused(not.reason))
    }

    /// Go through all vectors and their ids in the order in which they are stored; ids are row numbers where none are stored.
    ///
    /// # Errors
    /// When they cannot be read, or as `take`.
    pub fn each(&self, mut take: impl FnMut(&[i64], &[u8]) -> Result<(), Cause>) -> Result<(), Cause> {
        if let Some(missing) = &self.index.side_missing {
            return Err(Cause::Refused(missing.clone()));
        }
        let stored = self.stored()?;
        let joined = self.index.joined();
        let mut row = 0;
        each_batch(
            &stored,
            (&joined, self.index.files()),
            0..stored.rows,
            true,
            |cause| cause,
            |batch| {
                let rows = batch.floats.len() as u64 / stored.row_bytes.max(1);
                let ids: Vec<i64> = match batch.ids.len() as u64 == rows {
                    true => batch.ids.iter().map(|id| id.0).collect(),
                    false => (row..row + rows).map(u64::cast_signed).collect(),
                };
                row += rows;
                take(&ids, &batch.floats)
            },
        )
    }
}

/// What can be had of an index whose bytes can be read.
fn facts(index: &Index<'_>) -> Facts {
    let outline = &index.outline;
    let root = &outline.root;
    let stored = find_floats(outline);
    let d = u32::try_from(root.u64("d").unwrap_or(0)).unwrap_or(u32::MAX);
    let undecoded = match &stored {
        Err(not) => Some(format!("it {}", not.reason)),
        Ok(stored) if matches!(stored.codes, Codes::Lists(..)) && !stored.maps.is_empty() => Some(
            "lists under an id map come in another order than the rows of the map; `faissil vectors` decodes them"
                .into(),
        ),
        Ok(_) => index.side_missing.clone(),
    };
    let own = match place(outline) {
        IdPlace::None => Some(false),
        IdPlace::Unfollowed(_) => None,
        IdPlace::Map { .. } | IdPlace::Lists { .. } => Some(true),
    };
    let row_bytes = u64::from(d) * 4;
    Facts {
        mode: Mode::Local,
        from: "a file".into(),
        index: describe::description(root).text,
        rows: root.u64("ntotal").unwrap_or(0),
        d,
        stores: if stored.as_ref().is_ok_and(Stored::is_exact) { Stores::Floats } else { Stores::Codes },
        can: Can {
            native: Some(index.stream.len()).filter(|_| outline.fault.is_none()),
            decode: undecoded.is_none(),
            undecoded,
            ..Can::default()
        },
        ids: IdFacts { own, map: own == Some(true) && stored.is_ok(), ..IdFacts::default() },
        faults: Vec::new(),
        cost: Cost {
            request_ms: 0,
            bytes_per_ms: 500_000,
            row_bytes,
            row_memory: row_bytes,
            base_memory: 8 << 20,
            overhead: 0,
        },
    }
}

impl Source for FileSource<'_> {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn metric(&self) -> (i32, f32) {
        metric_of(&self.index.outline)
    }

    fn origin(&self) -> Origin {
        Origin { text: "taken from a file".into(), params: params_of(&self.index.outline) }
    }

    fn save_bytes(
        &mut self,
        output: &Path,
        layout: Layout,
        additions: &Additions,
        progress: Progress<'_>,
    ) -> Result<Saved, Error> {
        save(&Input::Path(self.path.clone()), output, layout, additions, progress)
    }

    fn page(&mut self, strategy: Strategy, rows: Range<u64>, _: Option<Range<u64>>) -> Result<Vec<u8>, Lost> {
        if strategy != Strategy::DecodeCodes {
            return Err(Lost::Rows(format!("a file is not asked for {}", strategy.name())));
        }
        let stored = self.stored().map_err(|cause| Lost::Rows(cause.to_string()))?;
        let mut stream = VectorStream::new(&stored, self.index.files(), [rows], false);
        let joined = self.index.joined();
        let mut floats = Vec::new();
        while let Some(batch) = drive_on(&mut stream, &joined).map_err(|cause| Lost::Rows(cause.to_string()))? {
            floats.extend_from_slice(&batch.floats);
        }
        Ok(floats)
    }

    fn ids(&mut self, _: &IdStep, _: Option<u64>, arrived: &mut dyn Arrived) -> Result<(), Cause> {
        let stored = self.stored()?;
        let mut stream = LabelStream::new(&stored, self.index.files(), 0..stored.rows);
        let joined = self.index.joined();
        let mut row = 0;
        while let Some(batch) = drive_on(&mut stream, &joined)? {
            for id in &batch.ids {
                if arrived.lacks_id(row) {
                    arrived.note(row, id.0)?;
                }
                row += 1;
            }
        }
        Ok(())
    }

    fn check_unchanged(&mut self) -> Result<(), Cause> {
        self.opened.file.check_unchanged()
    }
}

/// FAISS's number of the metric of an index, and its argument.
pub(crate) fn metric_of(outline: &Outline) -> (i32, f32) {
    let metric = match outline.root.value("metric_type") {
        Some(&Value::I32(metric)) => metric,
        _ => 1,
    };
    let arg = match outline.root.value("metric_arg") {
        Some(&Value::F32(arg)) => arg,
        _ => 0.0,
    };
    (metric, arg)
}

/// What a recipe says of an index whose outline is known.
pub(crate) fn params_of(outline: &Outline) -> Vec<(&'static str, String)> {
    let factory = describe::description(&outline.root).factory.map(|factory| ("factory", factory));
    [("class", outline.root.class.to_string())].into_iter().chain(factory).collect()
}
