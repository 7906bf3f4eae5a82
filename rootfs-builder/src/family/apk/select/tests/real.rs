//! Choices over made-up universes, beside those of a real apk.

use std::path::Path;

use fs_err as fs;
use test_support::apk::RealSystem;

use super::{indexes, listing};

const UNIVERSES: u32 = 250;

#[test]
fn choices_are_those_of_a_real_apk() {
    let Some(real) = RealSystem::get() else { return };
    let mut agreed = 0;
    for seed in 0..UNIVERSES {
        let (lines, words) = universe(&mut Random(u64::from(seed)));
        // What apk has no answer to may have one.
        let Some(theirs) = ask(&real, &lines, &words) else { continue };
        let ours = listing(&lines, &words).replace("@t", "").replace('*', "");
        assert_eq!(ours, theirs, "{words} from\n{lines}");
        agreed += 1;
    }
    assert!(agreed > UNIVERSES / 5, "apk chose only {agreed} times");
}

/// What apk would install into an empty root, as a listing; nothing if it cannot.
fn ask(real: &RealSystem, lines: &str, words: &str) -> Option<String> {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("root");
    for directory in ["lib/apk/db", "etc/apk", "var/cache/apk"] {
        fs::create_dir_all(root.join(directory)).unwrap();
    }
    for file in ["lib/apk/db/installed", "lib/apk/db/triggers", "etc/apk/world"] {
        fs::write(root.join(file), "").unwrap();
    }
    fs::write(root.join("etc/apk/arch"), "x86_64\n").unwrap();
    let mut repositories = String::new();
    for (number, index) in indexes(lines).into_iter().enumerate() {
        let directory = place.path().join(number.to_string());
        write_index(&directory.join("x86_64"), &index.bytes);
        let tag = index.tag.map(|tag| format!("@{tag} ")).unwrap_or_default();
        repositories += &format!("{tag}{}\n", directory.display());
    }
    fs::write(root.join("etc/apk/repositories"), repositories).unwrap();
    let mut arguments = vec!["add", "--simulate", "--allow-untrusted", "--no-cache"];
    arguments.push("--root-tmpfs=no");
    arguments.extend(words.split(' '));
    let (is_done, said) = real.run(&root, &arguments);
    is_done.then(|| told(&said))
}

/// Reads lines such as `(1/2) Installing a@edge (2)`.
fn told(said: &str) -> String {
    let lines = said.lines().filter_map(|line| line.split_once(" Installing ")?.1.split_once(" ("));
    let mut chosen: Vec<_> = lines
        .map(|(name, version)| {
            let name = name.split('@').next().unwrap();
            (name.to_owned(), version.trim_end_matches(')').to_owned())
        })
        .collect();
    chosen.sort();
    let show = |(name, version): (String, String)| match version.as_str() {
        "1" => name,
        _ => format!("{name}={version}"),
    };
    chosen.into_iter().map(show).collect::<Vec<_>>().join(" ")
}

fn write_index(directory: &Path, text: &[u8]) {
    fs::create_dir_all(directory).unwrap();
    let file = fs::File::create(directory.join("APKINDEX.tar.gz")).unwrap();
    let gzip = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    let mut archive = tar::Builder::new(gzip);
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    // apk takes no field that is left empty.
    header.set_entry_type(tar::EntryType::Regular);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    archive.append_data(&mut header, "APKINDEX", text).unwrap();
    archive.into_inner().unwrap().finish().unwrap();
}

/// Makes up packages and a request: versions, things provided, priorities, conditions and a tag.
fn universe(random: &mut Random) -> (String, String) {
    let names: Vec<_> = (0..4 + random.below(9)).map(|number| format!("p{number}")).collect();
    let mut everything = names.clone();
    everything.extend((0..random.below(3)).map(|number| format!("v{number}")));
    let libraries: Vec<_> = (0..random.below(4)).map(|number| format!("so:l{number}")).collect();
    everything.extend(libraries.iter().cloned());
    let has_tag = random.below(3) == 0;
    let mut lines = String::new();
    for is_tagged in [false, true].into_iter().take(1 + usize::from(has_tag)) {
        lines += if is_tagged { "@t\n" } else { "" };
        for (place, name) in names.iter().enumerate() {
            if is_tagged && random.below(2) == 0 {
                continue;
            }
            for version in 1..=1 + random.below(2) * random.below(3) {
                let others = [&everything[..place], &everything[place + 1..]].concat();
                lines += &package(random, name, version, &others, &libraries);
            }
        }
    }
    let count = 1 + random.below(3);
    let words = (0..count).map(|_| {
        let tag = if has_tag && random.below(3) == 0 { "@t" } else { "" };
        format!("{}{tag}", random.pick(&everything))
    });
    (lines, words.collect::<Vec<_>>().join(" "))
}

fn package(
    random: &mut Random,
    name: &str,
    version: usize,
    others: &[String],
    libraries: &[String],
) -> String {
    let mut fields = Vec::new();
    let bounds = ["", "", "", "=1", ">1", "<3", "~2", "<=2"];
    let words = |random: &mut Random, count| -> Vec<String> {
        (0..count).map(|_| random.pick(others).to_owned() + random.pick(&bounds)).collect()
    };
    let needs = random.below(3);
    fields.push(("D", words(random, needs)));
    if random.below(5) == 0 {
        fields.push(("i", words(random, 2)));
    }
    let mut provides: Vec<_> = libraries.to_vec();
    provides.retain(|_| random.below(3) == 0);
    provides.iter_mut().for_each(|library| *library += &format!("={}", 1 + random.below(2)));
    if let Some(virtual_name) = others.iter().find(|other| other.starts_with('v'))
        && random.below(3) == 0
    {
        provides.push(virtual_name.clone());
    }
    fields.push(("p", provides));
    if random.below(3) == 0 {
        fields.push(("k", vec![(1 + random.below(9)).to_string()]));
    }
    fields.retain(|(_, words)| !words.is_empty());
    let fields: Vec<_> =
        fields.iter().map(|(letter, words)| format!("{letter}:{}", words.join(" "))).collect();
    format!("{name}={version} {}\n", fields.join(" | "))
}

/// Numbers that look random and are always the same.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }

    fn pick<'a, T: AsRef<str>>(&mut self, words: &'a [T]) -> &'a str {
        words[self.below(words.len())].as_ref()
    }
}
