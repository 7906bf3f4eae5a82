//! Finds names that were perhaps meant.

/// The most names that are worth showing.
const SHOWN_MAX: usize = 3;

/// Returns the names closest to `wanted`, the closest first; none if none is close.
pub fn similar<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    // One slip for each three letters is a typing error; more is another word.
    let limit = (wanted.len() / 3).clamp(1, 3);
    let mut close: Vec<(usize, &str)> = names
        .into_iter()
        .filter(|name| name.len().abs_diff(wanted.len()) <= limit)
        .filter_map(|name| distance(wanted.as_bytes(), name.as_bytes(), limit).zip(Some(name)))
        .collect();
    close.sort_unstable();
    close.dedup();
    close.into_iter().take(SHOWN_MAX).map(|(_, name)| name.to_owned()).collect()
}

/// Counts the letters to insert, remove, replace or swap with a neighbour; none above `limit`.
fn distance(left: &[u8], right: &[u8], limit: usize) -> Option<usize> {
    let mut before_previous = vec![0; right.len() + 1];
    let mut previous: Vec<usize> = (0..=right.len()).collect();
    let mut current = vec![0; right.len() + 1];
    for row in 1..=left.len() {
        current[0] = row;
        for column in 1..=right.len() {
            let is_other = usize::from(left[row - 1] != right[column - 1]);
            let mut best = (previous[column] + 1)
                .min(current[column - 1] + 1)
                .min(previous[column - 1] + is_other);
            let is_swap = row > 1
                && column > 1
                && left[row - 1] == right[column - 2]
                && left[row - 2] == right[column - 1];
            if is_swap {
                best = best.min(before_previous[column - 2] + 1);
            }
            current[column] = best;
        }
        if current.iter().all(|&count| count > limit) {
            return None;
        }
        std::mem::swap(&mut before_previous, &mut previous);
        std::mem::swap(&mut previous, &mut current);
    }
    Some(previous[right.len()]).filter(|&count| count <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(wanted: &str, names: &[&str], expected: &[&str]) {
        assert_eq!(similar(wanted, names.iter().copied()), expected);
    }

    #[test]
    fn a_typing_error_is_recognised() {
        check("pyhton3", &["python3", "pike8.0", "python2"], &["python3", "python2"]);
        check("ngnix", &["nginx", "unix"], &["nginx"]);
    }

    #[test]
    fn another_word_is_not_suggested() {
        check("foo", &["systemd", "bar"], &[]);
    }

    #[test]
    fn the_closest_come_first() {
        check(
            "libfo",
            &["libfoo2", "libfoo", "libf", "libgo", "libxo"],
            &["libf", "libfoo", "libgo"],
        );
    }
}
