//! Removes what makes one machine tell itself from another: a guest image is many machines.

use tree::{GuestPath, Kind, Tree};

use super::{ConfigureError, Context, replace_content};

/// An empty file: `machine-id(5)` asks for it in images, and systemd fills it at first boot.
const MACHINE_ID: &str = "etc/machine-id";

/// Secrets and ids made from random bytes while packages were configured.
const RANDOM: [&str; 4] = [
    "etc/ssl/certs/ssl-cert-snakeoil.pem",
    "etc/ssl/private/ssl-cert-snakeoil.key",
    "var/lib/dbus/machine-id",
    "var/lib/systemd/random-seed",
];

/// Removes machine ids, host keys and random seeds.
pub(super) fn apply(tree: &mut Tree, _: &Context<'_>) -> Result<(), ConfigureError> {
    replace_content(tree, &GuestPath::new(MACHINE_ID)?, Vec::new());
    for path in RANDOM {
        tree.remove(&GuestPath::new(path)?);
    }
    remove_host_keys(tree)?;
    remove_certificate_links(tree)
}

/// Host keys in an image are known to everyone who has the image.
fn remove_host_keys(tree: &mut Tree) -> Result<(), ConfigureError> {
    let directory = GuestPath::new("etc/ssh")?;
    let keys: Vec<GuestPath> = tree
        .iter()
        .map(|(path, _)| path)
        .filter(|path| path.is_within(&directory) && path.name().starts_with(b"ssh_host_"))
        .cloned()
        .collect();
    keys.iter().for_each(|path| {
        tree.remove(path);
    });
    Ok(())
}

/// The link that names a certificate by its hash is left dangling once the certificate is gone.
fn remove_certificate_links(tree: &mut Tree) -> Result<(), ConfigureError> {
    let directory = GuestPath::new("etc/ssl/certs")?;
    let links: Vec<GuestPath> = tree
        .iter()
        .filter(|(path, node)| {
            path.is_within(&directory)
                && matches!(&node.kind, Kind::Symlink(to) if &**to == b"ssl-cert-snakeoil.pem")
        })
        .map(|(path, _)| path.clone())
        .collect();
    links.iter().for_each(|path| {
        tree.remove(path);
    });
    Ok(())
}
