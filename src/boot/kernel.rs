//! The kernel that boots an artifact: its image, its modules, and whose it is.

use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rootfs_builder::digest::Digest;
use rootfs_builder::progress::Event;
use tree::{GuestPath, Kind, Timestamp, Tree};

use super::distribution::{self, Choice, Chosen};
use super::guest::{self, Inside, KernelInside};
use super::{BootError, Reach};
use crate::site::Site;
use crate::source;

/// Which kernel is wanted.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// This file, with the modules in this directory if one is given.
    File {
        /// The kernel.
        image: PathBuf,
        /// Its modules.
        modules: Option<PathBuf>,
    },
    /// The artifact's own, else its distribution's.
    Found(Choice),
}

/// A kernel that is known, and of which nothing was read yet.
#[derive(Debug)]
pub enum Known {
    /// A file of this machine.
    File {
        /// The kernel.
        image: PathBuf,
        /// Its modules.
        modules: Option<PathBuf>,
    },
    /// One in the artifact.
    Inside(KernelInside),
    /// A distribution's.
    Distribution(Box<Chosen>),
}

/// Everything that a kernel brings along.
#[derive(Debug)]
pub struct Parts {
    /// The modules, with their indexes, below `lib/modules`; none if the kernel has them built in.
    pub modules: Option<Tree>,
    /// The image, if it is not a file of this machine.
    image: Option<Tree>,
    place: Option<GuestPath>,
}

impl Known {
    /// Finds the kernel that is wanted.
    pub fn find(wanted: &Wanted, inside: &Inside<'_>, reach: Reach<'_>) -> anyhow::Result<Self> {
        let choice = match wanted {
            Wanted::File { image, modules } => {
                let (image, modules) = (image.clone(), modules.clone());
                return Ok(Self::File { image, modules });
            }
            Wanted::Found(choice) => *choice,
        };
        if let Some(kernel) = guest::kernel(inside.tree) {
            return Ok(Self::Inside(kernel));
        }
        let system = guest::system(inside.tree);
        let chosen = distribution::choose(system.as_ref(), inside.arch, choice, reach);
        Ok(Self::Distribution(Box::new(chosen.context("find a kernel for the guest")?)))
    }

    /// Whose kernel it is, for people.
    pub fn told(&self) -> String {
        match self {
            Self::File { image, .. } => image.display().to_string(),
            Self::Inside(kernel) => format!("{}, from the artifact", kernel.release),
            Self::Distribution(chosen) => format!("of {}", chosen.told()),
        }
    }

    /// A digest that changes with anything that could change the kernel or its modules.
    pub fn digest(&self, artifact: &Path) -> anyhow::Result<Digest> {
        let identity = self.identity()?;
        Ok(match self {
            Self::File { .. } | Self::Distribution(_) => identity,
            Self::Inside(_) => Digest::of(format!("{} {identity}", source::state(artifact)?)),
        })
    }

    /// The same, where the artifact's bytes are known to be the same.
    pub fn identity(&self) -> anyhow::Result<Digest> {
        Ok(match self {
            Self::File { image, modules } => {
                let mut states = source::state(image)?.to_string();
                if let Some(modules) = modules {
                    states += &source::state(modules)?.to_string();
                }
                Digest::of(states)
            }
            Self::Inside(kernel) => Digest::of(&kernel.release),
            Self::Distribution(chosen) => chosen.plan.digest()?,
        })
    }

    /// Reads the kernel and its modules.
    pub fn read(&self, inside: &Inside<'_>, reach: Reach<'_>) -> anyhow::Result<Parts> {
        match self {
            Self::File { modules, .. } => {
                let modules = modules.as_deref().map(|path| of_directory(path, reach.site));
                Ok(Parts { modules: modules.transpose()?, image: None, place: None })
            }
            Self::Inside(kernel) => Ok(Parts {
                modules: Some(guest::modules(inside.tree, &kernel.release)?),
                image: Some(inside.tree.clone()),
                place: Some(kernel.path.clone()),
            }),
            Self::Distribution(chosen) => {
                let mut tree = chosen.fetch(reach)?;
                let none = || BootError::NoKernel(chosen.told());
                let kernel = guest::kernel(&tree).ok_or_else(none)?;
                index(&mut tree, &kernel.release, reach)?;
                let modules = Some(guest::modules(&tree, &kernel.release)?);
                Ok(Parts { modules, image: Some(tree), place: Some(kernel.path) })
            }
        }
    }

    /// The kernel's file of this machine, if it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File { image, .. } => Some(image),
            Self::Inside(_) | Self::Distribution(_) => None,
        }
    }
}

impl Parts {
    /// Writes the kernel's image to a file.
    pub fn write_image(&self, path: &Path) -> anyhow::Result<()> {
        let (Some(tree), Some(place)) = (&self.image, &self.place) else { return Ok(()) };
        let Some(Kind::File(content)) = tree.inode(place).map(|node| &node.kind) else {
            return Ok(());
        };
        let mut output = BufWriter::new(fs_err::File::create(path)?);
        std::io::copy(&mut content.open()?, &mut output)?;
        Ok(output.flush()?)
    }
}

/// The modules in a directory of this machine.
fn of_directory(directory: &Path, site: &Site) -> anyhow::Result<Tree> {
    let release = kernel_modules::Release::find(directory)?;
    let mut tree = Tree::new();
    kernel_modules::install(&mut tree, &release, &options(site))?;
    Ok(tree)
}

/// Makes the indexes that a package of modules comes without.
fn index(tree: &mut Tree, release: &str, reach: Reach<'_>) -> anyhow::Result<()> {
    let Reach { site, progress, .. } = reach;
    progress.report(Event::StageBegun { stage: "modules" });
    let place = GuestPath::new(format!("lib/modules/{release}"))?;
    kernel_modules::index(tree, &place, &options(site))?;
    progress.report(Event::StageEnded { stage: "modules" });
    Ok(())
}

fn options(site: &Site) -> kernel_modules::Options {
    let threads = std::num::NonZeroUsize::new(site.threads);
    kernel_modules::Options {
        mtime: Timestamp::default(),
        threads: threads.unwrap_or(std::num::NonZeroUsize::MIN),
    }
}
