//! What is not followed, not accepted, and not kept.

use super::*;

#[test]
fn redirections_are_followed() {
    let world = World::new();
    let server = Server::start(|asked| match asked.path.as_str() {
        "pool/a" => Answer::redirect("../other/b"),
        "pool/../other/b" => Answer::redirect("/c"),
        _ => Answer::body("hello"),
    });
    assert_eq!(world.fetch(request(&[&server.url("pool/a")], b"hello")).unwrap(), b"hello");
    assert_eq!(server.paths(), ["pool/a", "pool/../other/b", "c"]);
}

#[test]
fn redirect_loop_is_named() {
    let world = World::new();
    let server = Server::start(|asked| match asked.path.as_str() {
        "a" => Answer::redirect("/b"),
        _ => Answer::redirect("/a"),
    });
    let error = inner(world.fetch(request(&[&server.url("a")], b"hello")).unwrap_err());
    assert!(matches!(error, FetchError::RedirectLoop { .. }), "{error:?}");
    assert_eq!(server.paths(), ["a", "b"]);
}

#[test]
fn redirect_chain_is_bounded() {
    let world = World::new();
    let server = Server::start(|asked| Answer::redirect(&format!("/{}x", asked.path)));
    let error = inner(world.fetch(request(&[&server.url("a")], b"hello")).unwrap_err());
    assert!(matches!(error, FetchError::RedirectLimit { limit: 5, .. }), "{error:?}");
    assert_eq!(server.paths().len(), 6);
}

#[test]
fn redirect_to_a_local_file_is_refused() {
    let world = World::new();
    let server = Server::start(|_| Answer::redirect("file:///etc/passwd"));
    let error = inner(world.fetch(request(&[&server.url("a")], b"hello")).unwrap_err());
    assert!(
        matches!(&error, FetchError::RedirectRefused { target, .. } if target == "file:///etc/passwd"),
        "{error:?}"
    );
}

#[test]
fn wrong_bytes_are_never_kept_and_the_next_mirror_is_asked() {
    let world = World::new();
    let server = Server::start(|asked| match asked.path.as_str() {
        "bad" => Answer::body("jello"),
        _ => Answer::body("hello"),
    });
    let (bad, good) = (server.url("bad"), server.url("good"));
    let error = inner(world.fetch(request(&[&bad], b"hello")).unwrap_err());
    assert_eq!(
        error.to_string(),
        format!("{bad}: digest is {}, index says {}", Digest::of("jello"), Digest::of("hello")),
    );
    world.assert_empty();
    assert_eq!(world.fetch(request(&[&bad, &good], b"hello")).unwrap(), b"hello");
}

#[test]
fn gravest_failure_of_several_mirrors_is_reported() {
    let world = World::new();
    let server = Server::start(|asked| match asked.path.as_str() {
        "bad" => Answer::body("jello"),
        _ => Answer::status(404),
    });
    let urls = ["x", "bad", "y"].map(|path| server.url(path));
    let error = world.fetch(request(&urls.each_ref().map(String::as_str), b"hello")).unwrap_err();
    assert!(matches!(error, FetchError::Exhausted { addresses: 3, .. }), "{error:?}");
    assert!(matches!(inner(error), FetchError::Digest { .. }));
}

#[test]
fn endless_body_is_cut_off_at_the_announced_size() {
    let world = World::new();
    let server = Server::start(|_| Answer::body(vec![0; 65536]).fault(Fault::Endless));
    let error = inner(world.fetch(request(&[&server.url("a")], &[0; 1000])).unwrap_err());
    assert!(matches!(error, FetchError::Size { expected: 1000, .. }), "{error:?}");
    assert!(server.sent() < 64 << 20, "{} bytes", server.sent());
    world.assert_empty();
}

#[test]
fn announced_length_that_is_wrong_is_refused_before_the_body() {
    let world = World::new();
    let server = Server::start(|_| {
        Answer::status(200).header("Content-Length", "1000000000000").fault(Fault::StallAfter(0))
    });
    let error = inner(world.fetch(request(&[&server.url("a")], b"hello")).unwrap_err());
    assert!(matches!(error, FetchError::Size { actual: 1_000_000_000_000, .. }), "{error:?}");
}

#[test]
fn answer_that_is_not_http_is_an_error() {
    let world = World::with(|options| options.tries = 1);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/a", listener.local_addr().unwrap());
    let answering = std::thread::spawn(move || {
        use std::io::Write;
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"SSH-2.0-OpenSSH\r\n\r\n").unwrap();
    });
    assert!(world.fetch(request(&[&url], b"hello")).is_err());
    answering.join().unwrap();
}

#[test]
fn directories_and_file_addresses_are_mirrors_too() {
    let world = World::new();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a b+c.deb");
    fs_err::write(&path, b"hello").unwrap();
    let base = directory.path().to_str().unwrap();
    let plain = super::join(base, "a b+c.deb");
    let address = super::join(&format!("file://{base}"), "a b+c.deb");
    assert!(address.ends_with("/a%20b%2bc.deb"), "{address}");
    for candidate in [plain, address] {
        let world = World::new();
        assert_eq!(world.fetch(request(&[&candidate], b"hello")).unwrap(), b"hello");
    }
    let missing = format!("{base}/missing");
    let error = inner(world.fetch(request(&[&missing], b"hello")).unwrap_err());
    assert!(matches!(error, FetchError::NotFound { .. }), "{error:?}");
    for wrong in [&b"jello"[..], b"hell", b"hello again"] {
        let error = inner(world.fetch(request(&[path.to_str().unwrap()], wrong)).unwrap_err());
        assert!(matches!(error, FetchError::Digest { .. } | FetchError::Size { .. }), "{error:?}");
    }
    world.assert_empty();
}

#[test]
fn addresses_of_other_kinds_are_refused() {
    let world = World::new();
    for address in ["ftp://host/a", "HTTP://host/a", "http://", ""] {
        let error = inner(world.fetch(request(&[address], b"hello")).unwrap_err());
        assert!(matches!(error, FetchError::Address { .. }), "{address}: {error:?}");
    }
    let error = Fetcher::new(FetchOptions {
        http_proxy: Some("ftp://proxy".to_string()),
        ..FetchOptions::default()
    });
    assert!(matches!(error, Err(FetchError::Proxy { .. })), "{error:?}");
}
