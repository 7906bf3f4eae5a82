//! Files in and out.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use agent_protocol::*;

use crate::host::{Guest, Host, Outcome};

const EISDIR: u32 = 21;

fn put(host: &mut Host, path: &str, size: u64, content: &[u8]) -> Outcome {
    let put = Put { path: path.into(), mode: 0o640, size };
    host.send(&HostFrame::Put { channel: 1, put });
    for bytes in content.chunks(50_000).map(<[u8]>::to_vec) {
        host.send(&HostFrame::Input { channel: 1, bytes });
    }
    host.send(&HostFrame::Input { channel: 1, bytes: Vec::new() });
    host.finish(1)
}

fn get(host: &mut Host, path: &str) -> Outcome {
    host.send(&HostFrame::Get { channel: 2, get: Get { path: path.into() } });
    host.finish(2)
}

#[test]
fn what_was_put_can_be_got() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    let name = path.to_str().unwrap();
    let guest = Guest::new();
    let mut host = guest.session();
    for size in [0_usize, 1, 200_000] {
        let content: Vec<u8> = (0..size).map(|place| u8::try_from(place % 251).unwrap()).collect();
        assert_eq!(put(&mut host, name, size as u64, &content).done, Some(size as u64));
        assert_eq!(fs::read(&path).unwrap(), content);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o640);
        assert_eq!(get(&mut host, name).output, content);
    }
    fs::write(&path, vec![7; 5_000_000]).unwrap();
    let outcome = get(&mut host, name);
    assert_eq!((outcome.output.len(), outcome.done), (5_000_000, Some(5_000_000)));
}

#[test]
fn what_is_no_file_is_refused_and_nothing_is_left() {
    let directory = tempfile::tempdir().unwrap();
    let name = directory.path().to_str().unwrap();
    let file = format!("{name}/file");
    let guest = Guest::new();
    let mut host = guest.session();
    assert_eq!(put(&mut host, name, 0, b"").refused.unwrap().0, EISDIR);
    assert_eq!(put(&mut host, &format!("{name}/"), 0, b"").refused.unwrap().0, EISDIR);
    assert_eq!(get(&mut host, name).refused.unwrap().0, EISDIR);
    assert!(get(&mut host, "/dev/zero").refused.is_some());
    assert!(get(&mut host, &file).refused.is_some());
    assert!(put(&mut host, &file, 5, b"four").refused.is_some());
    assert!(put(&mut host, &file, 3, b"four").refused.is_some());
    let put = Put { path: file.into(), mode: 0o600, size: 10 };
    host.send(&HostFrame::Put { channel: 9, put });
    host.until(|frame| matches!(frame, GuestFrame::Started { channel: 9, process: 0 }));
    drop(host);
    drop(guest);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}
