//! What this program does when it is the tool in the guest.

mod giving;

use std::fs;
use std::io::Error;
use std::os::unix::fs::MetadataExt;
use std::process::Command;
use std::time::Duration;

/// Serves as the tool; false if this program was not started as one.
pub fn dispatch() -> bool {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.first().is_none_or(|word| word != "guest") {
        return false;
    }
    let words: Vec<&str> = words[1..].iter().map(String::as_str).collect();
    match words.as_slice() {
        ["exit", code] => std::process::exit(code.parse().unwrap()),
        ["signal", number] => raise(number.parse().unwrap()),
        ["lines", count] => (0..count.parse::<u32>().unwrap()).for_each(|line| println!("{line}")),
        ["environment"] => std::env::vars().for_each(|(name, value)| println!("{name}={value}")),
        ["both"] => both_streams(),
        ["chroot?"] => println!("{}", is_in_chroot()),
        ["list", path] => list(path),
        ["read", path] => println!("{}", said(fs::read_to_string(path))),
        ["write", path] => println!("{}", said(fs::write(path, "x").map(|()| "written".into()))),
        ["connect"] => println!("{}", said(connect())),
        ["syncfs"] => println!("{}", said_number(syncfs())),
        ["mount"] => println!("{}", said_number(mount())),
        ["chown", path, user, group] => chown(path, user, group),
        ["give"] => giving::give_files(),
        ["give-32"] => giving::give_in_32_bits(),
        ["become", "another"] => giving::become_another(),
        ["become", "root"] => giving::become_root_again(),
        ["owner", path] => println!("{}", owner(path)),
        ["limits"] => limits(),
        ["orphan"] => start("sleep"),
        ["sleep"] => std::thread::sleep(Duration::from_secs(1000)),
        other => panic!("{other:?}"),
    }
    true
}

fn raise(number: i32) {
    // SAFETY: takes a number.
    unsafe { libc::raise(number) };
}

fn both_streams() {
    for line in 0..100 {
        println!("out {line}");
        eprintln!("err {line}");
    }
}

/// Does what Debian's `ischroot` does.
fn is_in_chroot() -> bool {
    let identity = |path| fs::metadata(path).map(|found| (found.dev(), found.ino())).unwrap();
    identity("/") != identity("/proc/1/root")
}

fn list(path: &str) {
    let entries = fs::read_dir(path).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    println!("{}", names.join(" ".as_ref()).display());
}

fn connect() -> std::io::Result<String> {
    let address = "192.0.2.1:9".parse().unwrap();
    std::net::TcpStream::connect_timeout(&address, Duration::from_secs(1))
        .map(|_| "connected".into())
}

fn syncfs() -> i64 {
    // SAFETY: a number that is no file descriptor: only a filter can answer that with success.
    i64::from(unsafe { libc::syncfs(-1) })
}

fn mount() -> i64 {
    let (kind, place) = (c"tmpfs".as_ptr(), c"/tmp".as_ptr());
    // SAFETY: strings that end, and no data.
    i64::from(unsafe { libc::mount(kind, place, kind, 0, std::ptr::null()) })
}

fn chown(path: &str, user: &str, group: &str) {
    let (user, group) = (user.parse().unwrap(), group.parse().unwrap());
    std::os::unix::fs::chown(path, Some(user), Some(group)).unwrap();
    let found = fs::metadata(path).unwrap();
    println!("{}:{} {:o}", found.uid(), found.gid(), found.mode());
}

fn owner(path: &str) -> String {
    let found = fs::symlink_metadata(path).unwrap();
    format!("{}:{}", found.uid(), found.gid())
}

fn limits() {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().filter(|line| line.starts_with("Cap")).for_each(|line| println!("{line}"));
    // SAFETY: the set is filled by the call; the mask is put back by nobody because we leave.
    unsafe {
        let mut files = std::mem::zeroed();
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut files);
        println!("files {} umask {:o}", files.rlim_cur, libc::umask(0));
    }
}

/// Starts this program again and does not wait for it.
fn start(word: &str) {
    drop(Command::new("/tool").args(["guest", word]).spawn().unwrap());
}

fn said(result: std::io::Result<String>) -> String {
    result.unwrap_or_else(|error| format!("error {}", error.raw_os_error().unwrap_or(0)))
}

fn said_number(code: i64) -> String {
    if code == 0 { "done".into() } else { said(Err(Error::last_os_error())) }
}
