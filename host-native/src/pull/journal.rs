//! What has arrived, written down: a line of JSON, then two bits a row.

use super::spool::{Bits, Way};
use crate::{Cause, replace::Replacement};
use faissil_core::plan::Strategy;
use serde::{Deserialize, Serialize};
use std::{fs, io::Write, path::Path};

/// What a journal holds.
pub(super) struct Journal {
    /// Of which index, at which server, in which shape.
    pub(super) identity: String,
    pub(super) ways: Vec<Way>,
    pub(super) vectors: Bits,
    pub(super) ids: Bits,
}

#[derive(Serialize, Deserialize)]
struct Head {
    identity: String,
    /// First row, rows, name of the strategy.
    ways: Vec<(u64, u64, String)>,
}

/// The first line, so that another program's file is not taken for one.
const MAGIC: &[u8] = b"faissil pull journal 1\n";

impl Journal {
    /// Write it; a crash leaves the one before.
    pub(super) fn write(&self, path: &Path) -> Result<(), Cause> {
        let ways =
            self.ways.iter().map(|way| (way.rows.start, way.rows.end - way.rows.start, way.strategy.name().into()));
        let head = Head { identity: self.identity.clone(), ways: ways.collect() };
        let mut bytes = MAGIC.to_vec();
        serde_json::to_writer(&mut bytes, &head).map_err(std::io::Error::from)?;
        bytes.push(b'\n');
        bytes.extend(self.vectors.bytes().chain(self.ids.bytes()));
        let replacement = Replacement::of(path).map_err(|error| error.cause)?;
        replacement.file().write_all(&bytes)?;
        replacement.commit()
    }

    /// Read one of an index with so many rows, if there is one.
    ///
    /// # Errors
    /// In words, when it is damaged.
    pub(super) fn read(path: &Path, rows: u64) -> Result<Option<Journal>, String> {
        let bytes = match fs::read(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            bytes => bytes.map_err(|error| format!("its journal cannot be read ({error})"))?,
        };
        let damaged = || "its journal is damaged".to_string();
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(damaged)?;
        let end = rest.iter().position(|byte| *byte == b'\n').ok_or_else(damaged)?;
        let head: Head = serde_json::from_slice(&rest[..end]).map_err(|_| damaged())?;
        let bits = &rest[end + 1..];
        let len = rows.div_ceil(64) as usize * 8;
        if bits.len() != len * 2 {
            return Err("it is of another number of rows".into());
        }
        let way = |(first, count, name): (u64, u64, String)| {
            let strategy = Strategy::ALL.into_iter().find(|strategy| strategy.name() == name)?;
            let end = first.checked_add(count).filter(|end| count > 0 && *end <= rows)?;
            Some(Way { rows: first..end, strategy })
        };
        let ways = head.ways.into_iter().map(way).collect::<Option<_>>().ok_or_else(damaged)?;
        let (vectors, ids) = (Bits::of_bytes(&bits[..len]), Bits::of_bytes(&bits[len..]));
        Ok(Some(Journal { identity: head.identity, ways, vectors, ids }))
    }
}
