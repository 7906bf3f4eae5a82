//! The form of an artifact: what encloses the tree.

mod disk;

use std::fmt::Write as _;
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::artifact::{Artifact, Compression, Form};
use crate::progress::human_bytes;
use crate::report;

/// Prints what encloses the tree.
pub(super) fn show(artifact: &Artifact, as_json: bool) -> anyhow::Result<ExitCode> {
    let size = match artifact.form() {
        Form::Directory => None,
        Form::Tar(_) | Form::Initrd(_) | Form::Disk(_) => {
            Some(fs_err::metadata(artifact.path())?.len())
        }
    };
    if as_json {
        let mut value = to_json(artifact.form());
        value["path"] = json!(artifact.path());
        value["size"] = json!(size);
        report::json(&value)?;
    } else {
        let mut text = format!("{}\n", artifact.path().display());
        if let Some(size) = size {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  {} ({size} bytes)", human_bytes(size));
        }
        text += &to_text(artifact.form());
        report::text(&text)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn to_text(form: &Form) -> String {
    match form {
        Form::Directory => "  directory\n".to_owned(),
        Form::Tar(Compression::None) => "  tar archive\n".to_owned(),
        Form::Tar(compression) => format!("  tar archive, compressed with {compression}\n"),
        Form::Initrd(archives) => {
            let mut text = "  initrd\n".to_owned();
            for (offset, compression) in archives {
                let _ = match compression {
                    Compression::None => writeln!(text, "  archive at {offset}, not compressed"),
                    _ => writeln!(text, "  archive at {offset}, compressed with {compression}"),
                };
            }
            text
        }
        Form::Disk(disk) => disk::to_text(disk),
    }
}

fn to_json(form: &Form) -> Value {
    match form {
        Form::Directory => json!({"form": "directory"}),
        Form::Tar(compression) => json!({"form": "tar", "compression": compression.to_string()}),
        Form::Initrd(archives) => {
            let archive = |(offset, compression): &(u64, Compression)| json!({"offset": offset, "compression": compression.to_string()});
            let archives: Vec<Value> = archives.iter().map(archive).collect();
            json!({"form": "initrd", "archives": archives})
        }
        Form::Disk(disk) => disk::to_json(disk),
    }
}
