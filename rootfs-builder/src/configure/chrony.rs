//! Lets the guest take its time from the hypervisor instead of the network.

use tree::{GuestPath, Tree};

use super::{ConfigureError, Context, read_file, replace_content};

/// The clock that KVM gives a guest; see `drivers/ptp/ptp_kvm` in Linux.
const CLOCK: &str = "/dev/ptp0";

/// Points chrony at the hypervisor's clock and lets its unit start only where there is one.
pub(super) fn apply(tree: &mut Tree, context: &Context<'_>) -> Result<(), ConfigureError> {
    let Some(files) = &context.finish.host_clock else { return Ok(()) };
    edit(tree, &files.configuration, configuration)?;
    edit(tree, &files.unit, unit)
}

fn edit(tree: &mut Tree, path: &str, change: fn(&str) -> String) -> Result<(), ConfigureError> {
    let path = GuestPath::new(path)?;
    if let Some(text) = read_file(tree, &path)? {
        let changed = change(&String::from_utf8_lossy(&text));
        replace_content(tree, &path, changed.into_bytes());
    }
    Ok(())
}

fn configuration(text: &str) -> String {
    const NETWORK_SOURCES: [&str; 3] = ["server ", "pool ", "peer "];
    let mut changed = String::new();
    for line in text.lines() {
        if NETWORK_SOURCES.iter().any(|source| line.starts_with(source)) {
            changed.push_str("# ");
        }
        changed.push_str(line);
        changed.push('\n');
    }
    changed.push_str(&format!("refclock PHC {CLOCK} poll 3 dpoll -2 offset 0\nmakestep 1 -1\n"));
    changed
}

fn unit(text: &str) -> String {
    let mut changed = String::new();
    for line in text.lines() {
        let line = match line.split_once('=') {
            // The image's root may be read-only, and chrony's own user cannot open the clock.
            Some(("ExecStart", command)) => format!("ExecStart={}", without_user(command)),
            Some(("ReadWritePaths", paths)) => format!("ReadWritePaths={}", optional(paths)),
            Some(("StateDirectory" | "LogsDirectory", _)) => format!("# {line}"),
            _ => line.to_owned(),
        };
        changed.push_str(&line);
        changed.push('\n');
        if line == "[Unit]" {
            changed.push_str(&format!("ConditionPathExists={CLOCK}\n"));
        }
    }
    changed
}

fn without_user(command: &str) -> String {
    let mut words = command.split(' ');
    let mut kept = Vec::new();
    while let Some(word) = words.next() {
        if word == "-u" {
            words.next();
        } else {
            kept.push(word);
        }
    }
    kept.join(" ")
}

fn optional(paths: &str) -> String {
    let optional = |path: &str| match path {
        "/var/lib/chrony" => "-/var/lib/chrony".to_owned(),
        other => other.to_owned(),
    };
    paths.split(' ').map(optional).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_sources_give_way_to_the_host_clock() {
        assert_eq!(
            configuration("pool a iburst\nkeyfile /k\n"),
            "# pool a iburst\nkeyfile /k\n\
             refclock PHC /dev/ptp0 poll 3 dpoll -2 offset 0\nmakestep 1 -1\n"
        );
    }

    #[test]
    fn the_unit_needs_the_clock_and_no_user_of_its_own() {
        assert_eq!(
            unit("[Unit]\nAfter=x\n[Service]\nExecStart=!/usr/sbin/chronyd -u _chrony -F 1\n"),
            "[Unit]\nConditionPathExists=/dev/ptp0\nAfter=x\n[Service]\n\
             ExecStart=!/usr/sbin/chronyd -F 1\n"
        );
        assert_eq!(optional("/run /var/lib/chrony"), "/run -/var/lib/chrony");
    }
}
