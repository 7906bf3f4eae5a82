//! One file from servers that fail for a while, or for good.

use super::*;

#[test]
fn file_is_fetched_once_and_found_in_the_store_after() {
    let world = World::new();
    let server = Server::start(|_| Answer::body("hello"));
    for _ in 0..2 {
        let got = world.fetch(request(&[&server.url("a")], b"hello")).unwrap();
        assert_eq!(got, b"hello");
    }
    assert_eq!(server.paths(), ["a"]);
}

#[test]
fn short_body_is_resumed_where_it_ended() {
    let world = World::new();
    let bytes = sample(100_000);
    let body = bytes.clone();
    let server = Server::start(move |asked| match asked.before {
        0 => Answer::ranged(&body, asked).fault(Fault::CloseAfter(60_000)),
        1 => Answer::ranged(&body, asked).fault(Fault::CloseAfter(10_000)),
        _ => Answer::ranged(&body, asked),
    });
    assert!(world.fetch(request(&[&server.url("a")], &bytes)).unwrap() == bytes);
    let ranges: Vec<_> =
        server.asked().iter().map(|asked| asked.headers.get("range").cloned()).collect();
    let range = |start: &str| Some(format!("bytes={start}-"));
    assert_eq!(ranges, [None, range("60000"), range("70000")]);
    assert_eq!(server.sent(), bytes.len());
    assert_eq!(world.pauses(), [500, 1000]);
}

#[test]
fn server_that_cannot_resume_sends_the_whole_again() {
    let world = World::new();
    let bytes = sample(50_000);
    let body = bytes.clone();
    let server = Server::start(move |asked| match asked.before {
        0 => Answer::body(body.clone()).fault(Fault::CloseAfter(20_000)),
        1 => Answer::status(416),
        _ => Answer::body(body.clone()),
    });
    assert!(world.fetch(request(&[&server.url("a")], &bytes)).unwrap() == bytes);
    assert_eq!(server.paths().len(), 3);
}

#[test]
fn file_that_changed_before_it_was_resumed_is_fetched_in_one_piece() {
    let world = World::new();
    let new = sample(50_000);
    let old = vec![1; 50_000];
    let bytes = new.clone();
    let server = Server::start(move |asked| match asked.before {
        0 => Answer::body(old.clone()).fault(Fault::CloseAfter(20_000)),
        _ => Answer::ranged(&new, asked),
    });
    assert!(world.fetch(request(&[&server.url("a")], &bytes)).unwrap() == bytes);
    assert_eq!(server.paths().len(), 3);
}

#[test]
fn stalled_mirror_is_left_for_the_next_one() {
    let world = World::with(|options| {
        options.stall_timeout = Duration::from_millis(50);
        options.tries = 2;
    });
    let stalled = Server::start(|_| Answer::body("hello").fault(Fault::StallAfter(2)));
    let good = Server::start(|_| Answer::body("hello"));
    let got = world.fetch(request(&[&stalled.url("a"), &good.url("a")], b"hello"));
    assert_eq!(got.unwrap(), b"hello");
    assert_eq!(stalled.paths().len(), 2);
}

#[test]
fn mirror_that_stalls_before_it_answers_is_named() {
    let world = World::with(|options| {
        options.stall_timeout = Duration::from_millis(50);
        options.tries = 1;
    });
    // A server that accepts connections and reads nothing.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/a", listener.local_addr().unwrap());
    let error = inner(world.fetch(request(&[&url], b"hello")).unwrap_err());
    assert!(matches!(&error, FetchError::Stalled { url: named, .. } if *named == url), "{error:?}");
}

#[test]
fn mirror_that_drips_is_too_slow() {
    let world = World::with(|options| {
        options.slowest_over = Duration::from_millis(60);
        options.slowest_bytes = 1000;
        options.tries = 1;
    });
    let bytes = sample(2000);
    let body = bytes.clone();
    let drip = Fault::Drip(Duration::from_millis(5));
    let server = Server::start(move |_| Answer::body(body.clone()).fault(drip));
    let error = inner(world.fetch(request(&[&server.url("a")], &bytes)).unwrap_err());
    assert!(matches!(error, FetchError::TooSlow { .. }), "{error:?}");
}

#[test]
fn server_error_is_asked_again_after_longer_and_longer_pauses() {
    let world = World::new();
    let server = Server::start(|asked| match asked.before {
        0..3 => Answer::status(500),
        _ => Answer::body("hello"),
    });
    assert_eq!(world.fetch(request(&[&server.url("a")], b"hello")).unwrap(), b"hello");
    assert_eq!(world.pauses(), [500, 1000, 2000]);
}

#[test]
fn tries_are_bounded() {
    let world = World::new();
    let server = Server::start(|_| Answer::status(503));
    let error = inner(world.fetch(request(&[&server.url("a")], b"hello")).unwrap_err());
    assert!(matches!(error, FetchError::Status { status: 503, .. }), "{error:?}");
    assert_eq!(server.paths().len(), 5);
}

#[test]
fn connection_that_breaks_after_every_few_bytes_does_not_go_on_for_ever() {
    let world = World::new();
    let bytes = sample(100_000);
    let body = bytes.clone();
    let server =
        Server::start(move |asked| Answer::ranged(&body, asked).fault(Fault::CloseAfter(10)));
    let error = inner(world.fetch(request(&[&server.url("a")], &bytes)).unwrap_err());
    assert!(matches!(error, FetchError::Connection { .. }), "{error:?}");
    assert_eq!(server.paths().len(), 5);
}

#[test]
fn busy_server_is_given_the_time_it_asks_for() {
    let world = World::new();
    let server = Server::start(|asked| match asked.before {
        0 => Answer::status(429).header("Retry-After", "7"),
        _ => Answer::body("hello"),
    });
    world.fetch(request(&[&server.url("a")], b"hello")).unwrap();
    assert_eq!(world.pauses(), [7000]);
}

#[test]
fn server_that_asks_for_an_hour_is_left_for_the_next_one() {
    let world = World::new();
    let busy = Server::start(|_| Answer::status(429).header("Retry-After", "3600"));
    let good = Server::start(|_| Answer::body("hello"));
    world.fetch(request(&[&busy.url("a"), &good.url("a")], b"hello")).unwrap();
    assert_eq!(world.pauses(), [0_u128; 0]);
}

#[test]
fn missing_file_goes_straight_to_the_next_mirror() {
    let world = World::new();
    let server = Server::start(|asked| match asked.path.as_str() {
        "a" => Answer::status(404),
        _ => Answer::body("hello"),
    });
    let got = world.fetch(request(&[&server.url("a"), &server.url("b")], b"hello")).unwrap();
    assert_eq!(got, b"hello");
    assert_eq!(server.paths(), ["a", "b"]);
    assert_eq!(world.pauses(), [0_u128; 0]);
}

#[test]
fn nobody_listening_is_a_connection_that_failed() {
    let world = World::with(|options| options.tries = 2);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://user:secret@{}/a", listener.local_addr().unwrap());
    drop(listener);
    let error = inner(world.fetch(request(&[&url], b"hello")).unwrap_err());
    assert!(matches!(error, FetchError::Connection { .. }), "{error:?}");
    assert!(!format!("{error:?} {error}").contains("secret"), "{error:?}");
    assert_eq!(world.pauses(), [500]);
}
