#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::*;

fn index(text: &str) -> Index {
    Index { label: "test".to_owned(), pin: Index::PIN_DEFAULT, bytes: text.as_bytes().to_vec() }
}

/// Lists the versions of `a` in order of preference, each with its index and architecture.
fn check(indexes: Vec<Index>, expected: &str) {
    let versions = match Universe::read("amd64", &["i386"], indexes) {
        Ok(universe) => {
            let show = |id| {
                let package = universe.package(id);
                format!("{} {} {}", package.version(), package.arch(), package.index())
            };
            universe.named("a").map(show).collect::<Vec<_>>().join(", ")
        }
        Err(error) => error.to_string(),
    };
    assert_eq!(versions, expected);
}

fn package(version: &str, arch: &str) -> String {
    format!("Package: a\nVersion: {version}\nArchitecture: {arch}\n\n")
}

#[test]
fn the_latest_version_is_the_candidate() {
    check(
        vec![index(&package("1.9", "amd64")), index(&package("1.10", "amd64"))],
        "1.10 amd64 1, 1.9 amd64 0",
    );
}

#[test]
fn of_equal_versions_the_earlier_index_is_taken() {
    check(
        vec![index(&package("1", "amd64")), index(&package("1", "amd64"))],
        "1 amd64 0, 1 amd64 1",
    );
}

#[test]
fn a_better_rank_beats_a_later_version() {
    let backports = Index { pin: Index::PIN_BACKPORTS, ..index(&package("2", "amd64")) };
    check(vec![backports, index(&package("1", "amd64"))], "1 amd64 1, 2 amd64 0");
}

#[test]
fn the_native_architecture_comes_first_and_strangers_not_at_all() {
    let text = package("1", "i386") + &package("1", "arm64") + &package("1", "all");
    check(vec![index(&text)], "1 all 0, 1 i386 0");
}

#[test]
fn a_name_that_leads_out_of_its_folder_is_refused() {
    let text = "Package: ../../etc/passwd\nVersion: 1\nArchitecture: all\n";
    check(vec![index(text)], "test: the package at byte 0 has no valid Package");
}

#[test]
fn a_version_that_leads_out_of_its_folder_is_refused() {
    let text = package("1", "all") + &package("1/../../2", "all");
    check(vec![index(&text)], "test: the package at byte 41 has no valid Version");
}

#[test]
fn a_package_without_architecture_is_refused() {
    check(
        vec![index("Package: a\nVersion: 1\n")],
        "test: the package at byte 0 has no valid Architecture",
    );
}

#[test]
fn malformed_provides_are_refused() {
    let text = "Package: a\nProvides: b (\nVersion: 1\nArchitecture: all\n";
    check(vec![index(text)], "test: the package at byte 0 has a malformed field Provides");
}

#[test]
fn blank_lines_around_packages_do_not_matter() {
    check(vec![index(&format!("\n\n{}\n\n", package("1", "all").trim_end()))], "1 all 0");
    check(vec![index("\n\n\n")], "");
}

#[test]
fn folded_provides_are_read_whole() {
    let text = "Package: a\nVersion: 1\nArchitecture: all\nProvides: b,\n c (= 2),\n d:any\n";
    let universe = Universe::read("amd64", &[], vec![index(text)]).unwrap();
    let shown = ["b", "c", "d"].map(|name| {
        let (owner, relation) = universe.providers(name).next().unwrap();
        format!("{} {relation}", universe.package(owner).name())
    });
    assert_eq!(shown, ["a b", "a c (= 2)", "a d:any"]);
}

#[test]
fn fields_are_found_by_their_whole_name() {
    let text = "Package: a\nPre-Depends: x\nVersion: 1\nArchitecture: all\nDepends:\n y,\n z\n";
    let universe = Universe::read("amd64", &[], vec![index(text)]).unwrap();
    let package = universe.package(universe.find("a", "1", "all").unwrap());
    assert_eq!(package.field("depends"), Some("y,\n z".as_bytes()));
    assert_eq!(package.field("Pre"), None);
    assert_eq!(package.relations("Depends").unwrap().len(), 2);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        let _ = Universe::read("amd64", &[], vec![Index { bytes, ..index("") }]);
    }

    #[test]
    fn no_paragraphs_make_it_panic(text in "((Package|Version|Architecture|Provides): ?[a1 ,:()=]{0,6}\n| [a,]{0,3}\n|\n){0,9}") {
        if let Ok(universe) = Universe::read("a", &[], vec![index(&text)]) {
            for id in universe.candidates() {
                prop_assert!(!universe.package(id).name().is_empty());
                prop_assert_eq!(universe.package(id).field("Package").is_some(), true);
            }
        }
    }
}
