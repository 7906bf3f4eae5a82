//! Ids and capabilities: becoming the guest's root, and no more than that.

use std::io;

use rustix::process::{Gid, Pid, Uid};
use rustix::thread::{CapabilitySet, CapabilitySets};

use crate::error::{Failure, Step};
use crate::rung::Rung;

/// What maintainer scripts and their tools need: files of any owner, other ids, other processes.
const NEEDED: CapabilitySet = CapabilitySet::CHOWN
    .union(CapabilitySet::DAC_OVERRIDE)
    .union(CapabilitySet::FOWNER)
    .union(CapabilitySet::FSETID)
    .union(CapabilitySet::KILL)
    .union(CapabilitySet::SETGID)
    .union(CapabilitySet::SETUID)
    .union(CapabilitySet::SETPCAP)
    .union(CapabilitySet::SETFCAP)
    .union(CapabilitySet::NET_BIND_SERVICE)
    .union(CapabilitySet::MKNOD)
    .union(CapabilitySet::AUDIT_WRITE);

/// Maps every id that this process knows to itself in the user namespace of `process`.
pub(crate) fn map_every_id(process: Pid) -> io::Result<()> {
    let number = process.as_raw_nonzero();
    for kind in ["uid_map", "gid_map"] {
        let known = fs_err::read_to_string(format!("/proc/self/{kind}"))?;
        // The kernel takes a map in one write only.
        fs_err::write(format!("/proc/{number}/{kind}"), identity_of(&known))?;
    }
    Ok(())
}

/// Turns lines of "inside, outside, count" into lines that map the inside to itself.
fn identity_of(map: &str) -> String {
    let identity = |line: &str| {
        let mut fields = line.split_whitespace();
        let (first, _, count) = (fields.next()?, fields.next()?, fields.next()?);
        Some(format!("{first} {first} {count}\n"))
    };
    map.lines().filter_map(identity).collect()
}

/// Takes on user 0 and group 0, and no other group.
pub(crate) fn become_root() -> io::Result<()> {
    match rustix::thread::set_thread_groups(&[]) {
        // Where there is a single id the kernel forbids leaving groups, and they mean nothing.
        Ok(()) | Err(rustix::io::Errno::PERM) => {}
        Err(error) => return Err(error.into()),
    }
    rustix::thread::set_thread_res_gid(Gid::ROOT, Gid::ROOT, Gid::ROOT)?;
    Ok(rustix::thread::set_thread_res_uid(Uid::ROOT, Uid::ROOT, Uid::ROOT)?)
}

/// Gives up every capability that a tool does not need, for good.
pub(crate) fn drop_unneeded(rung: Rung) -> Result<(), Failure> {
    let mut needed = NEEDED;
    if rung.has_namespaces() {
        // Elsewhere it is the way out of the guest's root: the host is what lies outside.
        needed |= CapabilitySet::SYS_CHROOT;
    }
    for bit in 0..64 {
        let capability = CapabilitySet::from_bits_retain(1 << bit);
        if needed.contains(capability) {
            continue;
        }
        match rustix::thread::remove_capability_from_bounding_set(capability) {
            // The kernel's last capability is behind us, or we may not: then the set below is
            // what holds, up to the next program.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::PERM) => break,
            other => other.step("limit capabilities")?,
        }
    }
    let held = rustix::thread::capabilities(None).step("read capabilities")?.permitted;
    let kept = held & needed;
    let sets =
        CapabilitySets { effective: kept, permitted: kept, inheritable: CapabilitySet::empty() };
    rustix::thread::set_capabilities(None, sets).step("drop capabilities")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_map_keeps_to_the_ids_known() {
        let map = "         0     100000       1000\n      5000          7          1\n";
        assert_eq!(identity_of(map), "0 0 1000\n5000 5000 1\n");
    }
}
