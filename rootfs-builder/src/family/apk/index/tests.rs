//! Indexes as mirrors have them, and as nobody should.

mod hostile;
mod opening;

use super::*;
use crate::family::apk::dependency::Dependency;

/// The fields without which there is no package.
fn least(name: &str, version: &str) -> String {
    format!("C:Q12jmj7l5rSw0yVb/vlWAYkK/YBwk=\nP:{name}\nV:{version}\n")
}

fn index(text: impl Into<Vec<u8>>) -> Index {
    Index { label: "main".into(), tag: None, bytes: text.into() }
}

fn universe(text: impl Into<Vec<u8>>) -> Universe {
    Universe::read("x86_64", vec![index(text)]).unwrap()
}

fn names(universe: &Universe) -> Vec<&str> {
    universe.ids().map(|id| universe.package(id).name()).collect()
}

fn words(dependencies: Result<Vec<Dependency<'_>>, IndexError>) -> Vec<String> {
    dependencies.unwrap().iter().map(ToString::to_string).collect()
}

const BUSYBOX: &str = "C:Q12jmj7l5rSw0yVb/vlWAYkK/YBwk=
P:busybox
V:1.36.1-r2
A:x86_64
S:507831
I:962560
T:Size optimized toolbox of many common UNIX utilities: it is small
U:https://busybox.net/
L:GPL-2.0-only
o:busybox-origin
m:Somebody <somebody@example.org>
t:1694608640
c:0123456789
k:100
D:so:libc.musl-x86_64.so.1 !other<2
p:/bin/sh cmd:[=1.36.1-r2 cmd:ash=1.36.1-r2
i:musl=1.2-r0 tools
r:busybox-static
";

#[test]
fn everything_that_a_package_says_is_found() {
    let universe = universe(BUSYBOX);
    let package = universe.package(PackageId(0));
    assert_eq!(package.name(), "busybox");
    assert_eq!(package.version(), "1.36.1-r2");
    assert_eq!(package.arch(), "x86_64");
    assert_eq!(package.checksum(), Checksum::sha1(b""));
    assert_eq!((package.size(), package.installed_size()), (507_831, 962_560));
    assert_eq!(package.origin(), Some("busybox-origin"));
    assert_eq!(package.build_time(), Some(1_694_608_640));
    assert_eq!(package.provider_priority(), Some(100));
    assert_eq!(package.file_name(), "busybox-1.36.1-r2.apk");
    assert_eq!((package.index(), package.tag()), (0, None));
    assert_eq!(words(package.depends()), ["so:libc.musl-x86_64.so.1", "!other<2"]);
    assert_eq!(words(package.provides()), ["/bin/sh", "cmd:[=1.36.1-r2", "cmd:ash=1.36.1-r2"]);
    assert_eq!(words(package.install_if()), ["musl=1.2-r0", "tools"]);
    assert_eq!(words(package.replaces()), ["busybox-static"]);
    assert_eq!(package.field('L'), Some("GPL-2.0-only"));
    assert_eq!(package.field('Z'), None);
    assert_eq!(universe.conditional().collect::<Vec<_>>(), [PackageId(0)]);
}

#[test]
fn what_a_package_does_not_say_is_absent() {
    let universe = universe(least("a", "1"));
    let package = universe.package(PackageId(0));
    assert_eq!((package.size(), package.installed_size()), (0, 0));
    assert_eq!((package.origin(), package.build_time()), (None, None));
    assert_eq!((package.provider_priority(), package.arch()), (None, "noarch"));
    assert!(package.is_for_all_archs() && words(package.depends()).is_empty());
    assert_eq!(universe.conditional().count(), 0);
}

#[test]
fn packages_of_a_name_come_latest_first_and_the_first_index_wins() {
    let first = [least("a", "1.9"), least("b", "1"), least("a", "1.10-r1")].join("\n");
    let second = [least("a", "1.10-r1"), least("a", "2_rc1"), least("ab", "3")].join("\n");
    let tagged = Index { tag: Some("edge".into()), ..index(second) };
    let universe = Universe::read("x86_64", vec![index(first), tagged]).unwrap();
    assert_eq!(universe.len(), 6);
    let found: Vec<_> = universe
        .named("a")
        .map(|id| universe.package(id))
        .map(|package| (package.version(), package.index(), package.tag()))
        .collect();
    let expected = [
        ("2_rc1", 1, Some("edge")),
        ("1.10-r1", 0, None),
        ("1.10-r1", 1, Some("edge")),
        ("1.9", 0, None),
    ];
    assert_eq!(found, expected);
    assert_eq!(universe.find("a", "1.10-r1"), Some(PackageId(2)));
    assert_eq!(universe.named("c").count() + universe.named("").count(), 0);
}

#[test]
fn providers_are_found_with_the_versions_that_they_give() {
    let text = [
        least("a", "1") + "p:cmd:sh=1 editor so:x.so.1=1.2.3\n",
        least("b", "2") + "p:cmd:sh=2 cmd:shell=2  editor cmd:sh>3\n",
        least("cmd:sh", "3").replace("cmd:sh", "sh") + "p:cmd:sh\n",
    ];
    let universe = universe(text.join("\n"));
    let of = |name: &str| universe.providers(name).map(|(id, v)| (id.0, v)).collect::<Vec<_>>();
    assert_eq!(of("cmd:sh"), [(0, Some("1")), (1, Some("2")), (2, None)]);
    assert_eq!(of("editor"), [(0, None), (1, None)]);
    assert_eq!(of("so:x.so.1"), [(0, Some("1.2.3"))]);
    for name in ["a", "cmd:s", "cmd:sh=1", "", "cmd:shel"] {
        assert_eq!(of(name), [], "{name}");
    }
}

#[test]
fn packages_of_other_architectures_are_passed_over() {
    let text = ["x86_64", "noarch", "aarch64", ""]
        .map(|arch| least(&format!("a{arch}"), "1") + &format!("A:{arch}\n"));
    assert_eq!(names(&universe(text.join("\n"))), ["ax86_64", "anoarch"]);
}

#[test]
fn packages_from_the_future_are_passed_over() {
    let text = [
        least("small", "1") + "z:unknown\n",
        least("capital", "1") + "X:unknown\n",
        least("sign", "1") + "?:unknown\n",
        least("words", "1") + "D:a b??1 c>=x\n",
        least("tagged", "1") + "D:a@edge\n",
        least("line", "1") + "no field at all\n",
    ];
    assert_eq!(names(&universe(text.join("\n"))), ["small", "line"]);
}

#[test]
fn a_condition_that_cannot_be_read_is_none() {
    let universe = universe(least("a", "1") + "i:b=1 c=??\n");
    assert_eq!(universe.conditional().count(), 0);
    assert!(words(universe.package(PackageId(0)).install_if()).is_empty());
}

#[test]
fn blank_lines_at_either_end_and_between_are_nothing() {
    let text = format!("\n\n{}\n\n\n{}\n\n", least("a", "1"), least("b", "1"));
    assert_eq!(names(&universe(text)), ["a", "b"]);
    assert_eq!(names(&universe(least("a", "1").trim_end())), ["a"]);
    assert!(universe("").is_empty() && universe("\n").is_empty());
}

#[test]
fn a_version_that_breaks_the_rules_is_the_lowest() {
    let universe = universe([least("a", "1.0b2"), least("a", "0_alpha")].join("\n"));
    let versions: Vec<_> = universe.named("a").map(|id| universe.package(id).version()).collect();
    assert_eq!(versions, ["0_alpha", "1.0b2"]);
}
