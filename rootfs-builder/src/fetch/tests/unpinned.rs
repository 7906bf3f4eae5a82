//! Files of which an index proves a part only.

use super::*;

fn wanted<'a>(candidates: &[&str], size: u64) -> UnpinnedRequest<'a> {
    UnpinnedRequest {
        name: "package".to_string(),
        candidates: candidates.iter().map(ToString::to_string).collect(),
        size,
        proof: "begins with h".to_string(),
        check: Box::new(|path| match fs_err::read(path).unwrap().starts_with(b"h") {
            true => Ok(()),
            false => Err("it does not begin with h".to_string()),
        }),
    }
}

fn fetch(world: &World, request: UnpinnedRequest<'_>) -> Result<Vec<BlobId>, FetchError> {
    world.fetcher.fetch_unpinned(&world.store, &[request], &Silent, |_, id| {
        assert!(world.store.get(Shelf::Blobs, id)?.is_some());
        Ok::<_, FetchError>(())
    })
}

#[test]
fn what_is_proved_once_is_not_fetched_again() {
    let world = World::new();
    let server = Server::start(|_| Answer::body("hello"));
    let expected = [BlobId { size: 5, sha256: Digest::of("hello") }];
    for _ in 0..2 {
        assert_eq!(fetch(&world, wanted(&[&server.url("a")], 5)).unwrap(), expected);
    }
    assert_eq!(server.paths(), ["a"]);
}

#[test]
fn a_file_that_fails_its_proof_is_never_kept_and_the_next_mirror_is_asked() {
    let world = World::new();
    let server = Server::start(|asked| match asked.path.as_str() {
        "bad" => Answer::body("jello"),
        _ => Answer::body("hello"),
    });
    let (bad, good) = (server.url("bad"), server.url("good"));
    let error = inner(fetch(&world, wanted(&[&bad], 5)).unwrap_err());
    assert_eq!(error.to_string(), format!("{bad}: it does not begin with h"));
    world.assert_empty();
    let found = fetch(&world, wanted(&[&bad, &good], 5)).unwrap();
    assert_eq!(found, [BlobId { size: 5, sha256: Digest::of("hello") }]);
}

#[test]
fn a_file_of_another_size_is_refused_before_it_is_proved() {
    let world = World::new();
    let server = Server::start(|_| Answer::body("hello, hello"));
    let error = inner(fetch(&world, wanted(&[&server.url("a")], 5)).unwrap_err());
    assert!(matches!(error, FetchError::Size { expected: 5, actual: 12, .. }), "{error:?}");
    world.assert_empty();
}
