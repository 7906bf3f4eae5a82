//! What the database says of each package and its files, line by line.

use crate::family::apk::order::display_key;
use crate::family::apk::package::{ApkPackage, Sum};
use crate::family::apk::unpack::{Access, Ledger};
use crate::plan::{Plan, PlannedPackage};

/// The paragraphs of all packages, sorted as apk sorts them.
pub(super) fn text(
    plan: &Plan,
    order: &[usize],
    packages: &[ApkPackage],
    ledger: &Ledger,
) -> Vec<u8> {
    let mut sorted = order.to_vec();
    sorted.sort_by_key(|at| display_key(&packages[*at].info.name));
    let mut text = Vec::new();
    for at in sorted {
        let package = &packages[at];
        let planned = plan.packages.iter().find(|planned| planned.name == package.info.name);
        description(&mut text, package, planned);
        files(&mut text, ledger, at);
        text.push(b'\n');
    }
    text
}

/// The lines about a package itself.
fn description(text: &mut Vec<u8>, package: &ApkPackage, planned: Option<&PlannedPackage>) {
    let info = &package.info;
    // A package for all architectures is listed as one for the guest's.
    let arch = planned.map_or(&info.arch, |planned| &planned.arch);
    let size = planned.map_or(0, |planned| planned.size);
    let some = |number: u64| if number == 0 { String::new() } else { number.to_string() };
    // What may be missing stands after what may not.
    let lines: [(char, String, bool); 19] = [
        ('C', package.checksum.clone(), true),
        ('P', info.name.clone(), true),
        ('V', info.version.clone(), true),
        ('A', arch.clone(), false),
        ('S', size.to_string(), true),
        ('I', info.installed_size.to_string(), true),
        ('T', info.description.clone(), true),
        ('U', info.url.clone(), true),
        ('L', info.license.clone(), true),
        ('o', info.origin.clone(), false),
        ('m', info.maintainer.clone(), false),
        ('t', some(info.build_time), false),
        ('c', info.commit.clone(), false),
        ('k', some(info.provider_priority), false),
        ('D', info.depends.join(" "), false),
        ('p', info.provides.join(" "), false),
        ('i', info.install_if.join(" "), false),
        // apk reads these two from the package, which it does not open if there is nothing in it.
        (
            'r',
            if info.installed_size == 0 { String::new() } else { info.replaces.join(" ") },
            false,
        ),
        (
            'q',
            if info.installed_size == 0 { String::new() } else { some(info.replaces_priority) },
            false,
        ),
    ];
    for (field, value, is_always) in lines {
        if is_always || !value.is_empty() {
            line(text, field, value.as_bytes());
        }
    }
}

/// The lines about a package's directories and files.
fn files(text: &mut Vec<u8>, ledger: &Ledger, package: usize) {
    for directory in ledger.directories(package) {
        line(text, 'F', directory.path.as_bytes());
        if directory.access != Access::DIRECTORY {
            line(text, 'M', access_text(&directory.access).as_bytes());
        }
        for file in directory.files.iter().filter(|file| ledger.is_kept(file)) {
            line(text, 'R', &file.name);
            if file.access != Access::FILE {
                line(text, 'a', access_text(&file.access).as_bytes());
            }
            if let Some(sum) = &file.sum {
                line(text, 'Z', spelled(sum).as_bytes());
            }
        }
    }
}

fn line(text: &mut Vec<u8>, field: char, value: &[u8]) {
    text.extend([field as u8, b':']);
    text.extend_from_slice(value);
    text.push(b'\n');
}

fn access_text(access: &Access) -> String {
    let Access { uid, gid, mode, xattrs } = access;
    let digest = xattrs.as_ref().map(|sum| format!(":{}", spelled(sum))).unwrap_or_default();
    format!("{uid}:{gid}:{mode:o}{digest}")
}

/// A digest as apk spells it: `Q1` for SHA-1, and base64.
fn spelled(sum: &Sum) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = "Q1".to_owned();
    for three in sum.chunks(3) {
        let mut bytes = [0; 4];
        bytes[1..=three.len()].copy_from_slice(three);
        let number = u32::from_be_bytes(bytes);
        for digit in 0..4 {
            let at = (number >> (18 - 6 * digit)) as usize & 63;
            text.push(if digit <= three.len() { char::from(DIGITS[at]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_spelled_as_the_index_spells_it() {
        let sum: Sum = std::array::from_fn(|at| (at as u8).wrapping_mul(37));
        assert_eq!(spelled(&sum), "Q1ACVKb5S53gMoTXKXvOEGK1B1mr8=");
        assert_eq!(spelled(&[255; 20]), "Q1//////////////////////////8=");
    }
}
