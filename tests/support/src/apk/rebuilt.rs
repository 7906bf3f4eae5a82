//! The packages of a real system, made again of what it has: files, fields, scripts and triggers.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::{Package, RealSystem, checksum};
use crate::Entry;

/// The letters of the database, with the fields that they came from.
const FIELDS: [(char, &str); 15] = [
    ('T', "pkgdesc"),
    ('U', "url"),
    ('L', "license"),
    ('o', "origin"),
    ('m', "maintainer"),
    ('t', "builddate"),
    ('c', "commit"),
    ('I', "size"),
    ('k', "provider_priority"),
    ('q', "replaces_priority"),
    ('D', "depend"),
    ('p', "provides"),
    ('r', "replaces"),
    ('i', "install_if"),
    ('g', "triggers"),
];

/// Those whose values are several words.
const LISTS: &str = "Dprig";

impl RealSystem {
    /// All its packages but kernels, each as its builder might have made it.
    pub fn packages(&self) -> Vec<Package> {
        let database = self.root().join("lib/apk/db");
        let installed = fs::read_to_string(database.join("installed")).unwrap();
        let scripts = scripts(&fs::read(database.join("scripts.tar.gz")).unwrap());
        let triggers = fs::read_to_string(database.join("triggers")).unwrap();
        let known: BTreeMap<_, _> = triggers.lines().filter_map(|l| l.split_once(' ')).collect();
        let paragraphs = installed.split("\n\n").filter(|text| !text.trim().is_empty());
        let read = |text| read(self.root(), text, &scripts, &known);
        paragraphs.filter(|text| !text.contains("\nP:linux-")).map(read).collect()
    }
}

/// Bodies of scripts, by their names in the archive.
fn scripts(bytes: &[u8]) -> BTreeMap<String, String> {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes));
    let entries = archive.entries().unwrap().map(Result::unwrap);
    let read = |mut entry: tar::Entry<'_, _>| {
        let name = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
        let mut body = String::new();
        entry.read_to_string(&mut body).unwrap();
        (name, body)
    };
    entries.map(read).collect()
}

fn read(
    root: &Path,
    text: &str,
    scripts: &BTreeMap<String, String>,
    triggers: &BTreeMap<&str, &str>,
) -> Package {
    let field =
        |letter: char| text.lines().find_map(|line| line.strip_prefix(letter)?.strip_prefix(':'));
    let (name, version) = (field('P').unwrap(), field('V').unwrap());
    let mut package = Package::new(name, version).arch(field('A').unwrap());
    let identity = field('C').unwrap();
    for (letter, name) in FIELDS {
        let value = if letter == 'g' { triggers.get(identity).copied() } else { field(letter) };
        let value = value.unwrap_or_default();
        if LISTS.contains(letter) {
            package = value.split_whitespace().fold(package, |package, w| package.field(name, w));
        } else if !value.is_empty() {
            package = package.field(name, value);
        }
    }
    let prefix = format!("{name}-{version}.X1");
    for (file, body) in scripts.iter().filter(|(file, _)| file.starts_with(&prefix)) {
        package = package.script(file.rsplit('.').next().unwrap(), body);
    }
    files(root, text, package)
}

/// Follows the lines of directories and files; owners and modes are those of the package, not of the disk.
fn files(root: &Path, text: &str, mut package: Package) -> Package {
    let lines: Vec<_> = text.lines().filter_map(|line| line.split_once(':')).collect();
    let mut directory = "";
    for (number, (letter, value)) in lines.iter().enumerate() {
        let following = lines[number + 1..].iter().take_while(|(name, _)| "MaZ".contains(name));
        let after: BTreeMap<_, _> = following.copied().collect();
        match *letter {
            "F" => {
                directory = value;
                let (owner, mode) = rights(after.get("M").copied(), 0o755);
                if !value.is_empty() {
                    let entry = Entry::directory(&format!("{value}/"), mode);
                    package = package.raw_entry(entry.owner(owner.0, owner.1));
                }
            }
            "R" => {
                let slash = if directory.is_empty() { "" } else { "/" };
                let path = format!("{directory}{slash}{value}");
                let (owner, mode) = rights(after.get("a").copied(), 0o644);
                let wanted = after.get("Z").copied().unwrap_or_default();
                if let Some(entry) = entry(root, &path, mode, wanted) {
                    package = package.raw_entry(entry.owner(owner.0, owner.1));
                }
            }
            _ => {}
        }
    }
    package
}

/// `user:group:mode`, and a checksum after it that nobody needs.
fn rights(text: Option<&str>, usual: u32) -> ((u64, u64), u32) {
    let Some(text) = text else { return ((0, 0), usual) };
    let mut parts = text.split(':');
    let mut number = |radix| u64::from_str_radix(parts.next().unwrap(), radix).unwrap();
    let owner = (number(10), number(10));
    (owner, u32::try_from(number(8)).unwrap())
}

/// What the package had there; nothing if the system has lost it.
fn entry(root: &Path, path: &str, mode: u32, wanted: &str) -> Option<Entry> {
    let place = root.join(path);
    let metadata = fs::symlink_metadata(&place).ok()?;
    if metadata.is_symlink() {
        let target = fs::read_link(&place).unwrap();
        let target = target.as_os_str().as_bytes();
        let targets = [target, b"../proc/mounts"];
        let found = targets.into_iter().find(|target| checksum(target) == wanted);
        return Some(Entry::symlink(path, std::str::from_utf8(found.unwrap_or(target)).ok()?));
    }
    let content = fs::read(place).unwrap();
    let found = originals(&content).into_iter().find(|original| checksum(original) == wanted);
    Some(Entry::file(path, found.unwrap_or(content), mode))
}

/// What a file may have been before the system was set up; the digest tells which it was.
fn originals(content: &[u8]) -> Vec<Vec<u8>> {
    let Ok(text) = std::str::from_utf8(content) else { return vec![content.to_owned()] };
    let is_original = |line: &&str| !["dhcpcd:", "quicksand:"].iter().any(|a| line.starts_with(a));
    let accounts: String = text.split_inclusive('\n').filter(is_original).collect();
    let services = [
        ("rc_parallel=\"YES\"", "#rc_parallel=\"NO\""),
        ("rc_sys=\"lxc\"", "#rc_sys=\"\""),
        ("rc_controller_cgroups=\"NO\"", "#rc_controller_cgroups=\"YES\""),
    ];
    let services =
        services.iter().fold(text.to_owned(), |text, (from, to)| text.replacen(from, to, 1));
    let hosts = "127.0.0.1\tlocalhost localhost.localdomain\n\
                 ::1\t\tlocalhost localhost.localdomain\n";
    let fixed = ["localhost\n", hosts, "af_packet\nipv6\n"].map(str::to_owned);
    let all = [text.to_owned(), accounts, services].into_iter().chain(fixed);
    all.map(String::into_bytes).collect()
}
