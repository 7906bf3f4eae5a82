//! The mirror behaves, and misbehaves as described, towards a client that we did not write.

use std::process::{Command, Output};
use std::time::Duration;

use test_support::{Archive, Fault, Server, User, needs};

fn archive() -> Archive {
    let mut archive = Archive::default();
    archive.put("pool/file+1~2", vec![7; 100_000]);
    archive
}

fn curl(server: &Server, arguments: &[&str]) -> Output {
    Command::new("curl")
        .args(["--silent", "--fail", "--max-time", "2", "--location", "--max-redirs", "5"])
        .args(arguments)
        .arg(format!("{}/pool/file%2b1~2", server.url()))
        .output()
        .unwrap()
}

/// Asks once with the fault in place, and compares curl's exit code.
#[track_caller]
fn check(fault: Fault, code: i32) -> Vec<u8> {
    if !needs(&[("curl", "curl")]) {
        return Vec::new();
    }
    let server = Server::new(archive());
    server.fault("pool/file+1~2", fault.clone());
    let output = curl(&server, &[]);
    assert_eq!(output.status.code(), Some(code), "{fault:?}");
    output.stdout
}

#[test]
fn faults_show_as_what_they_are() {
    check(Fault::Status(404), 22);
    check(Fault::FailThenFine { status: 500, times: 1 }, 22);
    check(Fault::ShortBody, 18);
    check(Fault::CutThenFine { times: 1 }, 18);
    check(Fault::Stall, 28);
    check(Fault::Silence, 28);
    check(Fault::RedirectLoop, 47);
    check(Fault::Endless, 28);
    check(Fault::EndlessHeaders, 56);
    check(Fault::Garbage, 1);
    check(Fault::Slow { piece: 50_000, pause: Duration::from_millis(1) }, 0);
    check(Fault::Slow { piece: 1, pause: Duration::from_millis(1) }, 28);
}

#[test]
fn a_mirror_recovers_continues_and_remembers() {
    if !needs(&[("curl", "curl")]) {
        return;
    }
    let server = Server::new(archive());
    assert_eq!(curl(&server, &[]).stdout, vec![7; 100_000]);
    assert_eq!(curl(&server, &["--range", "99990-"]).stdout, vec![7; 10]);
    assert_eq!(curl(&server, &["--range", "100000-"]).status.code(), Some(22));
    server.fault_everywhere(Fault::FailThenFine { status: 500, times: 1 });
    assert!(!curl(&server, &[]).status.success());
    assert!(curl(&server, &[]).status.success());
    server.fault("pool/file+1~2", Fault::WrongBytes);
    let wrong = curl(&server, &[]).stdout;
    assert!(wrong.len() == 100_000 && wrong != vec![7; 100_000]);
    server.heal();
    server.replace(Archive::default());
    assert_eq!(curl(&server, &[]).status.code(), Some(22));
    assert_eq!(server.count("pool/file+1~2"), 7);
    assert_eq!(server.requests()[1].range.as_deref(), Some("bytes=99990-"));
}

#[test]
fn users_have_the_privileges_that_their_names_say() {
    for (user, lines) in [(User::with_subordinate_ids(), 1), (User::plain(), 0)] {
        let Some(user) = user else { continue };
        let ranges = std::fs::read_to_string("/etc/subuid").unwrap();
        let own = ranges.lines().filter(|line| line.starts_with(&format!("{}:", user.name())));
        assert_eq!(own.count(), lines, "{ranges}");
        let output = user.command("id").arg("--user").output().unwrap();
        assert_ne!(String::from_utf8_lossy(&output.stdout).trim(), "0");
        assert!(output.status.success());
    }
}
