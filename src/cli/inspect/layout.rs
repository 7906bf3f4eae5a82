//! The form of an artifact: what encloses the tree.

mod disk;

use std::fmt::Write as _;
use std::process::ExitCode;

use initrd_builder::Member;
use serde_json::{Value, json};

use crate::artifact::{Artifact, Compression, Form};
use crate::progress::human_bytes;
use crate::report;

/// Prints what encloses the tree.
pub(super) fn show(artifact: &Artifact, as_json: bool) -> anyhow::Result<ExitCode> {
    let size = match artifact.form() {
        Form::Directory => None,
        Form::Tar(_) | Form::Initrd | Form::Disk(_) => {
            Some(fs_err::metadata(artifact.path())?.len())
        }
    };
    if as_json {
        let mut value = to_json(artifact.form(), &artifact.members()?);
        value["path"] = json!(artifact.path());
        value["size"] = json!(size);
        report::json(&value)?;
    } else {
        let mut text = format!("{}\n", artifact.path().display());
        if let Some(size) = size {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  {} ({size} bytes)", human_bytes(size));
        }
        text += &to_text(artifact.form(), &artifact.members()?);
        report::text(&text)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn to_text(form: &Form, members: &[Member]) -> String {
    match form {
        Form::Directory => "  directory\n".to_owned(),
        Form::Tar(Compression::None) => "  tar archive\n".to_owned(),
        Form::Tar(compression) => format!("  tar archive, compressed with {compression}\n"),
        Form::Initrd => members.iter().fold("  initrd\n".to_owned(), |mut text, member| {
            let Member { offset, compression, stored_bytes, plain_bytes } = member;
            let (stored, plain) = (human_bytes(*stored_bytes), human_bytes(*plain_bytes));
            let _ = match compression {
                initrd_builder::Compression::None => {
                    writeln!(text, "  archive at {offset}: {stored}, not compressed")
                }
                _ => writeln!(
                    text,
                    "  archive at {offset}: {stored}, of {plain} compressed with {compression}"
                ),
            };
            text
        }),
        Form::Disk(disk) => disk::to_text(disk),
    }
}

fn to_json(form: &Form, members: &[Member]) -> Value {
    let member = |member: &Member| {
        json!({
            "offset": member.offset,
            "compression": member.compression.name(),
            "size": member.stored_bytes,
            "plain_size": member.plain_bytes,
        })
    };
    match form {
        Form::Directory => json!({"form": "directory"}),
        Form::Tar(compression) => json!({"form": "tar", "compression": compression.to_string()}),
        Form::Initrd => {
            json!({"form": "initrd", "archives": members.iter().map(member).collect::<Vec<_>>()})
        }
        Form::Disk(disk) => disk::to_json(disk),
    }
}
