//! Reads an index in one pass over its lines: a letter, a colon, a value; a blank line ends a package.

use std::ops::Range;

use super::{Index, IndexError, Label, Named, PackageId, Provide, Record, Span, Universe, sort};
use crate::family::apk::checksum::Checksum;
use crate::family::apk::dependency::Dependency;

/// The most bytes an index may have; the largest real one has less than 100 million.
const BYTES_MAX: usize = 512 << 20;
/// The most packages of all indexes, in all versions.
const PACKAGES_MAX: usize = 1 << 20;
/// The most that all packages provide.
const PROVIDES_MAX: usize = 1 << 23;
/// File systems know no longer names.
const FILE_NAME_BYTES_MAX: usize = 250;

/// What the lines of one package said.
#[derive(Default)]
struct Draft {
    name: Option<Span>,
    version: Option<Span>,
    checksum: Option<Span>,
    arch: Option<Span>,
    size: Span,
    installed_size: Span,
    provider_priority: Span,
    depends: Span,
    provides: Span,
    install_if: Span,
    is_from_the_future: bool,
}

impl Universe {
    pub(super) fn read_index(&mut self, arch: &str, index: Index) -> Result<(), IndexError> {
        let Index { label, tag, bytes } = index;
        if bytes.len() > BYTES_MAX {
            return Err(IndexError::TooLarge { index: label, limit: BYTES_MAX });
        }
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let position = error.utf8_error().valid_up_to();
                return Err(IndexError::NotText { index: label, position });
            }
        };
        self.indexes.push(Label { label, tag });
        let mut draft = Draft::default();
        let (mut start, mut line_start) = (0, 0);
        for line_end in memchr::memchr_iter(b'\n', text.as_bytes()).chain([text.len()]) {
            match &text.as_bytes()[line_start..line_end] {
                [] => {
                    self.finish(arch, &text, std::mem::take(&mut draft), start..line_start)?;
                    start = line_end + 1;
                }
                [letter, b':', ..] => draft.take(*letter, span(line_start + 2..line_end)),
                // apk passes over lines that are none of its own.
                _ => {}
            }
            line_start = (line_end + 1).min(text.len());
        }
        let last = start.min(text.len())..text.len();
        self.finish(arch, &text, draft, last)?;
        self.texts.push(text);
        Ok(())
    }

    fn finish(
        &mut self,
        arch: &str,
        text: &str,
        draft: Draft,
        lines: Range<usize>,
    ) -> Result<(), IndexError> {
        if text[lines.clone()].trim_ascii().is_empty() {
            return Ok(());
        }
        let position = lines.start;
        let record = match draft.record(text) {
            Ok(record) => record,
            Err(field) => return Err(IndexError::Field { index: self.label(), position, field }),
        };
        let package_arch = draft.arch.map(|span| slice(text, span)).unwrap_or("noarch");
        let is_for_all_archs = package_arch == "noarch";
        if (package_arch != arch && !is_for_all_archs)
            || draft.is_from_the_future
            || !is_readable(slice(text, draft.depends))
        {
            return Ok(());
        }
        self.check_count("packages", self.records.len(), PACKAGES_MAX)?;
        let index = u16::try_from(self.indexes.len() - 1).unwrap_or(u16::MAX);
        let id = offset(self.records.len());
        self.add_provides(text, id, record.provides)?;
        let name = slice(text, record.name);
        self.by_name.push(Named { key: sort::key(name), id });
        // apk ignores conditions of which it cannot read every one.
        let conditions = Some(slice(text, record.install_if)).filter(|list| is_readable(list));
        if conditions.is_some_and(|list| !list.is_empty()) {
            self.conditional.push(PackageId(id));
        }
        let install_if = conditions.map(|_| record.install_if).unwrap_or_default();
        self.records.push(Record {
            index,
            lines: span(lines),
            is_for_all_archs,
            install_if,
            ..record
        });
        Ok(())
    }

    fn add_provides(&mut self, text: &str, owner: u32, field: Span) -> Result<(), IndexError> {
        for word in words(text, field) {
            self.check_count("provided names", self.provides.len(), PROVIDES_MAX)?;
            let name = slice(text, word);
            let name = name.find(['=', '<', '>', '~']).map_or(name, |end| &name[..end]);
            self.provides.push(Provide { key: sort::key(name), owner, word });
        }
        Ok(())
    }

    fn check_count(
        &self,
        what: &'static str,
        count: usize,
        limit: usize,
    ) -> Result<(), IndexError> {
        if count < limit {
            return Ok(());
        }
        Err(IndexError::TooMany { index: self.label(), what, limit })
    }

    /// The name of the index that is being read.
    fn label(&self) -> String {
        self.indexes.last().map(|index| index.label.clone()).unwrap_or_default()
    }
}

impl Draft {
    fn take(&mut self, letter: u8, value: Span) {
        match letter {
            b'P' => self.name = Some(value),
            b'V' => self.version = Some(value),
            b'C' => self.checksum = Some(value),
            b'A' => self.arch = Some(value),
            b'S' => self.size = value,
            b'I' => self.installed_size = value,
            b'k' => self.provider_priority = value,
            b'D' => self.depends = value,
            b'p' => self.provides = value,
            b'i' => self.install_if = value,
            // Fields of the installed database and words for people.
            b'F' | b'L' | b'M' | b'R' | b'T' | b'U' | b'Z' => {}
            // Small letters may be unknown; other signs tell old programs to keep off.
            other => self.is_from_the_future |= !other.is_ascii_lowercase(),
        }
    }

    /// Returns the package's record, or what is wrong.
    fn record(&self, text: &str) -> Result<Record, &'static str> {
        let checked = |span: Option<Span>, is_valid: fn(&str) -> bool| {
            span.filter(|span| is_valid(slice(text, *span)))
        };
        let name = checked(self.name, is_package_name).ok_or("name")?;
        let version = checked(self.version, is_safe).ok_or("version")?;
        let checksum = self.checksum.and_then(|span| slice(text, span).parse::<Checksum>().ok());
        let name_bytes = name.end - name.start + version.end - version.start;
        if name_bytes as usize > FILE_NAME_BYTES_MAX {
            return Err("name");
        }
        let number = |span: Span, field| match slice(text, span) {
            "" => Ok(0),
            digits if digits.bytes().all(|digit| digit.is_ascii_digit()) => {
                digits.parse::<u64>().map_err(|_| field)
            }
            _ => Err(field),
        };
        let priority = number(self.provider_priority, "provider priority")?;
        Ok(Record {
            index: 0,
            lines: Span::default(),
            name,
            version,
            checksum: checksum.ok_or("checksum")?,
            depends: self.depends,
            provides: self.provides,
            install_if: self.install_if,
            size: number(self.size, "size")?,
            installed_size: number(self.installed_size, "installed size")?,
            provider_priority: u32::try_from(priority).ok().filter(|priority| *priority > 0),
            is_for_all_archs: false,
        })
    }
}

/// Whether a name is one of a package, and safe in a file name.
pub(in crate::family::apk) fn is_package_name(name: &str) -> bool {
    name.starts_with(|sign: char| sign.is_ascii_alphanumeric()) && is_safe(name)
}

/// Versions that are not well formed have been published; they only must not leave a directory.
fn is_safe(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+-._~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_plain)
}

/// Whether every word of a list can be read; tags are for people.
fn is_readable(list: &str) -> bool {
    let mut words = list.split(' ').filter(|word| !word.is_empty());
    words.all(|word| Dependency::parse(word).is_ok_and(|dependency| dependency.tag.is_none()))
}

/// The places of the words of a list.
fn words(text: &str, field: Span) -> impl Iterator<Item = Span> {
    let mut start = field.start;
    slice(text, field).split(' ').filter_map(move |word| {
        let word = Span { start, end: start + offset(word.len()) };
        start = word.end + 1;
        (word.end > word.start).then_some(word)
    })
}

fn slice(text: &str, span: Span) -> &str {
    text.get(span.start as usize..span.end as usize).unwrap_or_default()
}

fn span(range: Range<usize>) -> Span {
    Span { start: offset(range.start), end: offset(range.end) }
}

/// Positions fit because an index is at most [`BYTES_MAX`] long.
fn offset(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}
