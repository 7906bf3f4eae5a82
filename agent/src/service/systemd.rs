//! Units of systemd and the links that enable them.

use tree::{Content, GuestPath, Kind, Timestamp, Tree};

use super::template::{self, AGENT_SERVICE, KATA_SERVICE, KATA_TARGET, TMP_MOUNT, Template, Words};
use crate::error::Error;
use crate::guest;

/// Where units of the guest's own are.
const OWN: &str = "etc/systemd/system";
/// Where packages put units.
const SHIPPED: &str = "usr/lib/systemd/system";
/// Everywhere a unit may be.
const FOLDERS: [&str; 4] = [OWN, "usr/local/lib/systemd/system", SHIPPED, "lib/systemd/system"];

const KATA: &str = "kata-agent";
const KATA_CONTAINERS: &str = "kata-containers.target";

/// Adds the units that are not there yet, and the links that make systemd start them.
pub(super) fn enable(
    tree: &mut Tree,
    name: &str,
    program: &GuestPath,
    mtime: Timestamp,
) -> Result<(), Error> {
    let words = Words { name, program: program.to_string(), supervised: false };
    let units = Units { words, mtime };
    let service = format!("{name}.service");
    if name == KATA {
        return units.enable_kata(tree, &service);
    }
    let place = units.put(tree, &service, AGENT_SERVICE)?;
    // A unit that came with the agent knows best who wants it.
    let wanted = guest::text(tree, place.as_bytes())?.unwrap_or_default();
    for target in targets(&wanted) {
        link(tree, &format!("{target}.wants"), &service, mtime)?;
    }
    Ok(())
}

struct Units<'a> {
    words: Words<'a>,
    mtime: Timestamp,
}

impl Units<'_> {
    /// As the runtime expects it: the target comes with every boot and brings the agent.
    fn enable_kata(&self, tree: &mut Tree, service: &str) -> Result<(), Error> {
        self.put(tree, service, KATA_SERVICE)?;
        self.put(tree, KATA_CONTAINERS, KATA_TARGET)?;
        self.put(tree, "tmp.mount", TMP_MOUNT)?;
        link(tree, "basic.target.wants", KATA_CONTAINERS, self.mtime)?;
        // Containers that systemd is to keep in check are asked for over the bus.
        if found(tree, "dbus.socket").is_some() {
            link(tree, "kata-containers.target.wants", "dbus.socket", self.mtime)?;
        }
        Ok(())
    }

    /// Puts a unit where there is none of its name, and returns where it is.
    fn put(&self, tree: &mut Tree, unit: &str, template: Template) -> Result<GuestPath, Error> {
        if let Some(place) = found(tree, unit) {
            check_unmasked(tree, &place)?;
            check_program(tree, &place)?;
            return Ok(place);
        }
        let text = template::fill(template, &self.words)?;
        let place = GuestPath::new(SHIPPED)?.join(unit)?;
        guest::put(tree, &place, Content::from(text.into_bytes()), (0o644, self.mtime))
    }
}

/// Where systemd finds a unit, in the order in which it looks.
fn found(tree: &Tree, unit: &str) -> Option<GuestPath> {
    let path = FOLDERS.iter().map(|folder| format!("{folder}/{unit}"));
    path.into_iter().find(|path| guest::has(tree, path)).and_then(|path| GuestPath::new(path).ok())
}

/// Refuses a unit that is a link to nothing, or an empty file.
fn check_unmasked(tree: &Tree, unit: &GuestPath) -> Result<(), Error> {
    let masked = || Error::Masked { unit: unit.clone() };
    let place = tree.resolve(unit)?;
    let is_null = place.as_bytes() == b"dev/null";
    match tree.inode(&place).map(|node| &node.kind) {
        Some(Kind::File(content)) if !is_null && content.length() > 0 => Ok(()),
        _ => Err(masked()),
    }
}

/// Refuses a unit that starts what is not there.
fn check_program(tree: &Tree, unit: &GuestPath) -> Result<(), Error> {
    let text = guest::text(tree, unit.as_bytes())?.unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix("ExecStart="));
    let commands = lines.filter_map(|line| line.split_whitespace().next());
    // Signs before the program say how it is started.
    let mut programs = commands.map(|word| word.trim_start_matches(['-', '@', ':', '+', '!', '|']));
    // What is no path, or depends on the unit's name, is left to systemd.
    let is_missing = |program: &&str| {
        let is_plain = program.starts_with('/') && !program.contains(['%', '$', '"', '\\']);
        is_plain && guest::program(tree, program).is_none()
    };
    match programs.find(is_missing) {
        None => Ok(()),
        Some(program) => {
            let program = program.chars().take(200).collect();
            Err(Error::UnitWithoutProgram { unit: unit.clone(), program })
        }
    }
}

/// The targets that a unit's `[Install]` section names.
fn targets(unit: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(unit);
    let lines = text.lines().map(str::trim);
    let lists = lines.filter_map(|line| {
        let (key, list) = line.split_once('=')?;
        (key.trim_end() == "WantedBy").then_some(list)
    });
    let named: Vec<String> = lists.flat_map(str::split_whitespace).map(str::to_owned).collect();
    let is_unit = |name: &String| {
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.@".contains(&byte))
    };
    let named: Vec<String> = named.into_iter().filter(is_unit).collect();
    if named.is_empty() { vec!["multi-user.target".to_owned()] } else { named }
}

/// Makes the link that `systemctl enable` would make.
fn link(tree: &mut Tree, wants: &str, unit: &str, mtime: Timestamp) -> Result<(), Error> {
    // A package may want the unit by a link of its own, beside it.
    if FOLDERS.iter().any(|folder| guest::has(tree, format!("{folder}/{wants}/{unit}"))) {
        return Ok(());
    }
    let Some(place) = found(tree, unit) else { return Ok(()) };
    guest::link(tree, &format!("{OWN}/{wants}/{unit}"), &place.to_string(), mtime)
}
