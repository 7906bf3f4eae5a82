//! Reads an index in one pass over its lines.

use std::ops::Range;

use super::sort::Key;
use super::{IndexError, MultiArch, PackageId, Priority, Provide, Record, Span, Universe};
use crate::family::deb::relation::{self, Operator};
use crate::family::deb::version;

/// The most bytes an index may have; sid's `main` has 65 million.
const BYTES_MAX: usize = 1 << 30;

/// What one paragraph said, as far as every package's paragraph is looked at.
#[derive(Default)]
struct Draft {
    name: Option<Span>,
    version: Option<Span>,
    arch: Option<Span>,
    multi_arch: Option<Span>,
    priority: Option<Span>,
    provides: Option<Span>,
    is_essential: bool,
    is_important: bool,
}

/// The field whose folded lines may follow, among those that may be folded.
#[derive(PartialEq)]
enum Open {
    Provides,
    Other,
}

impl Universe {
    pub(super) fn read_index(&mut self, number: usize) -> Result<(), IndexError> {
        let bytes = std::mem::take(&mut self.indexes[number].bytes);
        let result = self.read_bytes(number, &bytes);
        self.indexes[number].bytes = bytes;
        result
    }

    fn read_bytes(&mut self, number: usize, bytes: &[u8]) -> Result<(), IndexError> {
        if bytes.len() > BYTES_MAX {
            let index = self.indexes[number].label.clone();
            return Err(IndexError::TooLarge { index, limit: BYTES_MAX });
        }
        let mut draft = Draft::default();
        let mut open = Open::Other;
        let (mut start, mut line_start) = (0, 0);
        for line_end in memchr::memchr_iter(b'\n', bytes).chain([bytes.len()]) {
            let line = &bytes[line_start..line_end];
            match line.first() {
                None => {
                    self.finish(number, bytes, std::mem::take(&mut draft), start..line_start)?;
                    start = line_end + 1;
                    open = Open::Other;
                }
                Some(b' ' | b'\t') => {
                    if let (Open::Provides, Some(span)) = (&open, &mut draft.provides) {
                        span.end = offset(line_end);
                    }
                }
                Some(_) => open = draft.take(line, line_start),
            }
            line_start = (line_end + 1).min(bytes.len());
        }
        self.finish(number, bytes, draft, start.min(bytes.len())..bytes.len())
    }

    fn finish(
        &mut self,
        number: usize,
        bytes: &[u8],
        draft: Draft,
        paragraph: Range<usize>,
    ) -> Result<(), IndexError> {
        if bytes[paragraph.clone()].trim_ascii().is_empty() {
            return Ok(());
        }
        let position = paragraph.start;
        let label = || self.indexes[number].label.clone();
        let (name, version, arch) = draft.identity(bytes).map_err(|field| IndexError::Field {
            index: label(),
            position,
            field,
        })?;
        let is_for_all_archs = slice(bytes, arch) == b"all";
        let known = self.archs.iter().position(|known| known.as_bytes() == slice(bytes, arch));
        let Some(arch) = (if is_for_all_archs { Some(0) } else { known }) else { return Ok(()) };
        let owner = PackageId(offset(self.records.len()));
        if let Some(provides) = draft.provides {
            let field = "Provides";
            provided(bytes, provides, owner, &mut self.provides).map_err(|source| {
                IndexError::Relation { index: label(), position, field, source }
            })?;
        }
        self.records.push(Record {
            index: u16::try_from(number).unwrap_or(u16::MAX),
            arch: u8::try_from(arch).unwrap_or(u8::MAX),
            is_for_all_archs,
            is_essential: draft.is_essential,
            is_important: draft.is_important,
            is_candidate: false,
            multi_arch: multi_arch(draft.multi_arch.map(|span| slice(bytes, span))),
            priority: priority(draft.priority.map(|span| slice(bytes, span))),
            paragraph: Span { start: offset(paragraph.start), end: offset(paragraph.end) },
            name,
            version,
            name_key: Key::new(slice(bytes, name)),
        });
        Ok(())
    }
}

impl Draft {
    /// Notes the field that starts on `line`, and says whether its folded lines matter.
    fn take(&mut self, line: &[u8], line_start: usize) -> Open {
        let after = |name: &str| span_after(line, line_start, name);
        match line[0] {
            b'P' => {
                if let Some(span) = after("Package") {
                    self.name = Some(span);
                } else if let Some(span) = after("Priority") {
                    self.priority = Some(span);
                } else if let Some(span) = after("Provides") {
                    self.provides = Some(span);
                    return Open::Provides;
                } else if after("Protected").is_some() {
                    self.is_important |= line.ends_with(b"yes");
                }
            }
            b'V' => self.version = after("Version").or(self.version),
            b'A' => self.arch = after("Architecture").or(self.arch),
            b'M' => self.multi_arch = after("Multi-Arch").or(self.multi_arch),
            b'E' => self.is_essential |= after("Essential").is_some() && line.ends_with(b"yes"),
            b'I' => self.is_important |= after("Important").is_some() && line.ends_with(b"yes"),
            _ => {}
        }
        Open::Other
    }

    /// Returns name, version and architecture, or the name of the field that is wrong.
    fn identity(&self, bytes: &[u8]) -> Result<(Span, Span, Span), &'static str> {
        let checked = |span: Option<Span>, is_valid: fn(&[u8]) -> bool| {
            span.filter(|&span| is_valid(slice(bytes, span)))
        };
        let name = checked(self.name, |name| {
            relation::is_name(name) && !name.iter().any(u8::is_ascii_uppercase)
        });
        Ok((
            name.ok_or("Package")?,
            checked(self.version, version::is_valid).ok_or("Version")?,
            checked(self.arch, relation::is_name).ok_or("Architecture")?,
        ))
    }
}

/// Adds what one package provides. A version bound other than `=` provides nothing, as in apt.
fn provided(
    bytes: &[u8],
    field: Span,
    owner: PackageId,
    provides: &mut Vec<Provide>,
) -> Result<(), relation::RelationError> {
    let mut start = field.start as usize;
    for text in slice(bytes, field).split(|&byte| byte == b',') {
        let blanks = text.len() - text.trim_ascii_start().len();
        let span = Span { start: offset(start + blanks), end: offset(start + text.len()) };
        start += text.len() + 1;
        if text.trim_ascii().is_empty() {
            continue;
        }
        let relation = relation::parse_single(text)?;
        if matches!(relation.bound, None | Some((Operator::Equal, _))) {
            let name_length = u16::try_from(relation.name.len()).unwrap_or(u16::MAX);
            let name_key = Key::new(relation.name.as_bytes());
            provides.push(Provide { owner, relation: span, name_length, name_key });
        }
    }
    Ok(())
}

fn multi_arch(value: Option<&[u8]>) -> MultiArch {
    match value {
        Some(b"same") => MultiArch::Same,
        Some(b"foreign") => MultiArch::Foreign,
        Some(b"allowed") => MultiArch::Allowed,
        _ => MultiArch::No,
    }
}

fn priority(value: Option<&[u8]>) -> Priority {
    match value {
        None => Priority::Unset,
        Some(b"required") => Priority::Required,
        Some(b"important") => Priority::Important,
        Some(b"standard") => Priority::Standard,
        Some(b"optional") => Priority::Optional,
        Some(_) => Priority::Extra,
    }
}

fn span_after(line: &[u8], line_start: usize, name: &str) -> Option<Span> {
    let value = line.strip_prefix(name.as_bytes())?.strip_prefix(b":")?;
    let start = line_start + line.len() - value.trim_ascii_start().len();
    Some(Span { start: offset(start), end: offset(start + value.trim_ascii().len()) })
}

fn slice(bytes: &[u8], span: Span) -> &[u8] {
    &bytes[span.start as usize..span.end as usize]
}

/// Positions fit because the index is at most [`BYTES_MAX`] long.
fn offset(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}
