//! `osb inspect`: what is inside, without mounting or unpacking.

mod against;
mod changes;
mod extract;
mod find;
mod layout;
mod list;
mod sizes;
mod subtree;
mod summary;

use std::path::PathBuf;
use std::process::ExitCode;

use tree::GuestPath;

use crate::artifact::Artifact;
use crate::report;
use against::Side;

/// Show what is inside a directory, an archive, an initrd or a disk image
///
/// Reads all that osb writes, and what others write in the same formats, without mounting and
/// without privilege: directories; tar archives; initrds; disk images with an MBR, a GPT or no
/// table, raw or qcow2, with ext4, erofs, squashfs or xfs. What a file is follows from its bytes,
/// not from its name.
///
/// The listing has one line for each entry: type, mode, owner, size, path, SHA-256, link target,
/// extended attributes. It is sorted and complete, so two of them can be compared with diff.
///
/// Two artifacts are compared by package and by file; the exit status is 0 if they are the same
/// and 1 if they differ.
#[derive(Debug, clap::Args)]
#[command(
    after_help = include_str!("examples/inspect.txt"),
    group(clap::ArgGroup::new("view").multiple(false))
)]
pub struct Args {
    /// A directory, a tar archive, an initrd or a disk image
    artifact: PathBuf,

    /// A file to print, or a directory to stay below, inside the artifact; or another artifact
    #[arg(value_name = "PATH|OTHER")]
    inside: Option<PathBuf>,

    /// Show the form: partitions, filesystems, DAX header, verity data, compression
    #[arg(long, group = "view", conflicts_with = "inside")]
    layout: bool,

    /// Show which directories and which packages take how much
    #[arg(long, group = "view")]
    sizes: bool,

    /// Show the summary that the build has left in the guest
    #[arg(long, group = "view", conflicts_with_all = ["inside", "json"])]
    summary: bool,

    /// Write what is inside to DIR, which must be new or empty
    #[arg(long, value_name = "DIR", group = "view", conflicts_with = "json")]
    extract: Option<PathBuf>,

    /// Compare with another artifact, below PATH if one is given
    #[arg(long, value_name = "OTHER", group = "view")]
    against: Option<PathBuf>,

    /// Read this partition of a disk image [default: the root filesystem's]
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["layout", "against"])]
    partition: Option<u32>,

    /// Print JSON, and never a file's content
    #[arg(long)]
    json: bool,
}

/// Looks, and prints what was asked for.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let artifact = Artifact::open(&args.artifact)?;
    if args.layout {
        return layout::show(&artifact, args.json);
    }
    let tree = artifact.tree(args.partition)?;
    if args.summary {
        return summary::show(&artifact, &tree);
    }
    let inside = args.inside.as_deref();
    let asks_nothing_else = !args.sizes && args.extract.is_none() && args.against.is_none();
    let top = match inside.map(|inside| find::within(&tree, &artifact, inside)) {
        None => GuestPath::root(),
        Some(Ok(path)) => path,
        // A word that names nothing inside may name another artifact.
        Some(Err(error)) => match inside.filter(|inside| asks_nothing_else && inside.exists()) {
            Some(other) => {
                let first = Side { artifact: &artifact, tree, inside: None };
                return against::show(first, other, args.json);
            }
            None => return Err(error),
        },
    };
    if let Some(other) = &args.against {
        return against::show(Side { artifact: &artifact, tree, inside }, other, args.json);
    }
    if let Some(directory) = &args.extract {
        extract::extract(&artifact, &tree, &top, directory)?;
    } else if args.sizes {
        sizes::show(&artifact, &tree, &top, args.json)?;
    } else if args.json {
        report::json(&list::entries_json(&artifact, &tree, &top)?)?;
    } else {
        list::show(&artifact, &tree, &top)?;
    }
    Ok(ExitCode::SUCCESS)
}
