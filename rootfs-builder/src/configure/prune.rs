//! Removes what the profile does without.

use tree::{GuestPath, Kind, Meta, Node, Tree};

use super::{ConfigureError, Context};

/// Removes paths with everything below them, then files by name, then makes the profile's links.
pub(super) fn apply(tree: &mut Tree, context: &Context<'_>) -> Result<(), ConfigureError> {
    for path in &context.finish.prune {
        remove_with_content(tree, &GuestPath::new(path)?);
    }
    let names = &context.finish.prune_names;
    let named: Vec<GuestPath> = tree
        .iter()
        .filter(|(path, node)| {
            node.kind != Kind::Directory && names.iter().any(|name| name.as_bytes() == path.name())
        })
        .map(|(path, _)| path.clone())
        .collect();
    for path in &named {
        tree.remove(path);
    }
    for (path, target) in &context.finish.links {
        let path = GuestPath::new(path)?;
        remove_with_content(tree, &path);
        let meta = Meta { mode: 0o777, mtime: context.time, ..Meta::default() };
        tree.insert(path, Node { meta, kind: Kind::Symlink(target.as_bytes().into()) })?;
    }
    Ok(())
}

fn remove_with_content(tree: &mut Tree, path: &GuestPath) {
    tree.remove_below(path);
    tree.remove(path);
}
