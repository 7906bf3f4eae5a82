//! The program's heap, as the heap of a test with one thread.

#![allow(clippy::print_stdout, clippy::panic, clippy::disallowed_methods)]

#[path = "../src/heap.rs"]
mod heap;

const ROUNDS: usize = 200_000;
const PIECES: usize = 500;
const PAGE_BYTES: usize = 4096;

fn main() {
    pieces_keep_their_bytes();
    let before = resident_pages();
    for _ in 0..3 {
        pieces_keep_their_bytes();
        large_pieces_go_back();
    }
    let after = resident_pages();
    // What was freed is used again: the same work takes no more memory the fourth time.
    assert!(after < before + (1 << 20) / PAGE_BYTES, "{before} pages became {after}");
    println!("the heap keeps and frees what it is given");
}

/// Makes, grows, shrinks and drops pieces at random, each with bytes of its own.
fn pieces_keep_their_bytes() {
    let mut pieces: Vec<Vec<u8>> = vec![Vec::new(); PIECES];
    let mut state = 1_u64;
    for round in 0..ROUNDS {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let place = (state >> 33) as usize % PIECES;
        let magnitude = (state >> 40) % 15;
        let length = (state >> 48) as usize % (2 << magnitude);
        let byte = place as u8;
        let piece = &mut pieces[place];
        assert!(piece.iter().all(|found| *found == byte), "round {round}");
        match state >> 60 {
            0..4 => *piece = vec![byte; length],
            4..6 => *piece = Vec::new(),
            6..8 => {
                piece.truncate(length);
                piece.shrink_to_fit();
            }
            _ => piece.resize(length, byte),
        }
    }
    assert!(
        pieces
            .iter()
            .enumerate()
            .all(|(place, piece)| { piece.iter().all(|found| *found == place as u8) })
    );
}

fn large_pieces_go_back() {
    let mut piece = vec![1_u8; 100_000];
    for length in [20_000_000, 33_000, 32_000, 32_768, 32_769, 10] {
        piece.resize(length, 1);
        piece.shrink_to_fit();
        assert!(piece.iter().all(|found| *found == 1), "{length}");
    }
    #[repr(align(4096))]
    struct Page([u8; PAGE_BYTES]);
    let pages: Vec<Box<Page>> = (0..20).map(|_| Box::new(Page([7; PAGE_BYTES]))).collect();
    for page in pages {
        assert_eq!(page.0.as_ptr() as usize % PAGE_BYTES, 0);
    }
}

fn resident_pages() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm");
    let pages = text.ok().and_then(|text| text.split(' ').nth(1)?.parse().ok());
    pages.unwrap_or_else(|| panic!("/proc/self/statm is not there"))
}
