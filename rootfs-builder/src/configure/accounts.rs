//! Gives every password entry the plan's day as the day of its last change.

use tree::{GuestPath, Tree};

use super::{ConfigureError, Context, read_file, replace_content};

const SECONDS_PER_DAY: i64 = 86_400;

/// Sets the third field of every line of `/etc/shadow`.
///
/// The tools of older releases write the day of the build there, whatever `SOURCE_DATE_EPOCH` says.
pub(super) fn apply(tree: &mut Tree, context: &Context<'_>) -> Result<(), ConfigureError> {
    let path = GuestPath::new("etc/shadow")?;
    let Some(text) = read_file(tree, &path)? else { return Ok(()) };
    let day = context.time.seconds.div_euclid(SECONDS_PER_DAY).to_string();
    let lines: Vec<Vec<u8>> =
        text.split(|byte| *byte == b'\n').map(|line| with_day(line, day.as_bytes())).collect();
    let changed = lines.join(&b'\n');
    if changed != text {
        replace_content(tree, &path, changed);
    }
    Ok(())
}

fn with_day(line: &[u8], day: &[u8]) -> Vec<u8> {
    let mut fields: Vec<&[u8]> = line.split(|byte| *byte == b':').collect();
    match fields.get_mut(2) {
        Some(changed) if !changed.is_empty() => *changed = day,
        _ => {}
    }
    fields.join(&b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_day_of_the_last_change_is_set() {
        assert_eq!(with_day(b"root:*:20413:0:99999:7:::", b"19675"), b"root:*:19675:0:99999:7:::");
        assert_eq!(with_day(b"locked:!::0:99999:7:::", b"19675"), b"locked:!::0:99999:7:::");
        assert_eq!(with_day(b"", b"19675"), b"");
    }
}
