//! Where files are: on a server, or in a directory.

use std::path::PathBuf;

use super::FetchError;

/// A place to fetch from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// An `http` or `https` address.
    Server(String),
    /// A file of this machine.
    File(PathBuf),
}

impl Place {
    /// Reads an address, or a path.
    pub(super) fn parse(address: &str) -> Result<Self, FetchError> {
        let unknown = || FetchError::Address { url: redact(address) };
        match split_scheme(address) {
            Some(("http" | "https", rest)) if !rest.is_empty() => Ok(Self::Server(address.into())),
            Some(("file", rest)) => {
                let path = rest.strip_prefix("localhost").unwrap_or(rest);
                let path = path.starts_with('/').then(|| decode(path)).flatten();
                path.map(Self::File).ok_or_else(unknown)
            }
            Some(_) => Err(unknown()),
            None if address.is_empty() || address.contains("://") => Err(unknown()),
            None => Ok(Self::File(address.into())),
        }
    }

    pub(super) fn is_server(address: &str) -> bool {
        matches!(split_scheme(address), Some(("http" | "https", _)))
    }
}

/// Appends a repository's relative path to its base: an address or a directory.
///
/// In addresses every byte that a server might misread is escaped; apt does the same.
pub fn join(base: &str, relative: &str) -> String {
    let mut joined = format!("{}/", base.trim_end_matches('/'));
    if split_scheme(base).is_none() {
        joined.push_str(relative.trim_start_matches('/'));
        return joined;
    }
    for byte in relative.trim_start_matches('/').bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                joined.push(char::from(byte));
            }
            other => joined.push_str(&format!("%{other:02x}")),
        }
    }
    joined
}

/// Removes user name and password from an address that is to be shown.
pub(super) fn redact(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_string() };
    let end = rest.find('/').unwrap_or(rest.len());
    match rest[..end].rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://{host}{}", &rest[end..]),
        None => address.to_string(),
    }
}

/// Where a redirection leads; none if it must not be followed.
pub(super) fn redirected(from: &str, target: &str) -> Option<String> {
    let (scheme, rest) = split_scheme(from)?;
    let target = target.split('#').next().unwrap_or_default();
    let host = &rest[..rest.find(['/', '?']).unwrap_or(rest.len())];
    let absolute = if let Some(end) = scheme_end(target) {
        let target = target[..end].to_ascii_lowercase() + &target[end..];
        if !Place::is_server(&target) || (scheme == "https" && target.starts_with("http:")) {
            return None;
        }
        target
    } else if let Some(other_host) = target.strip_prefix("//") {
        format!("{scheme}://{other_host}")
    } else if target.starts_with('/') {
        format!("{scheme}://{host}{target}")
    } else if target.is_empty() {
        return None;
    } else {
        let path = rest.split('?').next().unwrap_or_default();
        let folder = path.rfind('/').map_or(host, |slash| &path[..slash]);
        format!("{scheme}://{folder}/{target}")
    };
    Some(absolute)
}

/// Where a scheme ends that an address begins with (RFC 3986, 3.1).
fn scheme_end(address: &str) -> Option<usize> {
    let end = address.find([':', '/', '?'])?;
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    let is_scheme = end > 0 && address[..end].bytes().all(is_part);
    (is_scheme && address[end..].starts_with(':')).then_some(end)
}

/// Splits `http://host/path` into `http` and `host/path`.
fn split_scheme(address: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = address.split_once(':')?;
    let is_scheme =
        !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'+');
    let rest = if scheme == "file" {
        rest.strip_prefix("//").or(Some(rest))
    } else {
        rest.strip_prefix("//")
    };
    is_scheme.then_some((scheme, rest?))
}

fn decode(path: &str) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &rest[2..];
    }
    Some(std::ffi::OsString::from_vec(bytes).into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn redirections_lead_where_rfc_3986_says() {
        let check = |from: &str, target: &str, to: Option<&str>| {
            assert_eq!(redirected(from, target).as_deref(), to, "{from} to {target}");
        };
        let from = "http://host:80/a/b?x=/y";
        check(from, "c", Some("http://host:80/a/c"));
        check(from, "/c?d#e", Some("http://host:80/c?d"));
        check(from, "//other/c", Some("http://other/c"));
        check(from, "HTTPS://other/c", Some("https://other/c"));
        check(from, "./c:d", Some("http://host:80/a/./c:d"));
        check("http://host", "c", Some("http://host/c"));
        check(from, "", None);
        check(from, "#top", None);
    }

    #[test]
    fn redirection_from_https_to_http_is_refused() {
        assert_eq!(redirected("https://host/a", "http://host/a"), None);
        assert_eq!(redirected("https://host/a", "HTTP://host/a"), None);
        assert!(redirected("https://host/a", "//host/b").unwrap().starts_with("https:"));
    }

    #[test]
    fn redirection_out_of_the_web_is_refused() {
        for target in ["file:///etc/passwd", "ftp://host/a", "data:x", "file:/etc/passwd"] {
            assert_eq!(redirected("http://host/a", target), None, "{target}");
        }
    }

    #[test]
    fn relative_paths_are_joined_and_escaped() {
        let check = |base: &str, relative: &str, joined: &str| {
            assert_eq!(join(base, relative), joined);
        };
        check("http://host/debian/", "pool/a_1+b~c.deb", "http://host/debian/pool/a_1%2bb~c.deb");
        check("http://host/debian", "/pool/a:b c", "http://host/debian/pool/a%3ab%20c");
        check("/srv/mirror/", "pool/a+b", "/srv/mirror/pool/a+b");
        check("mirror", "pool/a", "mirror/pool/a");
    }

    #[test]
    fn credentials_are_not_shown() {
        assert_eq!(redact("http://me:pass@host/a@b"), "http://host/a@b");
        assert_eq!(redact("http://host/a@b"), "http://host/a@b");
        assert_eq!(redact("/srv/a@b"), "/srv/a@b");
    }
}
