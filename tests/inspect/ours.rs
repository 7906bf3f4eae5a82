//! What osb writes, osb reads.

use super::{guest, json, osb, shell};

const WAYS: [(&str, &[&str]); 11] = [
    ("image", &["--fs", "ext4"]),
    ("image", &["--fs", "ext4", "--verity", "--no-dax"]),
    ("image", &["--fs", "erofs", "--compress", "lz4", "--table", "gpt", "--verity"]),
    ("image", &["--fs", "erofs", "--table", "none"]),
    ("image", &["--fs", "squashfs", "--table", "none", "--verity"]),
    ("image", &["--fs", "squashfs", "--format", "qcow2"]),
    ("image", &["--fs", "xfs", "--verity", "--align", "1"]),
    ("initrd", &["--compress", "zstd"]),
    ("initrd", &["--compress", "xz"]),
    ("initrd", &["--compress", "lz4"]),
    ("initrd", &["--compress", "none"]),
];

#[test]
fn every_artifact_holds_what_was_put_into_it() {
    let osb = osb();
    guest(osb.directory());
    let script = "mkdir guest/sbin; cp guest/usr/bin/tool guest/sbin/init; chmod 755 guest/sbin/init; \
                  tar -C guest -cf given.tar .";
    shell(osb.directory(), script);
    let first = "artifact-0";
    for (number, (command, options)) in WAYS.iter().enumerate() {
        let name = format!("artifact-{number}");
        let name = name.as_str();
        let usual = [*command, "--rootfs", "given.tar", "-o", name, "--timestamp", "1700000000"];
        osb.run(usual.iter().chain(*options)).succeeds();
        let summary = osb.run(["inspect", name, "--summary"]).succeeds();
        assert!(summary.stdout.starts_with("---\nosbuilder:"), "{summary}");
        let sizes = json(&osb.run(["inspect", name, "--sizes", "--json"]).succeeds());
        assert_eq!(sizes["packages"][0]["name"], "tool", "{options:?}");
        let compared = osb.run(["inspect", first, name]);
        // An initrd has `/init` and no more than the kernel needs.
        let only_init = compared
            .stdout
            .lines()
            .filter(|line| line.starts_with("  "))
            .all(|line| line.contains(" /init") || line.starts_with("  ~ /  "));
        assert!(compared.code == Some(0) || only_init, "{options:?}: {compared}");
        let layout = json(&osb.run(["inspect", name, "--layout", "--json"]).succeeds());
        check_layout(&layout, options);
    }
}

#[test]
fn an_initrd_with_overlays_is_looked_into_whatever_comes_first() {
    let osb = osb();
    guest(osb.directory());
    shell(
        osb.directory(),
        "mkdir -p guest/sbin early/kernel over/etc; echo new > over/etc/os-release",
    );
    shell(osb.directory(), "cp guest/usr/bin/tool guest/sbin/init; chmod 755 guest/sbin/init");
    shell(osb.directory(), "(cd early; find . | cpio -o -H newc --quiet) > microcode");
    for compression in ["zstd", "gzip", "xz", "lz4", "none"] {
        for early in [&[][..], &["--early", "microcode"]] {
            let usual = ["initrd", "--rootfs", "guest", "-o", "initrd", "--overlay", "over"];
            let chosen = ["--compress", compression, "--drop-xattrs"];
            osb.run(usual.iter().chain(&chosen).chain(early)).succeeds();
            let content = osb.run(["inspect", "initrd", "etc/os-release"]).succeeds();
            assert_eq!(content.stdout, "new\n", "{compression}");
            let layout = json(&osb.run(["inspect", "initrd", "--layout", "--json"]).succeeds());
            let archives = layout["archives"].as_array().unwrap();
            assert_eq!(archives.len(), 2 + early.len() / 2, "{layout}");
            let main = &archives[early.len() / 2];
            assert_eq!(main["compression"], compression, "{layout}");
        }
    }
}

/// What was asked for is what is told.
fn check_layout(layout: &serde_json::Value, options: &[&str]) {
    let after = |flag: &str| options.windows(2).find(|two| two[0] == flag).map(|two| two[1]);
    let Some(filesystem) = after("--fs") else {
        assert_eq!(layout["archives"][0]["compression"], after("--compress").unwrap());
        return;
    };
    assert_eq!(layout["partitions"][0]["filesystem"]["name"], filesystem, "{layout}");
    let table = after("--table").unwrap_or("mbr");
    assert_eq!(layout["table"]["scheme"].as_str().unwrap_or("none"), table, "{layout}");
    let has_dax = table == "mbr" && !options.contains(&"--no-dax");
    assert_eq!(layout["dax"]["table_agrees"].as_bool(), has_dax.then_some(true), "{layout}");
    let verity =
        if table == "gpt" { &layout["partitions"][1]["verity"] } else { &layout["verity"] };
    let has_superblock = table != "mbr" && options.contains(&"--verity");
    assert_eq!(verity["root_hash"].is_string(), has_superblock, "{layout}");
}
