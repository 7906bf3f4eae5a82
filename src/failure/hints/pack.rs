//! Failures while a tree becomes an image or an initrd.

use std::error::Error;
use std::io;

use image_builder::check::CheckError;
use image_builder::filesystem::FilesystemError;
use image_builder::image::ImageError;
use image_builder::layout::LayoutError;

use super::{Diagnosis, Kind, as_a};

/// Knows the errors of what writes artifacts.
pub fn diagnose(layer: &(dyn Error + 'static)) -> Option<Diagnosis> {
    if let Some(error) = as_a::<CheckError>(layer) {
        return Some((Kind::Recipe, of_check(error)));
    }
    if let Some(error) = as_a::<LayoutError>(layer) {
        return Some((Kind::Recipe, of_layout(error)));
    }
    if let Some(ImageError::Machine(_)) = as_a::<ImageError>(layer) {
        return Some((Kind::Recipe, vec!["--table mbr needs none".to_owned()]));
    }
    let filesystem = match as_a::<ImageError>(layer) {
        // It says nothing itself, so it stands for its cause.
        Some(ImageError::Filesystem(error)) => Some(error),
        _ => as_a::<FilesystemError>(layer),
    };
    if let Some(error) = filesystem.filter(|_| !is_caused_by_machine(layer)) {
        return Some((Kind::Recipe, of_filesystem(error)));
    }
    if let Some(hints) = as_a::<tree::Error>(layer).and_then(of_archive) {
        return Some((Kind::Recipe, hints));
    }
    if let Some(error) =
        as_a::<kernel_modules::Error>(layer).filter(|_| !is_caused_by_machine(layer))
    {
        return Some((Kind::Recipe, of_modules(error)));
    }
    let initrd = as_a::<initrd_builder::Error>(layer).filter(|_| !is_caused_by_machine(layer))?;
    Some((Kind::Recipe, of_initrd(initrd)))
}

/// Whether the disk or memory failed, and not what was asked for.
fn is_caused_by_machine(layer: &(dyn Error + 'static)) -> bool {
    layer.is::<io::Error>() || layer.source().is_some_and(is_caused_by_machine)
}

fn of_check(error: &CheckError) -> Vec<String> {
    let more = match error {
        CheckError::NoInit => {
            "add an init: --agent-init, or -p systemd-sysv, or the profile kata or minimal"
        }
        CheckError::NoSystemd => "add systemd: -p systemd",
        CheckError::SystemdIsInit => "leave the first process to systemd",
    };
    vec![more.to_owned(), "--no-check packs it all the same".to_owned()]
}

fn of_layout(error: &LayoutError) -> Vec<String> {
    match error {
        LayoutError::TooSmall { needed, .. } => {
            vec![format!("--size {needed} does, and without --size the smallest is taken")]
        }
        LayoutError::TooLarge(_) => vec!["--table gpt counts further than mbr".to_owned()],
        LayoutError::Size(_) | LayoutError::Alignment(_) => Vec::new(),
    }
}

fn of_filesystem(error: &FilesystemError) -> Vec<String> {
    let hint = match error {
        _ if !error.is_refusal() => return Vec::new(),
        FilesystemError::Ext4(_) => "leave it out of the tree",
        _ => "--fs ext4 holds most; else leave it out of the tree",
    };
    vec![hint.to_owned()]
}

/// What archives cannot hold; none if that is not what is wrong.
fn of_archive(error: &tree::Error) -> Option<Vec<String>> {
    let hint = match error {
        tree::Error::NotInTar { .. } => "a directory or a disk image holds it",
        tree::Error::NotInCpio { .. } => {
            "a disk image holds it; --drop-xattrs leaves out extended attributes"
        }
        _ => return None,
    };
    Some(vec![hint.to_owned()])
}

fn of_initrd(error: &initrd_builder::Error) -> Vec<String> {
    use initrd_builder::Error;
    match error {
        Error::NoInit { .. } => {
            vec![
                "add an init: --agent-init, or -p systemd-sysv, or the profile kata or minimal"
                    .to_owned(),
            ]
        }
        Error::BrokenInit { .. } => vec!["remove /init: one that works is made then".to_owned()],
        _ => Vec::new(),
    }
}

fn of_modules(error: &kernel_modules::Error) -> Vec<String> {
    match error {
        kernel_modules::Error::NoModules { .. } => {
            vec![
                "name a directory such as /lib/modules/6.12.1, or one with lib/modules in it"
                    .to_owned(),
            ]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tree::GuestPath;

    use super::super::diagnose;
    use super::*;

    #[test]
    fn what_a_filesystem_cannot_hold_is_the_recipes_fault_and_a_full_disk_is_not() {
        let path = GuestPath::new("a").unwrap();
        let refused = squashfs::Error::Refused { path, source: squashfs::Refusal::Time(-1) };
        let full = squashfs::Error::Output(io::ErrorKind::StorageFull.into());
        for (error, kind) in [(refused, Kind::Recipe), (full, Kind::Machine)] {
            let error = ImageError::Filesystem(FilesystemError::Squashfs(error));
            let (found, hints) = diagnose(&error.into());
            assert_eq!((found, hints.len()), (kind, 1));
        }
    }

    #[test]
    fn what_an_archive_cannot_hold_is_the_recipes_fault() {
        let path = GuestPath::new("a").unwrap();
        let error = tree::Error::NotInCpio { path, reason: "it is late" };
        let (kind, hints) = diagnose(&initrd_builder::Error::Pack(error).into());
        assert_eq!((kind, hints.len()), (Kind::Recipe, 1));
    }
}
