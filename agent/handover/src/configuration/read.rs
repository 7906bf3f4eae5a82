//! Reads the lines of a configuration.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::str::{FromStr, SplitWhitespace};

use super::{BadLine, Configuration, Module, Root, Verity};

const NOT_KNOWN: &str = "is not known";
const NOT_COMPLETE: &str = "lacks a value, or has one that is not known";
const OUT_OF_PLACE: &str = "stands where it makes no sense";
const NOT_THERE: &str = "is missing: there must be root or archive, and init";

impl FromStr for Configuration {
    type Err = BadLine;

    fn from_str(text: &str) -> Result<Self, BadLine> {
        let mut found = Found::default();
        let mut number = 0;
        for line in text.lines() {
            number += 1;
            found.take(line).map_err(|why| BadLine { number, why })?;
        }
        let missing = BadLine { number: number + 1, why: NOT_THERE };
        match found {
            Found { modules, root: Some(root), init: Some(init) } => {
                Ok(Self { modules, root, init })
            }
            _ => Err(missing),
        }
    }
}

#[derive(Default)]
struct Found {
    modules: Vec<Module>,
    /// Whether the root is known, and if it is, whether there is one of its own.
    root: Option<Option<Root>>,
    init: Option<String>,
}

impl Found {
    fn take(&mut self, line: &str) -> Result<(), &'static str> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match (word, &mut self.root, &self.init) {
            ("module", None, None) => self.modules.push(module(rest, true)?),
            ("try", None, None) => self.modules.push(module(rest, false)?),
            ("root", root @ None, None) => *root = Some(Some(read_root(rest)?)),
            ("archive", root @ None, None) if rest.is_empty() => *root = Some(None),
            ("verity", Some(Some(root)), None) if root.verity.is_none() => {
                root.verity = Some(verity(rest)?);
            }
            ("init", Some(_), None) if rest.starts_with('/') => self.init = Some(rest.to_owned()),
            ("module" | "try" | "root" | "archive" | "verity" | "init", ..) => {
                return Err(OUT_OF_PLACE);
            }
            _ => return Err(NOT_KNOWN),
        }
        Ok(())
    }
}

fn module(rest: &str, is_required: bool) -> Result<Module, &'static str> {
    let (path, arguments) = rest.split_once(' ').unwrap_or((rest, ""));
    if !path.starts_with('/') {
        return Err(NOT_COMPLETE);
    }
    Ok(Module { path: path.to_owned(), arguments: arguments.to_owned(), is_required })
}

fn read_root(rest: &str) -> Result<Root, &'static str> {
    let mut values = Values(rest.split_whitespace());
    let root = Root {
        device: values.text("device")?,
        filesystem: values.text("type")?,
        options: values.text("options")?,
        wait_seconds: values.number("wait")?,
        verity: None,
    };
    values.end()?;
    Ok(root)
}

fn verity(rest: &str) -> Result<Verity, &'static str> {
    let mut values = Values(rest.split_whitespace());
    let verity = Verity {
        hash_device: values.text("hash")?,
        data_block_bytes: values.number("data-block")?,
        hash_block_bytes: values.number("hash-block")?,
        data_blocks: values.number("blocks")?,
        hash_start_block: values.number("start")?,
        algorithm: values.text("algorithm")?,
        root_hash: values.text("digest")?,
        salt: values.text("salt")?,
    };
    values.end()?;
    Ok(verity)
}

/// Words of the form `name=value`, each in its place.
struct Values<'a>(SplitWhitespace<'a>);

impl Values<'_> {
    fn text(&mut self, name: &str) -> Result<String, &'static str> {
        let word = self.0.next().ok_or(NOT_COMPLETE)?;
        match word.split_once('=') {
            Some((found, "-")) if found == name => Ok(String::new()),
            Some((found, value)) if found == name && !value.is_empty() => Ok(value.to_owned()),
            _ => Err(NOT_COMPLETE),
        }
    }

    fn number<N: FromStr>(&mut self, name: &str) -> Result<N, &'static str> {
        self.text(name)?.parse().map_err(|_| NOT_COMPLETE)
    }

    fn end(mut self) -> Result<(), &'static str> {
        if self.0.next().is_none() { Ok(()) } else { Err(NOT_COMPLETE) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const WHOLE: &str = "module /m/a.ko\n\
        try /m/b.ko first=1 second=\"two words\"\n\
        root device=/dev/vda1 type=ext4 options=ro,noatime wait=10\n\
        verity hash=/dev/vda2 data-block=4096 hash-block=4096 blocks=9 start=1 \
        algorithm=sha256 digest=abcd salt=-\n\
        init /sbin/init\n";

    #[test]
    fn what_is_read_is_written_again() {
        for text in [WHOLE, "archive\ninit /init\n"] {
            assert_eq!(text.parse::<Configuration>().unwrap().to_string(), text);
        }
        let read: Configuration = WHOLE.parse().unwrap();
        assert_eq!(read.modules[1].arguments, "first=1 second=\"two words\"");
        assert!(read.modules[0].is_required && !read.modules[1].is_required);
        assert_eq!(read.root.unwrap().verity.unwrap().salt, "");
    }

    #[test]
    fn a_line_that_is_wrong_is_named() {
        check("", "line 1 is missing: there must be root or archive, and init");
        check("archive\n", "line 2 is missing: there must be root or archive, and init");
        check("archive\nboot\n", "line 2 is not known");
        check("module a.ko\n", "line 1 lacks a value, or has one that is not known");
        check("root device=/dev/vda\n", "line 1 lacks a value, or has one that is not known");
        check(
            "root device=/dev/vda type=ext4 options=- wait=-1\n",
            "line 1 lacks a value, or has one that is not known",
        );
        check("archive\ninit /init\nmodule /m\n", "line 3 stands where it makes no sense");
        check("archive\narchive\n", "line 2 stands where it makes no sense");
        check("verity hash=a\n", "line 1 stands where it makes no sense");
        check("archive\ninit init\n", "line 2 stands where it makes no sense");
    }

    #[test]
    fn no_damage_is_fatal() {
        let mut state = 1_u64;
        for _ in 0..20_000 {
            let mut bytes = WHOLE.as_bytes().to_vec();
            for _ in 0..3 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let place = (state >> 33) as usize % bytes.len();
                bytes[place] = (state >> 25) as u8 & 0x7f;
            }
            let text = String::from_utf8(bytes).unwrap();
            if let Ok(read) = text.parse::<Configuration>() {
                assert_eq!(read.to_string().parse(), Ok(read));
            }
        }
    }

    fn check(text: &str, expected: &str) {
        assert_eq!(text.parse::<Configuration>().unwrap_err().to_string(), expected);
    }
}
