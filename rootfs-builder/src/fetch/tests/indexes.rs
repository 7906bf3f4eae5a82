//! Package indexes in their several forms.

use std::io::Write;

use super::*;
use crate::decompress::{Compression, DecompressError};

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn xz(plain: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn id_of(bytes: &[u8]) -> BlobId {
    BlobId { size: bytes.len() as u64, sha256: Digest::of(bytes) }
}

fn index(server: &Server, plain: &[u8]) -> IndexRequest {
    let form = |compression: Compression, packed: &[u8]| IndexForm {
        compression,
        packed: id_of(packed),
        candidates: vec![server.url(&format!("Packages{}", compression.suffix()))],
    };
    IndexRequest {
        name: "Packages".to_string(),
        plain: id_of(plain),
        forms: vec![
            form(Compression::None, plain),
            form(Compression::Xz, &xz(plain)),
            form(Compression::Gzip, &gzip(plain)),
        ],
    }
}

fn serve(plain: &[u8], missing: &'static [&'static str]) -> Server {
    let plain = plain.to_vec();
    Server::start(move |asked| match asked.path.as_str() {
        path if missing.contains(&path) => Answer::status(404),
        "Packages" => Answer::body(plain.clone()),
        "Packages.gz" => Answer::body(gzip(&plain)),
        _ => Answer::body(xz(&plain)),
    })
}

impl World {
    fn index(&self, request: IndexRequest) -> Result<Vec<u8>, FetchError> {
        let paths = self.fetcher.fetch_indexes(&self.store, &[request], &Silent)?;
        Ok(fs_err::read(&paths[0]).unwrap())
    }
}

#[test]
fn form_that_is_quickest_to_decompress_is_taken() {
    let world = World::new();
    let plain = sample(100_000);
    let server = serve(&plain, &[]);
    for _ in 0..2 {
        assert!(world.index(index(&server, &plain)).unwrap() == plain);
    }
    assert_eq!(server.paths(), ["Packages.gz"], "and the plain index is kept");
}

#[test]
fn form_that_the_server_lacks_is_passed_over() {
    let world = World::new();
    let plain = sample(1000);
    let server = serve(&plain, &["Packages.gz", "Packages.xz"]);
    assert!(world.index(index(&server, &plain)).unwrap() == plain);
    assert_eq!(server.paths(), ["Packages.gz", "Packages.xz", "Packages"]);
    let server = serve(&plain, &["Packages.gz", "Packages.xz", "Packages"]);
    let error = World::new().index(index(&server, &plain)).unwrap_err();
    assert!(error.is_not_found(), "{error:?}");
}

#[test]
fn index_that_unpacks_to_something_else_is_refused() {
    let world = World::new();
    let plain = sample(1000);
    let server = serve(&plain, &[]);
    let mut lying = index(&server, &plain);
    lying.plain.sha256 = Digest::of("other");
    let error = world.index(lying).unwrap_err();
    assert!(matches!(error, FetchError::Digest { .. }), "{error:?}");
}

#[test]
fn index_bomb_stops_at_the_announced_size() {
    let world = World::new();
    let plain = vec![b'x'; 1 << 20];
    let server = serve(&plain, &[]);
    let mut bomb = index(&server, &plain);
    bomb.plain.size = 1000;
    let error = world.index(bomb).unwrap_err();
    assert!(
        matches!(
            error,
            FetchError::Decompress { source: DecompressError::TooLarge { limit: 1000 }, .. }
        ),
        "{error:?}"
    );
}

#[test]
fn offline_uses_the_plain_index_of_the_store() {
    let online = World::new();
    let plain = sample(1000);
    let server = serve(&plain, &[]);
    let request = index(&server, &plain);
    online.index(request.clone()).unwrap();
    let options = FetchOptions { offline: true, ..FetchOptions::default() };
    let offline = World { fetcher: Fetcher::new(options).unwrap(), ..online };
    assert!(offline.index(request).unwrap() == plain);
    let error = offline.index(index(&server, b"newer")).unwrap_err();
    assert!(matches!(error, FetchError::Offline { .. }), "{error:?}");
}
