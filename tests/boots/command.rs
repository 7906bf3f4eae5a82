//! A command in a guest is like a command here.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use test_support::{files_named, noise, sha256};

use super::artifact::{SMALL, boot, can_boot, osb, words};

#[test]
fn a_command_ends_as_it_would_here() {
    if !can_boot() {
        return;
    }
    for (script, code) in [("true", 0), ("exit 3", 3), ("kill -9 $$", 137)] {
        let outcome = boot(&SMALL, &[], script);
        assert_eq!(outcome.code, Some(code), "{outcome}");
    }
    let outcome = osb().run(words(&SMALL, &[], &["/no/such/program"]));
    outcome.fails_with(127, "no such program: /no/such/program");
}

#[test]
fn a_command_that_takes_too_long_is_ended() {
    if !can_boot() {
        return;
    }
    let outcome = boot(&SMALL, &["--timeout", "20"], "sleep 1000");
    outcome.fails_with(124, "was stopped after 20 seconds");
}

#[test]
fn a_command_has_its_user_directory_and_variables() {
    if !can_boot() {
        return;
    }
    let script = "id -u; id -g; pwd; echo \"$WORD\"";
    let said = |flags: &[&str]| boot(&SMALL, flags, script).succeeds().stdout;
    let flags = ["--user", "guest", "--workdir", "/tmp", "--env", "WORD=two words"];
    assert_eq!(said(&flags), "7\n8\n/tmp\ntwo words\n");
    assert_eq!(said(&["--user", "1000:1001"]), "1000\n1001\n/\n\n");
    assert_eq!(said(&[]), "0\n0\n/root\n\n");
}

#[test]
fn a_hundred_megabytes_cross_unharmed_in_both_directions() {
    if !can_boot() {
        return;
    }
    let osb = osb();
    let bytes = noise(1, 100_000_000);
    let (input, output) = (osb.directory().join("input"), osb.directory().join("output"));
    fs::write(&input, &bytes).unwrap();
    let mut command = osb.command(words(&SMALL, &["--quiet"], &["cat"]));
    command.stdin(File::open(&input).unwrap()).stdout(File::create(&output).unwrap());
    assert!(command.status().unwrap().success());
    assert_eq!(sha256(&fs::read(&output).unwrap()), sha256(&bytes));
}

#[test]
fn two_guests_of_one_image_do_not_see_each_other_and_do_not_change_it() {
    if !can_boot() {
        return;
    }
    let digest = || sha256(&fs::read(&*SMALL).unwrap());
    let before = digest();
    let script = |name: &str| format!("echo {name} >/mark; sync; sleep 3; cat /mark; ls /mark*");
    thread::scope(|scope| {
        let guests = ["one", "two"].map(|name| {
            scope.spawn(move || (name, boot(&SMALL, &[], &script(name)).succeeds().stdout))
        });
        for guest in guests {
            let (name, said) = guest.join().unwrap();
            assert_eq!(said, format!("{name}\n/mark\n"));
        }
    });
    assert_eq!(digest(), before);
    assert_eq!(boot(&SMALL, &[], "ls /mark").code, Some(1));
}

#[test]
fn what_is_written_is_kept_on_request() {
    if !can_boot() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let image = place.path().join("kept.img");
    fs::copy(&*SMALL, &image).unwrap();
    boot(&image, &["--write"], "echo kept >/root/mark").succeeds();
    assert_eq!(boot(&image, &[], "cat /root/mark").succeeds().stdout, "kept\n");
}

#[test]
fn files_are_copied_into_the_guest_and_out_of_it() {
    if !can_boot() {
        return;
    }
    let osb = osb();
    fs::write(osb.directory().join("in"), "from here").unwrap();
    let flags = ["--copy-in", "in:/tmp/in", "--copy-out", "/tmp/out:out"];
    let script = "cat /tmp/in >/tmp/out; echo ' and there' >>/tmp/out; exit 5";
    let outcome = osb.run(words(&SMALL, &flags, &["sh", "-c", script]));
    assert_eq!(outcome.code, Some(5), "{outcome}");
    let copied = fs::read_to_string(osb.directory().join("out")).unwrap();
    assert_eq!(copied, "from here and there\n");
}

#[test]
fn a_directory_of_this_machine_is_shared() {
    if !can_boot() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("word"), "from here\n").unwrap();
    let share = format!("{}:/shared", place.path().display());
    let outcome =
        boot(&SMALL, &["--share", &share], "cat /shared/word; echo there >/shared/answer");
    assert_eq!(outcome.succeeds().stdout, "from here\n");
    assert_eq!(files_named(place.path(), "answer").len(), 1);
    let outcome = boot(&SMALL, &["--share", &format!("{share}:ro")], "echo no >/shared/refused");
    assert_eq!(outcome.code, Some(1), "{outcome}");
    assert!(!place.path().join("refused").exists());
}

#[test]
fn a_port_of_this_machine_leads_into_the_guest() {
    if !can_boot() {
        return;
    }
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let script = "echo answer >/tmp/index.html; httpd -h /tmp; cat";
    let port = format!("{}:80", free.port());
    let osb = osb();
    let mut command = osb.command(words(&SMALL, &["--port", &port], &["sh", "-c", script]));
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let patience = Instant::now() + Duration::from_secs(300);
    let said = loop {
        let said = ask(free).unwrap_or_default();
        if said.contains("200 OK") || Instant::now() > patience {
            break said;
        }
        thread::sleep(Duration::from_millis(200));
    };
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    assert!(said.ends_with("\r\n\r\nanswer\n"), "{said}");
}

fn ask(address: std::net::SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    let mut said = String::new();
    stream.read_to_string(&mut said)?;
    Ok(said)
}
