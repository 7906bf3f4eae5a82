//! Failures while a plan is decided: archives that are not believed, packages that do not fit.

use std::error::Error;

use rootfs_builder::decide::DecideError;
use rootfs_builder::family::apk;
use rootfs_builder::family::apk::index::OpenIndexError;
use rootfs_builder::family::apk::signature::SignatureError;
use rootfs_builder::family::deb::index::IndexError;
use rootfs_builder::family::deb::select::SelectError;
use rootfs_builder::family::deb::{self, ReleaseError};
use rootfs_builder::plan::PlanError;
use rootfs_builder::trust::{Rejection, TrustError};

use super::{Diagnosis, Kind, as_a};

/// Knows the errors of distributions, signatures, indexes, the choice of packages, and plans.
pub fn diagnose(layer: &(dyn Error + 'static)) -> Option<Diagnosis> {
    if let Some(error) = as_a::<DecideError>(layer) {
        return of_decide(error);
    }
    if let Some(error) = as_a::<TrustError>(layer) {
        return Some((Kind::Source, of_trust(error)));
    }
    if let Some(error) = as_a::<ReleaseError>(layer) {
        return Some((Kind::Source, of_release(error)));
    }
    if as_a::<IndexError>(layer).is_some() {
        return Some((Kind::Source, Vec::new()));
    }
    if let Some(error) = as_a::<SelectError>(layer) {
        return of_select(error);
    }
    if let Some(error) = as_a::<distros::Error>(layer) {
        return Some((Kind::Recipe, of_distro(error)));
    }
    as_a::<PlanError>(layer).map(of_plan)
}

/// Most of its causes speak for themselves one layer further in.
fn of_decide(error: &DecideError) -> Option<Diagnosis> {
    match error {
        DecideError::Distro(error) => diagnose(error),
        DecideError::Apk(error) => of_apk(error),
        DecideError::Deb(error) => of_deb(error),
        DecideError::Plan(error) => Some(of_plan(error)),
        DecideError::Store(error) => super::fetch::diagnose(error),
    }
}

fn of_apk(error: &apk::DecideError) -> Option<Diagnosis> {
    match error {
        apk::DecideError::Keys { .. } => Some((
            Kind::Recipe,
            vec![
                "a key file holds one RSA public key in PEM form, as /etc/apk/keys has them".into(),
            ],
        )),
        apk::DecideError::Distro(error) => diagnose(error),
        apk::DecideError::Plan(error) => Some(of_plan(error)),
        apk::DecideError::Store(error) => super::fetch::diagnose(error),
        apk::DecideError::Trust(_, error) => Some((Kind::Source, of_untrusted(error))),
        apk::DecideError::Index(_) => Some((Kind::Source, Vec::new())),
        apk::DecideError::Select(_) => Some((Kind::Recipe, Vec::new())),
        apk::DecideError::Fetch(..) | apk::DecideError::Packages(_) => None,
    }
}

fn of_untrusted(error: &OpenIndexError) -> Vec<String> {
    match error {
        OpenIndexError::Signature(SignatureError::UnknownKey { .. }) => vec![
            "for a repository that you trust, give its key: --keyring FILE.rsa.pub, or \
             signed-by=FILE.rsa.pub in --repo"
                .to_owned(),
        ],
        _ => Vec::new(),
    }
}

fn of_deb(error: &deb::DecideError) -> Option<Diagnosis> {
    match error {
        deb::DecideError::Keys { .. } => Some((
            Kind::Recipe,
            vec!["a key file holds OpenPGP public keys, as `gpg --export` writes them".to_owned()],
        )),
        deb::DecideError::Incomplete { .. } => Some((Kind::Source, Vec::new())),
        deb::DecideError::Distro(error) => diagnose(error),
        deb::DecideError::Plan(error) => Some(of_plan(error)),
        deb::DecideError::Store(error) => super::fetch::diagnose(error),
        _ => None,
    }
}

fn of_distro(error: &distros::Error) -> Vec<String> {
    match error {
        distros::Error::File { path, .. } => vec![format!(
            "`osb distros {}` checks it; osb's README shows the smallest",
            path.display()
        )],
        distros::Error::Read { .. } => {
            vec!["a distribution's name has no / and does not end in .toml".to_owned()]
        }
        distros::Error::Key { .. } => {
            vec!["keys are in keys/ beside the file, or where a path says, seen from it".to_owned()]
        }
        distros::Error::Syntax { .. } | distros::Error::Inconsistent { .. } => Vec::new(),
        distros::Error::UnsupportedProfile { group: distros::Group::Init, .. } => {
            vec![
                "--agent-init makes the agent the init; --profile base boots by other means"
                    .to_owned(),
            ]
        }
        _ => vec!["`osb distros` lists what there is".to_owned()],
    }
}

fn of_trust(error: &TrustError) -> Vec<String> {
    let TrustError::Untrusted { rejections } = error else { return Vec::new() };
    let has = |wanted: fn(&Rejection) -> bool| rejections.iter().any(wanted);
    let mut hints = Vec::new();
    if has(|rejection| matches!(rejection, Rejection::FromFuture { .. })) {
        hints.push("check this machine's clock".to_owned());
    }
    if has(|rejection| matches!(rejection, Rejection::UnknownKey { .. })) {
        hints.push(
            "for an archive that you trust, give its keys: --keyring FILE, or signed-by=FILE in --repo"
                .to_owned(),
        );
    }
    hints
}

fn of_release(error: &ReleaseError) -> Vec<String> {
    match error {
        ReleaseError::Expired { .. } => vec![
            "the mirror is out of date, or is a snapshot: name another with --mirror, or accept it \
             with --allow-expired"
                .to_owned(),
        ],
        _ => Vec::new(),
    }
}

fn of_select(error: &SelectError) -> Option<Diagnosis> {
    match error {
        SelectError::Names(_) | SelectError::Unsolvable(_) => Some((Kind::Recipe, Vec::new())),
        SelectError::Index(_) | SelectError::Thread(_) => None,
    }
}

fn of_plan(error: &PlanError) -> Diagnosis {
    let hint = match error {
        PlanError::Version { .. } => "`osb plan` writes a lock file that this osb reads",
        _ => "`osb plan` writes the lock file; its fields are not meant to be edited",
    };
    (Kind::Recipe, vec![hint.to_owned()])
}
