#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{BufReader, Cursor, Read};

use liblzma::stream::{Check, LzmaOptions, MtStreamBuilder, Stream};
use liblzma::write::XzEncoder;
use proptest::prelude::*;

use super::*;

const AMPLE: u64 = 1 << 30;

fn compress(compression: Compression, plain: &[u8]) -> Vec<u8> {
    match compression {
        Compression::None => plain.to_vec(),
        Compression::Gzip => {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
            encoder.write_all(plain).unwrap();
            encoder.finish().unwrap()
        }
        Compression::Zstd => ::zstd::encode_all(plain, 3).unwrap(),
        Compression::Xz => xz(plain, Stream::new_easy_encoder(1, Check::Crc64).unwrap()),
    }
}

fn xz(plain: &[u8], stream: Stream) -> Vec<u8> {
    let mut encoder = XzEncoder::new_stream(Vec::new(), stream);
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn plain_of(
    compression: Compression,
    packed: &[u8],
    limit: u64,
) -> Result<Vec<u8>, DecompressError> {
    let mut output = Vec::new();
    // A small buffer makes every boundary fall somewhere awkward.
    let mut input = BufReader::with_capacity(7, packed);
    let size = packed.len() as u64;
    let count = decompress(compression, &mut input, size, &mut output, limit)?;
    assert_eq!(count, output.len() as u64);
    Ok(output)
}

/// Bytes that compress somewhat, always the same.
fn sample(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 28) as u8 + b'a'
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn what_was_compressed_comes_back() {
    for length in [0, 1, 1000, BUFFER_BYTES, BUFFER_BYTES * 2 + 1] {
        let plain = sample(length);
        for compression in Compression::ALL {
            let packed = compress(compression, &plain);
            let back = plain_of(compression, &packed, length as u64).unwrap();
            assert!(back == plain, "{compression:?} of {length} bytes");
        }
    }
}

#[test]
fn several_members_streams_and_frames_are_one_file() {
    for compression in [Compression::Gzip, Compression::Zstd, Compression::Xz] {
        let packed = [compress(compression, b"one "), compress(compression, b"two")].concat();
        assert_eq!(plain_of(compression, &packed, AMPLE).unwrap(), b"one two", "{compression:?}");
    }
}

#[test]
fn xz_padding_is_accepted_in_groups_of_four_only() {
    let mut packed = compress(Compression::Xz, b"one");
    for padding in 1..=8 {
        packed.push(0);
        let result = plain_of(Compression::Xz, &packed, AMPLE);
        match padding % 4 {
            0 => assert_eq!(result.unwrap(), b"one"),
            _ => assert!(matches!(result, Err(DecompressError::Trailing)), "{result:?}"),
        }
    }
}

#[test]
fn input_cut_off_anywhere_is_refused() {
    let plain = sample(3000);
    for compression in [Compression::Gzip, Compression::Zstd, Compression::Xz] {
        let packed = compress(compression, &plain);
        for length in 0..packed.len() {
            let result = plain_of(compression, &packed[..length], AMPLE);
            assert!(
                matches!(result, Err(DecompressError::Damaged(_))),
                "{compression:?} cut to {length}: {result:?}",
            );
        }
    }
}

#[test]
fn bytes_after_the_end_are_refused() {
    for compression in [Compression::Gzip, Compression::Zstd, Compression::Xz] {
        let mut packed = compress(compression, b"plain");
        packed.extend_from_slice(b"junk");
        let result = plain_of(compression, &packed, AMPLE);
        assert!(
            matches!(result, Err(DecompressError::Trailing | DecompressError::Damaged(_))),
            "{compression:?}: {result:?}",
        );
    }
}

#[test]
fn output_stops_at_its_limit() {
    let plain = sample(5000);
    for compression in Compression::ALL {
        let packed = compress(compression, &plain);
        let result = plain_of(compression, &packed, 4999);
        assert!(
            matches!(result, Err(DecompressError::TooLarge { limit: 4999 })),
            "{compression:?}: {result:?}",
        );
    }
}

/// Counts what is written, and holds none of it.
struct Count(u64);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn bomb_is_refused_long_before_its_limit() {
    const BOMB_BYTES: u64 = 128 << 20;
    let zeros = || io::repeat(0).take(BOMB_BYTES);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(9));
    io::copy(&mut zeros(), &mut gzip).unwrap();
    let mut lzma =
        XzEncoder::new_stream(Vec::new(), Stream::new_easy_encoder(0, Check::None).unwrap());
    io::copy(&mut zeros(), &mut lzma).unwrap();
    let bombs = [
        // The format cannot do better than 1032 to one.
        (Compression::Gzip, gzip.finish().unwrap()),
        (Compression::Zstd, ::zstd::encode_all(zeros(), 1).unwrap()),
        (Compression::Xz, lzma.finish().unwrap()),
    ];
    for (compression, bomb) in bombs {
        let mut written = Count(0);
        let size = bomb.len() as u64;
        let result = decompress(compression, &mut Cursor::new(bomb), size, &mut written, u64::MAX);
        assert!(matches!(result, Err(DecompressError::Bomb { .. })), "{compression:?}: {result:?}");
        assert!(written.0 < BOMB_BYTES, "{compression:?}: {} written", written.0);
    }
}

#[test]
fn highest_presets_are_granted_their_memory() {
    let plain = sample(100_000);
    let packed = xz(&plain, Stream::new_easy_encoder(9, Check::Crc64).unwrap());
    assert!(plain_of(Compression::Xz, &packed, AMPLE).unwrap() == plain);
    let packed = ::zstd::encode_all(&*plain, 22).unwrap();
    assert!(plain_of(Compression::Zstd, &packed, AMPLE).unwrap() == plain);
}

#[test]
fn many_large_dictionaries_wait_for_each_other() {
    let plain = sample(10_000);
    let packed = xz(&plain, Stream::new_easy_encoder(9, Check::Crc64).unwrap());
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| assert!(plain_of(Compression::Xz, &packed, AMPLE).unwrap() == plain));
        }
    });
}

#[test]
fn dictionary_larger_than_any_preset_is_refused() {
    let mut options = LzmaOptions::new_preset(0).unwrap();
    options.dict_size(256 << 20);
    let mut filters = liblzma::stream::Filters::new();
    filters.lzma2(&options);
    let packed = xz(b"tiny", Stream::new_stream_encoder(&filters, Check::Crc64).unwrap());
    let result = plain_of(Compression::Xz, &packed, AMPLE);
    assert!(matches!(result, Err(DecompressError::Memory { .. })), "{result:?}");
}

#[test]
fn zstd_window_larger_than_the_limit_is_refused() {
    // A frame header that asks for 256 MiB, and one that claims to be one segment of 2^60 bytes.
    let window = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 18 << 3, 0x01, 0x00, 0x00];
    let segment = [0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0x01, 0x00, 0x00];
    for packed in [&window[..], &segment] {
        let result = plain_of_whole(packed);
        assert!(matches!(result, Err(DecompressError::Memory { .. })), "{result:?}");
    }
}

/// As real readers do, with a buffer that holds a frame header.
fn plain_of_whole(packed: &[u8]) -> Result<u64, DecompressError> {
    decompress(Compression::Zstd, &mut &*packed, packed.len() as u64, &mut io::sink(), AMPLE)
}

#[test]
fn large_input_of_several_blocks_is_decoded_by_two_threads_to_the_same_bytes() {
    let plain = sample(12 << 20);
    let stream = MtStreamBuilder::new()
        .threads(2)
        .preset(0)
        .block_size(2 << 20)
        .check(Check::Crc64)
        .encoder()
        .unwrap();
    let packed = xz(&plain, stream);
    assert!(packed.len() > 4 << 20, "large enough for threads: {}", packed.len());
    let mut back = Vec::new();
    let size = packed.len() as u64;
    decompress(Compression::Xz, &mut Cursor::new(packed), size, &mut back, AMPLE).unwrap();
    assert!(back == plain);
}

#[test]
fn reader_that_fails_is_told_from_damaged_data() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("disk"))
        }
    }
    for compression in Compression::ALL {
        let start = compress(compression, &sample(3000));
        let mut input = BufReader::new(start[..20].chain(Failing));
        let result = decompress(compression, &mut input, 100, &mut io::sink(), AMPLE);
        assert!(matches!(result, Err(DecompressError::Read(_))), "{compression:?}: {result:?}");
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(packed: Vec<u8>, prefix in 0..4_usize) {
        for compression in Compression::ALL {
            let start = compress(compression, b"some text");
            let head = &start[..start.len().min(prefix * 6)];
            let _ = plain_of(compression, &[head, &packed].concat(), 1 << 20);
        }
    }
}
