//! A directory of this machine that a guest sees: `HOST:GUEST[:ro]`.

use std::path::PathBuf;
use std::str::FromStr;

/// A directory of this machine that a guest sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// Where it is here.
    pub host: PathBuf,
    /// Where it is in the guest.
    pub guest: String,
    /// Whether the guest can only read.
    pub is_read_only: bool,
}

impl FromStr for Shared {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (places, is_read_only) = match text.strip_suffix(":ro") {
            Some(places) => (places, true),
            None => (text, false),
        };
        let (host, guest) = places.rsplit_once(':').ok_or("write HOST:GUEST or HOST:GUEST:ro")?;
        if host.is_empty() {
            return Err("the directory of this machine is missing");
        }
        if !guest.starts_with('/') || guest.contains(char::is_whitespace) {
            return Err("the place in the guest must be absolute and without blanks");
        }
        Ok(Self { host: host.into(), guest: guest.to_owned(), is_read_only })
    }
}

/// By what name a guest mounts the share of this number.
pub fn tag(number: usize) -> String {
    format!("share{number}")
}

/// What a guest has to mount: by what name, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mounted {
    /// The name.
    pub tag: String,
    /// The place.
    pub place: String,
    /// Whether it can only read.
    pub is_read_only: bool,
}

/// What a guest has to mount of these.
pub fn mounted(shares: &[Shared]) -> Vec<Mounted> {
    let mounted = |(number, shared): (usize, &Shared)| Mounted {
        tag: tag(number),
        place: shared.guest.clone(),
        is_read_only: shared.is_read_only,
    };
    shares.iter().enumerate().map(mounted).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_from_the_right() {
        let check = |text: &str, host: &str, guest: &str, is_read_only| {
            let expected = Shared { host: host.into(), guest: guest.to_owned(), is_read_only };
            assert_eq!(text.parse(), Ok(expected));
        };
        check(".:/src", ".", "/src", false);
        check("/a:b:/src:ro", "/a:b", "/src", true);
        for wrong in ["/src", ":/src", "a:b", "a:/b c", ""] {
            assert!(wrong.parse::<Shared>().is_err(), "{wrong}");
        }
    }
}
