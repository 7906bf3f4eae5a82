//! Builds Debian packages from a few lines.

use std::collections::BTreeSet;

use crate::{Compression, Entry, ar, tar};

/// A Debian package in the making.
#[derive(Debug, Clone)]
pub struct Package {
    name: String,
    version: String,
    arch: String,
    fields: Vec<(String, String)>,
    entries: Vec<Entry>,
    known: BTreeSet<String>,
    conffiles: String,
    control_members: Vec<Entry>,
    compression: Compression,
    control_text: Option<String>,
    data: Option<Vec<u8>>,
}

/// A finished Debian package.
#[derive(Debug, Clone)]
pub struct Deb {
    /// The package's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its architecture.
    pub arch: String,
    /// Its control paragraph, as an index repeats it.
    pub control: String,
    /// The file.
    pub bytes: Vec<u8>,
}

impl Package {
    /// Begins a package for all architectures, with nothing in it.
    pub fn new(name: &str, version: &str) -> Self {
        Self {
            name: name.into(),
            version: version.into(),
            arch: "all".into(),
            fields: Vec::new(),
            entries: vec![Entry::directory("./", 0o755)],
            known: BTreeSet::new(),
            conffiles: String::new(),
            control_members: Vec::new(),
            compression: Compression::Xz,
            control_text: None,
            data: None,
        }
    }

    /// Sets the architecture.
    pub fn arch(mut self, arch: &str) -> Self {
        self.arch = arch.into();
        self
    }

    /// Adds a control field; the empty string is a value too.
    pub fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.into(), value.into()));
        self
    }

    /// Adds `Depends`.
    pub fn depends(self, relation: &str) -> Self {
        self.field("Depends", relation)
    }

    /// Adds `Provides`.
    pub fn provides(self, relation: &str) -> Self {
        self.field("Provides", relation)
    }

    /// Adds a regular file, and the directories above it.
    pub fn file(self, path: &str, content: impl Into<Vec<u8>>, mode: u32) -> Self {
        self.entry(path, |name| Entry::file(name, content, mode))
    }

    /// Adds a directory, and the directories above it.
    pub fn directory(mut self, path: &str, mode: u32) -> Self {
        self = self.parents(path);
        if self.known.insert(path.into()) {
            self.entries.push(Entry::directory(&format!("./{path}/"), mode));
        }
        self
    }

    /// Adds a symbolic link.
    pub fn symlink(self, path: &str, target: &str) -> Self {
        self.entry(path, |name| Entry::symlink(name, target))
    }

    /// Adds a hard link to a file that was added before.
    pub fn hard_link(self, path: &str, target: &str) -> Self {
        let target = format!("./{target}");
        let of_target = self.entries.iter().find(|entry| entry.name == target.as_bytes());
        let mode = of_target.expect("the target comes first").mode;
        self.entry(path, |name| Entry::hard_link(name, &target).mode(mode))
    }

    /// Adds a character device.
    pub fn device(self, path: &str, major: u32, minor: u32) -> Self {
        self.entry(path, |name| Entry::character_device(name, major, minor))
    }

    /// Adds a configuration file.
    pub fn conffile(mut self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.conffiles.push_str(&format!("/{path}\n"));
        self.file(path, content, 0o644)
    }

    /// Gives the last member an extended attribute.
    pub fn xattr(self, name: &str, value: &[u8]) -> Self {
        self.change_last(|entry| entry.xattr(name, value))
    }

    /// Gives the last member another owner than root.
    pub fn owner(self, user: u64, group: u64) -> Self {
        self.change_last(|entry| entry.owner(user, group))
    }

    /// Adds a maintainer script, which needs its `#!` line.
    pub fn script(mut self, name: &str, body: &str) -> Self {
        self.control_members.push(Entry::file(&format!("./{name}"), body, 0o755));
        self
    }

    /// Adds a plain control member, as `triggers` or `md5sums`.
    pub fn control_file(mut self, name: &str, body: &str) -> Self {
        self.control_members.push(Entry::file(&format!("./{name}"), body, 0o644));
        self
    }

    /// Compresses both inner archives otherwise than with xz.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// Adds a member as it stands: hostile names welcome, no directories added.
    pub fn raw_entry(mut self, entry: Entry) -> Self {
        self.entries.push(entry);
        self
    }

    /// Replaces the text of the control file inside the package, not what the index says.
    pub fn control_text(mut self, text: impl Into<String>) -> Self {
        self.control_text = Some(text.into());
        self
    }

    /// Replaces the compressed data member.
    pub fn compressed_data(mut self, bytes: Vec<u8>) -> Self {
        self.data = Some(bytes);
        self
    }

    /// Finishes the package.
    pub fn build(&self) -> Deb {
        let control = self.control();
        let extension = self.compression.extension();
        let control_tar = self.compression.compress(&tar(&self.control_entries(&control)));
        let data_tar = match &self.data {
            Some(bytes) => bytes.clone(),
            None => self.compression.compress(&tar(&self.entries)),
        };
        let bytes = ar(&[
            ("debian-binary", b"2.0\n"),
            (&format!("control.tar{extension}"), &control_tar),
            (&format!("data.tar{extension}"), &data_tar),
        ]);
        Deb {
            name: self.name.clone(),
            version: self.version.clone(),
            arch: self.arch.clone(),
            control,
            bytes,
        }
    }

    fn control(&self) -> String {
        let mut control = format!(
            "Package: {}\nVersion: {}\nArchitecture: {}\nMaintainer: Nobody <nobody@example.org>\n",
            self.name, self.version, self.arch
        );
        for (name, value) in &self.fields {
            control.push_str(&format!("{name}: {value}\n"));
        }
        control.push_str("Description: made by a test\n");
        control
    }

    fn control_entries(&self, control: &str) -> Vec<Entry> {
        let text = self.control_text.as_deref().unwrap_or(control);
        let mut entries =
            vec![Entry::directory("./", 0o755), Entry::file("./control", text, 0o644)];
        if !self.conffiles.is_empty() {
            entries.push(Entry::file("./conffiles", self.conffiles.as_str(), 0o644));
        }
        entries.extend(self.control_members.iter().cloned());
        entries
    }

    fn entry(mut self, path: &str, make: impl FnOnce(&str) -> Entry) -> Self {
        self = self.parents(path);
        self.entries.push(make(&format!("./{path}")));
        self
    }

    fn parents(mut self, path: &str) -> Self {
        for (end, _) in path.match_indices('/') {
            let parent = &path[..end];
            if self.known.insert(parent.into()) {
                self.entries.push(Entry::directory(&format!("./{parent}/"), 0o755));
            }
        }
        self
    }

    fn change_last(mut self, change: impl FnOnce(Entry) -> Entry) -> Self {
        let last = self.entries.pop().expect("the root directory is always there");
        self.entries.push(change(last));
        self
    }
}
