#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use super::*;

/// A catalogue of lines such as `nginx 1.2: libc6 musl|glibc !apache`.
struct Lines(Vec<Line>);

struct Line {
    name: String,
    version: String,
    needs: Vec<String>,
    refusals: Vec<String>,
}

impl Lines {
    fn new(text: &str) -> Self {
        let line = |line: &str| {
            let (head, tail) = line.split_once(':').unwrap();
            let (name, version) = head.trim().split_once(' ').unwrap_or((head.trim(), "1"));
            let words = |refused: bool| {
                let words =
                    tail.split_whitespace().filter(move |word| word.starts_with('!') == refused);
                words.map(|word| word.trim_start_matches('!').to_owned()).collect()
            };
            Line {
                name: name.to_owned(),
                version: version.to_owned(),
                needs: words(false),
                refusals: words(true),
            }
        };
        Self(text.lines().filter(|text| !text.trim().is_empty()).map(line).collect())
    }

    fn named(&self, name: &str) -> Vec<PackageId> {
        let numbers = (0..).zip(&self.0).filter(|(_, line)| line.name == name);
        let mut packages: Vec<_> = numbers.map(|(number, _)| PackageId(number)).collect();
        packages.reverse();
        packages
    }

    /// Understands `name`, `name=version` and alternatives of these.
    fn need(&self, word: &str) -> Need {
        let mut need = Need {
            text: word.replace('|', " | "),
            any_of: vec![],
            instead: "there is no such package".to_owned(),
        };
        for alternative in word.split('|') {
            let (name, version) = alternative.split_once('=').unwrap_or((alternative, ""));
            for package in self.named(name) {
                let fits = version.is_empty() || self.version(package) == version;
                if fits {
                    need.any_of.push(package);
                } else {
                    need.instead = format!("only {} is available", self.version(package));
                }
            }
        }
        need
    }

    fn request(&self, words: &str) -> Request {
        let needs = words.split_whitespace().map(|word| self.need(word)).collect();
        Request { needs, wishes: vec![] }
    }

    fn show(&self, chosen: &BTreeSet<PackageId>) -> String {
        let show = |&package| format!("{} {}", self.name(package), self.version(package));
        chosen.iter().map(show).collect::<Vec<_>>().join(", ")
    }
}

impl Catalogue for Lines {
    fn name(&self, package: PackageId) -> String {
        self.0[package.0 as usize].name.clone()
    }

    fn version(&self, package: PackageId) -> String {
        self.0[package.0 as usize].version.clone()
    }

    fn versions(&self, package: PackageId) -> Vec<PackageId> {
        self.named(&self.name(package))
    }

    fn needs(&self, package: PackageId) -> Vec<Need> {
        self.0[package.0 as usize].needs.iter().map(|word| self.need(word)).collect()
    }

    fn refusals(&self, package: PackageId) -> Vec<Refusal> {
        let refusal = |word: &String| Refusal {
            text: format!("conflicts with {word}"),
            packages: self.need(word).any_of,
        };
        self.0[package.0 as usize].refusals.iter().map(refusal).collect()
    }
}

fn check(catalogue: &str, words: &str, expected: &str) {
    let lines = Lines::new(catalogue);
    match solve(&lines, &lines.request(words)) {
        Ok(chosen) => {
            assert!(is_sound(&lines, &chosen));
            assert_eq!(lines.show(&chosen), expected);
        }
        Err(explanation) => assert_eq!(explanation.to_string(), expected),
    }
}

#[test]
fn needs_are_followed() {
    check("a: b\nb: c\nc:\nd:", "a", "a 1, b 1, c 1");
}

#[test]
fn the_first_alternative_is_preferred() {
    check("a: b|c\nb:\nc:", "a", "a 1, b 1");
    check("a: c|b\nb:\nc:", "a", "a 1, c 1");
}

#[test]
fn a_refused_alternative_is_passed_over() {
    check("a: b|c\nb:\nc:\nd: !b", "a d", "a 1, c 1, d 1");
}

#[test]
fn one_version_of_a_package_is_chosen() {
    check("a: b=1\nb 1:\nb 2:", "a b", "a 1, b 1");
    check("a:\nb 1:\nb 2:", "b", "b 2");
}

#[test]
fn wishes_are_granted_where_possible() {
    let lines = Lines::new("a: b|c\nb:\nc:\nd: !a\ne: c");
    let wishes = ["d", "e"].map(|name| lines.named(name)[0]).to_vec();
    let request = Request { wishes, ..lines.request("a") };
    assert_eq!(lines.show(&solve(&lines, &request).unwrap()), "a 1, b 1, c 1, e 1");
}

#[test]
fn a_missing_package_is_named() {
    check("nginx: libfoo", "nginx", "nginx wants libfoo, but there is no such package");
}

#[test]
fn a_missing_version_is_named_with_what_there_is() {
    check(
        "nginx: libc6=2.99\nlibc6 2.36:",
        "nginx",
        "nginx wants libc6=2.99, but only 2.36 is available",
    );
}

#[test]
fn the_chain_to_what_is_missing_is_told() {
    check(
        "web: nginx\nnginx: common\ncommon: libfoo",
        "web",
        "web wants nginx, which wants common, which wants libfoo, but there is no such package",
    );
}

#[test]
fn two_requested_packages_that_exclude_each_other_are_named() {
    check("a: !b\nb:", "a b", "a conflicts with b");
}

#[test]
fn packages_that_exclude_each_other_are_told_with_who_brings_them() {
    check(
        "postfix: !light|heavy\nexim4: light|heavy\nlight:\nheavy:",
        "postfix exim4",
        "postfix conflicts with light|heavy, which is light or heavy; exim4 wants light | heavy",
    );
}

#[test]
fn two_versions_of_one_package_are_a_clash() {
    check(
        "a: c=1\nb: c=2\nc 1:\nc 2:",
        "a b",
        "c cannot be there in two versions; a wants c=1; b wants c=2",
    );
}

#[test]
fn of_three_versions_the_two_that_clash_are_told() {
    let rows = "a: c=1|c=2 d\nd: c=2|c=3\nb: c=3\ne: c=1|c=2\nc 1:\nc 2:\nc 3:";
    check(rows, "b e", "c cannot be there in two versions; e wants c=1 | c=2; b wants c=3");
    check(
        rows,
        "a c=3",
        "c cannot be there in two versions; a wants c=1 | c=2; the request wants c=3",
    );
}

#[test]
fn every_dead_alternative_is_told() {
    check(
        "a: b|c\nb: x\nc: y",
        "a",
        "a wants b | c; b wants x, but there is no such package\n\
         a wants b | c; c wants y, but there is no such package",
    );
}
