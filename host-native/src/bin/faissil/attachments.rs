//! `faissil attachments`: files that a snapshot carries.

use crate::{
    Outcome,
    input::open,
    say,
    talk::{self, print, print_json},
};
use faissil::{
    Cause, Error,
    beside::{self, Place},
    core::snapshot::Attachment,
    load::{Output, attachments, extract, snapshot_of},
};
use serde_json::json;
use std::path::{Path, PathBuf};

/// List the files attached to a snapshot, or take one out, verified.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The snapshot
    file: PathBuf,
    /// Take this one out, into the current directory
    #[arg(long, value_name = "NAME")]
    extract: Option<String>,
    /// Write it to this new file instead; `-` is standard output
    #[arg(short, long, value_name = "PATH", requires = "extract")]
    output: Option<PathBuf>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) fn run(self) -> Result<Outcome, Error> {
        let opened = open(&self.file)?;
        let reading = |cause: Cause| cause.reading(&self.file);
        let snapshot = snapshot_of(&opened).map_err(reading)?;
        let all = attachments(&opened.file, snapshot).map_err(reading)?;
        let Some(name) = &self.extract else {
            self.list(&all)?;
            return Ok(Outcome::Good);
        };
        let found = (0..).zip(&all).find(|(_, attachment)| attachment.name == *name);
        let (number, attachment) = found.ok_or_else(|| {
            let names: Vec<String> = all.iter().map(|attachment| shown(&attachment.name)).collect();
            let hint = if names.is_empty() { "it has none".into() } else { format!("it has: {}", names.join(", ")) };
            reading(Cause::Refused(format!("no attachment is named `{}`", name.escape_debug()))).hint(hint)
        })?;
        let output = self.place(attachment)?;
        let there = match &output {
            Some(output) => {
                extract(&opened.file, snapshot, number, attachment, output, &talk::progress("extracting"))?;
                false
            }
            None => true,
        };
        let target = self.output.clone().unwrap_or_else(|| PathBuf::from(&attachment.name));
        if target.as_os_str() != "-" {
            let target = target.display().to_string();
            if self.json {
                print_json(
                    &json!({ "file": self.file.display().to_string(), "extracted": described(attachment), "output": target, "was_there": there }),
                )?;
            } else if there {
                talk::note(&format!("`{target}` is there already, with the same bytes"));
            } else {
                print(&format!("extracted {target}: {}, every byte checked", say::bytes(attachment.length)))?;
            }
        }
        Ok(Outcome::Good)
    }

    /// Where the attachment goes; `None` when it is there already.
    fn place(&self, attachment: &Attachment) -> Result<Option<Output>, Error> {
        let digest = blake3::Hash::from_bytes(attachment.digest.0);
        let length = attachment.length;
        let (target, place) = match &self.output {
            Some(path) if path.as_os_str() == "-" => return Ok(Some(Output::Stdout)),
            Some(path) => (path.clone(), beside::place_at(path.clone(), length, &digest)),
            None => (
                PathBuf::from(shown(&attachment.name)),
                beside::place(Path::new("."), &attachment.name, length, &digest),
            ),
        };
        match place {
            Ok(Place::Free(path)) => Ok(Some(Output::Path(path))),
            Ok(Place::Same(_)) => Ok(None),
            Err(cause) => Err(cause.writing(&target).hint("-o PATH takes another name")),
        }
    }

    fn list(&self, all: &[Attachment]) -> Result<(), Error> {
        if self.json {
            let list: Vec<_> = all.iter().map(described).collect();
            return print_json(&json!({ "file": self.file.display().to_string(), "attachments": list }));
        }
        let mut lines = Vec::new();
        for attachment in all {
            let Attachment { name, media_type, length, digest, .. } = attachment;
            let kind = if media_type.is_empty() { "-" } else { media_type };
            let name = shown(name);
            lines.push(format!("{name}  {kind}  {}\n    {digest}", say::bytes(*length)));
        }
        if lines.is_empty() {
            talk::note("nothing is attached");
            return Ok(());
        }
        print(&lines.join("\n"))
    }
}

/// A name from a file as it can be shown: a terminal does nothing but print it.
fn shown(name: &str) -> String {
    name.escape_debug().to_string()
}

fn described(attachment: &Attachment) -> serde_json::Value {
    let Attachment { name, media_type, length, digest, .. } = attachment;
    json!({ "name": name, "media_type": media_type, "bytes": length, "blake3": digest.to_string() })
}
