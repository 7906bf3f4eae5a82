//! dpkg triggers: who listens to what, and what unpacking a package sets off.

use std::collections::{BTreeMap, BTreeSet};

use tree::GuestPath;

/// What one package's `triggers` control file declares.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Declared {
    /// Trigger names or absolute paths listened to, with whether activators need not wait.
    pub(crate) interests: Vec<(String, Await)>,
    /// Trigger names that unpacking this package sets off.
    pub(crate) activates: Vec<String>,
}

/// Whether a package that sets off a trigger waits for it to be processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Await {
    /// It waits.
    Yes,
    /// It does not.
    No,
}

impl Declared {
    /// Reads a `triggers` control file.
    pub(crate) fn parse(text: &[u8]) -> Self {
        let mut declared = Self::default();
        for line in String::from_utf8_lossy(text).lines() {
            let line = line.split('#').next().unwrap_or_default();
            let mut words = line.split_ascii_whitespace();
            let (Some(directive), Some(name)) = (words.next(), words.next()) else { continue };
            match directive {
                "interest" | "interest-await" => {
                    declared.interests.push((name.to_owned(), Await::Yes));
                }
                "interest-noawait" => declared.interests.push((name.to_owned(), Await::No)),
                "activate" | "activate-await" | "activate-noawait" => {
                    declared.activates.push(name.to_owned());
                }
                _ => {}
            }
        }
        declared
    }
}

/// Everything that installed packages listen to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interests {
    /// Path or name to the listening packages (as the database spells them).
    by_trigger: BTreeMap<String, Vec<(String, Await)>>,
}

impl Interests {
    /// Adds what one package listens to.
    pub(crate) fn add(&mut self, package: &str, declared: &Declared) {
        for (trigger, wait) in &declared.interests {
            self.by_trigger.entry(trigger.clone()).or_default().push((package.to_owned(), *wait));
        }
    }

    /// The packages set off by unpacking a package with these paths, with their triggers.
    pub(crate) fn set_off<'a>(
        &self,
        declared: &Declared,
        paths: impl Iterator<Item = &'a GuestPath>,
    ) -> BTreeMap<String, BTreeSet<String>> {
        let mut set_off: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut note = |trigger: &str, listeners: &[(String, Await)]| {
            for (package, _) in listeners {
                set_off.entry(package.clone()).or_default().insert(trigger.to_owned());
            }
        };
        for trigger in &declared.activates {
            if let Some(listeners) = self.by_trigger.get(trigger) {
                note(trigger, listeners);
            }
        }
        let watched: Vec<_> = self.path_interests().collect();
        for path in paths {
            for (place, trigger, listeners) in &watched {
                if path.is_within(place) {
                    note(trigger, listeners);
                }
            }
        }
        set_off
    }

    /// The text of `triggers/File`: one line for each listened-to path.
    pub(crate) fn file_text(&self) -> String {
        let mut text = String::new();
        for (trigger, listeners) in &self.by_trigger {
            if trigger.starts_with('/') {
                listeners.iter().for_each(|(package, wait)| {
                    text.push_str(&format!("{trigger} {}\n", listener(package, *wait)));
                });
            }
        }
        text
    }

    /// The files that stand for named triggers: name and listeners, one a line.
    pub(crate) fn named_texts(&self) -> impl Iterator<Item = (&str, String)> {
        self.by_trigger.iter().filter(|(trigger, _)| !trigger.starts_with('/')).map(
            |(trigger, listeners)| {
                let lines = listeners.iter().map(|(package, wait)| listener(package, *wait) + "\n");
                (trigger.as_str(), lines.collect())
            },
        )
    }

    fn path_interests(&self) -> impl Iterator<Item = (GuestPath, &str, &Vec<(String, Await)>)> {
        self.by_trigger.iter().filter(|(trigger, _)| trigger.starts_with('/')).filter_map(
            |(trigger, who)| Some((GuestPath::new(trigger).ok()?, trigger.as_str(), who)),
        )
    }
}

fn listener(package: &str, wait: Await) -> String {
    match wait {
        Await::Yes => package.to_owned(),
        Await::No => format!("{package}/noawait"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_path_below_a_watched_directory_sets_off_its_listener() {
        let mut interests = Interests::default();
        interests.add("man-db", &Declared::parse(b"interest-noawait /usr/share/man # pages\n"));
        interests.add("libc-bin", &Declared::parse(b"interest-await ldconfig\n"));
        let path = GuestPath::new("usr/share/man/man1/a.1").unwrap();
        let declared = Declared::parse(b"activate-noawait ldconfig\n");
        let set_off = interests.set_off(&declared, [&path].into_iter());
        assert_eq!(set_off.keys().collect::<Vec<_>>(), ["libc-bin", "man-db"]);
        assert_eq!(interests.file_text(), "/usr/share/man man-db/noawait\n");
        assert_eq!(interests.named_texts().next().unwrap(), ("ldconfig", "libc-bin\n".to_owned()));
    }

    #[test]
    fn a_sibling_with_the_same_prefix_sets_off_nothing() {
        let mut interests = Interests::default();
        interests.add("x", &Declared::parse(b"interest /usr/lib/x\n"));
        let path = GuestPath::new("usr/lib/xy").unwrap();
        assert!(interests.set_off(&Declared::default(), [&path].into_iter()).is_empty());
    }
}
