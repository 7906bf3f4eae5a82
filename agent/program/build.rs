//! Builds the program `osb-agent` in a second run of Cargo, for each machine that this compiler has
//! a standard library for.
//!
//! The program has other flags, another profile and no C library, so it cannot be part of the first
//! run. The same compiler makes the same bytes of it wherever the source and the target directory are.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a build script has a host"
)]

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const MACHINES: [&str; 2] = ["x86_64", "aarch64"];
const SYSTEMS: [&str; 2] = ["unknown-linux-musl", "unknown-linux-gnu"];
/// Where the source of the program is, seen from the workspace.
const SOURCES: [&str; 6] = [
    "agent/guest",
    "agent/handover",
    "agent/program",
    "agent/protocol",
    "Cargo.toml",
    "Cargo.lock",
];
/// Settings of the first run that must not reach the program.
const FOREIGN_SETTINGS: [&str; 5] = [
    "CARGO_INCREMENTAL",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
    "__CARGO_DEFAULT_LIB_METADATA",
];

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    if env::var_os("CARGO_FEATURE_PROGRAM").is_some() {
        return Ok(());
    }
    let workspace = fs::canonicalize(variable("CARGO_MANIFEST_DIR")? + "/../..")?;
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", workspace.join(source).display());
    }
    let output = PathBuf::from(variable("OUT_DIR")?);
    let compiler = Compiler::ask()?;
    let mut programs = String::new();
    for machine in MACHINES {
        let Some(target) = compiler.target(machine)? else { continue };
        let program = compiler.build(&workspace, &output.join("target"), &target)?;
        programs += &format!("({machine:?}, include_bytes!({program:?}).as_slice()), ");
    }
    fs::write(output.join("programs.rs"), format!("&[{programs}]"))?;
    Ok(())
}

/// The compiler that Cargo uses.
struct Compiler {
    sysroot: PathBuf,
    commit: String,
    /// A linker for every machine: the compiler's own, or that of the host.
    linker: Option<PathBuf>,
}

impl Compiler {
    fn ask() -> Result<Self> {
        let sysroot = PathBuf::from(said(&["--print", "sysroot"])?.trim());
        let version = said(&["-vV"])?;
        let field = |name: &str| version.lines().find_map(|line| line.strip_prefix(name));
        let commit = field("commit-hash: ").unwrap_or("unknown").to_owned();
        let host = field("host: ").ok_or("rustc does not say which machine it is for")?;
        let own = sysroot.join("lib/rustlib").join(host).join("bin/rust-lld");
        let search = env::var_os("PATH").unwrap_or_default();
        let mut linkers =
            [own].into_iter().chain(env::split_paths(&search).map(|place| place.join("ld.lld")));
        Ok(Self { linker: linkers.find(|linker| linker.is_file()), sysroot, commit })
    }

    /// The target for a machine, if this compiler can build and link for it.
    fn target(&self, machine: &str) -> Result<Option<String>> {
        if variable("CARGO_CFG_TARGET_ARCH")? == machine {
            return Ok(Some(variable("TARGET")?));
        }
        if self.linker.is_none() {
            return Ok(None);
        }
        let mut targets = SYSTEMS.iter().map(|system| format!("{machine}-{system}"));
        Ok(targets
            .find(|target| self.sysroot.join("lib/rustlib").join(target).join("lib").is_dir()))
    }

    /// Runs Cargo; returns where the program is.
    fn build(&self, workspace: &Path, directory: &Path, target: &str) -> Result<PathBuf> {
        let mut cargo = Command::new(variable("CARGO")?);
        cargo.current_dir(workspace).args(["build", "--locked", "--package", "agent-program"]);
        cargo.args(["--bin", "osb-agent", "--features", "program", "--profile", "guest"]);
        cargo.args(["--target", target, "--target-dir"]).arg(directory);
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("CARGO_PROFILE_") {
                cargo.env_remove(name);
            }
        }
        for name in FOREIGN_SETTINGS {
            cargo.env_remove(name);
        }
        cargo.env("CARGO_ENCODED_RUSTFLAGS", self.flags(workspace, target)?.join("\u{1f}"));
        let output = cargo.output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("build osb-agent for {target}: {}\n{said}", output.status).into());
        }
        Ok(directory.join(target).join("guest/osb-agent"))
    }

    fn flags(&self, workspace: &Path, target: &str) -> Result<Vec<String>> {
        let mut flags: Vec<String> =
            ["-Cpanic=abort", "-Crelocation-model=static", "-Ctarget-feature=+crt-static"]
                .map(str::to_owned)
                .into();
        if target.starts_with("aarch64") {
            // The functions of the compiler's library that choose among them need the C library.
            flags.push("-Ctarget-feature=-outline-atomics".to_owned());
        }
        if target.contains("musl") {
            // It would add the C library's own start.
            flags.push("-Clink-self-contained=no".to_owned());
        }
        match &self.linker {
            Some(linker) => {
                flags.push(format!("-Clinker={}", linker.display()));
                flags.push("-Clinker-flavor=ld.lld".to_owned());
            }
            None => flags.push("-Clink-args=-nostartfiles -nostdlib -static".to_owned()),
        }
        let registry = match env::var_os("CARGO_HOME") {
            Some(home) => PathBuf::from(home),
            None => PathBuf::from(variable("HOME")?).join(".cargo"),
        };
        let library = self.sysroot.join("lib/rustlib/src/rust");
        let names = [
            (workspace, "/osb".to_owned()),
            (&registry, "/cargo".to_owned()),
            (&library, format!("/rustc/{}", self.commit)),
        ];
        for (path, name) in names {
            flags.push(format!("--remap-path-prefix={}={name}", path.display()));
        }
        Ok(flags)
    }
}

/// What the compiler says when it is asked.
fn said(question: &[&str]) -> Result<String> {
    let output = Command::new(variable("RUSTC")?).args(question).output()?;
    if !output.status.success() {
        return Err(format!("rustc {question:?}: {}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn variable(name: &str) -> Result<String> {
    env::var(name).map_err(|error| format!("{name}: {error}").into())
}
