//! Who owns what: files by device and inode.

use std::collections::HashMap;
use std::os::fd::OwnedFd;

use super::FileOwner;

/// The device and the inode of a file.
pub(super) type FileId = (u64, u64);

/// Files that do not belong to root.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    records: HashMap<FileId, Record>,
}

/// One file's owner.
#[derive(Debug)]
struct Record {
    user: u32,
    group: u32,
    /// Keeps the inode from being used for another file once this one is deleted.
    pin: OwnedFd,
}

impl Ledger {
    /// Tells whether every file belongs to root.
    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Returns who owns a file: user and group.
    pub(super) fn owner(&self, file: FileId) -> (u32, u32) {
        self.records.get(&file).map_or((0, 0), |record| (record.user, record.group))
    }

    /// Writes down who owns a file; `pin` is the file, opened.
    pub(super) fn set(&mut self, file: FileId, (user, group): (u32, u32), pin: OwnedFd) {
        if (user, group) == (0, 0) {
            self.records.remove(&file);
        } else {
            self.records.insert(file, Record { user, group, pin });
        }
    }

    /// Returns the owners of the files on `device` that still have a name, in order.
    pub(super) fn owners_on(&self, device: u64) -> Vec<FileOwner> {
        let has_name =
            |record: &Record| rustix::fs::fstat(&record.pin).is_ok_and(|found| found.st_nlink > 0);
        let mut owners: Vec<FileOwner> = self
            .records
            .iter()
            .filter(|((on, _), record)| *on == device && has_name(record))
            .map(|(&(device, inode), record)| {
                let Record { user, group, .. } = *record;
                FileOwner { device, inode, user, group }
            })
            .collect();
        owners.sort();
        owners
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn a_deleted_file_leaves_no_owner_for_the_next_one_with_its_inode() {
        let folder = std::env::temp_dir().join(format!("ledger-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (kept, deleted) = (folder.join("kept"), folder.join("deleted"));
        let mut ledger = Ledger::default();
        let mut id_of = |path| {
            std::fs::write(path, "").unwrap();
            let pin = std::fs::File::open(path).unwrap();
            let id = pin.metadata().map(|found| (found.dev(), found.ino())).unwrap();
            ledger.set(id, (33, 34), pin.into());
            id
        };
        let (kept_id, deleted_id) = (id_of(&kept), id_of(&deleted));
        std::fs::remove_file(&deleted).unwrap();
        // Pinned, the inode cannot come back as another file.
        std::fs::write(&deleted, "").unwrap();
        assert_ne!(std::fs::metadata(&deleted).unwrap().ino(), deleted_id.1);
        let (device, inode) = kept_id;
        let expected = FileOwner { device, inode, user: 33, group: 34 };
        assert_eq!(ledger.owners_on(device), [expected]);
        assert_eq!(ledger.owners_on(device + 1), []);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
