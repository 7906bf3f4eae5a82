//! Makes a device of device-mapper that checks what is read against a tree of hashes.

mod control;

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

use rustix::fs::{Mode, OFlags, minor, open};

use crate::configuration::Verity;
use crate::device::{self, Device};
use crate::failure::Failure;

const CONTROL: &str = "/dev/mapper/control";
const NAME: &str = "osb-root";
const SECTOR_BYTES: u64 = 512;

/// Makes a device of the blocks of `data` that agree with the hashes; all others cannot be read.
pub(crate) fn check_with(verity: &Verity, data: &Device, seconds: u32) -> Result<Device, Failure> {
    let hashes = device::wait("device with the hashes", &verity.hash_device, seconds)?;
    let sectors = sectors(verity)?;
    let table = table(verity, &data.numbers, &hashes.numbers)?;
    let failed = |step| move |cause| Failure::Verity { step, cause };
    let control = open(CONTROL, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty());
    let control = control.map_err(failed("reach the kernel's device-mapper"))?;
    let number = control::create(&control, NAME).map_err(failed("make a device"))?;
    control::load(&control, NAME, sectors, &table).map_err(failed("check the root"))?;
    control::resume(&control, NAME).map_err(failed("start the device"))?;
    device::wait("checked device", &format!("/dev/dm-{}", minor(number)), seconds)
}

fn sectors(verity: &Verity) -> Result<u64, Failure> {
    let bytes = verity.data_blocks.checked_mul(u64::from(verity.data_block_bytes));
    match bytes.map(|bytes| bytes / SECTOR_BYTES) {
        None | Some(0) => Err(Failure::VerityTable { why: "there cannot be so many blocks" }),
        Some(sectors) => Ok(sectors),
    }
}

/// The line by which the kernel knows what is to be checked, with the devices by their numbers.
fn table(verity: &Verity, data: &str, hashes: &str) -> Result<String, Failure> {
    let words = [&verity.algorithm, &verity.root_hash, &verity.salt];
    if words.iter().any(|word| word.len() > control::WORD_BYTES_MAX) {
        return Err(Failure::VerityTable { why: "a value is too long" });
    }
    let salt = if verity.salt.is_empty() { "-".to_owned() } else { verity.salt.clone() };
    let Verity { data_block_bytes, hash_block_bytes, data_blocks, hash_start_block, .. } = verity;
    let Verity { algorithm, root_hash, .. } = verity;
    Ok(format!(
        "1 {data} {hashes} {data_block_bytes} {hash_block_bytes} {data_blocks} {hash_start_block} \
         {algorithm} {root_hash} {salt}"
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_kernel_gets_its_line() {
        let mut verity = verity();
        let table = table(&verity, "254:1", "254:2").unwrap();
        assert_eq!(table, "1 254:1 254:2 4096 1024 9 1 sha256 abcd -");
        assert_eq!(sectors(&verity).unwrap(), 72);
        verity.data_blocks = u64::MAX;
        assert!(sectors(&verity).is_err());
        verity.salt = "0".repeat(1000);
        assert!(super::table(&verity, "254:1", "254:2").is_err());
    }

    fn verity() -> Verity {
        Verity {
            hash_device: "/dev/vda2".to_owned(),
            data_block_bytes: 4096,
            hash_block_bytes: 1024,
            data_blocks: 9,
            hash_start_block: 1,
            algorithm: "sha256".to_owned(),
            root_hash: "abcd".to_owned(),
            salt: String::new(),
        }
    }
}
