//! What a module says about itself and about what it needs.

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use object::elf::{
    EM_SPARC, EM_SPARCV9, FileHeader32, FileHeader64, SHN_UNDEF, SHT_SYMTAB, SymbolType,
};
use object::read::elf::{FileHeader, SectionHeader, SectionTable, Sym};
use object::{Endianness, FileKind};

use crate::alias::is_sound;
use crate::error::Fault;

/// Compilers for SPARC declare registers like this, which nothing defines.
const STT_REGISTER: SymbolType = SymbolType(13);
/// What a kernel with versions of symbols calls the version of each one that a module exports.
const VERSION_PREFIX: &[u8] = b"__crc_";
/// A version and a name.
const VERSION_ENTRY_BYTES: usize = 64;

/// Aliases or symbols of one module: real ones have a few thousand.
const TEXTS_MAX: usize = 200_000;

/// What a module says about itself and about what it needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// By which it may be asked for, in order.
    pub aliases: Vec<Vec<u8>>,
    /// What may be loaded before or after it.
    pub soft_dependencies: Vec<Vec<u8>>,
    /// The symbols that it has for others.
    pub exports: Vec<Vec<u8>>,
    /// The symbols that it needs, in order.
    pub imports: Vec<Vec<u8>>,
}

impl Facts {
    /// About how much memory they take.
    pub(crate) fn bytes(&self) -> usize {
        let lists = [&self.aliases, &self.soft_dependencies, &self.exports, &self.imports];
        let texts = lists.into_iter().flatten();
        texts.map(|text| text.len() + 2 * size_of::<Vec<u8>>()).sum()
    }
}

/// Reads the bytes of a module.
pub fn facts(module: &[u8]) -> Result<Facts, Fault> {
    match FileKind::parse(module).map_err(Fault::Elf)? {
        FileKind::Elf32 => read::<FileHeader32<Endianness>>(module),
        FileKind::Elf64 => read::<FileHeader64<Endianness>>(module),
        // There are no words for other kinds of files in the library.
        _ => Err(Fault::Text("the kind of file".into())),
    }
}

fn read<Header: FileHeader<Endian = Endianness>>(module: &[u8]) -> Result<Facts, Fault> {
    let header = Header::parse(module).map_err(Fault::Elf)?;
    let endian = header.endian().map_err(Fault::Elf)?;
    let sections = header.sections(endian, module).map_err(Fault::Elf)?;
    let section = |name| section::<Header>(&sections, endian, module, name);
    let mut facts = Facts::default();
    for entry in strings(section(b".modinfo")?) {
        let end = entry.iter().position(|byte| *byte == b'=').unwrap_or(entry.len());
        let value = entry.get(end + 1..).unwrap_or_default();
        match &entry[..end] {
            b"alias" => add(&mut facts.aliases, value)?,
            b"softdep" => add(&mut facts.soft_dependencies, value)?,
            _ => {}
        }
    }
    read_symbols(header, endian, module, &sections, &mut facts)?;
    if facts.exports.is_empty() {
        for name in strings(section(b"__ksymtab_strings")?) {
            add(&mut facts.exports, name)?;
        }
    }
    add_versioned(section(b"__versions")?, header.is_type_64(), &mut facts.imports)?;
    Ok(facts)
}

/// The bytes of the first section of this name; none if there is none.
fn section<'data, Header: FileHeader<Endian = Endianness>>(
    sections: &SectionTable<'data, Header>,
    endian: Endianness,
    module: &'data [u8],
    name: &[u8],
) -> Result<&'data [u8], Fault> {
    let Some((_, section)) = sections.section_by_name(endian, name) else { return Ok(&[]) };
    section.data(endian, module).map_err(Fault::Elf)
}

fn read_symbols<Header: FileHeader<Endian = Endianness>>(
    header: &Header,
    endian: Endianness,
    module: &[u8],
    sections: &SectionTable<'_, Header>,
    facts: &mut Facts,
) -> Result<(), Fault> {
    let has_registers = matches!(header.e_machine(endian), EM_SPARC | EM_SPARCV9);
    let symbols = sections.symbols(endian, module, SHT_SYMTAB).map_err(Fault::Elf)?;
    for symbol in symbols.iter().skip(1) {
        let name = symbol.name(endian, symbols.strings()).map_err(Fault::Elf)?;
        if let Some(name) = name.strip_prefix(VERSION_PREFIX) {
            add(&mut facts.exports, name)?;
        }
        let is_register = has_registers && symbol.st_type() == STT_REGISTER;
        if symbol.st_shndx(endian) == SHN_UNDEF && !name.is_empty() && !is_register {
            add(&mut facts.imports, name)?;
        }
    }
    Ok(())
}

/// Adds the symbols whose version is asked for though nothing in the module uses them.
fn add_versioned(versions: &[u8], is_64: bool, imports: &mut Vec<Vec<u8>>) -> Result<(), Fault> {
    if !versions.len().is_multiple_of(VERSION_ENTRY_BYTES) {
        return Ok(());
    }
    let start = if is_64 { 8 } else { 4 };
    let used: HashSet<Vec<u8>> = imports.iter().cloned().collect();
    for entry in versions.chunks_exact(VERSION_ENTRY_BYTES) {
        let name = entry[start..].split(|byte| *byte == 0).next().unwrap_or_default();
        if !name.is_empty() && !used.contains(name) {
            add(imports, name)?;
        }
    }
    Ok(())
}

/// The texts of a section, each of which ends with a NUL byte.
fn strings(section: &[u8]) -> impl Iterator<Item = &[u8]> {
    section.split(|byte| *byte == 0).filter(|text| !text.is_empty())
}

fn add(texts: &mut Vec<Vec<u8>>, text: &[u8]) -> Result<(), Fault> {
    if !is_sound(text) {
        let shown = String::from_utf8_lossy(&text[..text.len().min(100)]).into_owned();
        return Err(Fault::Text(shown));
    }
    if texts.len() == TEXTS_MAX {
        return Err(Fault::TooMany(TEXTS_MAX));
    }
    texts.push(text.to_vec());
    Ok(())
}
