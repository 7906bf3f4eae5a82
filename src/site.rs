//! What a recipe means on this machine: the store, the network, the mirrors, the clock.

use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use distros::{Arch, Distro, Family, Group, Key, Release};
use rootfs_builder::fetch::{FetchOptions, Fetcher};
use rootfs_builder::mirrors::Mirrors;
use rootfs_builder::plan::Plan;
use rootfs_builder::spec::{ExtraRepository, RootfsSpec};
use rootfs_builder::store::Store;

use crate::recipe::{Mirror, Network, Recipe, Target, Unsigned};

/// What a build reaches on this machine.
#[derive(Debug)]
pub struct Site {
    /// Where downloads are kept.
    pub store: Store,
    /// The network.
    pub fetcher: Fetcher,
    /// How many threads work at a time.
    pub threads: usize,
}

impl Site {
    /// Opens the store and prepares the network; nothing is reached yet.
    pub fn open(recipe: &Recipe) -> anyhow::Result<Self> {
        let available = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = recipe.jobs.map_or(available, usize::from);
        let mut options = FetchOptions {
            offline: recipe.network == Network::Offline,
            http_proxy: recipe.proxies.http.clone(),
            https_proxy: recipe.proxies.https.clone(),
            no_proxy: recipe.proxies.except.clone(),
            workers: threads,
            ..FetchOptions::default()
        };
        if let Some(jobs) = recipe.jobs {
            options.connections = jobs.into();
        }
        if let Some(seconds) = recipe.timeout {
            options.stall_timeout = Duration::from_secs(u32::from(seconds).into());
            options.connect_timeout = options.stall_timeout;
        }
        let store = Store::open(&recipe.cache_dir)?;
        Ok(Self { store, fetcher: Fetcher::new(options)?, threads })
    }
}

/// What the recipe asks of the root filesystem's builder.
pub fn spec(recipe: &Recipe, target: &Target, mirrors: Mirrors) -> anyhow::Result<RootfsSpec> {
    let key = |path: &Path| key(path, target.distro.family());
    let mut repositories = Vec::new();
    for extra in &recipe.repositories {
        repositories.push(ExtraRepository {
            url: address(&extra.place)?,
            suite: extra.suite.clone(),
            components: extra.components.clone(),
            tag: extra.tag.clone(),
            keys: extra.signed_by.as_deref().map(key).transpose()?,
        });
    }
    let keys: Vec<Key> = recipe.keyrings.iter().map(|path| key(path)).collect::<Result<_, _>>()?;
    #[expect(clippy::disallowed_methods, reason = "keys and release files expire by the clock")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    Ok(RootfsSpec {
        release: Some(target.release.name.clone()),
        arch: target.arch,
        profile: target.profile,
        // An agent that is the init leaves no place for the distribution's.
        without: recipe.agent.init.then_some(Group::Init).into_iter().collect(),
        packages: recipe.packages.clone(),
        recommends: recipe.recommends,
        mirrors,
        pockets: target.pockets.clone(),
        repositories,
        keys: (!keys.is_empty()).then_some(keys),
        allow_unsigned: recipe.unsigned == Unsigned::Allowed,
        allow_expired: recipe.allow_expired,
        timestamp: recipe.timestamp,
        now: i64::try_from(now)?,
    })
}

/// Signatures of the apk family name the file of their key; for others the name is for people.
fn key(path: &Path, family: Family) -> io::Result<Key> {
    let name = match (family, path.file_name()) {
        (Family::Apk, Some(name)) => name.to_string_lossy().into_owned(),
        _ => path.display().to_string(),
    };
    Ok(Key { name, bytes: fs_err::read(path)? })
}

/// The mirrors that the user named, and those that the host's own apt sources name.
pub fn mirrors(
    recipe: &Recipe,
    distro: &dyn Distro,
    release: &Release,
    arch: Arch,
) -> anyhow::Result<Mirrors> {
    if recipe.mirrors.is_empty() {
        return Ok(Mirrors::of_host("/".as_ref(), distro, release, arch)?);
    }
    Ok(Mirrors { named: named(recipe)?, host: Vec::new() })
}

/// The same for a plan that was made earlier.
///
/// Where the distribution is not known here any more, the plan's own addresses are left.
pub fn mirrors_of_plan(recipe: &Recipe, plan: &Plan) -> anyhow::Result<Mirrors> {
    let distro = recipe.distro_called(&plan.distro)?;
    let known = distro.as_ref().and_then(|distro| {
        Some((distro, distro.release(&plan.release).ok()?, distro.arch(&plan.arch)?))
    });
    match known {
        Some((distro, release, arch)) => mirrors(recipe, distro, release, arch),
        None => Ok(Mirrors { named: named(recipe)?, host: Vec::new() }),
    }
}

fn named(recipe: &Recipe) -> anyhow::Result<Vec<String>> {
    recipe.mirrors.iter().map(address).collect()
}

fn address(mirror: &Mirror) -> anyhow::Result<String> {
    Ok(match mirror {
        Mirror::Url(url) => url.trim_end_matches('/').to_owned(),
        Mirror::Directory(path) => {
            let path = std::path::absolute(path)?;
            path.to_str()
                .ok_or_else(|| anyhow::anyhow!("the name of {} is not text", path.display()))?
                .trim_end_matches('/')
                .to_owned()
        }
    })
}
