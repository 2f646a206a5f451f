//! `faissil ids`: the ids of an index, and where an id is.

use crate::{
    Outcome, args,
    input::open,
    say,
    talk::{self, Stdout, print, print_json},
};
use faissil::{
    Cause, Error,
    append::for_each_size,
    core::{
        ids::{ExternalId, Found, IdPlace, IdStream, Road},
        lists::Lists,
        look_up::{LookUp, found_ids, id_place, rows},
    },
    drive::drive_on,
    inspect::Index,
};
use std::{io::Write, ops::Range, path::PathBuf};

/// Print the ids of an index in row order, or say where an id is.
///
/// Rows of an IVF index follow its lists: list 0 first, then list 1, and so on. Where no ids are stored, FAISS answers
/// row numbers, and so does this.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The index file or snapshot
    file: PathBuf,
    /// Say where this id is
    #[arg(long, value_name = "N", allow_hyphen_values = true, conflicts_with = "rows")]
    id: Vec<i64>,
    /// Only these rows
    #[arg(long, value_name = "A..B", value_parser = args::range)]
    rows: Option<Range<u64>>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

/// Row numbers that are printed as ids; a few bytes can claim any number of rows.
const MOST_NUMBERS: u64 = 1 << 32;

impl Args {
    pub(crate) fn run(self) -> Result<Outcome, Error> {
        let opened = open(&self.file)?;
        let reading = |cause: Cause| cause.reading(&self.file);
        let index = Index::of(&opened).map_err(reading)?;
        let place = id_place(&index).map_err(|cause| reading(cause.into()))?;
        if self.id.is_empty() {
            self.list(&index, &place, rows(&index, &place)).map_err(reading)?;
        } else {
            self.look_up(&index).map_err(reading)?;
        }
        match &index.outline.fault {
            None => Ok(Outcome::Good),
            Some(fault) => Err(reading(fault.clone().into())),
        }
    }

    fn list(&self, index: &Index<'_>, place: &IdPlace<'_>, all: u64) -> Result<(), Cause> {
        let rows = args::rows_there(self.rows.as_ref(), all)?;
        let stored = !matches!(place, IdPlace::None);
        if !stored && rows.end - rows.start > MOST_NUMBERS {
            let said = "no ids are stored: they are the row numbers, and the index claims too many of them to print";
            return Err(Cause::Refused(format!("{said}: {all}")));
        }
        let mut out = Stdout::new();
        if self.json {
            let file = serde_json::Value::from(self.file.display().to_string());
            let count = rows.end - rows.start;
            write!(
                out,
                r#"{{"file":{file},"stored":{stored},"rows":[{},{}],"count":{count},"ids":["#,
                rows.start, rows.end
            )?;
        } else if !stored {
            talk::note("no ids are stored: FAISS answers row numbers");
        }
        talk::aliases(place.aliases());
        let mut stream = IdStream::new(place, index.files(), rows);
        let joined = index.joined();
        let mut first = true;
        while !out.is_closed()
            && let Some(batch) = drive_on(&mut stream, &joined)?
        {
            for id in batch.ids {
                match (self.json, std::mem::take(&mut first)) {
                    (true, true) => write!(out, "{id}")?,
                    (true, false) => write!(out, ",{id}")?,
                    (false, _) => writeln!(out, "{id}")?,
                }
            }
        }
        if self.json {
            write!(out, "]")?;
            if let IdPlace::Lists { lists, .. } = place {
                write_sizes(&mut out, lists, index)?;
            }
            writeln!(out, r#","aliases":{}}}"#, place.aliases())?;
        }
        Ok(out.flush()?)
    }

    fn look_up(&self, index: &Index<'_>) -> Result<(), Cause> {
        let wanted = &self.id;
        let found = index.ask(&|_, _| {}, |access| async move {
            let look_up = LookUp::new(&access, index).await?;
            let mut found = Vec::new();
            for &id in wanted {
                let id = ExternalId(id);
                let plan = look_up.plan(id);
                if plan.road == Road::Scan {
                    talk::note(&plan.why);
                }
                found.push((id, look_up.find(id, plan.road).await?));
            }
            Ok(found)
        })?;
        self.print_found(&found).map_err(|error| error.cause)
    }

    fn print_found(&self, found: &[(ExternalId, Found)]) -> Result<(), Error> {
        if self.json {
            return print_json(&found_ids(&self.file.display().to_string(), found));
        }
        let mut lines = Vec::new();
        for (id, found) in found {
            if found.count == 0 {
                lines.push(format!("{id}  is not there"));
            }
            for place in &found.places {
                let list = place.at.map_or_else(String::new, |at| format!("  list {}, offset {}", at.list, at.offset));
                lines.push(format!("{id}  row {}{list}", place.row));
            }
            let more = found.count - found.places.len() as u64;
            if more > 0 {
                lines.push(format!("{id}  and {} rows more", say::count(more)));
            }
        }
        print(&lines.join("\n"))
    }
}

/// Write the sizes of the lists as a field of the object.
fn write_sizes(out: &mut Stdout, lists: &Lists, index: &Index<'_>) -> Result<(), Cause> {
    write!(out, r#","lists":["#)?;
    let mut first = true;
    for_each_size(lists, &index.stream, |size| {
        let comma = if std::mem::take(&mut first) { "" } else { "," };
        Ok(write!(out, "{comma}{size}")?)
    })?;
    Ok(write!(out, "]")?)
}
