//! A person in front of a guest, whose terminal is played by `script`.

use std::io::{Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use test_support::{Osb, needs};

use super::artifact::{SMALL, can_boot, osb, words};

/// A person at a terminal of this size.
const TERMINAL: &str = "stty rows 33 cols 99";
const LEAVE: &[u8] = b"\x1d";

/// A person who runs osb.
struct Person {
    /// Holds the directory that osb works in.
    _place: Osb,
    script: Child,
    screen: ChildStdout,
    seen: String,
}

impl Person {
    /// None where nobody can be played.
    fn run(flags: &[&str], command: &[&str]) -> Option<Self> {
        if !can_boot() || !needs(&[("script", "bsdutils")]) {
            return None;
        }
        let place = osb();
        let run = place.command(words(&SMALL, &[&["--quiet"], flags].concat(), command));
        let mut line = format!("{TERMINAL}; exec");
        for word in [run.get_program()].into_iter().chain(run.get_args()) {
            line += &format!(" '{}'", word.to_str().unwrap());
        }
        let mut script = Command::new("script")
            .args(["--quiet", "--return", "--command", &line, "/dev/null"])
            .env("OSB_CACHE_DIR", place.cache_directory())
            .env("TERM", "vt220")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let screen = script.stdout.take().unwrap();
        Some(Self { _place: place, script, screen, seen: String::new() })
    }

    /// Waits until the screen has shown this.
    fn sees(&mut self, text: &str) {
        let mut buffer = [0; 4096];
        while !self.seen.contains(text) {
            let count = self.screen.read(&mut buffer).unwrap();
            assert!(count > 0, "no {text:?} in {:?}", self.seen);
            self.seen += &String::from_utf8_lossy(&buffer[..count]);
        }
    }

    fn types(&mut self, keys: &[u8]) {
        self.script.stdin.as_mut().unwrap().write_all(keys).unwrap();
    }

    /// The exit code at the end, which must come soon.
    fn end(mut self) -> Option<i32> {
        let patience = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(status) = self.script.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < patience, "it did not end: {:?}", self.seen);
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn a_shell_has_the_persons_terminal_and_ends_with_its_status() {
    let Some(mut person) = Person::run(&[], &[]) else { return };
    // What is typed before is lost, as in any program that takes the terminal.
    person.sees("# ");
    // The answer is not among what is echoed.
    person.types(b"stty size; echo $TERM $((40 + 2))\n");
    person.sees("33 99\r\nvt220 42\r\n");
    person.types(b"exit 5\n");
    assert_eq!(person.end(), Some(5));
}

#[test]
fn one_key_leaves_a_shell_that_does_not_listen() {
    let Some(mut person) = Person::run(&[], &[]) else { return };
    person.sees("# ");
    person.types(b"echo $((40 + 2)); trap '' INT; while :; do :; done\n");
    person.sees("\r\n42\r\n");
    person.types(b"\x03");
    person.types(LEAVE);
    assert_eq!(person.end(), Some(0));
}

#[test]
fn a_command_has_a_terminal_on_request() {
    let Some(mut person) = Person::run(&["--tty"], &["stty", "size"]) else { return };
    person.sees("33 99");
    assert_eq!(person.end(), Some(0));
}
