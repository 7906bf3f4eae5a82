//! How a session begins, whatever answers.

use agent_protocol::{GuestFrame, Hello, Welcome};

use super::*;

#[test]
fn what_others_left_on_the_port_is_passed_over() {
    let agent = |mut fake: Fake| {
        let Some(HostFrame::Hello(hello)) = fake.next() else { panic!("no hello") };
        fake.say_bytes(&[0xff; 1000]);
        fake.say(GuestFrame::Welcome(welcome(Hello { session: 1, ..hello })));
        fake.say(output(1, b"for a dead host"));
        fake.say(GuestFrame::Welcome(welcome(hello)));
        assert_eq!(fake.next(), None);
    };
    check(agent, |stream| Session::open(stream, LIMIT).map(drop)).unwrap();
}

#[test]
fn a_silent_agent_is_asked_again_and_then_given_up() {
    let agent = |mut fake: Fake| {
        let mut hellos = 0;
        while fake.next().is_some() {
            hellos += 1;
        }
        assert_eq!(hellos, 2);
    };
    let limit = Duration::from_millis(2500);
    let error = check(agent, |stream| Session::open(stream, limit).map(drop)).unwrap_err();
    assert!(matches!(error, Error::Silent { .. }), "{error}");
}

#[test]
fn endless_noise_is_no_answer() {
    let agent = |mut fake: Fake| while fake.say_bytes(&[2; 65_536]) {};
    let limit = Duration::from_millis(300);
    let error = check(agent, |stream| Session::open(stream, limit).map(drop)).unwrap_err();
    assert!(matches!(error, Error::Silent { .. }), "{error}");
}

#[test]
fn an_agent_of_another_version_is_named() {
    let agent = |mut fake: Fake| {
        let Some(HostFrame::Hello(hello)) = fake.next() else { panic!("no hello") };
        fake.say(GuestFrame::Welcome(Welcome { version: 2, ..welcome(hello) }));
        while fake.next().is_some() {}
    };
    let error = check(agent, |stream| Session::open(stream, LIMIT).map(drop)).unwrap_err();
    assert!(matches!(error, Error::Version { version: 2 }), "{error}");
}
