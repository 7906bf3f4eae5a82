//! Attacks by a package's script, which runs as the guest's root.

use std::fs;

use test_support::{Archive, Osb, Package, Server, SigningKey, Suite, User, is_root, tar_file};

/// Where the script writes down what it could do.
const REPORT: &str = "var/lib/evil/report";

/// Tries to leave, to look around, to talk, and to stay; each line of the report is one attempt.
const SCRIPT: &str = r#"#!/bin/sh
exec 3>/var/lib/evil/report
attempt() { name=$1; shift; if "$@" >/dev/null 2>&1; then echo "$name: yes" >&3; else echo "$name: no" >&3; fi; }

attempt see-victim test -e "VICTIM"
attempt write-victim sh -c 'mkdir -p "VICTIM" && touch "VICTIM/written"'; rm -rf "VICTIM"
attempt leave-by-chroot perl -e '
    mkdir "/tmp/x"; opendir(my $old, "/"); chroot "/tmp/x" or exit 1;
    chdir $old; chdir ".." for 1 .. 100; chroot ".";
    -e "VICTIM/file" or exit 1;
    open my $file, ">", "VICTIM/escaped";'
attempt leave-by-process-root sh -c 'for root in /proc/[0-9]*/root; do test -e "$root/VICTIM/file" && exit 0; done; exit 1'
attempt talk perl -e 'use Socket; socket(my $s, PF_INET, SOCK_STREAM, 0) or exit 1;
    connect($s, sockaddr_in(PORT, inet_aton("127.0.0.1"))) or exit 1;'
attempt see-host-processes grep -qx "TESTER" /proc/[0-9]*/comm
attempt open-sysrq sh -c 'exec 4>/proc/sysrq-trigger'
attempt read-host-disk sh -c 'mknod /tmp/disk b MAJOR MINOR && head -c 1 /tmp/disk'; rm -f /tmp/disk
attempt know-host-name test "$(uname -n)" = "HOSTNAME"
attempt know-host-environment sh -c 'env | grep -q SECRET'
attempt have-open-files sh -c 'readlink /proc/self/fd/* | grep -q "VICTIM\|/out.tar"'
echo "umask: $(umask)" >&3
perl -e 'fork and exit; setpgrp; exec "sleep", "99PORT"' >/dev/null 2>&1 </dev/null 3>&- &
"#;

struct Guest {
    osb: Osb,
    server: Server,
    victim: std::path::PathBuf,
}

impl Guest {
    fn new(osb: Osb) -> Self {
        let osb = osb.warmed().env("SECRET", "secret");
        let victim = osb.directory().join("victim");
        fs::create_dir(&victim).unwrap();
        fs::write(victim.join("file"), "untouched").unwrap();
        Self { osb, server: Server::new(Archive::default()), victim }
    }

    /// The script with everything filled in that it needs to know for its attacks.
    fn script(&self) -> String {
        let port = self.port();
        let own = fs::read_to_string("/proc/self/comm").unwrap();
        let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        let (major, minor) = disk();
        SCRIPT
            .replace("VICTIM", self.victim.to_str().unwrap())
            .replace("PORT", &port)
            .replace("TESTER", own.trim())
            .replace("HOSTNAME", host.trim())
            .replace("MAJOR", &major)
            .replace("MINOR", &minor)
    }

    fn port(&self) -> String {
        self.server.url().rsplit(':').next().unwrap().to_owned()
    }

    /// Installs the evil package into a real base and returns what its script reports.
    fn attack(&self) -> String {
        let key = SigningKey::new("evil");
        let package = Package::new("evil", "1.0")
            .directory("var/lib/evil", 0o755)
            .script("postinst", &self.script());
        self.server.replace(Suite::new("evil", &key).package(&package).publish());
        let file = self.osb.directory().join("evil.asc");
        fs::write(&file, key.public_armored()).unwrap();
        let repository = format!("[signed-by={}] {} evil main", file.display(), self.server.url());
        let base = ["rootfs", "--release", "bookworm", "--arch", "amd64", "--profile", "base"];
        let more = ["--output", "out.tar", "--package", "evil", "--repo", &repository];
        self.server.forget_requests();
        self.osb.run(base.iter().chain(&more)).succeeds();
        let artifact = fs::read(self.osb.directory().join("out.tar")).unwrap();
        String::from_utf8(tar_file(&artifact, REPORT).unwrap()).unwrap()
    }

    #[track_caller]
    fn check(&self) {
        let report = self.attack();
        let allowed: Vec<_> = report.lines().filter(|line| line.ends_with(": yes")).collect();
        // Writing to such a path is no attack: it is a path of the guest.
        assert_eq!(allowed, ["write-victim: yes"], "{report}");
        assert!(report.contains("umask: 0022"), "{report}");
        assert_eq!(fs::read_dir(&self.victim).unwrap().count(), 1);
        assert_eq!(fs::read_to_string(self.victim.join("file")).unwrap(), "untouched");
        // No other program sleeps so long.
        let daemon = format!("sleep\099{}\0", self.port());
        assert!(!command_lines().any(|line| line == daemon), "the script's daemon lives on");
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        assert!(!mounts.contains(self.osb.directory().to_str().unwrap()), "{mounts}");
    }
}

/// The device on which this machine's files are, if they are on one.
fn disk() -> (String, String) {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let numbers = mounts.lines().filter_map(|line| line.split(' ').nth(2)?.split_once(':'));
    let mut disks = numbers.filter(|(major, _)| *major != "0");
    let (major, minor) = disks.next().unwrap_or(("7", "0"));
    (major.into(), minor.into())
}

/// The command lines of all processes.
fn command_lines() -> impl Iterator<Item = String> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes.filter_map(|process| fs::read_to_string(process.path().join("cmdline")).ok())
}

#[test]
fn script_does_not_get_out_on_the_usual_rung() {
    Guest::new(Osb::new(env!("CARGO_BIN_EXE_osb"))).check();
}

#[test]
fn script_does_not_get_out_of_a_user_namespace() {
    if !is_root() {
        return;
    }
    let Some(user) = User::with_subordinate_ids() else { return };
    let guest = Guest::new(Osb::new(env!("CARGO_BIN_EXE_osb")).as_user(&user));
    user.take(&guest.victim);
    guest.check();
}
