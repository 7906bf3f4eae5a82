#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::family::deb::index::Index;

/// Makes an index of lines such as `nginx=1.22:i386 Depends: libc6; Provides: httpd`.
fn index(lines: &str, pin: i16) -> Index {
    let mut text = String::new();
    for line in lines.lines() {
        let (head, fields) = line.split_once(' ').unwrap_or((line, ""));
        let (head, arch) = head.split_once(':').unwrap_or((head, "amd64"));
        let (name, version) = head.split_once('=').unwrap_or((head, "1"));
        let fields = fields.replace("; ", "\n");
        text += &format!("Package: {name}\nVersion: {version}\nArchitecture: {arch}\n{fields}\n\n");
    }
    Index { label: "test".to_owned(), pin, bytes: text.into_bytes() }
}

/// Shows a choice as names in order, those asked for with a star, versions other than 1 after them.
fn listing(universe: &Universe, request: &Request) -> String {
    let selection = match select(universe, request) {
        Ok(selection) => selection,
        Err(error) => return error.to_string(),
    };
    let show = |chosen: Chosen| {
        let package = universe.package(chosen.id);
        let star = if chosen.is_requested { "*" } else { "" };
        match package.version() {
            "1" => format!("{}{star}", package.full_name()),
            version => format!("{}={version}{star}", package.full_name()),
        }
    };
    selection.packages.into_iter().map(show).collect::<Vec<_>>().join(" ")
}

/// Reads a request such as `@essential / nginx python3`, with a slash between stages.
fn request(words: &str) -> Request {
    let stage = |words: &str| {
        let mut stage = Stage::default();
        for word in words.split_whitespace() {
            match word {
                "@essential" => stage.essential = true,
                "@required" => stage.priorities.push(Priority::Required),
                _ => stage.packages.push(word.to_owned()),
            }
        }
        stage
    };
    Request { stages: words.split(" / ").map(stage).collect(), recommends: false }
}

fn check(lines: &str, words: &str, expected: &str) {
    let indexes = vec![index(lines, Index::PIN_DEFAULT)];
    let universe = Universe::read("amd64", &["i386"], indexes).unwrap();
    assert_eq!(listing(&universe, &request(words)), expected);
}

#[test]
fn dependencies_are_followed() {
    check("a Depends: b; Pre-Depends: c\nb Depends: d\nc\nd\ne", "a", "a* b c d");
}

#[test]
fn the_first_alternative_that_can_be_is_taken() {
    check("a Depends: b | c\nb\nc", "a", "a* b");
    check("a Depends: x | c\nb\nc", "a", "a* c");
    check("a Depends: b (>= 2) | c\nb\nc", "a", "a* c");
}

#[test]
fn an_alternative_that_is_there_anyway_is_enough() {
    check("a Depends: b | c\nb\nc", "a c", "a* c*");
}

#[test]
fn an_alternative_that_lacks_something_is_passed_over() {
    check("a Depends: b | c\nb Depends: x\nc", "a", "a* c");
}

#[test]
fn what_a_vain_attempt_left_behind_is_swept_away() {
    check("a Depends: b | c\nb Depends: d, e\ne Depends: x\nc\nd", "a", "a* c");
}

#[test]
fn what_a_vain_attempt_left_behind_stays_where_it_is_suggested() {
    check("a Depends: b | c; Suggests: d\nb Depends: d, e\ne Depends: x\nc\nd", "a", "a* c d");
}

#[test]
fn the_package_itself_is_preferred_to_its_providers() {
    check("a Depends: b\nc Provides: b\nb", "a", "a* b");
}

#[test]
fn essential_providers_are_preferred_then_important_priorities() {
    check("a Depends: v\nc Provides: v\nb Provides: v; Essential: yes", "a", "a* b");
    check(
        "a Depends: v\nb Provides: v; Priority: optional\nc Provides: v; Priority: important",
        "a",
        "a* c",
    );
}

#[test]
fn of_equal_providers_the_one_last_mentioned_is_taken() {
    check("a Depends: v\nb Provides: v\nc Provides: v", "a", "a* c");
    check("z Suggests: c\na Depends: v\nb Provides: v\nc Provides: v", "a", "a* b");
    // Neither a longer name, nor a version, nor a field that is no relation mentions it.
    check(
        "z=c Suggests: c-x (= c); Tag: c\na Depends: v\nb Provides: v\nc Provides: v",
        "a",
        "a* c",
    );
}

#[test]
fn a_versioned_dependency_needs_a_versioned_provide() {
    check(
        "a Depends: v (>= 2)\nb Provides: v\nc Provides: v (= 1)\nd Provides: v (= 2)",
        "a",
        "a* d",
    );
}

#[test]
fn refused_packages_are_avoided() {
    check("a Depends: b | c; Conflicts: b\nb\nc", "a", "a* c");
    check("a Depends: c; Breaks: b (<< 2)\nb=2\nc Depends: b", "a", "a* b=2 c");
}

#[test]
fn a_package_may_conflict_with_what_it_provides() {
    check("a Provides: v; Conflicts: v", "a", "a*");
}

#[test]
fn recommendations_wait_to_be_asked_for() {
    let lines = "a Recommends: b, x\nb";
    check(lines, "a", "a*");
    let universe = Universe::read("amd64", &[], vec![index(lines, Index::PIN_DEFAULT)]).unwrap();
    assert_eq!(listing(&universe, &Request { recommends: true, ..request("a") }), "a* b");
}

#[test]
fn essential_and_required_packages_are_found_by_what_they_are() {
    let lines = "a Essential: yes; Depends: c\nb Priority: required\nc\nd";
    check(lines, "@essential", "a* c");
    check(lines, "@essential / @required", "a* b* c");
}

#[test]
fn a_later_stage_keeps_to_what_is_there() {
    let lines = "a Depends: b | c\nd Depends: c | b\nb\nc";
    check(lines, "d / a", "a* c d*");
    check(lines, "a / d", "a* b d*");
}

#[test]
fn a_later_stage_may_remove_what_only_served() {
    let lines = "base Essential: yes; Depends: merge | merged\nmerge\nmerged Conflicts: merge";
    check(lines, "@essential / merged", "base* merged*");
}

#[test]
fn a_later_stage_may_not_remove_what_is_essential() {
    check("a Essential: yes\nb Conflicts: a", "@essential / b", "b conflicts with a");
}

#[test]
fn an_exact_version_can_be_asked_for() {
    let indexes = vec![index("a=1 Depends: b\na=2\nb", Index::PIN_DEFAULT)];
    let universe = Universe::read("amd64", &[], indexes).unwrap();
    assert_eq!(listing(&universe, &request("a")), "a=2*");
    assert_eq!(listing(&universe, &request("a=1")), "a* b");
    assert_eq!(listing(&universe, &request("a=3")), "no version 3 of a; there is 2, 1");
}

#[test]
fn a_package_can_be_forbidden() {
    check("a Depends: b | c\nb\nc", "a b-", "a* c");
    check("a Depends: b\nb", "a b-", "a wants b, but the request forbids it");
    check("a-", "a-", "a-*");
}

#[test]
fn ranks_decide_before_versions() {
    let indexes =
        vec![index("a=1\nb=1", Index::PIN_DEFAULT), index("a=2\nc=2", Index::PIN_BACKPORTS)];
    let universe = Universe::read("amd64", &[], indexes).unwrap();
    assert_eq!(listing(&universe, &request("a b c")), "a* b* c=2*");
}

#[test]
fn foreign_packages_depend_on_their_own_kind() {
    check(
        "a:i386 Depends: b\nb Multi-Arch: same\nb:i386 Multi-Arch: same",
        "a:i386",
        "a:i386* b:i386",
    );
}

#[test]
fn multi_arch_foreign_serves_every_architecture() {
    check("a:i386 Depends: b\nb Multi-Arch: foreign", "a:i386", "a:i386* b");
    check("a:i386 Depends: v\nb:all Multi-Arch: foreign; Provides: v", "a:i386", "a:i386* b");
    check("a:i386 Depends: b\nb", "a:i386", "a:i386 wants b, but only 1 for amd64 is available");
}

#[test]
fn multi_arch_allowed_serves_those_who_say_any() {
    check("a:i386 Depends: b:any\nb Multi-Arch: allowed", "a:i386", "a:i386* b");
    check("a:i386 Depends: b:amd64\nb", "a:i386", "a:i386* b");
}

#[test]
fn a_package_for_two_architectures_must_be_the_same() {
    let head = "Multi-Arch: same";
    check(&format!("a {head}\na:i386 {head}"), "a a:i386", "a* a:i386*");
    check(&format!("a=2 {head}\na:i386 {head}"), "a a:i386", "a breaks a:i386 (= 1)");
    check("a\na:i386", "a a:i386", "a conflicts with a:i386");
}

#[test]
fn architecture_all_counts_as_native() {
    check("a:all Depends: b\nb\nb:i386", "a", "a* b");
}

#[test]
fn an_unknown_name_is_told_with_what_was_perhaps_meant() {
    check("python3\nbash", "pyhton3", "no package named pyhton3; did you mean python3?");
    check("python3", "foo bar", "no package named foo\nno package named bar");
}

#[test]
fn a_virtual_name_means_its_only_provider() {
    check("a Provides: v", "v", "a*");
    check("a Provides: v\nb Provides: v", "v", "v is a virtual package; ask for one of a, b");
}

#[test]
fn a_name_that_is_none_is_refused() {
    check(
        "a",
        "../a",
        "\"../a\" does not name a package: write name, name:arch, name=version or name-",
    );
    check("a", "a:arm64", "a is not available for arm64");
}

#[test]
fn what_is_missing_is_explained() {
    check(
        "nginx Depends: libc6 (>= 2.99)\nlibc6=2.36-9",
        "nginx",
        "nginx wants libc6 (>= 2.99), but only 2.36-9 for amd64 is available",
    );
    check(
        "web Depends: nginx\nnginx Depends: libfoo",
        "web",
        "web wants nginx, which wants libfoo, but there is no such package",
    );
}

#[test]
fn packages_that_exclude_each_other_are_explained() {
    check(
        "postfix Provides: mta; Conflicts: mta\nexim Depends: light | heavy\n\
         light Provides: mta; Conflicts: mta\nheavy Provides: mta; Conflicts: mta",
        "postfix exim",
        "postfix conflicts with mta, which is light or heavy; exim wants light | heavy",
    );
}

#[test]
fn a_dead_end_behind_a_free_choice_is_left_again() {
    // The walk takes b for a's sake before it learns that c and b exclude each other.
    check("a Depends: b | d, c\nb\nc Conflicts: b\nd", "a", "a* c d");
}

#[test]
fn circles_are_no_trouble() {
    check("a Depends: b\nb Depends: a", "a", "a* b");
    check("a Depends: a", "a", "a*");
}

#[test]
fn a_chain_deeper_than_any_real_one_does_not_end_in_a_crash() {
    let lines: Vec<_> =
        (0..3_500).map(|number| format!("p{number} Depends: p{}", number + 1)).collect();
    let indexes = vec![index(&(lines.join("\n") + "\np3500"), Index::PIN_DEFAULT)];
    let universe = Universe::read("amd64", &[], indexes).unwrap();
    let selection = select(&universe, &request("p0")).unwrap();
    assert_eq!(selection.packages.len(), 3_501);
}

#[test]
fn a_malformed_dependency_is_an_error_only_on_the_way() {
    let lines = "a Depends: b (\nc";
    check(lines, "c", "c*");
    check(lines, "a", "read the dependencies of a package");
}
