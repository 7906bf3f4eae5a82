//! dpkg diversions: paths that all packages but one put elsewhere.

use std::collections::BTreeMap;

use tree::GuestPath;

/// All diversions of a guest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Diversions {
    by_path: BTreeMap<GuestPath, (GuestPath, String)>,
}

impl Diversions {
    /// Reads the database's `diversions` file: three lines for each diversion.
    pub(crate) fn parse(text: &[u8]) -> Self {
        let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
        let by_path = lines
            .chunks_exact(3)
            .filter_map(|three| {
                let from = GuestPath::new(three[0]).ok()?;
                let to = GuestPath::new(three[1]).ok()?;
                Some((from, (to, String::from_utf8_lossy(three[2]).into_owned())))
            })
            .collect();
        Self { by_path }
    }

    /// Where `package` puts the file that its archive calls `path`.
    pub(crate) fn place<'a>(&'a self, package: &str, path: &'a GuestPath) -> &'a GuestPath {
        match self.by_path.get(path) {
            Some((to, by)) if by != package => to,
            _ => path,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_the_diverting_package_keeps_the_path() {
        let diversions = Diversions::parse(b"/bin/sh\n/bin/sh.distrib\ndash\n");
        let shell = GuestPath::new("bin/sh").unwrap();
        assert_eq!(diversions.place("dash", &shell).to_string(), "/bin/sh");
        assert_eq!(diversions.place("bash", &shell).to_string(), "/bin/sh.distrib");
    }

    #[test]
    fn a_local_diversion_moves_every_package() {
        let diversions = Diversions::parse(b"/a\n/b\n:\n");
        let path = GuestPath::new("a").unwrap();
        assert_eq!(diversions.place("any", &path).to_string(), "/b");
    }
}
