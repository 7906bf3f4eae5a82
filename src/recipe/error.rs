//! What can be wrong with a recipe.

use std::path::PathBuf;

/// The recipe asks for something that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecipeError {
    /// A word is not one of those that are known.
    #[error("there is no {what} {word:?}")]
    Unknown {
        /// What was to be named: `distribution`, `release of debian`.
        what: String,
        /// The word that was given.
        word: String,
        /// The word that was probably meant.
        nearest: Option<String>,
        /// Every word that would do.
        known: Vec<String>,
    },
    /// The output's name ends like something that this command does not write.
    #[error("{}: not a kind of output that rootfs writes", path.display())]
    OutputKind {
        /// The output asked for.
        path: PathBuf,
    },
    /// Something that osb did not make stands where the directory is to be.
    #[error("{} holds something already, and no earlier build made it", path.display())]
    OutputTaken {
        /// The output asked for.
        path: PathBuf,
    },
    /// A directory stands where a file is to be.
    #[error("{} is a directory, and the artifact is one file", path.display())]
    OutputIsDirectory {
        /// The output asked for.
        path: PathBuf,
    },
    /// A file that is no archive is to be the tree.
    #[error("{} is neither a directory nor a tar archive", path.display())]
    NotATree {
        /// The file.
        path: PathBuf,
    },
    /// A file belongs to somebody who is not known to a user namespace.
    #[error("whose {inside} of {} is cannot be told: nobody here has its owner's number", directory.display())]
    ForeignOwner {
        /// The directory that is to be the tree.
        directory: PathBuf,
        /// The file.
        inside: String,
    },
    /// A directory cannot hold the owners of a guest's files here.
    #[error("{} cannot be a directory: this user has a single id, and the guest's files have several owners", path.display())]
    OwnersOfDirectory {
        /// The output asked for.
        path: PathBuf,
    },
    /// A filesystem does not have what was asked of it.
    #[error("{what}")]
    Filesystem {
        /// What is wrong.
        what: &'static str,
    },
    /// A mirror is neither an address nor a directory.
    #[error("mirror {text:?} is neither an address nor a directory")]
    Mirror {
        /// What was given.
        text: String,
    },
    /// A `--repo` cannot be read.
    #[error("repository {text:?}: {problem}")]
    Repository {
        /// What was given.
        text: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// `--timestamp` or `SOURCE_DATE_EPOCH` is not a time.
    #[error("timestamp {text:?} is not a number of seconds since 1970")]
    Timestamp {
        /// What was given.
        text: String,
    },
    /// No directory for downloads is known.
    #[error("no directory for the cache: neither HOME nor XDG_CACHE_HOME is set")]
    NoCacheDirectory,
    /// A file that the recipe names is not there.
    #[error("{} does not exist", path.display())]
    NoSuchFile {
        /// The file.
        path: PathBuf,
    },
    /// There is no lock file to build from.
    #[error("lock file {} does not exist", path.display())]
    NoLockFile {
        /// The file.
        path: PathBuf,
    },
    /// Nothing inside of an artifact has this path.
    #[error("{} holds no {}", artifact.display(), path.display())]
    NotInside {
        /// The artifact.
        artifact: PathBuf,
        /// The path that was asked for.
        path: PathBuf,
        /// The name that was probably meant.
        nearest: Option<String>,
    },
    /// The plan is of a distribution that only a file of the user describes.
    #[error("no distribution is called {name} here, for which the lock file was made")]
    OwnFileNeeded {
        /// What it is called.
        name: String,
    },
    /// The lock file was made for something else than is asked for.
    #[error("{}: planned for {planned}, but {asked} is asked for", lock.display())]
    LockDiffers {
        /// The lock file.
        lock: PathBuf,
        /// What it was made for.
        planned: String,
        /// What was asked for.
        asked: String,
    },
}

impl RecipeError {
    /// Says that `word` is not among `known`, and which of them was probably meant.
    pub fn unknown<'a>(
        what: impl Into<String>,
        word: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        Self::Unknown {
            what: what.into(),
            word: word.chars().take(80).collect(),
            nearest: crate::suggestion::nearest(word, known.iter().copied()).map(str::to_owned),
            known: known.into_iter().map(str::to_owned).collect(),
        }
    }

    /// What the person can do about it.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Unknown { nearest, known, .. } => {
                let meant = nearest.iter().map(|word| format!("did you mean {word:?}?"));
                meant.chain([format!("known: {}", known.join(", "))]).collect()
            }
            Self::OutputKind { .. } => vec![
                "name a file ending in .tar, .tar.gz or .tar.zst, or a directory (no ending, or / at the end)"
                    .to_owned(),
            ],
            Self::OutputTaken { .. } => {
                vec!["name a directory that is new or empty, or remove this one first".to_owned()]
            }
            Self::OutputIsDirectory { path } => {
                vec![format!("name the file: -o {}", path.join("guest.img").display())]
            }
            Self::NotATree { path } => vec![format!(
                "`osb inspect {} --extract DIR` takes a tree out of an image or an initrd",
                path.display()
            )],
            Self::ForeignOwner { directory, .. } => vec![format!(
                "pack it as the one who made it, or as root; or give a tar, which says who owns what: \
                 tar -C {} --numeric-owner --xattrs --xattrs-include='*' -cf rootfs.tar .",
                directory.display()
            )],
            Self::OwnersOfDirectory { .. } => vec![
                "a tar holds them: name a file ending in .tar".to_owned(),
                "`osb doctor` says how to get subordinate ids".to_owned(),
            ],
            Self::Mirror { .. } => vec![
                "write an http, https or file address, or the path of a directory"
                    .to_owned(),
            ],
            Self::Repository { .. } => vec![
                "for packages of the deb family: '[signed-by=KEYFILE] URL SUITE [COMPONENT...]'"
                    .to_owned(),
                "of the apk family: '[signed-by=KEY.rsa.pub] [@TAG] URL', one for each component"
                    .to_owned(),
            ],
            Self::OwnFileNeeded { .. } => {
                vec!["name the file that it is in, as for `osb plan`: --distro FILE".to_owned()]
            }
            Self::Timestamp { .. } => vec![
                "for example SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)".to_owned(),
            ],
            Self::NoCacheDirectory => vec!["name one: --cache-dir DIR, or OSB_CACHE_DIR".to_owned()],
            Self::NoSuchFile { .. } | Self::Filesystem { .. } => Vec::new(),
            Self::NoLockFile { .. } => vec!["`osb plan` writes one".to_owned()],
            Self::NotInside { nearest, .. } => {
                nearest.iter().map(|name| format!("did you mean {name:?}?")).collect()
            }
            Self::LockDiffers { .. } => vec![
                "run `osb plan` with the same flags to decide anew, or drop the flags and variables that differ"
                    .to_owned(),
            ],
        }
    }
}
