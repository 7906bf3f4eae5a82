//! Failures while an artifact is looked into.

use std::error::Error;
use std::io;

use super::{Diagnosis, Kind, as_a};
use crate::artifact::ArtifactError;

/// Knows the errors of artifacts.
pub fn diagnose(layer: &(dyn Error + 'static)) -> Option<Diagnosis> {
    let error = as_a::<ArtifactError>(layer)?;
    let (kind, hint) = match error {
        ArtifactError::Special { .. } => {
            (Kind::Recipe, Some("copy it to a file first".to_owned()))
        }
        ArtifactError::Empty { .. } => (Kind::Source, None),
        ArtifactError::Unknown { .. } => (
            Kind::Recipe,
            Some(
                "known are directories, tar archives, initrds, and disk images with ext4, erofs, squashfs or xfs"
                    .to_owned(),
            ),
        ),
        ArtifactError::Filesystem { offset, path, .. } => (
            Kind::Recipe,
            Some(format!(
                "as root, `mount -o ro,loop,offset={offset} {} DIR`, and inspect DIR; --layout works without",
                path.display()
            )),
        ),
        ArtifactError::NoFilesystem { .. } => {
            (Kind::Recipe, Some("--layout shows what there is".to_owned()))
        }
        ArtifactError::NoPartition { known, .. } => (Kind::Recipe, Some(partitions(known))),
        ArtifactError::Truncated { .. } => {
            (Kind::Source, Some("the file is not whole: fetch or build it again".to_owned()))
        }
        ArtifactError::Claims { .. } => (
            Kind::Source,
            Some("--sizes and a PATH work; --layout shows the form".to_owned()),
        ),
        ArtifactError::NoSummary { place, .. } => {
            (Kind::Recipe, Some(format!("builders leave one in {}", place.display())))
        }
        ArtifactError::NotEmpty { .. } => {
            (Kind::Recipe, Some("name a directory that is new or empty".to_owned()))
        }
        ArtifactError::Damaged { source, .. } => (kind_of(source.as_ref()), None),
    };
    Some((kind, hint.into_iter().collect()))
}

fn partitions(known: &[u32]) -> String {
    match known {
        [] => "it has no partitions to choose from".to_owned(),
        known => {
            let known: Vec<String> = known.iter().map(u32::to_string).collect();
            format!("those with a filesystem: {}", known.join(", "))
        }
    }
}

/// The machine is at fault where the kernel refused something, else what the artifact holds.
fn kind_of(error: &(dyn Error + 'static)) -> Kind {
    let mut layers = std::iter::successors(Some(error), |layer| Error::source(*layer));
    let is_refusal = |layer: &(dyn Error + 'static)| {
        layer.downcast_ref::<io::Error>().is_some_and(|error| error.raw_os_error().is_some())
    };
    if layers.any(is_refusal) { Kind::Machine } else { Kind::Source }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn check(source: io::Error, expected: Kind) {
        let error = ArtifactError::damaged(Path::new("disk"), source);
        assert_eq!(diagnose(&error).map(|(kind, _)| kind), Some(expected));
    }

    #[test]
    fn a_full_disk_is_not_the_artifacts_fault_and_a_short_file_is() {
        check(io::Error::from(io::ErrorKind::UnexpectedEof), Kind::Source);
        check(io::Error::from(rustix::io::Errno::NOSPC), Kind::Machine);
    }
}
