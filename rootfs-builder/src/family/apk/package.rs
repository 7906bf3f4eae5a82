//! One opened package: what it says of itself, its scripts, and the entries it carries.

mod info;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use sha1::{Digest as _, Sha1};
use tree::{Content, GuestPath, Kind, Node};

pub(crate) use info::{PackageInfo, name_in};

/// The most that the package's description may hold; real ones are a few KiB.
const INFO_BYTES_MAX: u64 = 1 << 20;

/// The most that one script may hold; real ones are a few KiB.
const SCRIPT_BYTES_MAX: u64 = 4 << 20;

/// The file beside the control archive that holds the digest of its packed form.
const CONTROL_DIGEST: &str = "control.sha1";

/// The extended record with the digest of an entry's content, in hexadecimal digits.
const ENTRY_DIGEST: &[u8] = b"APK-TOOLS.checksum.SHA1";

/// A SHA-1 digest. It names contents in the guest's database; nothing is trusted because of it.
pub(crate) type Sum = [u8; 20];

/// The scripts that a package may have, in the order in which the database keeps them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ScriptKind {
    PreInstall,
    PostInstall,
    PreDeinstall,
    PostDeinstall,
    PreUpgrade,
    PostUpgrade,
    Trigger,
}

impl ScriptKind {
    const ALL: [ScriptKind; 7] = [
        ScriptKind::PreInstall,
        ScriptKind::PostInstall,
        ScriptKind::PreDeinstall,
        ScriptKind::PostDeinstall,
        ScriptKind::PreUpgrade,
        ScriptKind::PostUpgrade,
        ScriptKind::Trigger,
    ];

    /// The name that packages and the database use.
    pub(crate) fn name(self) -> &'static str {
        match self {
            ScriptKind::PreInstall => "pre-install",
            ScriptKind::PostInstall => "post-install",
            ScriptKind::PreDeinstall => "pre-deinstall",
            ScriptKind::PostDeinstall => "post-deinstall",
            ScriptKind::PreUpgrade => "pre-upgrade",
            ScriptKind::PostUpgrade => "post-upgrade",
            ScriptKind::Trigger => "trigger",
        }
    }
}

/// One entry of a package's data.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Where it goes.
    pub(crate) path: GuestPath,
    /// What it is; owners are numbers of the machine that built the package.
    pub(crate) node: Node,
    /// The owning user's name; empty if the package has none.
    pub(crate) user: Box<[u8]>,
    /// The owning group's name; empty if the package has none.
    pub(crate) group: Box<[u8]>,
    /// The digest of the content, or of a symbolic link's target.
    pub(crate) sum: Option<Sum>,
}

/// One package, opened: nothing of it is copied but its description and its scripts.
#[derive(Debug, Clone)]
pub(crate) struct ApkPackage {
    /// What the package says of itself.
    pub(crate) info: PackageInfo,
    /// What identifies the package: `Q1` and the digest of its control part.
    pub(crate) checksum: String,
    /// Its scripts.
    pub(crate) scripts: BTreeMap<ScriptKind, Vec<u8>>,
    /// The entries of its data, in the archive's order.
    pub(crate) entries: Vec<Entry>,
}

/// Why an opened package could not be read.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// An archive inside is not a sound tar.
    #[error("read {0}")]
    Tar(&'static str, #[source] tree::Error),
    /// A file of the control part could not be read.
    #[error("read control file {0}")]
    ControlFile(String, #[source] std::io::Error),
    /// The package has no description.
    #[error("package has no .PKGINFO")]
    NoInfo,
    /// The description is not one.
    #[error(".PKGINFO: {0}")]
    Info(String),
    /// The digest beside the control part is not one.
    #[error("the digest of the control part is {0:?}")]
    Checksum(String),
    /// The digest of an entry is not one.
    #[error("the digest of {0} is not one")]
    EntryDigest(GuestPath),
}

impl ApkPackage {
    /// Reads a package from its two uncompressed archives; beside the first lies its digest.
    pub(crate) fn read(
        control_tar: &Arc<Path>,
        data_tar: &Arc<Path>,
    ) -> Result<Self, PackageError> {
        let control: BTreeMap<GuestPath, Node> = tree::tar::read_spans(control_tar)
            .map_err(|error| PackageError::Tar("control archive", error))?
            .into_iter()
            .collect();
        let file = |name: &str, limit| control_file(&control, name, limit);
        let info = file(".PKGINFO", INFO_BYTES_MAX)?.ok_or(PackageError::NoInfo)?;
        let info = PackageInfo::parse(&info).map_err(PackageError::Info)?;
        let checksum = read_checksum(&control_tar.with_file_name(CONTROL_DIGEST))?;
        // apk does not open the archive of a package without content, and so misses its scripts.
        if info.installed_size == 0 {
            return Ok(Self { info, checksum, scripts: BTreeMap::new(), entries: Vec::new() });
        }
        let mut scripts = BTreeMap::new();
        for kind in ScriptKind::ALL {
            if let Some(text) = file(&format!(".{}", kind.name()), SCRIPT_BYTES_MAX)? {
                scripts.insert(kind, text);
            }
        }
        let entries = tree::tar::read_members(data_tar, ENTRY_DIGEST)
            .map_err(|error| PackageError::Tar("data archive", error))?
            .into_iter()
            .map(entry)
            .collect::<Result<_, _>>()?;
        Ok(Self { info, checksum, scripts, entries })
    }

    /// Name and version, as the database joins them.
    pub(crate) fn full_name(&self) -> String {
        format!("{}-{}", self.info.name, self.info.version)
    }
}

/// The digest of what a node holds: a file's content or a symbolic link's target.
pub(crate) fn sum_of(kind: &Kind) -> std::io::Result<Option<Sum>> {
    match kind {
        Kind::File(content) => sum_content(content).map(Some),
        Kind::Symlink(target) => Ok(Some(Sha1::digest(target).into())),
        _ => Ok(None),
    }
}

fn sum_content(content: &Content) -> std::io::Result<Sum> {
    let mut hasher = Sha1::new();
    let mut reader = content.open()?;
    let mut buffer = vec![0; 64 << 10];
    loop {
        match std::io::Read::read(&mut reader, &mut buffer)? {
            0 => return Ok(hasher.finalize().into()),
            count => hasher.update(&buffer[..count]),
        }
    }
}

fn control_file(
    control: &BTreeMap<GuestPath, Node>,
    name: &str,
    limit: u64,
) -> Result<Option<Vec<u8>>, PackageError> {
    match control.get(name.as_bytes()).map(|node| &node.kind) {
        Some(Kind::File(content)) => content
            .read(limit)
            .map(Some)
            .map_err(|error| PackageError::ControlFile(name.to_owned(), error)),
        _ => Ok(None),
    }
}

fn read_checksum(path: &Path) -> Result<String, PackageError> {
    let failed = |error| PackageError::ControlFile(CONTROL_DIGEST.to_owned(), error);
    let content = Content::Span {
        file: path.into(),
        offset: 0,
        length: fs_err::metadata(path).map_err(failed)?.len(),
    };
    let text = String::from_utf8_lossy(&content.read(64).map_err(failed)?).trim_end().to_owned();
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    let is_sound = text.len() == 30 && text.starts_with("Q1") && text.bytes().all(is_base64);
    if is_sound { Ok(text) } else { Err(PackageError::Checksum(text)) }
}

fn entry(member: tree::tar::Member) -> Result<Entry, PackageError> {
    let sum = match &member.record {
        Some(digits) => {
            Some(parse_hex(digits).ok_or_else(|| PackageError::EntryDigest(member.path.clone()))?)
        }
        None => None,
    };
    let tree::tar::Member { path, node, user, group, .. } = member;
    Ok(Entry { path, node, user, group, sum })
}

fn parse_hex(digits: &[u8]) -> Option<Sum> {
    if digits.len() != 40 {
        return None;
    }
    let mut sum = [0; 20];
    for (byte, pair) in sum.iter_mut().zip(digits.chunks_exact(2)) {
        let text = std::str::from_utf8(pair).ok()?;
        *byte = u8::from_str_radix(text, 16).ok().filter(|_| !text.starts_with('+'))?;
    }
    Some(sum)
}
