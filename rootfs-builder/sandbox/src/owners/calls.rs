//! Which system calls are watched, and where their arguments lie.

/// What a watched system call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Watch {
    /// Tells the owner of a file; `result` points to where.
    Look { place: Place, result: usize, shape: Shape },
    /// Gives a file to the user in argument `ids` and the group in the next.
    Give { place: Place, ids: usize, width: Width },
    /// Takes on the first `count` arguments as ids.
    Become { name: &'static str, count: usize, width: Width },
    /// Sets the groups beside the main one.
    Gather,
    /// Makes a file, if the flags say so.
    Make { place: Place, flags: OpenFlags },
    /// Renames a file.
    Move,
    /// Sets the attribute whose name, value and size begin at argument `name`.
    Mark { name: usize },
}

/// Where a call says which file it means: argument numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// The directory that the path begins at, or the file itself.
    pub(crate) directory: Option<usize>,
    pub(crate) path: Option<usize>,
    /// Flags that may forbid following a last link, or allow an empty path.
    pub(crate) flags: Option<usize>,
    /// Whether a last link is followed if no flag forbids it.
    pub(crate) follows: bool,
}

/// How an answer about a file is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// As in the host's own C library.
    Native,
    /// The same on every machine; mask and result follow the flags.
    Extended,
    /// The 64-bit kind of 32-bit x86.
    WideI386,
}

/// How wide ids are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    /// 16 bits, with all ones for "leave it".
    Half,
    /// 32 bits, likewise.
    Full,
}

/// Where a call says whether it may make a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OpenFlags {
    /// It always does.
    Always,
    /// In this argument.
    Argument(usize),
    /// In the first bytes that this argument points to.
    Pointed(usize),
}

/// Returns the watched calls of the host's own programs, or of its 32-bit ones.
pub(crate) fn watched(is_native: bool) -> Vec<(u32, Watch)> {
    let mut calls = if is_native { native() } else { i386() };
    calls.sort_by_key(|(number, _)| *number);
    calls
}

const fn at_path(path: usize) -> Place {
    Place { directory: None, path: Some(path), flags: None, follows: true }
}

const fn at_link(path: usize) -> Place {
    Place { directory: None, path: Some(path), flags: None, follows: false }
}

const fn at_file(directory: usize) -> Place {
    Place { directory: Some(directory), path: None, flags: None, follows: true }
}

const fn below(directory: usize, path: usize) -> Place {
    Place { directory: Some(directory), path: Some(path), flags: None, follows: true }
}

const fn below_with(directory: usize, path: usize, flags: usize) -> Place {
    Place { directory: Some(directory), path: Some(path), flags: Some(flags), follows: true }
}

const fn look(place: Place, result: usize, shape: Shape) -> Watch {
    Watch::Look { place, result, shape }
}

const fn give(place: Place, ids: usize) -> Watch {
    Watch::Give { place, ids, width: Width::Full }
}

const fn make(place: Place) -> Watch {
    Watch::Make { place, flags: OpenFlags::Always }
}

const fn open(place: Place, flags: usize) -> Watch {
    Watch::Make { place, flags: OpenFlags::Argument(flags) }
}

/// The calls that every 64-bit machine has; with the numbers of the host's C library.
fn native() -> Vec<(u32, Watch)> {
    let become_all = |name, count| Watch::Become { name, count, width: Width::Full };
    let common = [
        (libc::SYS_fstat, look(at_file(0), 1, Shape::Native)),
        (libc::SYS_newfstatat, look(below_with(0, 1, 3), 2, Shape::Native)),
        (libc::SYS_statx, look(below_with(0, 1, 2), 4, Shape::Extended)),
        (libc::SYS_fchown, give(at_file(0), 1)),
        (libc::SYS_fchownat, give(below_with(0, 1, 4), 2)),
        (libc::SYS_setuid, become_all("setuid", 1)),
        (libc::SYS_setgid, become_all("setgid", 1)),
        (libc::SYS_setreuid, become_all("setreuid", 2)),
        (libc::SYS_setregid, become_all("setregid", 2)),
        (libc::SYS_setresuid, become_all("setresuid", 3)),
        (libc::SYS_setresgid, become_all("setresgid", 3)),
        (libc::SYS_setfsuid, become_all("setfsuid", 1)),
        (libc::SYS_setfsgid, become_all("setfsgid", 1)),
        (libc::SYS_setgroups, Watch::Gather),
        (libc::SYS_openat, open(below(0, 1), 2)),
        (libc::SYS_openat2, Watch::Make { place: below(0, 1), flags: OpenFlags::Pointed(2) }),
        (libc::SYS_mkdirat, make(below(0, 1))),
        (libc::SYS_mknodat, make(below(0, 1))),
        (libc::SYS_symlinkat, make(below(1, 2))),
        (libc::SYS_renameat2, Watch::Move),
        (libc::SYS_setxattr, Watch::Mark { name: 1 }),
        (libc::SYS_lsetxattr, Watch::Mark { name: 1 }),
        (libc::SYS_fsetxattr, Watch::Mark { name: 1 }),
    ];
    common.into_iter().chain(older()).map(|(number, watch)| (number as u32, watch)).collect()
}

/// The calls that 64-bit x86 has from older times.
#[cfg(target_arch = "x86_64")]
fn older() -> Vec<(libc::c_long, Watch)> {
    vec![
        (libc::SYS_stat, look(at_path(0), 1, Shape::Native)),
        (libc::SYS_lstat, look(at_link(0), 1, Shape::Native)),
        (libc::SYS_chown, give(at_path(0), 1)),
        (libc::SYS_lchown, give(at_link(0), 1)),
        (libc::SYS_open, open(at_path(0), 1)),
        (libc::SYS_creat, make(at_path(0))),
        (libc::SYS_mkdir, make(at_path(0))),
        (libc::SYS_mknod, make(at_path(0))),
        (libc::SYS_symlink, make(at_path(1))),
        (libc::SYS_rename, Watch::Move),
        (libc::SYS_renameat, Watch::Move),
    ]
}

#[cfg(target_arch = "aarch64")]
fn older() -> Vec<(libc::c_long, Watch)> {
    vec![(libc::SYS_renameat, Watch::Move)]
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn older() -> Vec<(libc::c_long, Watch)> {
    Vec::new()
}

/// From the kernel's arch/x86/entry/syscalls/syscall_32.tbl.
fn i386() -> Vec<(u32, Watch)> {
    let half = |place| Watch::Give { place, ids: 1, width: Width::Half };
    let mut calls = vec![
        (5, open(at_path(0), 1)),
        (8, make(at_path(0))),
        (14, make(at_path(0))),
        (16, half(at_link(0))),
        (38, Watch::Move),
        (39, make(at_path(0))),
        (81, Watch::Gather),
        (83, make(at_path(1))),
        (95, half(at_file(0))),
        (182, half(at_path(0))),
        (195, look(at_path(0), 1, Shape::WideI386)),
        (196, look(at_link(0), 1, Shape::WideI386)),
        (197, look(at_file(0), 1, Shape::WideI386)),
        (198, give(at_link(0), 1)),
        (206, Watch::Gather),
        (207, give(at_file(0), 1)),
        (212, give(at_path(0), 1)),
        (226, Watch::Mark { name: 1 }),
        (227, Watch::Mark { name: 1 }),
        (228, Watch::Mark { name: 1 }),
        (295, open(below(0, 1), 2)),
        (296, make(below(0, 1))),
        (297, make(below(0, 1))),
        (298, give(below_with(0, 1, 4), 2)),
        (300, look(below_with(0, 1, 3), 2, Shape::WideI386)),
        (302, Watch::Move),
        (304, make(below(1, 2))),
        (353, Watch::Move),
        (383, look(below_with(0, 1, 2), 4, Shape::Extended)),
        (437, Watch::Make { place: below(0, 1), flags: OpenFlags::Pointed(2) }),
    ];
    for (old, wide, name, count) in [
        (23, 213, "setuid", 1),
        (46, 214, "setgid", 1),
        (70, 203, "setreuid", 2),
        (71, 204, "setregid", 2),
        (138, 215, "setfsuid", 1),
        (139, 216, "setfsgid", 1),
        (164, 208, "setresuid", 3),
        (170, 210, "setresgid", 3),
    ] {
        calls.push((old, Watch::Become { name, count, width: Width::Half }));
        calls.push((wide, Watch::Become { name, count, width: Width::Full }));
    }
    calls
}

impl Width {
    /// Returns the id in an argument, or none for "leave it".
    pub(crate) fn id(self, argument: u64) -> Option<u32> {
        match self {
            Width::Half => Some(u32::from(argument as u16)).filter(|&id| id != 0xffff),
            Width::Full => Some(argument as u32).filter(|&id| id != u32::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_is_watched_twice() {
        for is_native in [true, false] {
            let mut numbers: Vec<_> =
                watched(is_native).iter().map(|(number, _)| *number).collect();
            let count = numbers.len();
            numbers.dedup();
            assert_eq!(numbers.len(), count);
        }
    }

    #[test]
    fn all_ones_leave_an_owner_as_it_is() {
        assert_eq!(Width::Full.id(u64::from(u32::MAX)), None);
        assert_eq!(Width::Full.id(u64::MAX), None);
        assert_eq!(Width::Full.id(65535), Some(65535));
        assert_eq!(Width::Half.id(65535), None);
        assert_eq!(Width::Half.id(33), Some(33));
    }
}
