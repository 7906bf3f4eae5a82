use super::*;

fn check(machine: &Machine, accelerator: Accelerator, expected: &str) {
    let line = shell_line(&command_line(machine, accelerator)).into_string().unwrap();
    let expected: Vec<&str> = expected.lines().map(str::trim).collect();
    assert_eq!(line, expected.join(" ").trim());
}

fn full() -> Machine {
    let mut machine = Machine::new(Architecture::X86_64, "/boot/vmlinuz".into());
    machine.initrd = Some("initrd".into());
    machine.kernel_words = vec!["console=ttyS0".into(), "root=/dev/vda1".into()];
    machine.vsock_cid = Some(7);
    machine.disks = vec![
        Disk {
            path: "/a,b.img".into(),
            format: DiskFormat::Raw,
            writes: Writes::Forgotten,
            serial: Some("root".into()),
        },
        Disk {
            path: "nbd:x".into(),
            format: DiskFormat::Qcow2,
            writes: Writes::Refused,
            serial: None,
        },
        Disk { path: "/c".into(), format: DiskFormat::Raw, writes: Writes::Kept, serial: None },
    ];
    machine.network =
        Network::User(vec!["8080:80".parse().unwrap(), "0.0.0.0:53/udp".parse().unwrap()]);
    machine.shares = vec![Share {
        directory: "/home/it's mine".into(),
        tag: "home".into(),
        is_read_only: true,
        owners: ShareOwners::Recorded,
    }];
    machine
}

#[test]
fn everything_at_once() {
    check(
        &full(),
        Accelerator::Emulation,
        "-no-user-config -nodefaults -display none -no-reboot
        -machine q35 -accel tcg -cpu max -m 512M -smp 1
        -kernel /boot/vmlinuz -initrd ./initrd -append 'console=ttyS0 root=/dev/vda1'
        -chardev socket,id=console,fd=1 -serial chardev:console
        -device virtio-rng-pci
        -device virtio-serial-pci -chardev socket,id=agent,fd=0
        -device virtserialport,chardev=agent,name=org.osb.agent.0
        -device vhost-vsock-pci,guest-cid=7
        -drive if=none,id=disk0,format=raw,snapshot=on,file=/a,,b.img
        -device virtio-blk-pci,drive=disk0,serial=root
        -drive if=none,id=disk1,format=qcow2,readonly=on,file=./nbd:x
        -device virtio-blk-pci,drive=disk1
        -drive if=none,id=disk2,format=raw,file=/c
        -device virtio-blk-pci,drive=disk2
        -netdev user,id=network,hostfwd=tcp:127.0.0.1:8080-:80,hostfwd=udp:0.0.0.0:53-:53
        -device virtio-net-pci,netdev=network,romfile=
        -fsdev 'local,id=share0,security_model=mapped-xattr,multidevs=remap,readonly=on,\
path=/home/it'\\''s mine'
        -device virtio-9p-pci,fsdev=share0,mount_tag=home",
    );
}

#[test]
fn the_least_machine_of_arm() {
    let mut machine = Machine::new(Architecture::Aarch64, "Image".into());
    machine.has_agent_port = false;
    check(
        &machine,
        Accelerator::Emulation,
        "-no-user-config -nodefaults -display none -no-reboot
        -machine virt,gic-version=max -accel tcg -cpu max,pauth-impdef=on -m 512M -smp 1
        -kernel ./Image -append ''
        -chardev socket,id=console,fd=1 -serial chardev:console
        -device virtio-rng-pci",
    );
}

#[test]
fn several_processors_of_an_emulated_pc_take_turns() {
    let mut machine = Machine::new(Architecture::X86_64, "k".into());
    machine.cpus = 2;
    let line = |machine, accelerator| {
        shell_line(&command_line(machine, accelerator)).into_string().unwrap()
    };
    let emulated = line(&machine, Accelerator::Emulation);
    assert!(emulated.contains("-accel tcg,thread=single -cpu max -m 512M -smp 2"), "{emulated}");
    assert!(!line(&machine, Accelerator::Kvm).contains("thread="));
}

#[test]
fn hardware_help_takes_the_host_s_processor() {
    let machine = Machine::new(Architecture::X86_64, "k".into());
    let line = shell_line(&command_line(&machine, Accelerator::Kvm)).into_string().unwrap();
    assert!(line.contains("-accel kvm -cpu host"), "{line}");
}
