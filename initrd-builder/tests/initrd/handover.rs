//! A kernel with its drivers in modules boots from filesystems that others made.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use agent_program::program;
use handover::{Root, Verity};
use initrd_builder::{Archive, BOOT_PARAMETER, Boot, Compression, Driver, boot_tree};
use tempfile::TempDir;
use test_support::needs;
use tree::{Timestamp, Tree, directory};

use super::boot::kernel;
use super::made::{file, options, put};

const PARTITION: &str = "01234567-89AB-CDEF-0123-456789ABCDEF";

const TOOLS: [(&str, &str); 9] = [
    ("qemu-system-x86_64", "qemu-system-x86"),
    ("busybox", "busybox-static"),
    ("apt-get", "apt"),
    ("dpkg-deb", "dpkg"),
    ("depmod", "kmod"),
    ("mke2fs", "e2fsprogs"),
    ("mkfs.erofs", "erofs-utils"),
    ("sfdisk", "fdisk"),
    ("veritysetup", "cryptsetup-bin"),
];

/// Says what it finds, and goes off.
const INIT: &str = "#!/bin/busybox sh\n\
    for place in proc sys dev; do busybox test -d /$place || busybox mkdir /$place; done\n\
    busybox test -e /proc/mounts || busybox mount -t proc proc /proc\n\
    busybox test -e /dev/kmsg || busybox mount -t devtmpfs dev /dev\n\
    echo \"=begin $0 $*, $OSB_TEST\"\n\
    busybox sed s/^/=/ /proc/mounts\n\
    busybox dmesg | busybox sed -n 's/.*osb: /=told /p'\n\
    busybox sed 's/^\\([^ ]*\\) .*/=module \\1/' /proc/modules\n\
    busybox test -e /osb-boot && echo =left\n\
    echo =end\n\
    busybox poweroff -f\n";

#[test]
fn ext4_takes_over() {
    let Some(guest) = Guest::new() else { return };
    let partition = format!("start=2048, size=129024, type=linux, uuid={PARTITION}");
    let disk = guest.make(&format!(
        "truncate -s 66M $2 && printf 'label: gpt\n{partition}\n' | sfdisk -q $2 && \
         mke2fs -q -t ext4 -E offset=1048576 -d $1 $2 63M"
    ));
    let root = root(&format!("PARTUUID={PARTITION}"), "ext4");
    let said = guest.boot(Some(root), &[&disk], "OSB_TEST=yes -- one two");
    for expected in [
        "=begin /sbin/init one two, yes",
        "=/dev/vda1 / ext4 ro,relatime 0 0",
        "=told modules loaded",
        "=told root mounted (ext4)",
        "=told starting /sbin/init",
        "=module virtio_blk",
        "=end",
    ] {
        assert!(said.lines().any(|line| line.trim() == expected), "no {expected}:\n{said}");
    }
    for place in ["/proc proc ", "/sys sysfs ", "/dev devtmpfs "] {
        assert!(said.contains(&format!(" {place}")), "no {place}:\n{said}");
    }
}

#[test]
fn erofs_is_checked_with_verity() {
    let Some(guest) = Guest::new() else { return };
    let disk = guest.make("mkfs.erofs --quiet $2 $1");
    let hashes = guest.host.path().join("hashes");
    let root = verified(&disk, &hashes);
    let said = guest.boot(Some(root.clone()), &[&disk, &hashes], "");
    for expected in ["=told root mounted (erofs, dm-verity)", "=/dev/dm-0 / erofs ro,", "=end"] {
        assert!(said.contains(expected), "no {expected}:\n{said}");
    }
    let mut bytes = fs::read(&disk).unwrap();
    // The superblock says how the volume is called here.
    bytes[1024 + 64] ^= 1;
    fs::write(&disk, bytes).unwrap();
    let said = guest.boot(Some(root), &[&disk, &hashes], "");
    let expected = "osb: cannot mount /dev/dm-0 as erofs: input/output error";
    assert!(said.contains(expected) && !said.contains("=begin"), "{said}");
}

#[test]
fn a_root_that_is_missing_is_named() {
    let Some(guest) = Guest::new() else { return };
    let disk = guest.make("mke2fs -q -t ext4 -d $1 $2 64M");
    let said = guest.boot(Some(root("/dev/vda7", "ext4")), &[&disk, &disk], "");
    let expected = "osb: no root device /dev/vda7 after 1 s; there are: vda, vdb";
    assert!(said.contains(expected) && said.contains("Power down"), "{said}");
}

#[test]
fn an_initrd_stays_the_root() {
    let Some(guest) = Guest::new() else { return };
    let said = guest.boot(None, &[], BOOT_PARAMETER);
    for expected in ["=begin /sbin/init", "=rootfs / rootfs ", "=module virtio_blk", "=end"] {
        assert!(said.contains(expected), "no {expected}:\n{said}");
    }
    assert!(!said.contains("=left"), "{said}");
}

struct Guest {
    host: TempDir,
    vmlinuz: PathBuf,
    modules: Tree,
}

impl Guest {
    fn new() -> Option<Self> {
        if !needs(&TOOLS) {
            return None;
        }
        let vmlinuz = kernel()?;
        let base = vmlinuz.parent().unwrap().parent().unwrap();
        let name = vmlinuz.file_name().unwrap().to_str().unwrap();
        let release = name.strip_prefix("vmlinuz-").unwrap();
        // Beside the kernel, so that its modules need no copy; the indexes are not the kernel's.
        let host = tempfile::tempdir_in(base.parent().unwrap()).unwrap();
        let place = host.path().join("kernel");
        let copy = "mkdir $2 && cp -rl $1/lib $2/lib && depmod -b $2 $3";
        run(copy, &[base, &place, Path::new(release)]);
        let modules = directory::read(&place, None, &|_| None).unwrap();
        Some(Self { host, vmlinuz, modules })
    }

    /// Makes a filesystem of the guest's files: `$1` is where they are, `$2` where it goes.
    fn make(&self, script: &str) -> PathBuf {
        let (files, disk) = (self.host.path().join("files"), self.host.path().join("disk"));
        let copy = "mkdir -p $1/bin $1/sbin $1/proc $1/sys $1/dev $1/osb && \
                    cp $(command -v busybox) $1/bin/busybox && cp $2 $1/sbin/init && \
                    chmod 755 $1/sbin/init";
        let init = self.host.path().join("init");
        fs::write(&init, INIT).unwrap();
        run(copy, &[&files, &init]);
        run(script, &[&files, &disk]);
        disk
    }

    fn boot(&self, root: Option<Root>, disks: &[&Path], parameters: &str) -> String {
        let driver = |name| Driver { name, is_required: true };
        let drivers = [driver("virtio_pci"), driver("virtio-blk")];
        let archive = files();
        let is_archive = root.is_none();
        let program = program("x86_64").unwrap();
        let mtime = Timestamp::default();
        let boot = Boot { drivers: &drivers, program, root, init: "/sbin/init", mtime };
        let tree = boot_tree(Some(&self.modules), &boot).unwrap();
        let plain = |tree| Archive { tree, compressor: Compression::None.into() };
        let mut archives = vec![plain(&tree)];
        if is_archive {
            archives.push(plain(&archive));
        }
        let initrd = self.host.path().join("initrd");
        let mut output = fs::File::create(&initrd).unwrap();
        initrd_builder::write(&archives, &options(2), &mut output).unwrap();
        start(&self.vmlinuz, &initrd, disks, parameters)
    }
}

/// The guest's files as a tree.
fn files() -> Tree {
    let mut tree = Tree::new();
    let busybox = ["/bin/busybox", "/usr/bin/busybox"].map(Path::new);
    let busybox = busybox.into_iter().find(|place| place.is_file()).unwrap();
    put(&mut tree, "bin/busybox", 0o755, file(fs::read(busybox).unwrap()));
    put(&mut tree, "sbin/init", 0o755, file(INIT));
    tree
}

fn root(device: &str, filesystem: &str) -> Root {
    Root {
        device: device.to_owned(),
        filesystem: filesystem.to_owned(),
        options: "ro".to_owned(),
        wait_seconds: 1,
        verity: None,
    }
}

/// Makes the hashes of a disk.
fn verified(disk: &Path, hashes: &Path) -> Root {
    let said = run("veritysetup format --salt=00112233 $1 $2", &[disk, hashes]);
    let root_hash = said.lines().find_map(|line| line.strip_prefix("Root hash:")).unwrap();
    let verity = Verity {
        hash_device: "/dev/vdb".to_owned(),
        data_block_bytes: 4096,
        hash_block_bytes: 4096,
        data_blocks: fs::metadata(disk).unwrap().len() / 4096,
        hash_start_block: 1,
        algorithm: "sha256".to_owned(),
        root_hash: root_hash.trim().to_owned(),
        salt: "00112233".to_owned(),
    };
    Root { verity: Some(verity), ..root("/dev/vda", "erofs") }
}

/// Runs a guest without hardware help until it is off; what it said.
fn start(vmlinuz: &Path, initrd: &Path, disks: &[&Path], parameters: &str) -> String {
    let arguments = "-accel tcg -m 512 -nodefaults -display none -serial stdio -no-reboot";
    let mut qemu = Command::new("timeout");
    qemu.args(["120", "qemu-system-x86_64"]).args(arguments.split(' ')).stdin(Stdio::null());
    for disk in disks {
        let drive = format!("if=virtio,format=raw,snapshot=on,file={}", disk.display());
        qemu.args(["-drive", &drive]);
    }
    qemu.arg("-append").arg(format!("console=ttyS0 panic=-1 {parameters}"));
    let output = qemu.arg("-kernel").arg(vmlinuz).arg("-initrd").arg(initrd).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    format!("{}{errors}", String::from_utf8_lossy(&output.stdout))
}

/// Runs a script; what it said.
fn run(script: &str, arguments: &[&Path]) -> String {
    let mut shell = Command::new("sh");
    // Some tools are where only administrators search.
    shell.env("PATH", format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap()));
    let output = shell.args(["-ec", script, "sh"]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
