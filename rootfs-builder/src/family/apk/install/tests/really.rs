//! Scripts that must really run: what is on disk then, how they are called, what becomes of it.

use std::cell::RefCell;

use sandbox::{Emulation, ToolCall, ToolOutput, ToolRunner, ToolStatus};
use tree::directory::Owners;

use super::*;
use crate::progress::{Event, Progress};

/// Does in the directory what a script would have done there, and remembers the calls.
struct Stand<F: Fn(&ToolCall) -> i32> {
    act: F,
    calls: RefCell<Vec<String>>,
}

impl<F: Fn(&ToolCall) -> i32> ToolRunner for Stand<F> {
    fn run(&self, call: &ToolCall, _: &dyn Fn(&str)) -> Result<ToolOutput, sandbox::Error> {
        let said = format!("{} {}", call.program, call.arguments.join(" "));
        self.calls.borrow_mut().push(said);
        let status = ToolStatus::Exited((self.act)(call));
        Ok(ToolOutput { status, tail: vec!["said".to_owned()], owners: call.owners.clone() })
    }
}

struct Silent;

impl Progress for Silent {
    fn report(&self, _: Event<'_>) {}
}

fn run(
    packages: &[Package],
    act: impl Fn(&ToolCall) -> i32,
) -> (Result<Tree, InstallError>, Vec<String>) {
    let opened = open(packages);
    let root = tempfile::tempdir().unwrap();
    let stand = Stand { act, calls: RefCell::default() };
    let scripts = Scripts {
        runner: &stand,
        progress: &Silent,
        emulation: Emulation::Native,
        timestamp: TIME,
        on_disk: Owners::Skip,
        owners: RefCell::default(),
    };
    let made = install(&opened.plan, &opened.packages, Some((root.path(), &scripts)));
    let made = made.map(|mut tree| {
        tree.load_small(Path::new("/"), 1 << 20).unwrap();
        tree
    });
    (made, stand.calls.into_inner())
}

fn packages() -> [Package; 2] {
    let script = |name: &str| format!("#!/bin/sh\nreally {name}\n");
    [
        made("base", "1").file("bin/sh", "", 0o755).file("etc/conf", "of base", 0o644).owner(5, 6),
        made("tool", "2-r0")
            .depends("base")
            .script("pre-install", &script("before"))
            .script("post-install", &script("after"))
            .triggers("/usr/*", &script("triggered"))
            .file("usr/bin/tool", "x", 0o755)
            .file("etc/tool", "of tool", 0o644),
    ]
}

#[test]
fn scripts_run_in_order_with_their_arguments_and_leave_what_they_made() {
    let (tree, calls) = run(&packages(), |call| {
        let script = fs_err::read_to_string(call.root.join(&call.program[1..])).unwrap();
        let has_file = call.root.join("usr/bin/tool").exists();
        assert_eq!(has_file, !script.contains("before"), "files come after pre-install");
        assert_eq!(call.environment["PATH"], "/usr/sbin:/usr/bin:/sbin:/bin");
        assert_eq!(call.directory, "/");
        if script.contains("before") {
            fs_err::write(call.root.join("etc/tool"), "of the script").unwrap();
        }
        if script.contains("after") {
            fs_err::write(call.root.join("usr/made"), "made").unwrap();
            fs_err::remove_file(call.root.join("etc/conf")).unwrap();
        }
        0
    });
    assert_eq!(
        calls,
        [
            "/lib/apk/exec/tool-2-r0.pre-install 2-r0",
            "/lib/apk/exec/tool-2-r0.post-install 2-r0",
            "/lib/apk/exec/tool-2-r0.trigger /usr/bin",
        ]
    );
    let tree = tree.unwrap();
    assert_eq!(text(&tree, "usr/made"), "made");
    assert!(!has(&tree, "etc/conf"), "what a script removed is gone");
    assert_eq!(text(&tree, "etc/tool"), "of the script");
    assert_eq!(text(&tree, "etc/tool.apk-new"), "of tool");
    let exec = GuestPath::new("lib/apk/exec").unwrap();
    assert_eq!(tree.below(&exec).count(), 0, "scripts are taken away again");
    assert!(text(&tree, "lib/apk/db/installed").contains("R:conf\na:5:6:644\n"));
}

#[test]
fn a_script_that_fails_is_named_with_its_package_and_ends_the_build() {
    for (failing, script) in [("pre-install", 1), ("post-install", 2), ("trigger", 3)] {
        let (result, calls) = run(&packages(), |call| i32::from(call.program.ends_with(failing)));
        let error = result.unwrap_err();
        assert_eq!(error.to_string(), format!("tool-2-r0: run {failing}"));
        assert_eq!(calls.len(), script);
    }
}

#[test]
fn native_and_real_scripts_follow_each_other_on_one_tree() {
    let packages = [
        made("base", "1").file("bin/sh", "", 0o755).file("bin/mkdir", "", 0o755),
        made("first", "1")
            .depends("base")
            .file("f", "", 0o644)
            .script("post-install", "#!/bin/sh\nmkdir -p /one\n"),
        made("second", "1")
            .depends("first")
            .file("s", "", 0o644)
            .script("post-install", "#!/bin/sh\nreally\n"),
        made("third", "1")
            .depends("second")
            .file("t", "", 0o644)
            .script("post-install", "#!/bin/sh\nmkdir -p /made/two\n"),
        made("fourth", "1")
            .depends("third")
            .file("u", "", 0o644)
            .script("post-install", "#!/bin/sh\nreally\n"),
    ];
    let (tree, calls) = run(&packages, |call| {
        let second = call.program.contains("second");
        assert!(call.root.join("one").is_dir());
        assert_eq!(call.root.join("made/two").is_dir(), !second);
        fs_err::create_dir_all(call.root.join("made")).unwrap();
        0
    });
    assert_eq!(calls.len(), 2);
    assert!(has(&tree.unwrap(), "made/two"));
}
