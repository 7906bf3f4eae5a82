//! The heap: lists of free pieces, one for each power of two, over pages of the kernel.
//!
//! A piece is at most twice as large as what was asked for. Small pieces stay with the program for
//! the next one who asks; large ones are mapped one by one and go back to the kernel.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::ptr::{self, NonNull};

use rustix::mm::{MapFlags, MremapFlags, ProtFlags, mmap_anonymous, mremap, munmap};

const SMALLEST_LOG: u32 = 4;
const LARGEST_LOG: u32 = 15;
const LARGEST_BYTES: usize = 1 << LARGEST_LOG;
const LISTS: usize = (LARGEST_LOG - SMALLEST_LOG + 1) as usize;
/// Small pieces are cut from maps of this size.
const MAP_BYTES: usize = 1 << 16;
/// The largest page of any machine we build for: every map is aligned at least to 4096.
const PAGE_BYTES: usize = 4096;

#[global_allocator]
static HEAP: Heap = Heap { free: UnsafeCell::new([None; LISTS]) };

/// A free piece; it lies in the piece itself.
struct Free {
    next: Option<NonNull<Free>>,
}

struct Heap {
    free: UnsafeCell<[Option<NonNull<Free>>; LISTS]>,
}

// SAFETY: the program has one thread, and no signal handler of it allocates.
unsafe impl Sync for Heap {}

// SAFETY: pieces are as large and as aligned as asked for, and belong to one owner at a time.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match list_of(layout) {
            Some(list) => self.take(list).map_or(ptr::null_mut(), |free| free.cast().as_ptr()),
            None if layout.align() > PAGE_BYTES => ptr::null_mut(),
            None => map(layout.size()).map_or(ptr::null_mut(), NonNull::as_ptr),
        }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        match list_of(layout) {
            Some(list) => {
                if let Some(free) = NonNull::new(pointer.cast()) {
                    self.put(list, free);
                }
            }
            None => {
                // SAFETY: `alloc` mapped these bytes, and their owner gives them up. The kernel
                // refuses nothing here but running out of maps, and then the bytes stay.
                let _ = unsafe { munmap(pointer.cast(), layout.size()) };
            }
        }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller says that this size with this alignment does not overflow.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        let (old, new) = (list_of(layout), list_of(wanted));
        if old.is_some() && old == new {
            return pointer;
        }
        if old.is_none() && new.is_none() {
            let place = pointer.cast::<c_void>();
            // SAFETY: `alloc` mapped these bytes, and only their owner knows where they are.
            let moved = unsafe { mremap(place, layout.size(), size, MremapFlags::MAYMOVE) };
            return moved.map_or(ptr::null_mut(), |moved| moved.cast());
        }
        // SAFETY: the layout is that of `alloc`, and both pieces hold what is copied.
        unsafe {
            let moved = self.alloc(wanted);
            if !moved.is_null() {
                ptr::copy_nonoverlapping(pointer, moved, layout.size().min(size));
                self.dealloc(pointer, layout);
            }
            moved
        }
    }
}

impl Heap {
    fn take(&self, list: usize) -> Option<NonNull<Free>> {
        let free = self.first(list).or_else(|| self.refill(list))?;
        // SAFETY: a piece in a list has been written by `put`.
        self.set_first(list, unsafe { free.as_ref() }.next);
        Some(free)
    }

    fn put(&self, list: usize, free: NonNull<Free>) {
        let next = self.first(list);
        // SAFETY: the piece is free, large enough and aligned for a `Free`.
        unsafe { free.write(Free { next }) };
        self.set_first(list, Some(free));
    }

    /// Cuts a new map into pieces; returns the first.
    fn refill(&self, list: usize) -> Option<NonNull<Free>> {
        let map = map(MAP_BYTES)?;
        let piece = 1 << (list as u32 + SMALLEST_LOG);
        for offset in (0..MAP_BYTES).step_by(piece).rev() {
            // SAFETY: the offset is inside the map.
            self.put(list, unsafe { map.add(offset) }.cast());
        }
        self.first(list)
    }

    fn first(&self, list: usize) -> Option<NonNull<Free>> {
        // SAFETY: there is one thread, and no reference is kept.
        unsafe { (*self.free.get())[list] }
    }

    fn set_first(&self, list: usize, free: Option<NonNull<Free>>) {
        // SAFETY: there is one thread, and no reference is kept.
        unsafe { (*self.free.get())[list] = free };
    }
}

/// Which list has pieces for this layout; none if it is large.
fn list_of(layout: Layout) -> Option<usize> {
    let bytes = layout.size().max(layout.align()).max(1 << SMALLEST_LOG);
    let is_small = bytes <= LARGEST_BYTES && layout.align() <= PAGE_BYTES;
    is_small.then(|| (bytes.next_power_of_two().trailing_zeros() - SMALLEST_LOG) as usize)
}

fn map(bytes: usize) -> Option<NonNull<u8>> {
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a new map takes the place of no other.
    let map = unsafe { mmap_anonymous(ptr::null_mut(), bytes, protection, MapFlags::PRIVATE) };
    NonNull::new(map.ok()?.cast())
}
