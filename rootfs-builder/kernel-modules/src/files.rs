//! The files that are made of all modules.

use crate::alias::{is_sound, module_name, normalize};
use crate::dependencies::Dependencies;
use crate::module::Module;
use crate::symbols::Symbols;
use crate::trie::{FILE_BYTES_MAX, Trie};

/// A file that would be too large for its format, which no real kernel's is.
#[derive(Debug)]
pub(crate) struct TooLarge;

type Made = Result<Vec<u8>, TooLarge>;

/// `modules.dep` and its binary form: what each module needs.
pub(crate) fn dependencies(
    modules: &[Module],
    dependencies: &Dependencies,
) -> Result<[Vec<u8>; 2], TooLarge> {
    let (mut text, mut trie) = (Vec::new(), Trie::default());
    for (number, module) in modules.iter().enumerate() {
        let start = text.len();
        text.extend_from_slice(&module.path);
        text.push(b':');
        for needed in dependencies.all(number) {
            text.push(b' ');
            text.extend_from_slice(&modules[needed].path);
        }
        if text.len() > FILE_BYTES_MAX {
            return Err(TooLarge);
        }
        trie.insert(&module.name, &text[start..], number as u32);
        text.push(b'\n');
    }
    Ok([text, bytes(&trie)?])
}

/// `modules.alias` and its binary form: which module is meant by which alias.
pub(crate) fn aliases(modules: &[Module]) -> Result<[Vec<u8>; 2], TooLarge> {
    let mut text = b"# Aliases extracted from modules themselves.\n".to_vec();
    let mut trie = Trie::default();
    for (number, module) in modules.iter().enumerate() {
        for alias in &module.facts.aliases {
            text.extend([b"alias ", &alias[..], b" ", &module.name, b"\n"].concat());
            // Brackets that do not match can match nothing.
            if let Some(alias) = normalize(alias) {
                trie.insert(&alias, &module.name, number as u32);
            }
        }
    }
    Ok([text, bytes(&trie)?])
}

/// `modules.symbols` and its binary form: which module has which symbol.
pub(crate) fn symbols(modules: &[Module], symbols: &Symbols<'_>) -> Result<[Vec<u8>; 2], TooLarge> {
    let mut text = b"# Aliases for symbols, used by symbol_request().\n".to_vec();
    let mut trie = Trie::default();
    for (symbol, owner) in symbols.listed() {
        let (alias, owner_name) = ([b"symbol:", symbol].concat(), &modules[owner].name);
        text.extend([b"alias ", &alias[..], b" ", owner_name, b"\n"].concat());
        trie.insert(&alias, owner_name, owner as u32);
    }
    Ok([text, bytes(&trie)?])
}

/// `modules.softdep`: what may be loaded before or after each module.
pub(crate) fn soft_dependencies(modules: &[Module]) -> Vec<u8> {
    let mut text = b"# Soft dependencies extracted from modules themselves.\n".to_vec();
    for module in modules {
        for needs in &module.facts.soft_dependencies {
            text.extend([b"softdep ", &module.name[..], b" ", needs, b"\n"].concat());
        }
    }
    text
}

/// `modules.devname`: device nodes to make before their module is loaded.
pub(crate) fn device_names(modules: &[Module]) -> Vec<u8> {
    let mut text = Vec::new();
    for module in modules {
        let (mut name, mut numbers) = (None, None);
        for alias in &module.facts.aliases {
            if let Some(found) = alias.strip_prefix(b"devname:") {
                name = Some(found);
            } else {
                numbers = device_numbers(alias).or(numbers);
            }
            if name.is_some() && numbers.is_some() {
                break;
            }
        }
        let (Some(name), Some((kind, major, minor))) = (name, numbers) else { continue };
        if text.is_empty() {
            text.extend(b"# Device nodes to trigger on-demand module loading.\n");
        }
        text.extend([&module.name[..], b" ", name].concat());
        text.extend(format!(" {kind}{major}:{minor}\n").into_bytes());
    }
    text
}

/// `modules.builtin.bin`, from `modules.builtin`: what needs no loading.
pub(crate) fn built_in(list: &[u8]) -> Made {
    let mut trie = Trie::default();
    for line in list.split(|byte| *byte == b'\n') {
        let name = module_name(line);
        if line.first().is_some_and(u8::is_ascii_alphabetic) && is_sound(&name) {
            trie.insert(&name, b"", 0);
        }
    }
    bytes(&trie)
}

/// `modules.builtin.alias.bin`, from `modules.builtin.modinfo`: by what it may be asked for.
pub(crate) fn built_in_aliases(information: &[u8]) -> Made {
    let mut trie = Trie::default();
    for entry in information.split(|byte| *byte == 0) {
        let mut parts = entry.splitn(2, |byte| *byte == b'.');
        let (Some(name), Some(fact)) = (parts.next(), parts.next()) else { continue };
        let alias = fact.strip_prefix(b"alias=").and_then(normalize);
        if let Some(alias) = alias.filter(|alias| is_sound(alias) && is_sound(name)) {
            trie.insert(&alias, name, 0);
        }
    }
    bytes(&trie)
}

fn bytes(trie: &Trie) -> Made {
    trie.to_bytes().ok_or(TooLarge)
}

/// Reads `char-major-MAJOR-MINOR` and the same for blocks.
fn device_numbers(alias: &[u8]) -> Option<(char, u32, u32)> {
    let alias = std::str::from_utf8(alias).ok()?;
    let of = |prefix, kind| alias.strip_prefix(prefix).map(|rest| (kind, rest));
    let (kind, rest) = of("char-major-", 'c').or_else(|| of("block-major-", 'b'))?;
    let (major, minor) = rest.split_once('-')?;
    Some((kind, major.parse().ok()?, minor.parse().ok()?))
}
