//! Filesystems of all sizes.

use ext4::Size;
use tree::Tree;

use crate::image::{Image, MIB, has_tools, options};

#[test]
fn the_journal_is_as_large_as_that_of_mke2fs() {
    if !has_tools() {
        return;
    }
    let journal = |image: &Image| {
        let shown = image.run("dumpe2fs", &["-h"]);
        let line = shown.lines().find(|line| line.starts_with("Total journal blocks:"));
        line.map(str::to_owned).unwrap()
    };
    for mib in [8, 127, 128, 1023, 1024, 2048, 16_384, 32_768, 65_536, 131_072] {
        let peer = Image::empty(mib * MIB);
        peer.run("mke2fs", &["-q", "-t", "ext4", "-b", "4096"]);
        let ours = Image::of(&Tree::new(), &options(Size::Exact(mib * MIB)));
        assert_eq!(journal(&peer), journal(&ours), "{mib}");
    }
}

#[test]
fn every_size_is_sound() {
    if !has_tools() {
        return;
    }
    for size in [8 * MIB, 64 * MIB, 1 << 40, 3 << 40] {
        let image = Image::of(&Tree::new(), &options(Size::Exact(size)));
        image.check();
    }
}
