//! Documents of unknown digest.

use super::*;

fn wanted(candidates: &[&str]) -> DocumentRequest {
    DocumentRequest {
        name: "InRelease".to_string(),
        candidates: candidates.iter().map(ToString::to_string).collect(),
        limit: 1000,
    }
}

impl World {
    fn document(&self, candidates: &[&str]) -> Result<Document, FetchError> {
        let mut results = self.fetcher.fetch_documents(&self.store, &[wanted(candidates)], &Silent);
        results.pop().unwrap()
    }
}

/// Serves `old`, then `new` with another tag.
fn tagged_server() -> Server {
    Server::start(|asked| {
        let (tag, body) = match asked.path.as_str() {
            "old" => ("\"1\"", "old"),
            _ => ("\"2\"", "new"),
        };
        let known = asked.headers.get("if-none-match").map(String::as_str);
        let answer = if known == Some(tag) { Answer::status(304) } else { Answer::body(body) };
        answer.header("ETag", tag).header("Last-Modified", "Sat, 01 Nov 2025 00:00:00 GMT")
    })
}

#[test]
fn remembered_document_is_asked_for_only_if_it_changed() {
    let world = World::new();
    let server = tagged_server();
    let url = server.url("old");
    let first = world.document(&[&url]).unwrap();
    assert_eq!((&*first.bytes, first.is_stored), (&b"old"[..], false));
    first.remember(&world.store).unwrap();
    let second = world.document(&[&url]).unwrap();
    assert_eq!((&*second.bytes, second.is_stored), (&b"old"[..], true));
    let asked = server.asked();
    assert_eq!(asked[1].headers["if-none-match"], "\"1\"");
    assert_eq!(asked[1].headers["if-modified-since"], "Sat, 01 Nov 2025 00:00:00 GMT");
    assert_eq!(server.sent(), 3);
}

#[test]
fn document_that_nobody_verified_is_not_remembered() {
    let world = World::new();
    let server = tagged_server();
    for _ in 0..2 {
        assert!(!world.document(&[&server.url("old")]).unwrap().is_stored);
    }
    assert!(!server.asked()[1].headers.contains_key("if-none-match"));
}

#[test]
fn changed_document_replaces_the_remembered_one() {
    let world = World::new();
    let server = Server::start(|asked| match asked.before {
        0 => Answer::body("old").header("ETag", "\"1\""),
        _ => Answer::body("new").header("ETag", "\"2\""),
    });
    let url = server.url("a");
    world.document(&[&url]).unwrap().remember(&world.store).unwrap();
    let new = world.document(&[&url]).unwrap();
    assert_eq!((&*new.bytes, new.is_stored), (&b"new"[..], false));
}

#[test]
fn endless_document_is_cut_off_at_its_limit() {
    let world = World::new();
    let endless = Server::start(|_| Answer::body(vec![b'x'; 65536]).fault(Fault::Endless));
    let announced = Server::start(|_| Answer::body(vec![b'x'; 1001]));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("large");
    fs_err::write(&file, vec![b'x'; 1001]).unwrap();
    for address in [&endless.url("a"), &announced.url("a"), file.to_str().unwrap()] {
        let error = inner(world.document(&[address]).unwrap_err());
        assert!(matches!(error, FetchError::TooLarge { limit: 1000, .. }), "{error:?}");
    }
    assert!(endless.sent() < 64 << 20, "{} bytes", endless.sent());
}

#[test]
fn unchanged_without_having_been_asked_is_an_error() {
    let world = World::new();
    let server = Server::start(|_| Answer::status(304));
    assert!(world.document(&[&server.url("a")]).is_err());
}

#[test]
fn each_document_has_a_result_of_its_own() {
    let world = World::new();
    let server = Server::start(|asked| match asked.path.as_str() {
        "missing" => Answer::status(404),
        path => Answer::body(path),
    });
    let urls = ["a", "missing", "b"].map(|path| server.url(path));
    let requests = urls.each_ref().map(|url| wanted(&[url]));
    let results = world.fetcher.fetch_documents(&world.store, &requests, &Silent);
    assert_eq!(results[0].as_ref().unwrap().bytes, b"a");
    assert!(results[1].as_ref().unwrap_err().is_not_found());
    assert_eq!(results[2].as_ref().unwrap().bytes, b"b");
    assert_eq!(results[2].as_ref().unwrap().url, urls[2]);
}

#[test]
fn offline_takes_what_is_remembered_or_says_what_is_missing() {
    let online = World::new();
    let server = tagged_server();
    let url = server.url("old");
    online.document(&[&url]).unwrap().remember(&online.store).unwrap();
    drop(server);
    let options = FetchOptions { offline: true, ..FetchOptions::default() };
    let offline = World { fetcher: Fetcher::new(options).unwrap(), ..online };
    let remembered = offline.document(&["http://127.0.0.1:1/other", &url]).unwrap();
    assert_eq!((&*remembered.bytes, remembered.is_stored), (&b"old"[..], true));
    let error = offline.document(&["http://127.0.0.1:1/other"]).unwrap_err();
    assert!(
        matches!(&error, FetchError::Offline { missing } if missing == &["InRelease"]),
        "{error:?}"
    );
}
