//! `osb distros`: what can be built.

use std::path::PathBuf;
use std::process::ExitCode;

use distros::{Arch, DataDistro, Distro as _, Profile, Release, built_in};
use serde_json::{Value, json};

use crate::report;

/// List distributions, releases, architectures and profiles
///
/// Given a file, check it and show the distribution that it describes, which every command takes as
/// `--distro FILE`.
#[derive(Debug, clap::Args)]
#[command(after_help = include_str!("examples/distros.txt"))]
pub struct Args {
    /// The file of a distribution of your own
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// Print the list as JSON
    #[arg(long)]
    json: bool,
}

/// Prints the list.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let distros = match &args.file {
        Some(file) => vec![DataDistro::from_file(file)?],
        None => built_in()?,
    };
    if args.json {
        report::json(&distros.iter().map(distro_json).collect::<Vec<_>>())?;
    } else {
        report::text(&distros.iter().map(distro_text).collect::<Vec<_>>().join("\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn arch_names<'a>(distro: &'a DataDistro, release: &'a Release) -> impl Iterator<Item = &'a str> {
    release.architectures.iter().filter_map(|arch: &Arch| distro.arch_name(*arch))
}

/// The profiles that the distribution names packages for.
fn profiles(distro: &DataDistro) -> Vec<&'static str> {
    let has = |profile: &Profile| distro.profile_packages(*profile, &[]).is_ok();
    Profile::ALL.into_iter().filter(has).map(Profile::name).collect()
}

fn distro_text(distro: &DataDistro) -> String {
    let mut text = format!(
        "{}: {}, {} packages, profiles {}\n",
        distro.name(),
        distro.title(),
        distro.family(),
        profiles(distro).join(" "),
    );
    // The newest is what most people look for.
    for release in distro.releases().iter().rev() {
        let mark = if release == distro.default_release() { '*' } else { ' ' };
        let architectures = arch_names(distro, release).collect::<Vec<_>>().join(" ");
        let aliases = release.aliases.join(", ");
        text += &format!("{mark} {:<10} {aliases:<20} {architectures}\n", release.name);
    }
    text
}

fn distro_json(distro: &DataDistro) -> Value {
    let releases = distro.releases().iter().map(|release| {
        json!({
            "name": release.name,
            "aliases": release.aliases,
            "default": release == distro.default_release(),
            "architectures": arch_names(distro, release).collect::<Vec<_>>(),
            "pockets": release.pockets.iter().map(|pocket| pocket.name()).collect::<Vec<_>>(),
        })
    });
    json!({
        "name": distro.name(),
        "title": distro.title(),
        "family": distro.family().to_string(),
        "releases": releases.collect::<Vec<_>>(),
        "profiles": profiles(distro),
    })
}

#[cfg(test)]
mod tests {
    use distros::{Distro as _, built_in};

    use super::{distro_json, distro_text};

    #[test]
    fn each_distribution_marks_one_default() {
        for distro in built_in().unwrap() {
            let text = distro_text(&distro);
            assert_eq!(text.matches("\n* ").count(), 1, "{text}");
            let releases = distro_json(&distro)["releases"].as_array().unwrap().clone();
            assert_eq!(releases.len(), distro.releases().len());
        }
    }
}
