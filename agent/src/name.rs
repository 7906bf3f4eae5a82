//! Names of agents, which become names of files, of units and words in them.

use crate::error::Error;

/// Units get an ending, and file systems allow no more than 255.
const NAME_BYTES_MAX: usize = 200;

/// Refuses a name that would mean something else in a unit or a script.
pub(crate) fn checked(name: &str) -> Result<String, Error> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+".contains(&byte);
    let is_sound = name.bytes().all(is_plain) && !name.starts_with(['.', '-']);
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !is_sound {
        let name = name.chars().take(NAME_BYTES_MAX).collect();
        return Err(Error::Name { name });
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_plain_word() {
        for name in ["kata-agent", "agent2", "my_agent.static", "a+"] {
            assert!(checked(name).is_ok(), "{name}");
        }
        let long = "a".repeat(201);
        for name in ["", ".", "..", "-x", "a b", "a/b", "a%n", "a\nb", "ä", "a;b", &long] {
            assert!(checked(name).is_err(), "{name}");
        }
    }
}
