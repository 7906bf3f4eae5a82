//! What the lines of a console tell of a boot.

use std::time::Duration;

/// A line of the console that marks a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Milestone {
    /// What was said, without the kernel's time.
    pub line: String,
    /// The kernel's time, if the line has one: since the guest's boot.
    pub guest: Option<Duration>,
    /// The host's time since the machine's start.
    pub host: Duration,
}

/// How far a boot came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Milestones {
    /// The kernel's first line.
    pub kernel: Option<Milestone>,
    /// The root filesystem is mounted.
    pub root: Option<Milestone>,
    /// The init is started: the root's own, if a boot initrd tells of it.
    pub init: Option<Milestone>,
    /// The hand-over to the root's own init did not come about.
    pub refusal: Option<Milestone>,
    /// The kernel gave up.
    pub panic: Option<Milestone>,
    /// A block of a measured filesystem is not what was measured.
    pub corruption: Option<Milestone>,
    /// The kernel switches the machine off, or starts it again.
    pub power_down: Option<Milestone>,
}

impl Milestones {
    pub(super) fn hear(&mut self, line: &str, host: Duration) {
        let (guest, said) = split_time(line);
        let milestone = || Some(Milestone { line: said.to_owned(), guest, host });
        if self.kernel.is_none() && (guest.is_some() || said.starts_with("Linux version ")) {
            self.kernel = milestone();
        }
        if is_root(said) && self.root.is_none() {
            self.root = milestone();
        }
        if is_own_init(said) || (is_kernel_init(said) && self.init.is_none()) {
            self.init = milestone();
        }
        if is_refusal(said) && self.refusal.is_none() {
            self.refusal = milestone();
        }
        if said.starts_with("Kernel panic - not syncing") && self.panic.is_none() {
            self.panic = milestone();
        }
        if is_corruption(said) && self.corruption.is_none() {
            self.corruption = milestone();
        }
        if said.starts_with("reboot: ") && self.power_down.is_none() {
            self.power_down = milestone();
        }
    }
}

fn is_root(said: &str) -> bool {
    said.starts_with("osb: root mounted") || said.starts_with("VFS: Mounted root")
}

fn is_own_init(said: &str) -> bool {
    said.starts_with("osb: starting ")
}

fn is_kernel_init(said: &str) -> bool {
    said.starts_with("Run ") && said.ends_with(" as init process")
}

/// Of what the boot initrd says, its milestones are the only lines that are no failure.
fn is_refusal(said: &str) -> bool {
    const STEPS: [&str; 4] = ["without ", "modules loaded", "root mounted", "starting "];
    let said = said.strip_prefix("osb: ");
    said.is_some_and(|said| !STEPS.iter().any(|step| said.starts_with(step)))
}

fn is_corruption(said: &str) -> bool {
    said.starts_with("device-mapper: verity: ") && said.contains(" is corrupted")
}

/// Takes `[    1.234567] ` off the front of a line.
fn split_time(line: &str) -> (Option<Duration>, &str) {
    parse_time(line).map_or((None, line), |(time, said)| (Some(time), said))
}

fn parse_time(line: &str) -> Option<(Duration, &str)> {
    let (time, said) = line.strip_prefix('[')?.split_once(']')?;
    let (seconds, microseconds) = time.trim_start().split_once('.')?;
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if microseconds.len() != 6 || !is_number(microseconds) || !is_number(seconds) {
        return None;
    }
    let seconds = Duration::from_secs(u64::from(seconds.parse::<u32>().ok()?));
    // With printk.caller=1 the thread or processor follows in brackets of its own.
    let said = match said.strip_prefix('[') {
        Some(caller) => caller.split_once(']')?.1,
        None => said,
    };
    let said = said.strip_prefix(' ')?;
    Some((seconds + Duration::from_micros(microseconds.parse().ok()?), said))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lines: &[&str]) -> Milestones {
        let mut milestones = Milestones::default();
        lines.iter().for_each(|line| milestones.hear(line, Duration::ZERO));
        milestones
    }

    #[test]
    fn a_boot_is_followed() {
        let told = told(&[
            "[    0.000000] Linux version 6.1.0",
            "[    1.250000] Run /init as init process",
            "[    2.000000][    T1] osb: root mounted (ext4)",
            "[    2.500000] osb: starting /sbin/init",
            "[  120.000001] reboot: Power down",
        ]);
        let guest = |milestone: Option<Milestone>| milestone.unwrap().guest.unwrap().as_micros();
        assert_eq!(guest(told.kernel), 0);
        assert_eq!(guest(told.root), 2_000_000);
        assert_eq!(guest(told.init), 2_500_000);
        assert_eq!(guest(told.power_down), 120_000_001);
        assert_eq!((told.panic, told.corruption, told.refusal), (None, None, None));
    }

    #[test]
    fn a_root_that_cannot_be_handed_over_to_is_told() {
        let told = told(&["osb: modules loaded", "osb: no root device /dev/vda1 after 10 s"]);
        assert_eq!(told.refusal.unwrap().line, "osb: no root device /dev/vda1 after 10 s");
    }

    #[test]
    fn trouble_is_heard() {
        let told = told(&[
            "[    1.0] not a time",
            "[    1.000000] device-mapper: verity: 254:0: data block 3 is corrupted",
            "[    1.100000] Kernel panic - not syncing: VFS: Unable to mount root fs",
            "[    1.100000] Kernel panic - not syncing: a second one",
        ]);
        assert!(told.corruption.unwrap().line.contains("data block 3"));
        assert!(told.panic.unwrap().line.ends_with("Unable to mount root fs"));
    }

    #[test]
    fn talking_of_a_panic_is_none() {
        assert_eq!(told(&["grep: Kernel panic - not syncing: none"]).panic, None);
    }

    #[test]
    fn a_time_beyond_all_bounds_is_none() {
        assert_eq!(told(&["[99999999999999999999.000000] Linux"]).kernel, None);
    }
}
