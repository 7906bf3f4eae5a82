//! What `mkfs.erofs` writes, as our reader reads it.

use test_support::{assert_same, is_root, needs, read_directory, skip};
use tree::GuestPath;
use tree::directory::{Devices, Options, Owners};

use crate::make::{quick, run};

#[test]
fn images_of_mkfs_are_read() {
    if !needs(&[("mkfs.erofs", "erofs-utils")]) {
        return;
    }
    if !is_root() {
        return skip("owners and devices need root");
    }
    let directory = tempfile::tempdir().unwrap();
    let mut tree = quick(directory.path());
    // The tool of Debian 12 loses the last byte of such a name.
    let longest = [&b"names/"[..], &[b'n'; 255]].concat();
    tree.remove(&GuestPath::new(longest).unwrap()).unwrap();
    let (place, image) = (tempfile::tempdir().unwrap(), directory.path().join("image"));
    let all = Options { owners: Owners::Apply, devices: Devices::Make };
    tree::directory::write(&tree, place.path(), all).unwrap();
    let expected = read_directory(place.path());
    for flags in [
        &[][..],
        &["-x1", "--chunksize=4096"],
        &["-zlz4"],
        &["-zlz4hc", "-Enoinline_data"],
        &["-zlz4hc,9", "-C65536"],
        &["-zlz4", "-Elegacy-compress"],
    ] {
        let mut arguments: Vec<&dyn AsRef<std::ffi::OsStr>> = vec![&"--quiet"];
        flags.iter().for_each(|flag| arguments.push(flag));
        let from = place.path().to_owned();
        run("mkfs.erofs", &[&arguments[..], &[&image, &from]].concat());
        assert_same(&expected, &erofs::read(&image, 0).unwrap());
    }
}
