#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn what_is_final_is_digested_by_its_writer() {
    let file = tempfile::tempfile().unwrap();
    let bytes = vec![7; 3 * BUFFER_BYTES + 5];
    file.write_all_at(&bytes, 0).unwrap();
    let digesting = Digesting::new(&file);
    digesting.settle(2 * BUFFER_BYTES as u64 + 9);
    assert_eq!(digesting.state().read, 2 * BUFFER_BYTES as u64 + 9);
    digesting.settle(BUFFER_BYTES as u64);
    assert_eq!(digesting.state().read, 2 * BUFFER_BYTES as u64 + 9);
    assert_eq!(digesting.finish().unwrap(), (bytes.len() as u64, Digest::of(&bytes)));
}

#[test]
fn writers_at_once_make_one_digest() {
    let file = tempfile::tempfile().unwrap();
    let parts = 64;
    let part = |number: u64| vec![number as u8; BUFFER_BYTES];
    file.set_len(parts * BUFFER_BYTES as u64).unwrap();
    let ((), size, digest) = digested(&file, |follower| {
        let written = Mutex::new(vec![false; parts as usize]);
        let write = |first: u64| {
            for number in (first..parts).step_by(4) {
                let place = number * BUFFER_BYTES as u64;
                let mut buffer = part(number);
                file.write_all_at(&buffer, place).unwrap();
                follower.leave(place, &mut buffer);
                let mut written = written.lock().unwrap();
                written[number as usize] = true;
                let end = written.iter().position(|written| !written);
                drop(written);
                follower.settle(end.map_or(size_of_all(parts), |end| size_of_all(end as u64)));
            }
        };
        std::thread::scope(|scope| {
            let write = &write;
            (0..4).for_each(|first| drop(scope.spawn(move || write(first))));
        });
        Ok(())
    })
    .unwrap();
    let whole: Vec<u8> = (0..parts).flat_map(part).collect();
    assert_eq!((size, digest), (size_of_all(parts), Digest::of(&whole)));
}

fn size_of_all(parts: u64) -> u64 {
    parts * BUFFER_BYTES as u64
}

#[test]
fn what_was_left_is_digested_in_its_place() {
    let file = tempfile::tempfile().unwrap();
    let bytes: Vec<u8> = (0..5_000_000u32).map(|number| (number % 251) as u8).collect();
    let (_, size, digest) = digested(&file, |follower| {
        for (number, part) in (0..).zip(bytes.chunks(1_000_000)) {
            let place = number * 1_000_000;
            file.write_all_at(part, place)?;
            if number % 2 == 1 {
                follower.leave(place, &mut part.to_vec());
            }
            follower.settle(place + 500_000);
        }
        Ok(())
    })
    .unwrap();
    assert_eq!((size, digest), (bytes.len() as u64, Digest::of(&bytes)));
}

#[test]
fn what_was_left_is_taken_once_and_only_where_it_lies_and_when_it_is_final() {
    let file = tempfile::tempfile().unwrap();
    let digesting = Digesting::new(&file);
    let mut buffer = vec![7; 4];
    digesting.leave(2, &mut buffer);
    assert!(buffer.is_empty());
    digesting.leave(8, &mut vec![8; 2]);
    digesting.leave(20, &mut vec![9; 10]);
    let mut state = digesting.state();
    assert_eq!(state.take_final(), None);
    let mut next = |read, written| {
        (state.read, state.written) = (read, written);
        state.take_final().unwrap()
    };
    assert_eq!(next(0, 25), Final::UpTo(2));
    assert_eq!(next(2, 25), Final::Bytes(vec![7; 4]));
    // Whoever reads past what was left reads all of it.
    assert_eq!(next(9, 25), Final::UpTo(20));
    // Of this, a part may be written still.
    assert_eq!(next(20, 25), Final::UpTo(25));
    assert_eq!(next(25, u64::MAX), Final::UpTo(u64::MAX));
}

#[test]
fn nothing_is_left_behind_what_is_digested_nor_far_ahead() {
    let file = tempfile::tempfile().unwrap();
    file.write_all_at(&[0; 9], 0).unwrap();
    let digesting = Digesting::new(&file);
    digesting.settle(9);
    for place in [3, 10 + LEAD_BYTES] {
        let mut buffer = vec![1];
        digesting.leave(place, &mut buffer);
        assert_eq!(buffer, [1]);
    }
}

#[test]
fn holes_are_digested_as_the_zeros_that_they_are() {
    let file = tempfile::tempfile().unwrap();
    let size = 5 * BUFFER_BYTES + 7;
    let mut bytes = vec![0; size];
    bytes[BUFFER_BYTES + 5000..][..3 * 4096].fill(9);
    let (_, length, digest) = digested(&file, |follower| {
        file.set_len(size as u64)?;
        follower.settle(BUFFER_BYTES as u64 + 5);
        let place = BUFFER_BYTES + 5000;
        Ok(file.write_all_at(&bytes[place..place + 3 * 4096], place as u64)?)
    })
    .unwrap();
    assert_eq!((length, digest), (size as u64, Digest::of(&bytes)));
}

#[test]
fn a_writer_that_fails_is_heard() {
    let file = tempfile::tempfile().unwrap();
    let failed = digested(&file, |_| anyhow::bail!("no room")).map(|((), ..)| ());
    assert_eq!(failed.unwrap_err().to_string(), "no room");
}

#[test]
fn a_file_that_ends_before_what_is_final_stops_no_writer() {
    let file = tempfile::tempfile().unwrap();
    let failed = digested(&file, |follower| {
        follower.settle(LEAD_BYTES * 2);
        follower.settle(LEAD_BYTES * 4);
        Ok(())
    });
    let error = failed.map(|((), ..)| ()).unwrap_err();
    assert_eq!(error.downcast::<io::Error>().unwrap().kind(), io::ErrorKind::UnexpectedEof);
}
