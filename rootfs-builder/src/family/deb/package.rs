//! One opened package: its control files and the nodes it carries.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use tree::{Content, GuestPath, Kind, Node};

use super::control::ControlError;
use super::paragraph::Paragraph;
use super::triggers::Declared;

/// The most that one control file may hold; the largest real ones are about 8 MiB.
const CONTROL_FILE_LIMIT: u64 = 64 << 20;

/// One package, opened: nothing of it is copied but its control paragraph.
#[derive(Debug, Clone)]
pub(crate) struct DebPackage {
    /// The control paragraph.
    pub(crate) control: Paragraph,
    /// The package's name.
    pub(crate) name: String,
    /// Control files by name, as nodes.
    pub(crate) control_files: BTreeMap<String, Node>,
    /// The entries of the data archive, in its order.
    pub(crate) entries: Vec<(GuestPath, Node)>,
}

/// Why an opened package could not be read.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// An archive inside is not a sound tar.
    #[error("read {0}")]
    Tar(&'static str, #[source] tree::Error),
    /// A control file could not be read.
    #[error("read control file {0}")]
    ControlFile(String, #[source] std::io::Error),
    /// The `control` file is not one.
    #[error("read control paragraph")]
    Control(#[source] ControlError),
    /// The package has no `control` file.
    #[error("package has no control file")]
    NoControl,
    /// The control file describes another package than the one that was planned.
    #[error("control file says {actual}, the plan says {expected}")]
    OtherPackage {
        /// Name, version and architecture in the plan.
        expected: String,
        /// The same in the package.
        actual: String,
    },
}

impl DebPackage {
    /// Reads a package from its two uncompressed archives.
    pub(crate) fn read(
        control_tar: &Arc<Path>,
        data_tar: &Arc<Path>,
    ) -> Result<Self, PackageError> {
        let control_files: BTreeMap<String, Node> = tree::tar::read_spans(control_tar)
            .map_err(|error| PackageError::Tar("control archive", error))?
            .into_iter()
            .filter(|(_, node)| matches!(node.kind, Kind::File(_)))
            .map(|(path, node)| (String::from_utf8_lossy(path.as_bytes()).into_owned(), node))
            .collect();
        let entries = tree::tar::read_spans(data_tar)
            .map_err(|error| PackageError::Tar("data archive", error))?;
        let mut package =
            Self { control: Paragraph::default(), name: String::new(), control_files, entries };
        let control = package.control_file("control")?.ok_or(PackageError::NoControl)?;
        package.control = Paragraph::parse(&control).map_err(PackageError::Control)?;
        package.name = package.control.text("Package");
        Ok(package)
    }

    /// The bytes of one control file; none where the package has no such file.
    pub(crate) fn control_file(&self, name: &str) -> Result<Option<Vec<u8>>, PackageError> {
        let Some(Node { kind: Kind::File(content), .. }) = self.control_files.get(name) else {
            return Ok(None);
        };
        read_content(content).map(Some).map_err(|e| PackageError::ControlFile(name.to_owned(), e))
    }

    /// Whether the package has this maintainer script.
    pub(crate) fn has_script(&self, name: &str) -> bool {
        self.control_files.contains_key(name)
    }

    /// Name, version and architecture, as the package itself states them.
    pub(crate) fn identity(&self) -> String {
        format!(
            "{} {} {}",
            self.name,
            self.control.text("Version"),
            self.control.text("Architecture")
        )
    }

    /// The name of the package's files in the database: with the architecture where several may
    /// be installed at once.
    pub(crate) fn database_name(&self) -> String {
        match self.control.get("Multi-Arch") {
            Some(b"same") => format!("{}:{}", self.name, self.control.text("Architecture")),
            _ => self.name.clone(),
        }
    }

    /// What the package's `triggers` file declares.
    pub(crate) fn triggers(&self) -> Result<Declared, PackageError> {
        Ok(self.control_file("triggers")?.map(|text| Declared::parse(&text)).unwrap_or_default())
    }

    /// The paths of the package's configuration files.
    pub(crate) fn conffiles(&self) -> Result<Vec<GuestPath>, PackageError> {
        let text = self.control_file("conffiles")?.unwrap_or_default();
        // A line may begin with a flag such as `remove-on-upgrade`; such a file is not installed.
        Ok(text
            .split(|byte| *byte == b'\n')
            .filter(|line| line.starts_with(b"/"))
            .filter_map(|line| GuestPath::new(line.trim_ascii_end()).ok())
            .collect())
    }
}

fn read_content(content: &Content) -> std::io::Result<Vec<u8>> {
    content.read(CONTROL_FILE_LIMIT)
}
