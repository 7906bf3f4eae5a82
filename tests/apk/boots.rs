//! Real packages in machines: OpenRC, busybox and the agent as init, from images and initrds.

use std::path::{Path, PathBuf};

use test_support::{Osb, Outcome, needs};

use super::real::RealMirror;

/// What a guest may take in seconds, on a machine that does much else.
const PATIENCE: &str = "300";

struct Guest {
    mirror: RealMirror,
    osb: Osb,
}

impl Guest {
    fn new() -> Option<Self> {
        if !needs(&[("qemu-system-x86_64", "qemu-system-x86")]) {
            return None;
        }
        Some(Self { mirror: RealMirror::new()?, osb: Osb::new(env!("CARGO_BIN_EXE_osb")) })
    }

    fn make(&self, kind: &str, more: &[&str]) -> PathBuf {
        self.mirror.make(&self.osb, kind, more, &format!("guest.{kind}"))
    }

    /// The kernel of the same release, with its modules.
    fn kernel(&self) -> Vec<String> {
        let root = self.mirror.system.root();
        let modules = std::fs::read_dir(root.join("lib/modules")).unwrap().next().unwrap();
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let kernel = text(&root.join("boot/vmlinuz-virt"));
        vec!["--kernel".into(), kernel, "--modules".into(), text(&modules.unwrap().path())]
    }

    /// Boots as `osb test` does.
    #[track_caller]
    fn boots(&self, artifact: &Path) -> Outcome {
        let mut words: Vec<String> =
            ["test", "--accel", "tcg", "--timeout", PATIENCE].map(str::to_owned).into();
        words.extend(self.kernel());
        words.push(artifact.to_str().unwrap().into());
        let outcome = self.osb.run(words).succeeds();
        assert!(outcome.stdout.ends_with("verdict: boots\n"), "{outcome}");
        outcome
    }

    /// What a command in the guest says.
    #[track_caller]
    fn says(&self, artifact: &Path, script: &str) -> String {
        let mut words: Vec<String> =
            ["run", "--accel", "tcg", "--boot-timeout", PATIENCE, "--timeout", PATIENCE]
                .map(str::to_owned)
                .into();
        words.extend(self.kernel());
        words.extend([artifact.to_str().unwrap(), "--", "sh", "-c", script].map(str::to_owned));
        self.osb.run(words).succeeds().stdout
    }
}

/// The profile with an init of its own.
const OPENRC: [&str; 2] = ["--profile", "kata"];

/// Waits for OpenRC to have started everything, and names what did not start.
const STATE: &str = "until [ \"$(rc-status --runlevel)\" = default ]; do sleep 1; done; \
                     cat /proc/1/comm; rc-status --crashed; ls /run/openrc/failed; \
                     [ -e /run/openrc/started/devfs ] && echo devfs";

#[test]
fn openrc_starts_the_agent_from_an_image() {
    let Some(guest) = Guest::new() else { return };
    let image = guest.make("image", &OPENRC);
    guest.boots(&image);
    assert_eq!(guest.says(&image, STATE), "init\ndevfs\n");
}

#[test]
fn openrc_starts_the_agent_from_an_initrd() {
    let Some(guest) = Guest::new() else { return };
    let initrd = guest.make("initrd", &OPENRC);
    guest.boots(&initrd);
    assert_eq!(guest.says(&initrd, STATE), "init\ndevfs\n");
}

#[test]
fn busybox_is_the_init_of_the_smallest_system() {
    let Some(guest) = Guest::new() else { return };
    for kind in ["image", "initrd"] {
        let artifact = guest.make(kind, &["--profile", "minimal", "--no-agent"]);
        let outcome = guest.boots(&artifact);
        assert!(outcome.stdout.contains("init reached"), "{outcome}");
    }
}

#[test]
fn the_agent_is_an_init() {
    let Some(guest) = Guest::new() else { return };
    for kind in ["image", "initrd"] {
        let artifact = guest.make(kind, &["--profile", "base", "--agent-init"]);
        guest.boots(&artifact);
        let said = guest.says(&artifact, "apk audit --system | head -n 5; apk info -e musl");
        assert!(said.trim_end().ends_with("musl"), "{said}");
    }
}
