//! Control files: paragraphs of `Name: value` lines, read without copying.

/// The most lines that one paragraph may have; the longest in Debian's archive has about 700.
const LINES_MAX: usize = 20_000;
/// The most fields that one paragraph may have.
const FIELDS_MAX: usize = 1_000;

/// Text that is not a control file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// A line is neither a field, nor the continuation of one, nor a comment.
    #[error("line {line} of the control file is not a field")]
    NotAField {
        /// Counted from 1, within the paragraph.
        line: usize,
    },
    /// A name occurs twice in one paragraph.
    #[error("the control file has two fields {name}")]
    Duplicate {
        /// The field's name.
        name: String,
    },
    /// More lines or fields than any real control file has.
    #[error("the control file has more than {limit} lines or fields")]
    TooLong {
        /// The limit that was passed.
        limit: usize,
    },
    /// No field at all where one paragraph was expected.
    #[error("the control file is empty")]
    Empty,
}

/// One paragraph, borrowed from the text that it was read from.
#[derive(Debug, Clone)]
pub struct Paragraph<'a> {
    fields: Vec<(&'a [u8], &'a [u8])>,
}

impl<'a> Paragraph<'a> {
    /// Reads the first paragraph of `text`.
    pub fn parse(text: &'a [u8]) -> Result<Self, ControlError> {
        paragraphs(text).next().unwrap_or(Err(ControlError::Empty))
    }

    /// Lists the fields in the order in which they stand.
    pub fn fields(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + '_ {
        self.fields.iter().copied()
    }

    fn push(&mut self, name: &'a [u8], value: &'a [u8]) -> Result<(), ControlError> {
        if self.fields.iter().any(|(key, _)| key.eq_ignore_ascii_case(name)) {
            let name = String::from_utf8_lossy(name).chars().take(80).collect();
            return Err(ControlError::Duplicate { name });
        }
        if self.fields.len() == FIELDS_MAX {
            return Err(ControlError::TooLong { limit: FIELDS_MAX });
        }
        self.fields.push((name, value));
        Ok(())
    }
}

/// Splits `text` into its paragraphs; comments and empty paragraphs are passed over.
///
/// A comment inside a folded value stays in it.
pub fn paragraphs(text: &[u8]) -> impl Iterator<Item = Result<Paragraph<'_>, ControlError>> {
    let mut position = 0;
    std::iter::from_fn(move || {
        let paragraph = take_paragraph(text, &mut position);
        if paragraph.is_err() {
            position = text.len();
        }
        paragraph.transpose()
    })
}

fn take_paragraph<'a>(
    text: &'a [u8],
    position: &mut usize,
) -> Result<Option<Paragraph<'a>>, ControlError> {
    let mut paragraph = Paragraph { fields: Vec::new() };
    // The name of the field whose folded lines may still follow, and where its value is.
    let mut open: Option<(&'a [u8], usize, usize)> = None;
    let mut line_number = 0;
    while *position < text.len() {
        let start = *position;
        let end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |found| start + found);
        let line = &text[start..end];
        *position = end + 1;
        line_number += 1;
        if line_number > LINES_MAX {
            return Err(ControlError::TooLong { limit: LINES_MAX });
        }
        match line.first() {
            _ if line.trim_ascii().is_empty() && open.is_none() => line_number = 0,
            _ if line.trim_ascii().is_empty() => break,
            Some(b'#') => {}
            Some(b' ' | b'\t') => {
                let field = open.as_mut().ok_or(ControlError::NotAField { line: line_number })?;
                field.2 = end;
            }
            _ => {
                let colon =
                    name_length(line).ok_or(ControlError::NotAField { line: line_number })?;
                let next = (&line[..colon], start + colon + 1, end);
                if let Some((name, from, to)) = open.replace(next) {
                    paragraph.push(name, text[from..to].trim_ascii())?;
                }
            }
        }
    }
    let Some((name, from, to)) = open else { return Ok(None) };
    paragraph.push(name, text[from..to].trim_ascii())?;
    Ok(Some(paragraph))
}

/// Returns where the colon is, if what stands before it is a field's name.
fn name_length(line: &[u8]) -> Option<usize> {
    let colon = memchr::memchr(b':', line)?;
    let is_name = colon > 0 && line[..colon].iter().all(u8::is_ascii_graphic);
    is_name.then_some(colon)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use proptest::prelude::*;

    use super::*;

    /// Reads `text` and writes it down again, one `name=value` a line and `--` between paragraphs.
    fn listing(text: &str) -> String {
        let mut lines = Vec::new();
        for paragraph in paragraphs(text.as_bytes()) {
            match paragraph {
                Ok(paragraph) => lines.extend(paragraph.fields().map(|(name, value)| {
                    format!("{}={:?}", name.escape_ascii(), value.escape_ascii().to_string())
                })),
                Err(error) => lines.push(error.to_string()),
            }
            lines.push("--".to_owned());
        }
        lines.join("\n")
    }

    fn check(text: &str, expected: &str) {
        assert_eq!(listing(text), expected);
    }

    #[test]
    fn fields_are_read_in_order() {
        check("Package: a\nVersion:1\n", "Package=\"a\"\nVersion=\"1\"\n--");
    }

    #[test]
    fn folded_lines_belong_to_their_field() {
        check("A: x\n y\n\tz\nB:\n c", "A=\"x\\\\n y\\\\n\\\\tz\"\nB=\"c\"\n--");
    }

    #[test]
    fn blank_lines_separate_paragraphs() {
        check("\n\nA: 1\n \t\n\nB: 2\n\n", "A=\"1\"\n--\nB=\"2\"\n--");
    }

    #[test]
    fn comments_are_passed_over() {
        check("# x\nA: 1\n# y\nB: 2", "A=\"1\"\nB=\"2\"\n--");
    }

    #[test]
    fn a_line_without_a_colon_is_refused() {
        check("A: 1\nnonsense\n", "line 2 of the control file is not a field\n--");
        check(" folded first\n", "line 1 of the control file is not a field\n--");
    }

    #[test]
    fn a_field_given_twice_is_refused() {
        check("A: 1\na: 2\n", "the control file has two fields a\n--");
    }

    #[test]
    fn a_million_lines_are_refused() {
        let text = format!("A:\n{}", " x\n".repeat(1_000_000));
        check(&text, "the control file has more than 20000 lines or fields\n--");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(text: Vec<u8>) {
            let _ = paragraphs(&text).count();
        }

        #[test]
        fn no_control_text_makes_it_panic(text in "[AB:# \n\t]{0,60}") {
            let _ = paragraphs(text.as_bytes()).count();
        }
    }
}
