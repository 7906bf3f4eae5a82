//! Asks apt, in a root that holds nothing but indexes and a list of installed packages.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use test_support::Mirror;

use super::Package;
use super::requests::{ARCH, Section};

/// The settings under which apt decides what a plain system would: nothing of this machine's own.
const SETTINGS: &str = r#"
APT::Install-Recommends "false";
APT::Install-Suggests "false";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
Acquire::AllowInsecureRepositories "true";
pkgCacheGen::ForceEssential ",";
"#;

/// An apt with the archives of one section and the essential packages installed.
pub struct Peer {
    root: tempfile::TempDir,
    essential: BTreeSet<Package>,
}

impl Peer {
    /// Takes the archives from the plan that osb made of the same section, at this mirror.
    pub fn new(section: &Section, plan: &str, mirror: &Mirror) -> Self {
        let root = tempfile::tempdir().unwrap();
        for directory in ["etc/apt/apt.conf.d", "lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(root.path().join(directory)).unwrap();
        }
        let mut peer = Self { root, essential: BTreeSet::new() };
        fs::write(peer.path("etc/apt/sources.list"), sources(plan, mirror)).unwrap();
        fs::write(peer.path("status"), "").unwrap();
        fs::write(peer.path("apt.conf"), peer.settings(section)).unwrap();
        peer.succeed("apt-get", &["update", "--error-on=any"]);
        let wanted = format!("?narrow(?architecture({ARCH}),?essential)");
        peer.essential = peer.simulate(&[&wanted]).expect("essential packages can be installed");
        peer.install_essential();
        peer
    }

    /// What apt has installed after a request; none if it refuses.
    pub fn choice(&self, request: &str) -> Option<BTreeSet<Package>> {
        let required =
            format!("?narrow(?architecture({ARCH}),?priority(required),?not(?essential))");
        let mut wanted: Vec<&str> = request.split_whitespace().collect();
        wanted.push(&required);
        self.simulate(&wanted)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn settings(&self, section: &Section) -> String {
        let root = self.root.path().display();
        let mut settings = format!(
            "Dir \"{root}\";\nDir::State \"{root}\";\nDir::State::status \"{root}/status\";\n\
             Dir::Cache \"{root}/cache\";\nAPT::Architecture \"{ARCH}\";\n"
        );
        for arch in [ARCH].into_iter().chain(section.foreign.iter().map(String::as_str)) {
            writeln!(settings, "APT::Architectures:: \"{arch}\";").unwrap();
        }
        settings + SETTINGS
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        Command::new(program)
            .args(arguments)
            .env("APT_CONFIG", self.path("apt.conf"))
            .env("LC_ALL", "C")
            .output()
            .unwrap()
    }

    fn succeed(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.run(program, arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{program} {arguments:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Writes down the essential packages as installed.
    fn install_essential(&self) {
        let names = self.essential.iter().map(|(name, version, _)| format!("{name}={version}"));
        let names: Vec<String> = names.collect();
        let mut arguments = vec!["show"];
        arguments.extend(names.iter().map(String::as_str));
        let shown = self.succeed("apt-cache", &arguments);
        let installed = shown
            .split("\n\n")
            .map(str::trim)
            .filter(|paragraph| !paragraph.is_empty())
            .map(|paragraph| format!("{paragraph}\nStatus: install ok installed\n\n"));
        fs::write(self.path("status"), installed.collect::<String>()).unwrap();
    }

    fn simulate(&self, wanted: &[&str]) -> Option<BTreeSet<Package>> {
        let mut arguments = vec!["--simulate", "--yes", "--allow-remove-essential", "install"];
        arguments.extend(wanted);
        let output = self.run("apt-get", &arguments);
        let said = String::from_utf8(output.stdout).unwrap();
        if !output.status.success() {
            // Anything but a refusal is a failure of this test.
            assert_eq!(output.status.code(), Some(100), "apt-get {arguments:?}: {said}");
            return None;
        }
        let mut packages = self.essential.clone();
        for line in said.lines() {
            if let Some(removed) = line.strip_prefix("Remv ") {
                let name = removed.split([' ', ':']).next().unwrap();
                packages.retain(|package| package.0 != name);
            }
        }
        packages.extend(said.lines().filter_map(installed));
        Some(packages)
    }
}

fn sources(plan: &str, mirror: &Mirror) -> String {
    let plan: serde_json::Value = serde_json::from_str(plan).unwrap();
    let mut lines = String::new();
    for repository in plan["repositories"].as_array().unwrap() {
        let suite = repository["suite"].as_str().unwrap();
        let is_security = suite.ends_with("-security");
        let address = if is_security { &mirror.security } else { &mirror.archive };
        let components = repository["components"].as_array().unwrap();
        let components: Vec<_> = components.iter().filter_map(|name| name.as_str()).collect();
        // Who signed it was osb's question; here only its content matters.
        writeln!(lines, "deb [trusted=yes] {address} {suite} {}", components.join(" ")).unwrap();
    }
    lines
}

/// Reads a line such as `Inst libc6:i386 (2.36-9 Debian:12.1/stable [i386]) []`.
fn installed(line: &str) -> Option<Package> {
    let (name, rest) = line.strip_prefix("Inst ")?.split_once(' ')?;
    let (version, rest) = rest.split_once('(')?.1.split_once(' ')?;
    let arch = rest.split_once(" [")?.1.split_once(']')?.0;
    let name = name.split(':').next()?;
    Some((name.to_owned(), version.to_owned(), arch.to_owned()))
}
