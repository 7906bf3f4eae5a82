//! Builds apk packages from a few lines.

use std::collections::BTreeSet;

use super::{Key, SignatureKind, archive, segment};
use crate::{Entry, MODIFIED, sha256};

/// An apk package in the making.
#[derive(Debug, Clone)]
pub struct Package {
    name: String,
    version: String,
    arch: String,
    fields: Vec<(String, String)>,
    entries: Vec<Entry>,
    known: BTreeSet<String>,
    scripts: Vec<Entry>,
    key: Option<(Key, SignatureKind)>,
    info: Option<String>,
}

/// A finished apk package: the members as they follow each other in the file.
#[derive(Debug, Clone)]
pub struct Apk {
    /// The package's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What `.PKGINFO` says.
    pub info: Vec<(String, String)>,
    /// The gzip member with the signature; empty if it has none.
    pub signature: Vec<u8>,
    /// The gzip member with `.PKGINFO` and the scripts.
    pub control: Vec<u8>,
    /// The gzip member with the files.
    pub data: Vec<u8>,
}

impl Package {
    /// Begins a package for all architectures, with nothing in it.
    pub fn new(name: &str, version: &str) -> Self {
        Self {
            name: name.into(),
            version: version.into(),
            arch: "noarch".into(),
            fields: Vec::new(),
            entries: Vec::new(),
            known: BTreeSet::new(),
            scripts: Vec::new(),
            key: None,
            info: None,
        }
    }

    /// Sets the architecture.
    pub fn arch(mut self, arch: &str) -> Self {
        self.arch = arch.into();
        self
    }

    /// Adds a field of `.PKGINFO`; a name may come several times.
    pub fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.into(), value.into()));
        self
    }

    /// Wants others: one word each, as `so:libc.musl-x86_64.so.1`, `busybox>=1.36` or `!mdev`.
    pub fn depends(self, words: &str) -> Self {
        self.words("depend", words)
    }

    /// Provides other names, with versions (`cmd:ls=1.0`) or without.
    pub fn provides(self, words: &str) -> Self {
        self.words("provides", words)
    }

    /// Which provider of a name without version is taken: the highest.
    pub fn provider_priority(self, priority: u32) -> Self {
        self.field("provider_priority", &priority.to_string())
    }

    /// Comes along when all of these do.
    pub fn install_if(self, words: &str) -> Self {
        self.words("install_if", words)
    }

    /// May take over files of these.
    pub fn replaces(self, words: &str) -> Self {
        self.words("replaces", words)
    }

    /// Who keeps a file that two replace: the highest.
    pub fn replaces_priority(self, priority: u32) -> Self {
        self.field("replaces_priority", &priority.to_string())
    }

    /// Watches directories with the script `trigger`.
    pub fn triggers(self, patterns: &str, script: &str) -> Self {
        self.field("triggers", patterns).script("trigger", script)
    }

    /// Adds a script, as `pre-install` or `post-install`, which needs its `#!` line.
    pub fn script(mut self, name: &str, body: &str) -> Self {
        self.scripts.push(Entry::file(&format!(".{name}"), body, 0o755));
        self
    }

    /// Adds a regular file, and the directories above it.
    pub fn file(self, path: &str, content: impl Into<Vec<u8>>, mode: u32) -> Self {
        self.entry(path, |name| Entry::file(name, content, mode))
    }

    /// Adds a directory, and the directories above it.
    pub fn directory(mut self, path: &str, mode: u32) -> Self {
        self = self.parents(path);
        if self.known.insert(path.into()) {
            self.entries.push(Entry::directory(&format!("{path}/"), mode));
        }
        self
    }

    /// Adds a symbolic link.
    pub fn symlink(self, path: &str, target: &str) -> Self {
        self.entry(path, |name| Entry::symlink(name, target))
    }

    /// Adds a hard link to a file that was added before.
    pub fn hard_link(self, path: &str, target: &str) -> Self {
        let of_target = self.entries.iter().find(|entry| entry.name == target.as_bytes());
        let mode = of_target.expect("the target comes first").mode;
        self.entry(path, |name| Entry::hard_link(name, target).mode(mode))
    }

    /// Adds a character device.
    pub fn device(self, path: &str, major: u32, minor: u32) -> Self {
        self.entry(path, |name| Entry::character_device(name, major, minor))
    }

    /// Gives the last member an extended attribute.
    pub fn xattr(self, name: &str, value: &[u8]) -> Self {
        self.change_last(|entry| entry.xattr(name, value))
    }

    /// Gives the last member another owner than root.
    pub fn owner(self, user: u64, group: u64) -> Self {
        self.change_last(|entry| entry.owner(user, group))
    }

    /// Gives the owner and the group of the last member names.
    pub fn owner_named(self, user: &str, group: &str) -> Self {
        self.change_last(|entry| entry.owner_named(user, group))
    }

    /// Gives the last member a PAX record; one of `APK-TOOLS.checksum.*` takes the place of the right one.
    pub fn record(self, name: &str, value: &[u8]) -> Self {
        self.change_last(|entry| entry.record(name, value))
    }

    /// Adds a member as it stands: hostile names welcome, no directories added.
    pub fn raw_entry(mut self, entry: Entry) -> Self {
        self.entries.push(entry);
        self
    }

    /// Adds a member beside `.PKGINFO` as it stands.
    pub fn raw_control(mut self, entry: Entry) -> Self {
        self.scripts.push(entry);
        self
    }

    /// Replaces the text of `.PKGINFO`; `datahash` is still added.
    pub fn info_text(mut self, text: impl Into<String>) -> Self {
        self.info = Some(text.into());
        self
    }

    /// Signs the control member, which is what whoever installs a lone file asks for.
    pub fn signed_by(mut self, key: &Key, kind: SignatureKind) -> Self {
        self.key = Some((key.clone(), kind));
        self
    }

    /// Whether `build` signs.
    pub(super) fn is_signed(&self) -> bool {
        self.key.is_some()
    }

    /// The architecture that it is for.
    pub(super) fn for_arch(&self) -> &str {
        &self.arch
    }

    /// Finishes the package.
    pub fn build(&self) -> Apk {
        let data = archive(&self.entries, true);
        let info = self.info();
        let lines: String =
            info.iter().map(|(name, value)| format!("{name} = {value}\n")).collect();
        let text = self.info.as_ref().unwrap_or(&lines);
        let text = format!(
            "# Generated by a test\n# using no fakeroot\n{text}datahash = {}\n",
            sha256(&data)
        );
        let mut members = vec![Entry::file(".PKGINFO", text, 0o644)];
        members.extend(self.scripts.iter().cloned());
        let control = segment(&members);
        let signature = self.key.as_ref().map(|(key, kind)| key.signature(*kind, &control));
        Apk {
            name: self.name.clone(),
            version: self.version.clone(),
            info,
            signature: signature.unwrap_or_default(),
            control,
            data,
        }
    }

    fn info(&self) -> Vec<(String, String)> {
        let size: u64 = self.entries.iter().map(Entry::len).sum();
        let has = |name: &str| self.fields.iter().any(|(known, _)| known == name);
        let usual = [
            ("pkgname", self.name.clone()),
            ("pkgver", self.version.clone()),
            ("pkgdesc", format!("{} made by a test", self.name)),
            ("url", "https://example.org/".into()),
            ("builddate", MODIFIED.to_string()),
            ("packager", "Nobody <nobody@example.org>".into()),
            ("size", size.to_string()),
            ("arch", self.arch.clone()),
            ("origin", self.name.clone()),
            ("commit", "0123456789abcdef0123456789abcdef01234567".into()),
            ("maintainer", "Nobody <nobody@example.org>".into()),
            ("license", "MIT".into()),
        ];
        let usual = usual.into_iter().filter(|(name, _)| !has(name));
        let usual = usual.map(|(name, value)| (name.to_owned(), value));
        usual.chain(self.fields.iter().cloned()).collect()
    }

    fn words(self, name: &str, words: &str) -> Self {
        words.split_whitespace().fold(self, |package, word| package.field(name, word))
    }

    fn entry(mut self, path: &str, make: impl FnOnce(&str) -> Entry) -> Self {
        self = self.parents(path);
        self.entries.push(make(path));
        self
    }

    fn parents(mut self, path: &str) -> Self {
        for (end, _) in path.match_indices('/') {
            let parent = &path[..end];
            if self.known.insert(parent.into()) {
                self.entries.push(Entry::directory(&format!("{parent}/"), 0o755));
            }
        }
        self
    }

    fn change_last(mut self, change: impl FnOnce(Entry) -> Entry) -> Self {
        let last = self.entries.pop().expect("a member was added before");
        self.entries.push(change(last));
        self
    }
}

impl Apk {
    /// The file.
    pub fn bytes(&self) -> Vec<u8> {
        [&self.signature[..], &self.control, &self.data].concat()
    }

    /// The name that every mirror gives the file.
    pub fn file_name(&self) -> String {
        format!("{}-{}.apk", self.name, self.version)
    }

    /// Puts these bytes in the place of the files, and says nothing of it.
    pub fn with_data(self, data: Vec<u8>) -> Self {
        Self { data, ..self }
    }
}
