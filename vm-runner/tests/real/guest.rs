//! A guest: a kernel from where this machine's apt gets its packages, and a busybox.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use test_support::{files_named, needs, skip};
use vm_runner::{Accelerator, Architecture, Error, Launch, Machine, Qemu, Running, start};

const TOOLS: [(&str, &str); 5] = [
    ("qemu-system-x86_64", "qemu-system-x86"),
    ("busybox", "busybox-static"),
    ("cpio", "cpio"),
    ("apt-get", "apt"),
    ("dpkg-deb", "dpkg"),
];
const PACKAGE: &str = "linux-image-cloud-amd64";

/// In the order in which they need each other.
const MODULES: [&str; 8] = [
    "virtio_ring.ko",
    "virtio.ko",
    "virtio_pci_modern_dev.ko",
    "virtio_pci_legacy_dev.ko",
    "virtio_pci.ko",
    "virtio_blk.ko",
    "virtio_console.ko",
    "virtio-rng.ko",
];

/// Does what the kernel's word `test=` says.
const INIT: &str = r#"#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t devtmpfs dev /dev
say() { echo "$@" > /dev/console; }
load() { for module in $@; do insmod /modules/$module; done; }
say "hello from the guest"
read line < /proc/cmdline
case " $line " in
*" test=off "*) ;;
*" test=panic "*) exit 3 ;;
*" test=stay "*) say staying; sleep 1000 ;;
*" test=disk "*)
    load virtio_ring.ko virtio.ko virtio_pci_modern_dev.ko virtio_pci_legacy_dev.ko virtio_pci.ko
    load virtio_blk.ko
    say "disk begins with $(head -c 8 /dev/vda)"
    echo changed! | dd of=/dev/vda conv=fsync 2>/dev/null
    say "disk now begins with $(head -c 8 /dev/vda)" ;;
*" test=agent "*)
    # Late, so that the host has spoken already.
    sleep 1
    load virtio_ring.ko virtio.ko virtio_pci_modern_dev.ko virtio_pci_legacy_dev.ko virtio_pci.ko
    load virtio_console.ko
    until ls /dev/vport* > /dev/null 2>&1; do sleep 0.1; done
    exec 3<> "$(ls /dev/vport*)"
    dd bs=32 count=1 of=/hello <&3 2>/dev/null
    { printf '\002\000\000\000\000\000\000\000\045\000\000\000osbagent'
      dd if=/hello bs=1 skip=24 count=8 2>/dev/null
      printf '\001\000\000\001\000\000\000\000\000\000\000\001\000\000\000k\001\000\000\000v'
    } > /welcome
    cat /welcome >&3
    # More of the same may have waited; what counts is the host's wish to switch off.
    until head -c 1 /more | grep -q "$(printf '\021')"; do
        dd bs=12 count=1 of=/more <&3 2>/dev/null
        case "$(head -c 1 /more)" in "$(printf '\001')") dd bs=20 count=1 <&3 >/dev/null 2>&1 ;; esac
    done ;;
esac
poweroff -f
"#;

/// What a test may start as often as it likes.
pub struct Guest {
    pub directory: tempfile::TempDir,
    kernel: PathBuf,
}

impl Guest {
    /// `None` where it cannot be made; then a line says why.
    pub fn new() -> Option<Self> {
        if !needs(&TOOLS) {
            return None;
        }
        let store = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kernel");
        let kernel = kernel(&store)?;
        let directory = tempfile::tempdir().unwrap();
        make_initrd(&store, directory.path());
        Some(Guest { directory, kernel })
    }

    pub fn initrd(&self) -> PathBuf {
        self.directory.path().join("initrd")
    }

    pub fn machine(&self, test: &str) -> Machine {
        machine(&self.kernel, &self.initrd(), test)
    }

    pub fn kernel(&self) -> &Path {
        &self.kernel
    }
}

pub fn machine(kernel: &Path, initrd: &Path, test: &str) -> Machine {
    let mut machine = Machine::new(Architecture::X86_64, kernel.into());
    machine.initrd = Some(initrd.into());
    machine.memory_mib = 256;
    machine.kernel_words = ["console=ttyS0", "panic=-1", "test="].map(String::from).to_vec();
    machine.kernel_words[2].push_str(test);
    machine
}

/// Starts a machine without hardware help.
pub fn run(machine: &Machine, limit: Option<Duration>) -> Result<Running, Error> {
    run_with(machine, &Qemu::default(), limit)
}

pub fn run_with(machine: &Machine, qemu: &Qemu, limit: Option<Duration>) -> Result<Running, Error> {
    let accelerator = Accelerator::Emulation;
    start(Launch { machine, hypervisor: qemu, accelerator, live: None, limit })
}

/// What was written to it, for who shows a console.
#[derive(Clone, Default)]
pub struct Shown(Arc<Mutex<Vec<u8>>>);

impl Shown {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl std::io::Write for Shown {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A program that stands in for QEMU.
pub fn script(directory: &Path, text: &str) -> Qemu {
    let place = directory.join("qemu");
    fs::write(&place, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&place, PermissionsExt::from_mode(0o755)).unwrap();
    Qemu { program: Some(place.into()) }
}

fn make_initrd(store: &Path, directory: &Path) {
    let root = directory.join("root");
    for part in ["bin", "dev", "proc", "modules"] {
        fs::create_dir_all(root.join(part)).unwrap();
    }
    let busybox = ["/bin/busybox", "/usr/bin/busybox"].map(Path::new);
    let busybox = busybox.into_iter().find(|place| place.is_file()).unwrap();
    fs::copy(busybox, root.join("bin/busybox")).unwrap();
    for module in MODULES {
        let found = files_named(store, module);
        fs::copy(&found[0], root.join("modules").join(module)).unwrap();
    }
    fs::write(root.join("start"), INIT).unwrap();
    fs::set_permissions(root.join("start"), PermissionsExt::from_mode(0o755)).unwrap();
    symlink("start", root.join("init")).unwrap();
    let mut shell = Command::new("sh");
    shell.current_dir(&root).args(["-c", "find . | cpio -o -H newc --quiet > ../initrd"]);
    assert!(shell.status().unwrap().success());
}

fn kernel(store: &Path) -> Option<PathBuf> {
    let find = || {
        let files = fs::read_dir(store.join("boot")).ok()?.flatten().map(|entry| entry.path());
        files.into_iter().find(|file| file.to_string_lossy().contains("vmlinuz"))
    };
    if let Some(kernel) = find() {
        return Some(kernel);
    }
    let download = tempfile::tempdir().unwrap();
    let script = format!(
        "set -e; real=$(apt-cache depends {PACKAGE} | sed -n 's/ *Depends: \\(linux-image-\\)/\\1/p'); \
         apt-get -q download \"$real\"; mkdir -p \"$1\"; dpkg-deb -x \"$real\"_*.deb \"$1\""
    );
    let mut shell = Command::new("sh");
    shell.current_dir(&download).args(["-c", &script, "sh"]).arg(store).stdin(Stdio::null());
    if !shell.output().unwrap().status.success() {
        skip(&format!("apt-get cannot download {PACKAGE} here"));
        return None;
    }
    find()
}
