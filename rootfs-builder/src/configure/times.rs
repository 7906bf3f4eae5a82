//! Gives everything made during the build the plan's time.

use tree::Tree;

use super::{ConfigureError, Context};

/// Sets the time of whatever the scripts touched, and of whatever claims to come from after the
/// plan.
pub(super) fn apply(tree: &mut Tree, context: &Context<'_>) -> Result<(), ConfigureError> {
    for (_, meta) in tree.metas_mut() {
        if context.is_of_scripts(meta.mtime) || meta.mtime > context.time {
            meta.mtime = context.time;
        }
    }
    Ok(())
}
