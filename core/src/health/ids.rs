//! Ids that more than one row has.

use super::about::{self, judged};
use super::detail::{Detail, IdsDetail};
use super::section::Found;
use crate::bytes::{Reading, Step};
use crate::error::Error;
use crate::files::Files;
use crate::ids::{IdPlace, IdStream, IdSummary, Summariser};
use crate::report::{Json, grouped};
use alloc::{format, vec::Vec};

/// Reads ids and counts those that repeat.
pub(super) struct IdReading<'a> {
    stream: IdStream<'a>,
    summariser: Option<Summariser>,
}

impl<'a> IdReading<'a> {
    pub(super) fn new(place: &IdPlace<'a>, files: Files) -> IdReading<'a> {
        IdReading { stream: IdStream::all(place, files), summariser: Some(Summariser::new(false)) }
    }
}

impl Reading for IdReading<'_> {
    type Output = Found;

    fn step(&mut self) -> Result<Step<Found>, Error> {
        loop {
            match self.stream.step()? {
                Step::Need(span) => return Ok(Step::Need(span)),
                Step::Done(Some(batch)) => self.summariser.iter_mut().for_each(|ids| ids.push_all(&batch.ids)),
                Step::Done(None) => {
                    let ids = self.summariser.take().unwrap_or_else(|| Summariser::new(false));
                    return Ok(Step::Done(found(&ids.finish(None))));
                }
            }
        }
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        self.stream.bring(at, bytes);
    }
}

fn found(ids: &IdSummary) -> Found {
    let measure = match ids.duplicates {
        Some(count) => {
            let says =
                format!("{} of {} rows have an id that an earlier row has too", grouped(count), grouped(ids.count));
            about::DUPLICATE_IDS.is(Json::Uint(count), judged(count > 0), says)
        }
        None => about::DUPLICATE_IDS.unknown(
            "they are too many, and too far apart, to be counted in memory; `faissil inspect` counts them".into(),
        ),
    };
    let (min, max) = (ids.min.map(|id| id.0), ids.max.map(|id| id.0));
    let detail = IdsDetail { count: ids.count, duplicates: ids.duplicates, min, max };
    Found { measures: Vec::from([measure]), detail: Detail::Ids(detail) }
}
