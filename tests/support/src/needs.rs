//! Tools that only some machines have.

use std::io::Write;
use std::path::Path;

/// Whether a program is on the search path.
pub fn has(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(|directory| Path::new(directory).to_path_buf()))
        .any(|directory| directory.join(tool).is_file())
}

/// Whether all tools are there; says what is skipped and how to get them if one is not.
///
/// # Panics
///
/// On a machine that says `CI=true`, where nothing may be skipped.
#[must_use]
pub fn needs(tools: &[(&str, &str)]) -> bool {
    let missing: Vec<_> = tools.iter().filter(|(tool, _)| !has(tool)).collect();
    for (tool, package) in &missing {
        skip(&format!("{tool} missing (apt-get install {package})"));
    }
    missing.is_empty()
}

/// Says why a test does nothing here.
///
/// # Panics
///
/// On a machine that says `CI=true`, where nothing may be skipped.
pub fn skip(why: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "skipped: {why}");
    // Not eprintln: the test runner would keep the line to itself.
    drop(writeln!(std::io::stderr(), "skipped: {why}"));
}
