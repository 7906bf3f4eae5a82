//! Proxies.

use super::*;

#[test]
fn plain_proxy_is_told_the_whole_address_and_resolves_the_name() {
    let proxy = Server::start(|_| Answer::body("hello"));
    let world = World::with(|options| {
        options.http_proxy = Some(proxy.url("").replace("http://", "http://me:pass%20word@"));
        options.connections = 1;
    });
    let urls = ["http://mirror.invalid/pool/a.deb", "http://mirror.invalid/pool/b.deb?x=1"];
    let requests = [request(&[urls[0]], b"hello"), request(&[urls[1]], b"hello")];
    for (request, url) in requests.into_iter().zip(urls) {
        assert_eq!(world.fetch(request).unwrap(), b"hello");
        world.store.prune(crate::store::Keep::Nothing).unwrap();
        let asked = proxy.asked().pop().unwrap();
        assert_eq!(asked.path, url);
        assert_eq!(asked.headers["host"], "mirror.invalid");
        assert_eq!(asked.headers["proxy-authorization"], "Basic bWU6cGFzcyB3b3Jk");
    }
}

#[test]
fn connection_to_a_plain_proxy_is_kept() {
    let proxy = Server::start(|asked| Answer::body(asked.path.clone()));
    let world = World::with(|options| {
        options.http_proxy = Some(proxy.url(""));
        options.connections = 1;
    });
    let urls = ["http://mirror.invalid/a", "http://mirror.invalid/b", "http://mirror.invalid/c"];
    let requests = urls.map(|url| request(&[url], url.as_bytes()));
    world.fetch_all(&requests).unwrap();
    assert_eq!(proxy.paths(), urls);
    assert_eq!(proxy.connections(), 1);
}

#[test]
fn excepted_hosts_are_reached_without_the_proxy() {
    let proxy = Server::start(|_| Answer::body("proxy"));
    let server = Server::start(|_| Answer::body("hello"));
    let world = World::with(|options| {
        options.http_proxy = Some(proxy.url(""));
        options.no_proxy = Some("localhost, 127.0.0.1".to_string());
    });
    assert_eq!(world.fetch(request(&[&server.url("a")], b"hello")).unwrap(), b"hello");
    assert_eq!(proxy.connections(), 0);
}

#[test]
fn secure_addresses_go_through_a_tunnel() {
    let proxy = Server::start(|_| Answer::status(403));
    let world = World::with(|options| {
        options.https_proxy = Some(proxy.url(""));
        options.tries = 1;
    });
    let error = world.fetch(request(&["https://mirror.invalid/a"], b"hello")).unwrap_err();
    assert!(matches!(inner(error), FetchError::Connection { .. }));
    assert_eq!(proxy.paths(), ["mirror.invalid:443"]);
}

#[test]
fn proxy_that_is_not_there_is_a_connection_that_failed() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let world = World::with(|options| {
        options.http_proxy = Some(address);
        options.tries = 1;
    });
    let error = world.fetch(request(&["http://mirror.invalid/a"], b"hello")).unwrap_err();
    assert!(matches!(inner(error), FetchError::Connection { .. }));
}
