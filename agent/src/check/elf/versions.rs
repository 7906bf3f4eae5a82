//! The versions of parts of libraries that a file has, and those that it needs of others.

use object::Endianness;
use object::elf::{SHT_GNU_VERDEF, SHT_GNU_VERNEED, VER_FLG_WEAK};
use object::read::StringTable;
use object::read::elf::{FileHeader, SectionHeader, SectionTable};

use super::{Data, Facts, Fault, TABLE_BYTES_MAX};

/// The C library has about fifty.
const VERSIONS_MAX: usize = 4_000;
/// Real files have a few dozen sections.
const SECTIONS_MAX: usize = 100_000;

/// Reads both lists, where the file still has its sections: no loader needs them.
pub(super) fn read<Header: FileHeader<Endian = Endianness>>(
    header: &Header,
    endian: Endianness,
    data: Data<'_>,
    facts: &mut Facts,
) -> Result<(), Fault> {
    if header.shnum(endian, data).is_ok_and(|count| count as usize > SECTIONS_MAX) {
        return Err(Fault::TooLarge);
    }
    let Ok(sections) = header.section_headers(endian, data) else { return Ok(()) };
    let sections: SectionTable<'_, Header, Data<'_>> =
        SectionTable::new(sections, StringTable::default());
    for section in sections.iter() {
        let kind = section.sh_type(endian);
        let is_ours = kind == SHT_GNU_VERDEF || kind == SHT_GNU_VERNEED;
        if is_ours && section.sh_size(endian).into() > TABLE_BYTES_MAX {
            return Err(Fault::TooLarge);
        }
    }
    read_definitions(&sections, endian, data, facts)?;
    read_needs(&sections, endian, data, facts)
}

fn read_definitions<'data, Header: FileHeader<Endian = Endianness>>(
    sections: &SectionTable<'data, Header, Data<'data>>,
    endian: Endianness,
    data: Data<'data>,
    facts: &mut Facts,
) -> Result<(), Fault> {
    let Some((mut definitions, link)) = sections.gnu_verdef(endian, data)? else { return Ok(()) };
    let strings = strings(sections, endian, data, link)?;
    for _ in 0..VERSIONS_MAX {
        let Some((_, mut names)) = definitions.next()? else { return Ok(()) };
        // The first is the version, the others are those that it continues.
        if let Some(name) = names.next()? {
            facts.versions.insert(name.name(endian, strings)?.to_vec());
        }
    }
    Err(Fault::TooLarge)
}

fn read_needs<'data, Header: FileHeader<Endian = Endianness>>(
    sections: &SectionTable<'data, Header, Data<'data>>,
    endian: Endianness,
    data: Data<'data>,
    facts: &mut Facts,
) -> Result<(), Fault> {
    let Some((mut needs, link)) = sections.gnu_verneed(endian, data)? else { return Ok(()) };
    let strings = strings(sections, endian, data, link)?;
    let mut left = VERSIONS_MAX;
    while let Some((library, mut versions)) = needs.next()? {
        let file = library.file(endian, strings)?;
        while let Some(version) = versions.next()? {
            left = left.checked_sub(1).ok_or(Fault::TooLarge)?;
            if !version.vna_flags.get(endian).contains(VER_FLG_WEAK) {
                let name = version.name(endian, strings)?;
                facts.version_needs.insert((file.to_vec(), name.to_vec()));
            }
        }
        left = left.checked_sub(1).ok_or(Fault::TooLarge)?;
    }
    Ok(())
}

/// The strings of the section to which another links, which are read one by one.
fn strings<'data, Header: FileHeader<Endian = Endianness>>(
    sections: &SectionTable<'data, Header, Data<'data>>,
    endian: Endianness,
    data: Data<'data>,
    link: object::SectionIndex,
) -> Result<StringTable<'data, Data<'data>>, Fault> {
    Ok(sections.strings(endian, data, link)?)
}
