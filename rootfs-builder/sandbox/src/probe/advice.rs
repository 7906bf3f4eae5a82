//! Says why namespaces are refused, and the one line that changes it.

use super::Verdict;

/// What the host says about itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    /// How many user namespaces each user may have.
    most_namespaces: Option<u64>,
    /// Whether ordinary users may make them, on kernels with Debian's switch.
    switch: Option<u64>,
    /// Whether AppArmor takes their rights away.
    apparmor: Option<u64>,
    /// Whether this process is under a system call filter, as in a container.
    is_filtered: bool,
    is_root: bool,
}

impl Facts {
    pub(super) fn gather() -> Self {
        let number = |path: &str| {
            fs_err::read_to_string(path).ok().and_then(|text| text.trim().parse().ok())
        };
        let status = fs_err::read_to_string("/proc/self/status").unwrap_or_default();
        Facts {
            most_namespaces: number("/proc/sys/user/max_user_namespaces"),
            switch: number("/proc/sys/kernel/unprivileged_userns_clone"),
            apparmor: number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
            is_root: rustix::process::geteuid().is_root(),
            is_filtered: status
                .lines()
                .any(|line| line.starts_with("Seccomp:") && line.ends_with('2')),
        }
    }

    /// Explains that `step` failed.
    pub(super) fn explain(&self, step: &str, errno: i32) -> Verdict {
        let missing = |reason: &str, fix: &str| {
            let fix = (!fix.is_empty()).then(|| fix.to_owned());
            Verdict::Missing { reason: reason.to_owned(), fix }
        };
        if self.most_namespaces == Some(0) {
            return missing(
                "this host allows no user namespaces",
                "sysctl -w user.max_user_namespaces=15000",
            );
        }
        if self.switch == Some(0) {
            return missing(
                "this host allows user namespaces to root only",
                "sysctl -w kernel.unprivileged_userns_clone=1",
            );
        }
        if self.apparmor == Some(1) {
            return missing(
                "AppArmor restricts user namespaces on this host",
                "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
            );
        }
        if self.is_filtered {
            // Root in a container needs none: there is the rung without.
            let fix = if self.is_root { "" } else { "docker run --user 0 ..." };
            return missing("the system call filter of this container forbids namespaces", fix);
        }
        let cause = std::io::Error::from_raw_os_error(errno);
        missing(&format!("{step}: {cause}"), "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(facts: &Facts, expected_reason: &str, expected_fix: Option<&str>) {
        let Verdict::Missing { reason, fix } = facts.explain("make namespaces", libc::EPERM) else {
            unreachable!("an explanation is never a success");
        };
        assert!(reason.contains(expected_reason), "{reason}");
        assert_eq!(fix.as_deref(), expected_fix);
    }

    #[test]
    fn each_switch_that_is_off_has_its_own_line() {
        let fix = "sysctl -w user.max_user_namespaces=15000";
        check(&Facts { most_namespaces: Some(0), ..Facts::default() }, "allows no", Some(fix));
        let fix = "sysctl -w kernel.unprivileged_userns_clone=1";
        check(&Facts { switch: Some(0), ..Facts::default() }, "root only", Some(fix));
        let fix = "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0";
        check(&Facts { apparmor: Some(1), ..Facts::default() }, "AppArmor", Some(fix));
        let fix = "docker run --user 0 ...";
        check(&Facts { is_filtered: true, ..Facts::default() }, "container", Some(fix));
    }

    #[test]
    fn an_unknown_cause_is_told_as_it_is() {
        check(&Facts::default(), "make namespaces: Operation not permitted", None);
    }
}
