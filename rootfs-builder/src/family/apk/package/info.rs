//! What a package says of itself: `key = value` lines.

/// Longer names cannot be files of the database.
const NAME_BYTES_MAX: usize = 128;

/// What a package says of itself; fields that may be missing are empty or zero then.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PackageInfo {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) arch: String,
    pub(crate) description: String,
    pub(crate) url: String,
    pub(crate) license: String,
    pub(crate) origin: String,
    pub(crate) maintainer: String,
    pub(crate) commit: String,
    pub(crate) build_time: u64,
    pub(crate) installed_size: u64,
    pub(crate) provider_priority: u64,
    pub(crate) replaces_priority: u64,
    pub(crate) depends: Vec<String>,
    pub(crate) provides: Vec<String>,
    pub(crate) install_if: Vec<String>,
    pub(crate) replaces: Vec<String>,
    pub(crate) triggers: Vec<String>,
}

impl PackageInfo {
    /// Reads `.PKGINFO`; unknown keys are passed over, as the format asks for.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())?;
        let mut info = Self::default();
        for line in text.split('\n').filter(|line| !line.starts_with('#')) {
            if let Some((key, value)) = line.split_once(" = ") {
                info.set(key, value)?;
            }
        }
        for (field, value) in [("pkgname", &info.name), ("pkgver", &info.version)] {
            if !is_name(value) {
                return Err(format!("{field} is {:?}", value.chars().take(80).collect::<String>()));
            }
        }
        Ok(info)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        let number =
            || -> Result<u64, String> { value.parse().map_err(|_| format!("{key} is no number")) };
        let words = || value.split_ascii_whitespace().map(str::to_owned);
        match key {
            "pkgname" => value.clone_into(&mut self.name),
            "pkgver" => value.clone_into(&mut self.version),
            "arch" => value.clone_into(&mut self.arch),
            "pkgdesc" => value.clone_into(&mut self.description),
            "url" => value.clone_into(&mut self.url),
            "license" => value.clone_into(&mut self.license),
            "origin" => value.clone_into(&mut self.origin),
            "maintainer" => value.clone_into(&mut self.maintainer),
            "commit" => value.clone_into(&mut self.commit),
            "builddate" => self.build_time = number()?,
            "size" => self.installed_size = number()?,
            "provider_priority" => self.provider_priority = number()?,
            "replaces_priority" => self.replaces_priority = number()?,
            "depend" => self.depends.extend(words()),
            "provides" => self.provides.extend(words()),
            "install_if" => self.install_if.extend(words()),
            "replaces" => self.replaces.extend(words()),
            // Here the last line stands for all.
            "triggers" => self.triggers = words().collect(),
            _ => {}
        }
        Ok(())
    }
}

/// Whether this can be part of a file's name.
fn is_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'/';
    !text.is_empty()
        && text.len() <= NAME_BYTES_MAX
        && text.bytes().all(is_plain)
        && text.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_')
}

/// The name in a word of a dependency field: without conflict mark, bound and tag.
pub(crate) fn name_in(word: &str) -> &str {
    let word = word.strip_prefix('!').unwrap_or(word);
    word.split(['<', '>', '=', '~', '@']).next().unwrap_or_default()
}
