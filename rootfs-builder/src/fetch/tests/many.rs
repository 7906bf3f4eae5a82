//! Many files at once.

use std::sync::mpsc::channel;

use super::*;

#[test]
fn results_come_in_the_order_of_the_requests_and_the_largest_is_asked_for_first() {
    let world = World::with(|options| options.connections = 1);
    let server = Server::start(|asked| Answer::body(sample(asked.path.parse().unwrap())));
    let sizes = [10, 30_000, 200, 5, 30_001];
    let requests =
        sizes.map(|size: usize| request(&[&server.url(&size.to_string())], &sample(size)));
    let got = world.fetch_all(&requests).unwrap();
    assert_eq!(got.iter().map(Vec::len).collect::<Vec<_>>(), sizes);
    assert_eq!(server.paths(), ["30001", "30000", "200", "10", "5"]);
    assert_eq!(server.connections(), 1, "the connection is kept");
}

#[test]
fn no_more_connections_are_made_than_allowed() {
    let world = World::with(|options| options.connections = 3);
    let server = Server::start(|asked| Answer::body(sample(asked.path.parse().unwrap())));
    let requests: Vec<_> =
        (1..100).map(|size| request(&[&server.url(&size.to_string())], &sample(size))).collect();
    world.fetch_all(&requests).unwrap();
    assert!(server.connections() <= 3, "{}", server.connections());
}

#[test]
fn work_on_what_has_arrived_does_not_wait_for_the_other_downloads() {
    let world = World::with(|options| options.connections = 2);
    let (worked, was_worked) = channel();
    let (worked, was_worked) = (Mutex::new(worked), Mutex::new(was_worked));
    // The second file comes only after the first one has been worked on.
    let server = Server::start(move |asked| {
        if asked.path == "second" {
            was_worked.lock().unwrap().recv().unwrap();
        }
        Answer::body(asked.path.clone())
    });
    let requests = ["first", "second"].map(|path| request(&[&server.url(path)], path.as_bytes()));
    let on_ready = |index: usize, _: &Path| -> Result<usize, FetchError> {
        if index == 0 {
            worked.lock().unwrap().send(()).unwrap();
        }
        Ok(index)
    };
    let done = world.fetcher.fetch_all(&world.store, &requests, &Silent, on_ready).unwrap();
    assert_eq!(done, [0, 1]);
}

#[test]
fn downloads_do_not_wait_for_work_on_what_has_arrived() {
    let world = World::with(|options| {
        options.connections = 1;
        options.workers = 1;
    });
    let (sent, was_sent) = channel();
    let (sent, was_sent) = (Mutex::new(sent), Mutex::new(was_sent));
    let server = Server::start(move |asked| {
        if asked.path == "1" {
            sent.lock().unwrap().send(()).unwrap();
        }
        Answer::body(sample(asked.path.parse().unwrap()))
    });
    let requests: Vec<_> =
        (1..=50).map(|size| request(&[&server.url(&size.to_string())], &sample(size))).collect();
    // The first piece of work takes until the last file is asked for.
    let on_ready = |index: usize, _: &Path| -> Result<(), FetchError> {
        if index == 49 {
            was_sent.lock().unwrap().recv().unwrap();
        }
        Ok(())
    };
    world.fetcher.fetch_all(&world.store, &requests, &Silent, on_ready).unwrap();
}

#[test]
fn first_failure_ends_transfers_that_hang() {
    // Longer than any test runner waits.
    let world = World::with(|options| options.stall_timeout = Duration::from_secs(100_000));
    let server = Server::start(|asked| match asked.path.as_str() {
        "missing" => Answer::status(404),
        _ => Answer::body(vec![0; 1000]).fault(Fault::StallAfter(10)),
    });
    let mut requests: Vec<_> =
        (0..5).map(|path| request(&[&server.url(&path.to_string())], &[0; 1000])).collect();
    // Different digests: the same file would be waited for.
    for (index, request) in requests.iter_mut().enumerate() {
        request.id.sha256 = Digest::of([index as u8]);
    }
    requests.push(request(&[&server.url("missing")], b"small"));
    let error = world.fetch_all(&requests).unwrap_err();
    assert!(matches!(inner(error), FetchError::NotFound { .. }));
    world.assert_empty();
    // The fetcher is as good as new.
    let good = Server::start(|_| Answer::body("hello"));
    assert_eq!(world.fetch(request(&[&good.url("a")], b"hello")).unwrap(), b"hello");
}

#[test]
fn failure_of_the_work_ends_the_downloads() {
    let world = World::with(|options| {
        options.connections = 1;
        options.workers = 1;
    });
    let (failed, has_failed) = channel::<()>();
    let (failed, has_failed) = (Mutex::new(Some(failed)), Mutex::new(has_failed));
    let server = Server::start(move |asked| {
        if asked.path != "9" {
            // Held back until the work on the first file has begun to fail.
            let _ = has_failed.lock().unwrap().recv();
        }
        Answer::body(sample(asked.path.parse().unwrap())).fault(match asked.path.as_str() {
            "9" => Fault::None,
            _ => Fault::StallAfter(0),
        })
    });
    let requests: Vec<_> =
        (1..=9).map(|size| request(&[&server.url(&size.to_string())], &sample(size))).collect();
    let on_ready = |_: usize, _: &Path| -> Result<(), FetchError> {
        drop(failed.lock().unwrap().take());
        Err(FetchError::Proxy { proxy: "the work's own error".to_string() })
    };
    let error = world.fetcher.fetch_all(&world.store, &requests, &Silent, on_ready).unwrap_err();
    assert!(matches!(error, FetchError::Proxy { .. }), "{error:?}");
}

#[test]
fn same_file_wanted_many_times_is_downloaded_once() {
    let world = World::new();
    let server = Server::start(|_| Answer::body("hello"));
    let wanted = request(&[&server.url("a")], b"hello");
    let other_store = Store::open(world.store.path()).unwrap();
    std::thread::scope(|scope| {
        for store in [&world.store, &other_store] {
            let requests = vec![wanted.clone(); 4];
            let fetcher = &world.fetcher;
            scope.spawn(move || {
                fetcher
                    .fetch_all(store, &requests, &Silent, |_, _| Ok::<_, FetchError>(()))
                    .unwrap()
            });
        }
    });
    assert_eq!(server.paths(), ["a"]);
}

#[test]
fn offline_names_everything_that_is_missing_and_asks_nobody() {
    let server = Server::start(|_| Answer::body("hello"));
    let world = World::with(|options| options.offline = true);
    let directory = tempfile::tempdir().unwrap();
    let local = directory.path().join("local.deb");
    fs_err::write(&local, b"local").unwrap();
    let named = |name: &str, bytes: &[u8]| Request {
        name: name.to_string(),
        ..request(&[&server.url(name)], bytes)
    };
    let local = request(&[&server.url("x"), local.to_str().unwrap()], b"local");
    assert_eq!(world.fetch(local.clone()).unwrap(), b"local");
    let requests = [local, named("one", b"1"), named("two", b"22")];
    let error = world.fetch_all(&requests).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, FetchError::Offline { .. }), "{error:?}");
    for part in ["--offline", "one", "two"] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn progress_adds_up_to_the_bytes_of_the_files() {
    #[derive(Default)]
    struct Count {
        planned: AtomicUsize,
        net: AtomicUsize,
        items: AtomicUsize,
        warnings: AtomicUsize,
    }
    impl Progress for Count {
        fn report(&self, event: Event<'_>) {
            match event {
                Event::DownloadPlanned { bytes, .. } => {
                    self.planned.fetch_add(bytes as usize, Ordering::SeqCst);
                }
                Event::Downloaded { bytes } => {
                    self.net.fetch_add(bytes as usize, Ordering::SeqCst);
                }
                Event::Discarded { bytes } => {
                    self.net.fetch_sub(bytes as usize, Ordering::SeqCst);
                }
                Event::ItemDone { .. } => {
                    self.items.fetch_add(1, Ordering::SeqCst);
                }
                Event::Warning { .. } => {
                    self.warnings.fetch_add(1, Ordering::SeqCst);
                }
                _ => {}
            }
        }
    }
    let world = World::new();
    let bytes = sample(70_000);
    let body = bytes.clone();
    let server = Server::start(move |asked| match asked.path.as_str() {
        "bad" => Answer::body(vec![0; 70_000]),
        _ if asked.before == 0 => Answer::body(body.clone()).fault(Fault::CloseAfter(40_000)),
        _ => Answer::body(body.clone()),
    });
    let wanted = request(&[&server.url("bad"), &server.url("good")], &bytes);
    let count = Count::default();
    let on_ready = |_: usize, _: &Path| Ok::<_, FetchError>(());
    world.fetcher.fetch_all(&world.store, &[wanted], &count, on_ready).unwrap();
    let counts = [&count.planned, &count.net, &count.items, &count.warnings]
        .map(|count| count.load(Ordering::SeqCst));
    assert_eq!(counts, [70_000, 70_000, 1, 2]);
}
