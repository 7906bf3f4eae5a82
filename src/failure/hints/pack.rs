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
    let is_format = as_a::<FilesystemError>(layer).is_some();
    if is_format && !is_caused_by_machine(layer) {
        return Some((Kind::Recipe, Vec::new()));
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
        Error::Pack(tree::Error::NotInCpio { .. }) => {
            vec!["--drop-xattrs leaves them out; a disk image holds them".to_owned()]
        }
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
