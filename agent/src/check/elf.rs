//! What a program or a library says about itself and about what it needs.

mod versions;
mod window;

use std::collections::BTreeSet;
use std::io;

use object::elf::{
    DT_NEEDED, DT_NULL, DT_RPATH, DT_RUNPATH, DT_SONAME, DT_STRSZ, DT_STRTAB, ET_DYN, ET_EXEC,
    FileHeader32, FileHeader64, PT_DYNAMIC, PT_INTERP, PT_LOAD,
};
use object::read::elf::{Dyn, FileHeader, ProgramHeader};
use object::read::{ReadCache, StringTable};
use object::{Endianness, FileKind};
use tree::Content;

use self::window::Window;
use crate::machine::{Format, Machine};

/// Tables of real programs are far smaller, and so are all of them together.
const TABLE_BYTES_MAX: u64 = 16 << 20;
/// The names that one file holds of others; the C library has a few thousand bytes of them.
const TEXT_BYTES_MAX: usize = 256 << 10;
/// Real programs need a few hundred libraries.
const NEEDED_MAX: usize = 1024;
/// Real programs have a dozen.
const SEGMENTS_MAX: usize = 1024;

type Data<'a> = &'a ReadCache<Window>;

/// What a program or a library says about itself and about what it needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// What it was built for; none if it is none that we know.
    pub(super) machine: Option<Machine>,
    /// Whether it can be run or loaded at all.
    pub(super) is_loadable: bool,
    pub(super) interpreter: Option<Vec<u8>>,
    pub(super) name: Option<Vec<u8>>,
    pub(super) needed: Vec<Vec<u8>>,
    /// Folders in which its libraries, and those of its libraries, are looked for first.
    pub(super) inherited_folders: Vec<Vec<u8>>,
    /// Folders in which only its own libraries are looked for.
    pub(super) own_folders: Vec<Vec<u8>>,
    /// Libraries, and the versions of parts of them that it needs.
    pub(super) version_needs: BTreeSet<(Vec<u8>, Vec<u8>)>,
    /// Versions of its own parts.
    pub(super) versions: BTreeSet<Vec<u8>>,
}

impl Facts {
    fn text_bytes(&self) -> usize {
        let lists = [&self.needed, &self.inherited_folders, &self.own_folders];
        let needs = self.version_needs.iter().flat_map(|(library, version)| [library, version]);
        let texts = lists.into_iter().flatten().chain(needs).chain(&self.versions);
        texts.map(|text| text.len() + size_of::<Vec<u8>>()).sum()
    }
}

/// What is wrong with a file that claims to be ELF.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// It cannot be read.
    #[error("read")]
    Read(#[source] io::Error),
    /// Its tables are damaged.
    #[error("{0}")]
    Elf(#[from] object::Error),
    /// Its tables are larger than any real ones.
    #[error("its tables are larger than any real program's")]
    TooLarge,
}

/// How much may still be read of all files together.
#[derive(Debug)]
pub(super) struct Budget(u64);

impl Budget {
    /// Enough for hundreds of honest files.
    pub(super) fn new() -> Self {
        Self(256 << 20)
    }
}

/// Reads what a file says; none if it is not ELF. Only its tables are read, however large it is.
pub(super) fn facts(content: &Content, budget: &mut Budget) -> Result<Option<Facts>, Fault> {
    let granted = budget.0.min(TABLE_BYTES_MAX);
    let window = Window::open(content, granted).map_err(Fault::Read)?;
    if !window.begins_with(b"\x7fELF").map_err(Fault::Read)? {
        return Ok(None);
    }
    let data = ReadCache::new(window);
    let facts = match FileKind::parse(&data)? {
        FileKind::Elf32 => read::<FileHeader32<Endianness>>(&data).map(Some),
        FileKind::Elf64 => read::<FileHeader64<Endianness>>(&data).map(Some),
        _ => Ok(None),
    };
    budget.0 -= granted.saturating_sub(data.into_inner().budget());
    facts
}

fn read<Header: FileHeader<Endian = Endianness>>(data: Data<'_>) -> Result<Facts, Fault> {
    let header = Header::parse(data)?;
    let endian = header.endian()?;
    let format = Format {
        machine: header.e_machine(endian).0,
        is_64_bit: header.is_type_64(),
        is_little_endian: endian == Endianness::Little,
    };
    let mut facts = Facts {
        machine: Machine::of_format(format),
        is_loadable: matches!(header.e_type(endian), ET_EXEC | ET_DYN),
        ..Facts::default()
    };
    if usize::from(header.e_phnum(endian)) > SEGMENTS_MAX {
        return Err(Fault::TooLarge);
    }
    let segments = header.program_headers(endian, data)?;
    for segment in segments {
        let kind = segment.p_type(endian);
        if (kind == PT_INTERP || kind == PT_DYNAMIC)
            && segment.p_filesz(endian).into() > TABLE_BYTES_MAX
        {
            return Err(Fault::TooLarge);
        }
        if let Some(interpreter) = segment.interpreter(endian, data)? {
            facts.interpreter = Some(interpreter.to_vec());
        }
        if let Some(entries) = segment.dynamic(endian, data)? {
            read_dynamic::<Header>(endian, data, segments, entries, &mut facts)?;
        }
    }
    versions::read(header, endian, data, &mut facts)?;
    if facts.text_bytes() > TEXT_BYTES_MAX { Err(Fault::TooLarge) } else { Ok(facts) }
}

fn read_dynamic<Header: FileHeader<Endian = Endianness>>(
    endian: Endianness,
    data: Data<'_>,
    segments: &[Header::ProgramHeader],
    entries: &[Header::Dyn],
    facts: &mut Facts,
) -> Result<(), Fault> {
    let last = entries.iter().position(|entry| entry.tag(endian) == DT_NULL);
    let entries = &entries[..last.unwrap_or(entries.len())];
    let value = |tag| entries.iter().find(|entry| entry.tag(endian) == tag);
    let value = |tag| value(tag).map(|entry| entry.val(endian));
    let (Some(address), Some(size)) = (value(DT_STRTAB), value(DT_STRSZ)) else { return Ok(()) };
    let Some(start) = offset_of::<Header>(endian, segments, address) else { return Ok(()) };
    let strings = StringTable::new(data, start, start.saturating_add(size));
    for entry in entries {
        let tag = entry.tag(endian);
        let list = match tag {
            DT_NEEDED => &mut facts.needed,
            DT_RPATH => &mut facts.inherited_folders,
            DT_RUNPATH => &mut facts.own_folders,
            DT_SONAME => {
                facts.name = Some(entry.string(endian, strings)?.to_vec());
                continue;
            }
            _ => continue,
        };
        let text = entry.string(endian, strings)?;
        match tag {
            DT_NEEDED => list.push(text.to_vec()),
            _ => list.extend(text.split(|byte| *byte == b':').map(<[u8]>::to_vec)),
        }
        if list.len() > NEEDED_MAX {
            return Err(Fault::TooLarge);
        }
    }
    Ok(())
}

/// Where in the file the bytes of an address are.
fn offset_of<Header: FileHeader<Endian = Endianness>>(
    endian: Endianness,
    segments: &[Header::ProgramHeader],
    address: u64,
) -> Option<u64> {
    segments.iter().filter(|segment| segment.p_type(endian) == PT_LOAD).find_map(|segment| {
        let within = address.checked_sub(segment.p_vaddr(endian).into())?;
        let is_here = within < segment.p_filesz(endian).into();
        is_here.then(|| segment.p_offset(endian).into().checked_add(within)).flatten()
    })
}
