//! Filesystems of all sizes.

use ext4::Size;
use tree::Tree;

use crate::image::{Image, MIB, has_tools, options};

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
