//! The built-in texts of units and scripts.

use handlebars::{Handlebars, no_escape};
use serde::Serialize;

use crate::error::Error;

/// A built-in text: its name and its form.
pub(super) type Template = (&'static str, &'static str);

pub(super) const AGENT_SERVICE: Template =
    ("agent.service", include_str!("../../templates/agent.service.hbs"));
pub(super) const AGENT_OPENRC: Template =
    ("agent.openrc", include_str!("../../templates/agent.openrc.hbs"));
pub(super) const KATA_SERVICE: Template =
    ("kata-agent.service", include_str!("../../templates/kata-agent.service.hbs"));
pub(super) const KATA_TARGET: Template =
    ("kata-containers.target", include_str!("../../templates/kata-containers.target.hbs"));
pub(super) const TMP_MOUNT: Template = ("tmp.mount", include_str!("../../templates/tmp.mount.hbs"));

/// What templates say about an agent.
#[derive(Debug, Serialize)]
pub(super) struct Words<'a> {
    pub(super) name: &'a str,
    /// Its path, absolute.
    pub(super) program: String,
    /// Whether OpenRC has a program that starts it again when it ends.
    pub(super) supervised: bool,
}

/// Fills in a template; a word that it names and nobody gave is an error.
pub(super) fn fill((name, form): Template, words: &Words<'_>) -> Result<String, Error> {
    let mut handlebars = Handlebars::new();
    handlebars.set_strict_mode(true);
    handlebars.register_escape_fn(no_escape);
    handlebars
        .render_template(form, words)
        .map_err(|source| Error::Template { template: name, source: Box::new(source) })
}
