//! One control paragraph as the dpkg database keeps it: fields in order, values verbatim.

use super::control::{self, ControlError};

/// One paragraph: field names and their values, continuation lines included.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Paragraph {
    fields: Vec<(String, Vec<u8>)>,
}

/// The field that lists configuration files with their digests.
pub(crate) const CONFFILES: &str = "Conffiles";

/// How `dpkg` orders the fields it knows; the rest follow as they came.
const DPKG_ORDER: [&str; 25] = [
    "Package",
    "Essential",
    "Protected",
    "Status",
    "Priority",
    "Section",
    "Installed-Size",
    "Origin",
    "Maintainer",
    "Bugs",
    "Architecture",
    "Multi-Arch",
    "Source",
    "Version",
    "Config-Version",
    "Replaces",
    "Provides",
    "Depends",
    "Pre-Depends",
    "Recommends",
    "Suggests",
    "Breaks",
    "Conflicts",
    "Enhances",
    CONFFILES,
];

/// Fields that `dpkg` writes after all the ordered ones, before those it does not know.
const DPKG_ORDER_TAIL: [&str; 3] = ["Description", "Triggers-Pending", "Triggers-Awaited"];

impl Paragraph {
    /// Reads the first paragraph of `text`.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, ControlError> {
        control::Paragraph::parse(text).map(|paragraph| Self::of(&paragraph))
    }

    /// Reads all paragraphs of `text`.
    pub(crate) fn parse_all(text: &[u8]) -> Result<Vec<Self>, ControlError> {
        control::paragraphs(text).map(|paragraph| Ok(Self::of(&paragraph?))).collect()
    }

    fn of(paragraph: &control::Paragraph<'_>) -> Self {
        let owned = |(name, value): (&[u8], &[u8])| {
            (String::from_utf8_lossy(name).into_owned(), value.to_vec())
        };
        Self { fields: paragraph.fields().map(owned).collect() }
    }

    /// The value of a field, whatever the case of its name.
    pub(crate) fn get(&self, name: &str) -> Option<&[u8]> {
        self.fields
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_slice())
    }

    /// The value of a field as text; empty where it is missing.
    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8_lossy(self.get(name).unwrap_or_default()).into_owned()
    }

    /// Sets a field, in place where it stands.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        let value = value.into();
        match self.fields.iter_mut().find(|(field, _)| field.eq_ignore_ascii_case(name)) {
            Some((_, old)) => *old = value,
            None => self.fields.push((name.to_owned(), value)),
        }
    }

    /// Removes a field.
    pub(crate) fn remove(&mut self, name: &str) {
        self.fields.retain(|(field, _)| !field.eq_ignore_ascii_case(name));
    }

    /// Writes the paragraph in the order that `dpkg` itself uses.
    pub(crate) fn write_for_dpkg(&self, out: &mut Vec<u8>) {
        let known = |name: &str, list: &[&str]| list.iter().any(|n| n.eq_ignore_ascii_case(name));
        let ordered = DPKG_ORDER.iter().chain(&DPKG_ORDER_TAIL);
        for name in ordered {
            if let Some(value) = self.get(name) {
                write_field(name, value, out);
            }
        }
        for (name, value) in &self.fields {
            if !known(name, &DPKG_ORDER) && !known(name, &DPKG_ORDER_TAIL) {
                write_field(name, value, out);
            }
        }
    }
}

fn write_field(name: &str, value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name.as_bytes());
    out.push(b':');
    // This list begins on the line after its name.
    out.extend_from_slice(if name == CONFFILES { b"\n " } else { b" " });
    out.extend_from_slice(value);
    out.push(b'\n');
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_out_in_the_order_of_dpkg_and_unknown_ones_last() {
        let text =
            b"Homepage: h\nDescription: d\n more\nVersion: 1\nPackage: p\nConffiles:\n /etc/a 1\n";
        let mut out = Vec::new();
        Paragraph::parse(text).unwrap().write_for_dpkg(&mut out);
        assert_eq!(
            String::from_utf8_lossy(&out),
            "Package: p\nVersion: 1\nConffiles:\n /etc/a 1\nDescription: d\n more\nHomepage: h\n"
        );
    }

    #[test]
    fn blanks_at_the_end_of_inner_lines_stay() {
        let mut out = Vec::new();
        Paragraph::parse(b"Description: short \n long \nPackage: p \n")
            .unwrap()
            .write_for_dpkg(&mut out);
        assert_eq!(String::from_utf8_lossy(&out), "Package: p\nDescription: short \n long\n");
    }

    #[test]
    fn paragraphs_are_parted_by_blank_lines() {
        let paragraphs = Paragraph::parse_all(b"\nA: 1\n\n\nB: 2\n \n").unwrap();
        assert_eq!(paragraphs.len(), 2);
        assert_eq!(paragraphs[1].text("b"), "2");
    }
}
