//! The environment variables that are not another spelling of a flag.
//!
//! Flags name theirs (`DISTRO`, `OS_VERSION`, ...) where they are declared; nothing below the
//! command line reads the environment.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::recipe::Proxies;

/// Returns where downloads are kept when nobody says: the user's cache directory.
pub fn default_cache_dir() -> Option<PathBuf> {
    cache_dir_from(read("XDG_CACHE_HOME"), read("HOME"))
}

/// Whether the terminal can move its cursor.
pub fn has_smart_terminal() -> bool {
    read("TERM").is_some_and(|terminal| !terminal.is_empty() && terminal != "dumb")
}

/// Where programs are looked for.
pub fn program_folders() -> Vec<PathBuf> {
    read("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
}

/// What the terminal is called.
pub fn terminal_name() -> Option<OsString> {
    read("TERM").filter(|name| !name.is_empty())
}

/// Whether colours are welcome.
pub fn wants_colours() -> bool {
    has_smart_terminal() && read("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// The proxies that every program on this machine is asked to use.
pub fn proxies() -> Proxies {
    let first = |names: &[&str]| {
        let values = names.iter().filter_map(|name| read(name)?.into_string().ok());
        values.map(|value| value.trim().to_owned()).find(|value| !value.is_empty())
    };
    Proxies {
        // Upper case HTTP_PROXY is not read: a web server may set it from a request's header.
        http: first(&["http_proxy", "all_proxy", "ALL_PROXY"]),
        https: first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
        except: first(&["no_proxy", "NO_PROXY"]),
    }
}

/// What the user's own build tools need to see: everything.
#[expect(clippy::disallowed_methods, reason = "this file is where the environment is read")]
pub fn of_tools() -> BTreeMap<OsString, OsString> {
    std::env::vars_os().collect()
}

#[expect(clippy::disallowed_methods, reason = "this file is where the environment is read")]
fn read(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

fn cache_dir_from(cache_home: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    // The XDG specification says that a relative path is to be ignored.
    let absolute =
        |variable: Option<OsString>| variable.map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute(cache_home).or_else(|| absolute(home).map(|home| home.join(".cache")));
    base.map(|base| base.join("osb"))
}

#[cfg(test)]
mod tests {
    use super::cache_dir_from;

    fn check(cache_home: Option<&str>, home: Option<&str>, expected: Option<&str>) {
        let found = cache_dir_from(cache_home.map(Into::into), home.map(Into::into));
        assert_eq!(found, expected.map(Into::into));
    }

    #[test]
    fn the_cache_is_in_the_users_cache_directory() {
        check(Some("/c"), Some("/home/u"), Some("/c/osb"));
        check(None, Some("/home/u"), Some("/home/u/.cache/osb"));
        check(None, None, None);
    }

    #[test]
    fn a_relative_or_empty_variable_counts_as_unset() {
        check(Some("c"), Some("/home/u"), Some("/home/u/.cache/osb"));
        check(Some(""), Some(""), None);
    }
}
