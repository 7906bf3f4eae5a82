//! The options of a mount, as `mount` takes them: some are flags, the rest is the file system's.

use alloc::string::String;

use rustix::mount::MountFlags;

/// What each option adds, or takes away.
const FLAGS: [(&str, bool, MountFlags); 20] = [
    ("ro", true, MountFlags::RDONLY),
    ("rw", false, MountFlags::RDONLY),
    ("nosuid", true, MountFlags::NOSUID),
    ("suid", false, MountFlags::NOSUID),
    ("nodev", true, MountFlags::NODEV),
    ("dev", false, MountFlags::NODEV),
    ("noexec", true, MountFlags::NOEXEC),
    ("exec", false, MountFlags::NOEXEC),
    ("sync", true, MountFlags::SYNCHRONOUS),
    ("async", false, MountFlags::SYNCHRONOUS),
    ("dirsync", true, MountFlags::DIRSYNC),
    ("noatime", true, MountFlags::NOATIME),
    ("atime", false, MountFlags::NOATIME),
    ("nodiratime", true, MountFlags::NODIRATIME),
    ("diratime", false, MountFlags::NODIRATIME),
    ("relatime", true, MountFlags::RELATIME),
    ("norelatime", false, MountFlags::RELATIME),
    ("strictatime", true, MountFlags::STRICTATIME),
    ("lazytime", true, MountFlags::LAZYTIME),
    ("defaults", true, MountFlags::empty()),
];

/// Tells flags from what the file system is to read.
pub(crate) fn parse(options: &str) -> (MountFlags, String) {
    let mut flags = MountFlags::empty();
    let mut data = String::new();
    for option in options.split(',').filter(|option| !option.is_empty()) {
        match FLAGS.iter().find(|(name, ..)| *name == option) {
            Some((_, adds, flag)) => flags.set(*flag, *adds),
            None => {
                if !data.is_empty() {
                    data.push(',');
                }
                data.push_str(option);
            }
        }
    }
    (flags, data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_told_from_the_rest() {
        check("", MountFlags::empty(), "");
        check("ro,noload,noatime", MountFlags::RDONLY | MountFlags::NOATIME, "noload");
        check("ro,rw,data=ordered,,discard", MountFlags::empty(), "data=ordered,discard");
        check("defaults,nodev", MountFlags::NODEV, "");
    }

    fn check(options: &str, flags: MountFlags, data: &str) {
        assert_eq!(parse(options), (flags, data.to_owned()));
    }
}
