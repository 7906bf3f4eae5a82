//! Writes ar archives, the outer layer of a Debian package.

/// Makes an ar archive of the given members, in that order and with no judgement.
pub fn ar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = b"!<arch>\n".to_vec();
    for (name, content) in members {
        let (modified, length) = (crate::MODIFIED, content.len());
        let header =
            format!("{name:<16}{modified:<12}{:<6}{:<6}{:<8}{length:<10}`\n", 0, 0, "100644");
        archive.extend_from_slice(header.as_bytes());
        archive.extend_from_slice(content);
        if length % 2 == 1 {
            archive.push(b'\n');
        }
    }
    archive
}
