//! Gives files away in every way there is, and says what is seen then.

use std::ffi::CString;
use std::fs;
use std::io::Error;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown, lchown, symlink};

/// Makes files below `/tmp`, gives them away, and prints what their owners look like.
pub fn give_files() {
    std::env::set_current_dir("/tmp").unwrap();
    by_each_call();
    by_descriptor_and_link();
    set_id_bits_are_lost();
    a_new_file_belongs_to_root();
    groups_are_inherited();
    fs::write("group-only", "").unwrap();
    say_code("keep user", chown_raw("group-only", u32::MAX, 40));
    say_code("keep group", chown_raw("group-only", 41, u32::MAX));
    say("kept", "group-only");
    say_code("missing", chown_raw("missing", 1, 1));
    say_code("no path", chown_raw("", 1, 1));
}

fn by_each_call() {
    for (number, name) in ["a", "b", "c"].into_iter().enumerate() {
        fs::write(name, "").unwrap();
        say_code(name, chown_raw(name, 10 + number as u32, 20));
    }
    let name = CString::new("b").unwrap();
    let folder = fs::File::open("/tmp").unwrap();
    let (nofollow, empty) = (libc::AT_SYMLINK_NOFOLLOW, libc::AT_EMPTY_PATH);
    let file = fs::File::open("c").unwrap();
    // SAFETY: all strings end; the structures are filled by the calls.
    unsafe {
        say_code("at", libc::fchownat(folder.as_raw_fd(), name.as_ptr(), 50, 60, nofollow).into());
        let nothing = c"".as_ptr();
        say_code("empty", libc::fchownat(file.as_raw_fd(), nothing, 51, 61, empty).into());
        let mut old: libc::stat = std::mem::zeroed();
        libc::syscall(libc::SYS_newfstatat, folder.as_raw_fd(), name.as_ptr(), &raw mut old, 0);
        println!("newfstatat {}:{} {:o} {}", old.st_uid, old.st_gid, old.st_mode, old.st_size);
        libc::syscall(libc::SYS_fstat, file.as_raw_fd(), &raw mut old);
        println!("fstat {}:{} {:o}", old.st_uid, old.st_gid, old.st_mode);
        let mut new: libc::statx = std::mem::zeroed();
        let mask = libc::STATX_BASIC_STATS;
        libc::statx(libc::AT_FDCWD, c"/tmp/a".as_ptr(), 0, mask, &raw mut new);
        println!("statx {}:{} {:o} {}", new.stx_uid, new.stx_gid, new.stx_mode, new.stx_nlink);
    }
    say("absolute", "/tmp/a");
    say("dots", "../tmp/./a");
}

fn by_descriptor_and_link() {
    let file = fs::File::create("file").unwrap();
    fchown(&file, Some(70), Some(71)).unwrap();
    println!("own eyes {}", file.metadata().unwrap().uid());
    symlink("file", "link").unwrap();
    lchown("link", Some(80), Some(81)).unwrap();
    say("link", "link");
    say("through link", "file");
    std::os::unix::fs::chown("link", Some(90), Some(91)).unwrap();
    say("through link", "file");
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    // Where there is no /proc, as in a chroot, this says so for all.
    let given = std::os::unix::fs::chown(path, Some(92), None);
    println!("by /proc {}", given.is_ok());
    say("after /proc", "file");
    fs::hard_link("file", "second").unwrap();
    say("second name", "second");
    fs::rename("file", "renamed").unwrap();
    say("renamed", "renamed");
}

fn set_id_bits_are_lost() {
    fs::write("program", "").unwrap();
    fs::set_permissions("program", fs::Permissions::from_mode(0o6755)).unwrap();
    std::os::unix::fs::chown("program", Some(5), Some(6)).unwrap();
    say("program", "program");
    fs::create_dir("folder").unwrap();
    fs::set_permissions("folder", fs::Permissions::from_mode(0o2775)).unwrap();
    std::os::unix::fs::chown("folder", Some(5), Some(50)).unwrap();
    say("folder", "folder");
}

fn a_new_file_belongs_to_root() {
    for number in 0..200 {
        let name = format!("short-lived-{}", number % 2);
        fs::write(&name, "").unwrap();
        let found = fs::metadata(&name).unwrap();
        assert_eq!((found.uid(), found.gid()), (0, 0), "{number}");
        std::os::unix::fs::chown(&name, Some(7), Some(8)).unwrap();
        fs::remove_file(&name).unwrap();
    }
}

fn groups_are_inherited() {
    fs::write("folder/inside", "").unwrap();
    fs::create_dir("folder/below").unwrap();
    fs::write("folder/below/deep", "").unwrap();
    symlink("x", "folder/link").unwrap();
    fs::write("outside", "").unwrap();
    fs::rename("outside", "folder/moved").unwrap();
    for name in ["inside", "below", "below/deep", "link", "moved"] {
        say(name, &format!("folder/{name}"));
    }
}

fn say(what: &str, path: &str) {
    let found = fs::symlink_metadata(path).unwrap();
    println!("{what} {}:{} {:o}", found.uid(), found.gid(), found.mode());
}

fn say_code(what: &str, code: i64) {
    let error = Error::last_os_error();
    println!("{what} {}", if code == 0 { "done".to_owned() } else { error.to_string() });
}

fn chown_raw(path: &str, user: u32, group: u32) -> i64 {
    let path = CString::new(path).unwrap();
    // SAFETY: the string ends.
    i64::from(unsafe { libc::chown(path.as_ptr(), user, group) })
}

/// Gives and looks by the calls of 32-bit programs.
#[cfg(target_arch = "x86_64")]
pub fn give_in_32_bits() {
    fs::write("/tmp/old", "old").unwrap();
    let memory = low_memory();
    let path = b"/tmp/old\0";
    // SAFETY: the memory is ours, and larger than path and structure together.
    let (name, result) = unsafe {
        std::ptr::copy_nonoverlapping(path.as_ptr(), memory, path.len());
        (memory as u32, memory as u32 + 1024)
    };
    let word = |offset: usize| {
        // SAFETY: as above.
        unsafe { memory.add(1024 + offset).cast::<u32>().read_unaligned() }
    };
    println!("chown32 {}", call_32(212, name, 1000, 7000));
    println!("stat64 {}", call_32(195, name, result, 0));
    println!("{}:{} {:o} size {} links {}", word(24), word(28), word(16), word(44), word(20));
    println!("chown16 {}", call_32(182, name, 0xffff, 12));
    println!("lstat64 {}", call_32(196, name, result, 0));
    println!("{}:{}", word(24), word(28));
    println!("sync {}", call_32(36, 0, 0, 0));
}

#[cfg(target_arch = "x86_64")]
fn low_memory() -> *mut u8 {
    let (access, kind) = (
        libc::PROT_READ | libc::PROT_WRITE,
        libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_32BIT,
    );
    // SAFETY: a new mapping.
    let memory = unsafe { libc::mmap(std::ptr::null_mut(), 4096, access, kind, -1, 0) };
    assert_ne!(memory, libc::MAP_FAILED);
    memory.cast()
}

#[cfg(target_arch = "x86_64")]
fn call_32(number: u32, first: u32, second: u32, third: u32) -> i32 {
    let result: i32;
    // SAFETY: the 32-bit call interface; rbx, which the compiler keeps for itself, is put back.
    unsafe {
        std::arch::asm!(
            "xchg rbx, {first:r}",
            "int 0x80",
            "xchg rbx, {first:r}",
            first = inout(reg) u64::from(first) => _,
            inlateout("eax") number.cast_signed() => result,
            in("ecx") second,
            in("edx") third,
            out("r8") _, out("r9") _, out("r10") _, out("r11") _,
        );
    }
    result
}

#[cfg(not(target_arch = "x86_64"))]
pub fn give_in_32_bits() {
    println!("none");
}

/// Tries to become another user.
pub fn become_another() {
    // SAFETY: takes a number.
    println!("{}", unsafe { libc::setuid(33) });
}

/// Takes on the ids and groups that root has already.
pub fn become_root_again() {
    // SAFETY: takes numbers, and lists of the lengths given.
    let codes = unsafe {
        let groups = [0, 5];
        [
            libc::setgroups(2, groups.as_ptr()),
            libc::setgid(0),
            libc::setuid(0),
            libc::setresuid(u32::MAX, 0, u32::MAX),
        ]
    };
    println!("{codes:?}");
}
