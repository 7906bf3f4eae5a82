//! Several processes on one store, killed ones, and a full disk.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use super::*;

const ROLE: &str = "OSB_TEST_STORE_ROLE";
const ROOT: &str = "OSB_TEST_STORE_ROOT";

/// Another process, which has said that it is ready.
struct Player {
    child: Child,
    // Open as long as the process may write to it.
    _output: BufReader<ChildStdout>,
}

impl Player {
    /// Lets the process go on and waits for its end.
    fn finish(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }
}

/// Runs `play_role` below in a process of its own, through a shell that runs `setup` first.
fn spawn(role: &str, root: &Path, setup: &str) -> Player {
    let program = std::env::current_exe().unwrap();
    let mut child = Command::new("sh")
        .args(["-c", &format!("{setup}\nexec \"$@\""), "sh"])
        .arg(program)
        .args(["--exact", "store::tests::processes::play_role", "--nocapture"])
        .env(ROLE, role)
        .env(ROOT, root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("role: ready") {
        line.clear();
        assert_ne!(output.read_line(&mut line).unwrap(), 0, "{role} has failed");
    }
    Player { child, _output: output }
}

fn say(text: &str) {
    // Not `println`: the test harness would capture it.
    writeln!(std::io::stdout(), "\nrole: {text}").unwrap();
}

fn wait_for_parent() {
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// No test of its own: what the processes started by `spawn` do.
#[test]
fn play_role() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let store = Store::open(std::env::var_os(ROOT).unwrap()).unwrap();
    match role.as_str() {
        "work and be killed" => {
            let mut incoming = store.incoming().unwrap();
            incoming.append(b"half a fi").unwrap();
            let _lock = store.lock_entry(Shelf::Blobs, Digest::of("b"), &|| false).unwrap();
            store
                .derived(Shelf::Opened, Digest::of("x"), |directory| {
                    make_pair(directory)?;
                    say("ready");
                    wait_for_parent();
                    Err::<(), _>(StoreError::Cancelled)
                })
                .unwrap_err();
        }
        "make slowly" => {
            let make = |directory: &Path| {
                say("ready");
                wait_for_parent();
                make_pair(directory)
            };
            store.derived(Shelf::Opened, Digest::of("x"), make).unwrap();
        }
        "fill the disk" => {
            let big = vec![7; 4 << 20];
            let error = store.insert(Shelf::Blobs, id_of(&big), &mut &*big).unwrap_err();
            assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
            assert!(error.to_string().contains(store.path().to_str().unwrap()), "{error}");
            insert(&store, b"small");
            let derived = store.derived(Shelf::Opened, Digest::of("x"), |directory| {
                let written = fs::write(directory.join("data.tar"), &big);
                written.map_err(|error| store.error(error))
            });
            assert!(matches!(derived, Err(StoreError::Full { .. })), "{derived:?}");
            say("ready");
        }
        other => panic!("unknown role {other}"),
    }
}

#[test]
fn killed_process_leaves_nothing_that_the_next_one_does_not_remove() {
    let (_directory, first) = store();
    let root = first.path().to_path_buf();
    insert(&first, b"kept");
    drop(first);
    let mut player = spawn("work and be killed", &root, "");
    assert!(files(&root.join("tmp")).len() >= 3, "the process was at work");
    player.child.kill().unwrap();
    player.child.wait().unwrap();

    let next = Store::open(&root).unwrap();
    assert_eq!(files(&root.join("tmp")), Vec::<PathBuf>::new());
    assert_eq!(fs::read_dir(root.join("tmp")).unwrap().count(), 1, "only its own session");
    assert_eq!(fs::read_dir(root.join("locks")).unwrap().count(), 0);
    assert!(next.get(Shelf::Blobs, id_of(b"kept")).unwrap().is_some());
    next.derived(Shelf::Opened, Digest::of("x"), make_pair).unwrap();
}

#[test]
fn work_of_a_living_process_is_left_alone() {
    let (_directory, first) = store();
    let player = spawn("make slowly", first.path(), "");
    let second = Store::open(first.path()).unwrap();
    drop(second);
    player.finish();
    let nothing_to_make = |_: &Path| Err(StoreError::Cancelled);
    first.derived(Shelf::Opened, Digest::of("x"), nothing_to_make).unwrap();
}

#[test]
fn process_waits_for_the_one_that_makes_the_same_and_uses_its_result() {
    let (_directory, store) = store();
    let player = spawn("make slowly", store.path(), "");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let nothing_to_make = |_: &Path| Err(StoreError::Cancelled);
            store.derived(Shelf::Opened, Digest::of("x"), nothing_to_make)
        });
        player.finish();
        waiting.join().unwrap().unwrap();
    });
}

#[test]
fn waiting_for_another_process_ends_when_cancelled() {
    let (_directory, store) = store();
    let _held = store.lock_entry(Shelf::Blobs, Digest::of("b"), &|| false).unwrap();
    let error = store.lock_entry(Shelf::Blobs, Digest::of("b"), &|| true).unwrap_err();
    assert!(matches!(error, StoreError::Cancelled), "{error:?}");
}

#[test]
fn full_disk_is_named_and_leaves_the_store_intact() {
    let (_directory, store) = store();
    insert(&store, b"kept");
    // Files of this process may have 1 MiB; without the trap the kernel would kill it.
    let player = spawn("fill the disk", store.path(), "trap '' XFSZ; ulimit -f 2048");
    player.finish();
    assert_eq!(files(&store.path().join("tmp")), Vec::<PathBuf>::new());
    assert!(store.get(Shelf::Blobs, id_of(b"kept")).unwrap().is_some());
    assert!(store.get(Shelf::Blobs, id_of(b"small")).unwrap().is_some());
    assert_eq!(store.info().unwrap().shelves.iter().map(|shelf| shelf.entries).sum::<u64>(), 2);
}
