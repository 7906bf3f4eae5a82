//! Files of the user, and what may be wrong with them.

use std::path::Path;

use crate::*;

const OWN: &str = r#"
name = "own"
title = "Own"
family = "deb"
default_release = "one"
arch = { x86_64 = "amd64" }
release = [{ name = "one", arch = ["amd64"], keys = { release = ["key"] } }]
repository = [{ pocket = "release", url = "http://localhost/own/", suite = "{release}", components = ["main"] }]
packages = { manager = ["apt"] }
"#;

fn refused(from: &str, to: &str) -> String {
    assert!(OWN.contains(from));
    let text = OWN.replace(from, to);
    let error = DataDistro::parse(&text, |_| Ok(b"key".to_vec())).unwrap_err();
    let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    format!("{error}: {source}")
}

/// What is wrong with a user's file, once the file is named.
fn wrong(path: &Path) -> String {
    let error = DataDistro::from_file(path).unwrap_err();
    assert_eq!(error.to_string(), format!("distribution {}", path.display()));
    std::error::Error::source(&error).unwrap().to_string()
}

#[test]
fn a_user_may_bring_a_file_of_their_own() {
    let folder = std::env::temp_dir().join(format!("osb-distros-{}", std::process::id()));
    fs_err::create_dir_all(folder.join("keys")).unwrap();
    fs_err::write(folder.join("own.toml"), OWN).unwrap();
    assert_eq!(wrong(&folder.join("own.toml")), "line 7: key key: keys/key.asc");
    fs_err::write(folder.join("keys/key.asc"), "armor").unwrap();
    let own = DataDistro::from_file(&folder.join("own.toml")).unwrap();
    let elsewhere = OWN.replace("[\"key\"]", "[\"more/other.asc\"]");
    fs_err::write(folder.join("elsewhere.toml"), elsewhere).unwrap();
    assert_eq!(wrong(&folder.join("elsewhere.toml")), "line 7: key more/other.asc: more/other.asc");
    fs_err::create_dir_all(folder.join("more")).unwrap();
    fs_err::write(folder.join("more/other.asc"), "armor").unwrap();
    assert!(DataDistro::from_file(&folder.join("elsewhere.toml")).is_ok());
    for (name, problem) in [
        ("debian", "osb has a distribution called debian; write another name, as my-debian"),
        ("a b", "a name has small letters"),
        ("own.toml", "a name has small letters"),
    ] {
        fs_err::write(folder.join("own.toml"), OWN.replace("\"own\"", &format!("{name:?}")))
            .unwrap();
        let said = wrong(&folder.join("own.toml"));
        assert!(said.starts_with("line 2: ") && said.contains(problem), "{said}");
    }
    fs_err::remove_dir_all(&folder).unwrap();
    let release = own.default_release();
    let found = own.repositories(release, Arch::X86_64, &release.pockets).unwrap();
    assert_eq!(found[0].url, "http://localhost/own");
    assert_eq!(found[0].keys, [Key { name: "key".into(), bytes: b"armor".into() }]);
    assert!(own.profile_packages(Profile::Kata, &[]).is_err());
}

#[test]
fn an_unknown_key_in_any_table_is_refused() {
    for (from, to) in [
        ("name = \"own\"", "colour = 1\nname = \"own\""),
        ("{ name = \"one\",", "{ colour = 1, name = \"one\","),
        ("{ pocket =", "{ colour = 1, pocket ="),
        ("{ manager", "{ colour = [], manager"),
        ("{ x86_64", "{ vax = \"vax\", x86_64"),
    ] {
        let error = refused(from, to);
        assert!(error.contains("colour") || error.contains("vax"), "{error}");
    }
}

#[test]
fn a_file_that_contradicts_itself_is_refused_by_line() {
    assert!(refused("default_release = \"one\"", "default_release = \"two\"").contains("default"));
    assert!(
        refused("arch = [\"amd64\"]", "arch = [\"arm64\"]")
            .contains("line 7: architecture arm64 has no row; add aarch64 = \"arm64\" to [arch]")
    );
    assert!(
        refused("keys = { release", "aliases = [\"one\"], keys = { release").contains("called one")
    );
    assert!(refused("release = [\"key\"]", "release = []").contains("no key"));
    assert!(refused("pocket = \"release\"", "pocket = \"updates\"").contains("no repository"));
    let twice = "components = [\"main\"] }, { pocket = \"release\", url = \"http://localhost/own/\", suite = \"{release}\", components = [\"main\"] }";
    assert!(refused("components = [\"main\"] }", twice).contains("twice"));
}

#[test]
fn a_file_of_the_apk_family_needs_neither_suites_nor_a_key_for_each_release() {
    let text = r#"
name = "own"
title = "Own"
family = "apk"
default_release = "rolling"
arch = { x86_64 = "x86_64", armv6 = "armhf" }
keys = { x86_64 = ["one"], armhf = ["two"] }
release = [{ name = "rolling", arch = ["x86_64", "armhf"], base = "v1" }]
packages = { system = ["busybox"], manager = ["apk-tools"] }
repository = [
    { pocket = "release", url = "http://localhost/own" },
    { pocket = "release", url = "http://localhost/other", suite = "{base}", keys = ["three"] },
]
"#;
    let own = DataDistro::parse(text, |place| Ok(place.to_str().unwrap().into())).unwrap();
    let release = own.default_release();
    assert_eq!(release.pockets, [Pocket::Release]);
    let found = own.repositories(release, Arch::Armv6, &release.pockets).unwrap();
    assert_eq!((found[0].suite.as_str(), found[0].components.len()), ("", 0));
    assert_eq!((found[0].keys[0].name.as_str(), found[1].keys[0].name.as_str()), ("two", "three"));
    assert_eq!(found[1].suite, "v1");
    let unsigned = text.replace(", armhf = [\"two\"]", "");
    let error =
        DataDistro::parse(&unsigned, |place| Ok(place.to_str().unwrap().into())).unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 8: no key for pocket release of rolling on armv6; name some with keys.release of the release, or for armhf in [keys]"
    );
}
