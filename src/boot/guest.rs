//! What an artifact says of the guest inside: its processor, its distribution, its kernels.

use std::cmp::Ordering;
use std::io::Read as _;

use distros::{Arch, Distro, Release};
use tree::{GuestPath, Kind, Tree};

/// Programs that tell a guest's processor, the first that is there.
const PROGRAMS: [&str; 5] = ["sbin/init", "init", "bin/sh", "usr/bin/osb-agent", "bin/busybox"];
const OS_RELEASE: [&str; 2] = ["etc/os-release", "usr/lib/os-release"];
const OS_RELEASE_BYTES_MAX: u64 = 64 << 10;
/// Where a build records what it made.
const RECORD: &str = "var/lib/osbuilder/osbuilder.yaml";
const RECORD_BYTES_MAX: u64 = 1 << 20;
/// Where osb's own agent is: as a service, or as the init.
const OWN_PROGRAMS: [&str; 2] = ["usr/bin/osb-agent", "sbin/init"];
const OWN_PROGRAM_BYTES_MAX: u64 = 16 << 20;
/// What tells an ELF program's processor: its place in the header, and its number for each.
const ELF_MACHINE_AT: usize = 18;
const ELF_MACHINES: [(u16, Arch); 2] = [(62, Arch::X86_64), (183, Arch::Aarch64)];

/// The processor that the programs of a tree are for; none if no program tells.
pub fn arch(tree: &Tree) -> Option<Result<Arch, u16>> {
    let header = PROGRAMS.iter().find_map(|program| {
        let path = tree.resolve(&GuestPath::new(program).ok()?).ok()?;
        let Kind::File(content) = &tree.inode(&path)?.kind else { return None };
        let mut header = Vec::new();
        content.open().ok()?.take(64).read_to_end(&mut header).ok()?;
        header.starts_with(b"\x7fELF").then_some(header)
    })?;
    let machine = header.get(ELF_MACHINE_AT..ELF_MACHINE_AT + 2)?.first_chunk::<2>()?;
    let number = u16::from_le_bytes(*machine);
    let known = ELF_MACHINES.iter().find(|(known, _)| *known == number);
    Some(known.map(|(_, arch)| *arch).ok_or(number))
}

/// The tree inside an artifact, and what it is for.
#[derive(Debug, Clone, Copy)]
pub struct Inside<'a> {
    /// The tree.
    pub tree: &'a Tree,
    /// The processor that its programs are for.
    pub arch: Arch,
}

/// A distribution and its release, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct System {
    /// The distribution.
    pub distro: String,
    /// The release.
    pub release: String,
}

/// The distribution that a tree says it is, if it is one that osb knows.
pub fn system(tree: &Tree) -> Option<System> {
    let text = OS_RELEASE.iter().find_map(|path| {
        let path = tree.resolve(&GuestPath::new(path).ok()?).ok()?;
        let Kind::File(content) = &tree.inode(&path)?.kind else { return None };
        String::from_utf8(content.read(OS_RELEASE_BYTES_MAX).ok()?).ok()
    })?;
    let distro = distros::find(value(&text, "ID")?).ok()?;
    let names = ["VERSION_CODENAME", "VERSION_ID"].map(|key| value(&text, key));
    let named = names.into_iter().flatten().find_map(|name| release(&distro, name));
    let only = || (distro.releases().len() == 1).then(|| distro.default_release());
    let release = named.or_else(only)?;
    Some(System { distro: distro.name().to_owned(), release: release.name.clone() })
}

/// The release with this number, or the one that this is a later state of: 3.23 for 3.23.6.
fn release<'d>(distro: &'d dyn Distro, name: &str) -> Option<&'d Release> {
    let ends = name.match_indices('.').map(|(end, _)| end).chain([name.len()]);
    ends.rev().find_map(|end| distro.release(&name[..end]).ok())
}

fn value<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
    Some(line.trim().trim_matches('"'))
}

/// The name of the agent that a tree says it has.
pub fn agent(tree: &Tree) -> Option<String> {
    let path = tree.resolve(&GuestPath::new(RECORD).ok()?).ok()?;
    let Kind::File(content) = &tree.inode(&path)?.kind else { return None };
    let text = String::from_utf8(content.read(RECORD_BYTES_MAX).ok()?).ok()?;
    let (_, agent) = text.split_once("\nagent:\n")?;
    let name = agent.lines().find_map(|line| line.trim().strip_prefix("name:"))?;
    let name = name.trim().trim_matches('"');
    (!name.is_empty()).then(|| name.to_owned())
}

/// The program of osb's own agent in a tree that says it has it.
pub fn own_program(tree: &Tree) -> Option<Vec<u8>> {
    if agent(tree)? != super::OWN_AGENT {
        return None;
    }
    OWN_PROGRAMS.iter().find_map(|place| {
        let path = tree.resolve(&GuestPath::new(place).ok()?).ok()?;
        let Kind::File(content) = &tree.inode(&path)?.kind else { return None };
        content.read(OWN_PROGRAM_BYTES_MAX).ok()
    })
}

/// A kernel in a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KernelInside {
    /// What `uname -r` will say.
    pub release: String,
    /// Where it is.
    pub path: GuestPath,
}

/// The newest kernel in a tree that has its modules beside it.
pub fn kernel(tree: &Tree) -> Option<KernelInside> {
    let modules = tree.resolve(&GuestPath::new("lib/modules").ok()?).ok()?;
    let mut found: Vec<KernelInside> = Vec::new();
    for (path, node) in tree {
        let is_release = path.parent().as_ref() == Some(&modules) && node.kind == Kind::Directory;
        let Some(release) = is_release.then(|| str::from_utf8(path.name()).ok()).flatten() else {
            continue;
        };
        // Where only one kernel of a flavour can be installed, its file is called by that alone.
        let flavour = release.rsplit('-').next().unwrap_or(release);
        let places = [
            format!("boot/vmlinuz-{release}"),
            format!("lib/modules/{release}/vmlinuz"),
            format!("boot/vmlinuz-{flavour}"),
        ];
        let image = places.iter().find_map(|place| {
            let path = tree.resolve(&GuestPath::new(place).ok()?).ok()?;
            matches!(tree.inode(&path)?.kind, Kind::File(_)).then_some(path)
        });
        found.extend(image.map(|path| KernelInside { release: release.to_owned(), path }));
    }
    found.into_iter().max_by(|a, b| by_version(&a.release, &b.release))
}

/// The modules of one of a tree's kernels alone, in `lib/modules`.
pub fn modules(tree: &Tree, release: &str) -> Result<Tree, tree::Error> {
    let place = GuestPath::new(format!("lib/modules/{release}"))?;
    let from = [tree.resolve(&place)?.as_bytes(), b"/"].concat();
    let mut modules = Tree::new();
    for (path, node) in tree {
        let Some(below) = path.as_bytes().strip_prefix(from.as_slice()) else { continue };
        // Modules have one name each; what has several is not needed.
        if !matches!(node.kind, Kind::HardLink(_)) {
            modules
                .insert(GuestPath::new([place.as_bytes(), b"/", below].concat())?, node.clone())?;
        }
    }
    Ok(modules)
}

/// Compares numbers as numbers and the rest as text.
fn by_version(a: &str, b: &str) -> Ordering {
    let parts = |text: &str| -> Vec<(u64, String)> {
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let word = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
            let (text, number) = rest.split_at(word);
            let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
            parts.push((number[..end].parse().unwrap_or(0), text.to_owned()));
            rest = &number[end..];
        }
        parts
    };
    parts(a).cmp(&parts(b))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tree::{Content, Meta, Node};

    use super::*;

    fn put(tree: &mut Tree, path: &str, kind: Kind) {
        let node = Node { meta: Meta { mode: 0o755, ..Meta::default() }, kind };
        tree.insert_resolved(&GuestPath::new(path).unwrap(), node).unwrap();
    }

    fn file(bytes: impl Into<Vec<u8>>) -> Kind {
        Kind::File(Content::from(bytes.into()))
    }

    #[test]
    fn a_program_tells_the_processor() {
        let elf = |machine: u8| {
            let mut header = b"\x7fELF".to_vec();
            header.resize(64, 0);
            header[ELF_MACHINE_AT] = machine;
            header
        };
        let mut tree = Tree::new();
        assert_eq!(arch(&tree), None);
        put(&mut tree, "bin/sh", file(elf(183)));
        assert_eq!(arch(&tree), Some(Ok(Arch::Aarch64)));
        put(&mut tree, "sbin/init", Kind::Symlink(b"/lib/init".as_slice().into()));
        put(&mut tree, "lib/init", file(elf(62)));
        assert_eq!(arch(&tree), Some(Ok(Arch::X86_64)));
        put(&mut tree, "lib/init", file(elf(8)));
        assert_eq!(arch(&tree), Some(Err(8)));
    }

    #[test]
    fn a_tree_says_which_release_it_is() {
        let mut tree = Tree::new();
        let text = "PRETTY_NAME=\"x\"\nID=debian\nVERSION_ID=\"12\"\n";
        put(&mut tree, "usr/lib/os-release", file(text));
        put(&mut tree, "etc/os-release", Kind::Symlink(b"../usr/lib/os-release".as_slice().into()));
        let expected = System { distro: "debian".to_owned(), release: "bookworm".to_owned() };
        assert_eq!(system(&tree), Some(expected));
        put(&mut tree, "usr/lib/os-release", file("ID=alpine\nVERSION_ID=3.23.6\n"));
        assert_eq!(system(&tree).unwrap().release, "v3.23");
        put(&mut tree, "usr/lib/os-release", file("ID=wolfi\nVERSION_ID=\"20230201\"\n"));
        assert_eq!(system(&tree).unwrap().distro, "wolfi");
        put(&mut tree, "usr/lib/os-release", file("ID=debian\nVERSION_ID=99.1\n"));
        assert_eq!(system(&tree), None);
        put(&mut tree, "usr/lib/os-release", file("ID=other\nVERSION_ID=12\n"));
        assert_eq!(system(&tree), None);
    }

    #[test]
    fn a_guest_that_says_so_has_osbs_own_agent() {
        let mut tree = Tree::new();
        put(&mut tree, "sbin/init", file("program"));
        assert_eq!((agent(&tree), own_program(&tree)), (None, None));
        put(&mut tree, RECORD, file("description: x\nagent:\n  url: \"\"\n  name: \"other\"\n"));
        assert_eq!((agent(&tree).as_deref(), own_program(&tree)), (Some("other"), None));
        put(&mut tree, RECORD, file("x\nagent:\n  name: \"osb-agent\"\n"));
        assert_eq!(own_program(&tree).unwrap(), b"program");
    }

    #[test]
    fn the_newest_kernel_with_modules_is_found() {
        let mut tree = Tree::new();
        for release in ["6.1.0-9-cloud", "6.1.0-41-cloud"] {
            put(&mut tree, &format!("lib/modules/{release}"), Kind::Directory);
            put(&mut tree, &format!("boot/vmlinuz-{release}"), file("kernel"));
        }
        put(&mut tree, "boot/vmlinuz-7.0", file("it has no modules"));
        assert_eq!(kernel(&tree).unwrap().release, "6.1.0-41-cloud");
        put(&mut tree, "lib/modules/6.18.5-0-virt", Kind::Directory);
        assert_eq!(kernel(&tree).unwrap().release, "6.1.0-41-cloud");
        put(&mut tree, "boot/vmlinuz-virt", file("kernel"));
        assert_eq!(kernel(&tree).unwrap().release, "6.18.5-0-virt");
    }
}
