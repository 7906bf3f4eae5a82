//! The one key that leaves a guest: Ctrl-], as with telnet.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use vm_runner::Stopper;

const LEAVE: u8 = 0x1d;

static HAS_LEFT: AtomicBool = AtomicBool::new(false);

/// Whether the person has pressed the key.
pub fn has_left() -> bool {
    HAS_LEFT.load(Ordering::Relaxed)
}

/// Hands keys on until the one that leaves, which ends the machine.
pub fn watched(keyboard: OwnedFd, stopper: Stopper) -> io::Result<OwnedFd> {
    let (guest, mut here) = io::pipe()?;
    thread::spawn(move || {
        let mut keyboard = File::from(keyboard);
        let mut keys = [0; 4096];
        while let Ok(count @ 1..) = keyboard.read(&mut keys) {
            if let Some(at) = keys[..count].iter().position(|key| *key == LEAVE) {
                // What was typed before it does not matter any more.
                let _ = here.write_all(&keys[..at]);
                HAS_LEFT.store(true, Ordering::Relaxed);
                return stopper.stop();
            }
            if here.write_all(&keys[..count]).is_err() {
                return;
            }
        }
    });
    Ok(guest.into())
}
