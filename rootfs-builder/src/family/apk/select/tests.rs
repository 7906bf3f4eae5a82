#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

//! Choices over small universes, written as one line for each package.

mod conditions;
mod real;
mod refusals;
mod tables;
mod tagged;

use super::*;
use crate::family::apk::index::Index;

/// Makes indexes of lines such as `nginx=1.22 D:libc so:z | p:cmd:nginx | k:10`, where a line
/// `@tag` begins a repository with that tag and a line `---` one without.
fn indexes(lines: &str) -> Vec<Index> {
    let mut indexes = vec![Index { label: "test".to_owned(), ..Index::default() }];
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line == "---" || line.starts_with('@') {
            let tag = line.strip_prefix('@').map(str::to_owned);
            indexes.push(Index { label: line.to_owned(), tag, bytes: vec![] });
            continue;
        }
        let number = indexes.len();
        let bytes = &mut indexes.last_mut().unwrap().bytes;
        bytes.extend(package(line, number, bytes.len()).into_bytes());
    }
    indexes
}

fn package(line: &str, index: usize, position: usize) -> String {
    let (head, fields) = line.split_once(' ').unwrap_or((line, ""));
    let (name, version) = head.split_once('=').unwrap_or((head, "1"));
    let mut fields: Vec<&str> = fields.split(" | ").filter(|field| !field.is_empty()).collect();
    // A package is the same in two repositories only where the lines say so.
    let own = format!("C:Q1{index:02}{position:024}");
    let checksum = fields.iter().position(|field| field.starts_with("C:"));
    let checksum = checksum.map_or(own, |at| format!("C:Q1{:0>26}", &fields.remove(at)[2..]));
    let mut text = format!("{checksum}A=\nP:{name}\nV:{version}\nS:1\n");
    for (letter, default) in [("A:", "A:x86_64"), ("I:", "I:1")] {
        if !fields.iter().any(|field| field.starts_with(letter)) {
            fields.push(default);
        }
    }
    text += &fields.join("\n");
    text + "\n\n"
}

/// Shows a choice as names in order, those asked for with a star, versions other than 1 after them.
fn listing(lines: &str, words: &str) -> String {
    let universe = Universe::read("x86_64", indexes(lines)).unwrap();
    let packages = words.split_whitespace().map(str::to_owned).collect();
    let selection = match select(&universe, &Request { packages }) {
        Ok(selection) => selection,
        Err(error) => return error.to_string(),
    };
    let show = |chosen: Chosen| {
        let package = universe.package(chosen.id);
        let star = if chosen.is_requested { "*" } else { "" };
        let tag = package.tag().map(|tag| format!("@{tag}")).unwrap_or_default();
        match package.version() {
            "1" => format!("{}{tag}{star}", package.name()),
            version => format!("{}{tag}={version}{star}", package.name()),
        }
    };
    selection.packages.into_iter().map(show).collect::<Vec<_>>().join(" ")
}

fn check(lines: &str, words: &str, expected: &str) {
    assert_eq!(listing(lines, words), expected, "{words} from\n{lines}");
}

/// Checks a table: universes apart by a line `===`, each followed by lines `words => choice`.
fn check_table(table: &str) {
    let mut count = 0;
    for universe in table.split("\n===\n") {
        let (questions, lines): (Vec<&str>, Vec<&str>) =
            universe.lines().partition(|line| line.contains(" => "));
        for question in questions {
            let (words, expected) = question.split_once(" => ").unwrap();
            check(&lines.join("\n"), words.trim(), expected.trim());
            count += 1;
        }
    }
    assert!(count > 0, "a table without a question");
}

#[test]
fn the_latest_version_is_chosen_with_what_it_needs() {
    check("a=1 D:c\na=2 D:b\nb\nc\nd", "a", "a=2* b");
}

#[test]
fn of_equal_versions_the_first_repository_counts() {
    let universe = Universe::read("x86_64", indexes("a\n---\na\nb")).unwrap();
    let request = Request { packages: vec!["a".to_owned(), "b".to_owned()] };
    let selection = select(&universe, &request).unwrap();
    let from = selection.packages.iter().map(|chosen| universe.package(chosen.id).index());
    assert_eq!(from.collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn the_last_word_about_a_name_counts() {
    check("a=1\na=2", "a=1 a", "a=2*");
    check("a=1\na=2", "a a=1", "a*");
    check("a\nb", "a b !b", "a*");
}

#[test]
fn nothing_is_chosen_for_nothing() {
    check("a", "", "");
}

#[test]
fn circles_are_no_trouble() {
    check("a D:b\nb D:a", "a", "a* b");
    check("a D:a", "a", "a*");
}

#[test]
fn a_chain_deeper_than_any_real_one_does_not_end_in_a_crash() {
    let lines: Vec<_> = (0..30_000).map(|number| format!("p{number} D:p{}", number + 1)).collect();
    let indexes = indexes(&(lines.join("\n") + "\np30000"));
    let universe = Universe::read("x86_64", indexes).unwrap();
    let request = Request { packages: vec!["p0".to_owned()] };
    assert_eq!(select(&universe, &request).unwrap().packages.len(), 30_001);
}

#[test]
fn the_answer_does_not_depend_on_the_order_of_the_words() {
    let lines = "a D:v\nb p:v | k:1\nc p:v | k:2\nd D:!c";
    check(lines, "a d", "a* b d*");
    check(lines, "d a", "a* b d*");
}
