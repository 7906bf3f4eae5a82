//! A machine's serial console: its last lines, and what they tell of the boot.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::error::Tail;
use crate::locks::locked;
use crate::text::Lines;

mod milestones;

pub use milestones::{Milestone, Milestones};

const KEPT_LINES: usize = 200;

/// A console that is listened to from the first byte to the last.
pub(crate) struct Console {
    shared: Arc<Mutex<Shared>>,
    listener: JoinHandle<()>,
    stream: UnixStream,
}

struct Shared {
    lines: Lines,
    milestones: Milestones,
}

impl Console {
    /// Listens to a console, and repeats what it says, fit to be seen.
    pub(crate) fn listen(
        stream: UnixStream,
        live: Option<Box<dyn Write + Send>>,
    ) -> std::io::Result<Self> {
        let milestones = Milestones::default();
        let shared = Shared { lines: Lines::new(KEPT_LINES), milestones };
        let shared = Arc::new(Mutex::new(shared));
        let (heard, heard_stream) = (Arc::clone(&shared), stream.try_clone()?);
        let thread = std::thread::Builder::new().name("console".into());
        let listener = thread.spawn(move || listen(heard_stream, live, &heard))?;
        Ok(Console { shared, listener, stream })
    }

    pub(crate) fn tail(&self) -> Tail {
        locked(&self.shared).lines.tail()
    }

    pub(crate) fn milestones(&self) -> Milestones {
        locked(&self.shared).milestones.clone()
    }

    pub(crate) fn input(&self) -> std::io::Result<UnixStream> {
        self.stream.try_clone()
    }

    /// Tells whether the kernel gave up at least so long ago.
    pub(crate) fn watcher(&self, patience: Duration) -> impl FnMut() -> bool + Send + use<> {
        let shared = Arc::clone(&self.shared);
        let mut panicked: Option<Instant> = None;
        move || {
            if panicked.is_none() && locked(&shared).milestones.panic.is_some() {
                panicked = Some(Instant::now());
            }
            panicked.is_some_and(|since| since.elapsed() >= patience)
        }
    }

    /// Waits a moment for the last bytes of a machine that has ended.
    pub(crate) fn settle(&self) {
        let patience = Instant::now() + Duration::from_secs(1);
        while !self.listener.is_finished() && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

fn listen(mut stream: UnixStream, mut live: Option<Box<dyn Write + Send>>, heard: &Mutex<Shared>) {
    let start = Instant::now();
    let mut buffer = [0; 4096];
    loop {
        let count = match stream.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        let seen = {
            let mut guard = locked(heard);
            let Shared { lines, milestones } = &mut *guard;
            lines.push(&buffer[..count], &mut |line| milestones.hear(line, start.elapsed()))
        };
        // Who no longer wants to see it does not end the machine.
        let is_shown = |live: &mut Box<dyn Write + Send>| {
            live.write_all(&seen).and_then(|()| live.flush()).is_ok()
        };
        live = live.and_then(|mut live| is_shown(&mut live).then_some(live));
    }
}
