//! What extended headers say about the member that follows them.

use std::collections::BTreeMap;

use crate::node::Timestamp;
use crate::tar::Fault;
use crate::tar::pax;

const XATTR_PREFIX: &[u8] = b"SCHILY.xattr.";

/// What extended headers say about the member that follows them.
#[derive(Debug, Clone, Default)]
pub(super) struct Extension {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) uid: Option<u32>,
    pub(super) gid: Option<u32>,
    pub(super) mtime: Option<Timestamp>,
    pub(super) xattrs: BTreeMap<Box<[u8]>, Box<[u8]>>,
    pub(super) is_sparse: bool,
    /// The value of the record that was asked for.
    pub(super) record: Option<Box<[u8]>>,
}

impl Extension {
    /// Takes in the records of one header; keys that say nothing about the tree are passed over,
    /// but for the one that is `wanted`.
    pub(super) fn read_pax(&mut self, body: &[u8], wanted: &[u8]) -> Result<(), Fault> {
        for (key, value) in pax::parse(body).ok_or(Fault::Extension)? {
            match key {
                key if !wanted.is_empty() && key == wanted => self.record = Some(value.into()),
                b"path" => self.path = some_unless_empty(value),
                b"linkpath" => self.link = some_unless_empty(value),
                b"size" => self.size = parse(value, "size", pax::parse_number)?,
                b"uid" => self.uid = parse(value, "uid", parse_id)?,
                b"gid" => self.gid = parse(value, "gid", parse_id)?,
                b"mtime" => self.mtime = parse(value, "mtime", pax::parse_time)?,
                key if key.starts_with(b"GNU.sparse.") => self.is_sparse = true,
                key => {
                    if let Some(name) = key.strip_prefix(XATTR_PREFIX) {
                        self.set_xattr(name, value)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// How much memory a member's attributes and its record take.
    pub(super) fn held_bytes(&self) -> usize {
        let xattrs: usize = self.xattrs.iter().map(|(name, value)| name.len() + value.len()).sum();
        xattrs + self.record.as_ref().map_or(0, |record| record.len())
    }

    fn set_xattr(&mut self, encoded: &[u8], value: &[u8]) -> Result<(), Fault> {
        let name = pax::decode_name(encoded);
        if name.is_empty() || name.len() > 255 || name.contains(&0) || value.len() > 64 * 1024 {
            return Err(Fault::Extension);
        }
        self.xattrs.insert(name.into(), value.into());
        Ok(())
    }
}

/// The name in a GNU long-name member.
pub(super) fn until_nul(body: &[u8]) -> Vec<u8> {
    body.split(|byte| *byte == 0).next().unwrap_or_default().to_vec()
}

/// An empty value takes back what an earlier header said.
fn some_unless_empty(value: &[u8]) -> Option<Vec<u8>> {
    if value.is_empty() { None } else { Some(value.to_vec()) }
}

fn parse<T>(
    value: &[u8],
    name: &'static str,
    parse: impl Fn(&[u8]) -> Option<T>,
) -> Result<Option<T>, Fault> {
    if value.is_empty() {
        return Ok(None);
    }
    parse(value).map(Some).ok_or(Fault::Number(name))
}

fn parse_id(text: &[u8]) -> Option<u32> {
    pax::parse_number(text)?.try_into().ok()
}
