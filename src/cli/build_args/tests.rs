use clap::Parser as _;

use super::BuildArgs;
use crate::progress::{Detail, Reporting};
use crate::recipe::{Decision, Mirror, Network, Recipe, RecipeError, Unsigned};

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    build: BuildArgs,
}

fn parse(flags: &[&str]) -> Result<(Recipe, Reporting), RecipeError> {
    let line = ["osb", "--cache-dir=/cache"].iter().chain(flags);
    Line::try_parse_from(line).unwrap().build.into_recipe()
}

fn recipe(flags: &[&str]) -> Recipe {
    parse(flags).unwrap().0
}

#[test]
fn the_command_line_is_sound() {
    <super::super::Cli as clap::CommandFactory>::command().debug_assert();
}

#[test]
fn every_flag_reaches_the_recipe() {
    let recipe = recipe(&[
        "--distro=debian",
        "--release=12",
        "--arch=arm64",
        "--profile=base",
        "-p=nginx,curl",
        "-p=jq",
        "--recommends",
        "--mirror=/srv/debs",
        "--mirror=http://example.org/debian",
        "--repo=http://example.org/extra stable main",
        "--keyring=keys.asc",
        "--allow-unsigned",
        "--locked",
        "--lock=web.lock",
        "--offline",
        "--timestamp=1700000000",
        "-j=3",
    ]);
    assert_eq!(recipe.distro.as_deref(), Some("debian"));
    assert_eq!(recipe.release.as_deref(), Some("12"));
    assert_eq!(recipe.arch.as_deref(), Some("arm64"));
    assert_eq!(recipe.profile.as_deref(), Some("base"));
    assert_eq!(recipe.packages, ["nginx", "curl", "jq"]);
    assert!(recipe.recommends);
    let remote = Mirror::Url("http://example.org/debian".into());
    assert_eq!(recipe.mirrors, [Mirror::Directory("/srv/debs".into()), remote]);
    assert_eq!(recipe.repositories[0].suite, "stable");
    assert_eq!(recipe.keyrings, [std::path::PathBuf::from("keys.asc")]);
    assert_eq!(recipe.unsigned, Unsigned::Allowed);
    assert_eq!(recipe.decision, Decision::Locked("web.lock".into()));
    assert_eq!(recipe.network, Network::Offline);
    assert_eq!(recipe.timestamp, Some(1_700_000_000));
    assert_eq!(recipe.cache_dir, std::path::PathBuf::from("/cache"));
    assert_eq!(recipe.jobs.map(std::num::NonZero::get), Some(3));
}

#[test]
fn what_is_not_asked_for_is_safe() {
    let recipe = recipe(&[]);
    assert_eq!(recipe.unsigned, Unsigned::Refused);
    assert_eq!(recipe.decision, Decision::Anew);
    assert_eq!(recipe.network, Network::Online);
    assert!(!recipe.recommends);
}

#[test]
fn a_word_set_to_nothing_is_not_set() {
    let recipe = recipe(&["--distro=", "--release= ", "--mirror=", "--timestamp=", "-p="]);
    assert_eq!((recipe.distro, recipe.release, recipe.timestamp), (None, None, None));
    assert!(recipe.mirrors.is_empty() && recipe.packages.is_empty());
}

#[test]
fn a_word_that_cannot_be_read_is_refused() {
    assert!(matches!(parse(&["--timestamp=now"]), Err(RecipeError::Timestamp { .. })));
    assert!(matches!(parse(&["--mirror=ftp://x/y"]), Err(RecipeError::Mirror { .. })));
    assert!(matches!(parse(&["--repo=@"]), Err(RecipeError::Repository { .. })));
    assert!(matches!(parse(&["--pocket=x"]), Err(RecipeError::Unknown { .. })));
}

#[test]
fn each_v_tells_more_and_q_tells_nothing() {
    let detail = |flags: &[&str]| parse(flags).unwrap().1.detail;
    assert_eq!(detail(&["-q"]), Detail::Silent);
    assert_eq!(detail(&[]), Detail::Stages);
    assert_eq!(detail(&["-v"]), Detail::Items);
    assert_eq!(detail(&["-vvv"]), Detail::Everything);
}

#[test]
fn the_words_of_a_recipe_are_looked_up() {
    let target = recipe(&["-d=debian", "--release=12", "--arch=aarch64", "--profile=base"]);
    let target = target.target().unwrap();
    assert_eq!(target.release.name, "bookworm");
    assert_eq!(target.arch, distros::Arch::Aarch64);
    assert_eq!(target.profile, distros::Profile::Base);
    assert_eq!(target.pockets, target.release.pockets);
}

#[test]
fn a_pocket_that_the_release_lacks_is_refused_only_if_asked_for() {
    let sid = ["-d=debian", "--release=sid", "--arch=amd64"];
    assert_eq!(recipe(&sid).target().unwrap().pockets, [distros::Pocket::Release]);
    let asked = recipe(&[&sid[..], &["--pocket=security"]].concat());
    assert!(asked.target().unwrap_err().to_string().contains("no pocket of Debian sid"));
}
