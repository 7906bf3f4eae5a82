//! A guest for another processor than this machine's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use test_support::needs;

use super::artifact::{boot, make};

const TOOLS: [(&str, &str); 5] = [
    ("qemu-system-aarch64", "qemu-system-arm"),
    ("qemu-aarch64-static", "qemu-user-static"),
    ("ld.lld", "lld"),
    ("apt-get", "apt"),
    ("dpkg-deb", "dpkg"),
];

/// osb's agent for the other processor, made with a compiler that has a library for it.
fn agent() -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cross");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("agent/program/cross-build");
    let output = Command::new(script).arg(&directory).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // It is known by its own name, which a guest records.
    let agent = directory.join("osb-agent");
    fs::copy(directory.join("osb-agent-aarch64"), &agent).unwrap();
    agent
}

#[test]
fn debian_of_another_processor_runs_with_the_agent_as_its_init() {
    if !needs(&TOOLS) {
        return;
    }
    let agent = agent();
    let usual = ["image", "--arch", "arm64", "--release", "bookworm", "--profile", "minimal"];
    let agent = ["--agent-init", "--agent", agent.to_str().unwrap()];
    let image = make("arm64.img", &[&usual[..], &agent].concat());
    let script = "uname -m; cat /proc/1/comm; dpkg --print-architecture; exit 3";
    let outcome = boot(&image, &[], script);
    assert_eq!(outcome.code, Some(3), "{outcome}");
    assert_eq!(outcome.stdout, "aarch64\ninit\narm64\n", "{outcome}");
}
