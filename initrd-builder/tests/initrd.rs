//! Other programs and the kernel read what we write, and we read what others write.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, clippy::disallowed_types)]

#[path = "initrd/boot.rs"]
mod boot;
#[path = "initrd/foreign.rs"]
mod foreign;
#[path = "initrd/handover.rs"]
mod handover;
#[path = "initrd/hostile.rs"]
mod hostile;
#[path = "initrd/made.rs"]
mod made;
#[path = "initrd/several.rs"]
mod several;
