//! The requests, as `apt-requests.txt` lists them.

use std::fmt;

/// The architecture of every guest: what is chosen does not depend on the machine.
pub const ARCH: &str = "amd64";

/// Requests of the same archives.
pub struct Section {
    pub release: String,
    pub pockets: String,
    pub foreign: Vec<String>,
    pub requests: Vec<String>,
}

impl Section {
    /// The arguments by which osb plans a request.
    pub fn plan(&self, request: &str) -> Vec<String> {
        let mut words = vec!["plan", "--json", "--profile", "base", "--arch", ARCH];
        words.extend(["--release", &self.release, "--pocket", &self.pockets]);
        // Development's archive is still served when its time is over.
        words.extend((self.release == "sid").then_some("--allow-expired"));
        words.extend(request.split_whitespace().flat_map(|package| ["--package", package]));
        words.into_iter().map(str::to_owned).collect()
    }
}

impl fmt::Display for Section {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.release, self.foreign.join(" "))
    }
}

/// All sections, in the order of the file.
pub fn sections() -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for line in include_str!("../apt-requests.txt").lines() {
        let line = line.split('#').next().unwrap().trim();
        if let Some(head) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            let mut words = head.split_whitespace().map(str::to_owned);
            sections.push(Section {
                release: words.next().unwrap(),
                pockets: words.next().unwrap(),
                foreign: words.collect(),
                requests: Vec::new(),
            });
        } else if !line.is_empty() {
            sections.last_mut().unwrap().requests.push(line.to_owned());
        }
    }
    sections
}
