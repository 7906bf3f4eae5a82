//! Which distribution, release, architecture and profile a recipe's words mean.

use distros::{Arch, DataDistro, Distro as _, Pocket, Profile, Release, built_in};

use super::{Recipe, RecipeError};

/// What is to be built, each word looked up.
#[derive(Debug, Clone)]
pub struct Target {
    /// The distribution.
    pub distro: DataDistro,
    /// The release.
    pub release: Release,
    /// The architecture, which the release is made for.
    pub arch: Arch,
    /// The profile.
    pub profile: Profile,
    /// The pockets, all of which the release has.
    pub pockets: Vec<Pocket>,
}

impl Recipe {
    /// Looks up each word, and suggests another where there is none such.
    pub fn target(&self) -> anyhow::Result<Target> {
        let distro = self.find_distro()?;
        let release = self.find_release(&distro)?;
        let arch = self.find_arch(&distro, &release)?;
        let profile = self.find_profile()?;
        for repository in &self.repositories {
            repository.check_form(distro.family())?;
        }
        let pockets = match self.pockets.as_slice() {
            [] => release.pockets.clone(),
            asked => asked.to_vec(),
        };
        if let Some(missing) = pockets.iter().find(|pocket| !release.pockets.contains(pocket)) {
            let what = format!("pocket of {} {}", distro.title(), release.name);
            let known = release.pockets.iter().map(|pocket| pocket.name());
            return Err(RecipeError::unknown(what, missing.name(), known).into());
        }
        Ok(Target { distro, release, arch, profile, pockets })
    }

    /// The distribution asked for; the first of those built in if none is.
    fn find_distro(&self) -> anyhow::Result<DataDistro> {
        if let Some(own) = self.own_distro()? {
            return Ok(own);
        }
        let mut all = built_in()?;
        let asked = self.distro.as_deref();
        let position = match asked {
            None => Some(0),
            Some(name) => all.iter().position(|distro| distro.name() == name),
        };
        match position {
            Some(position) if position < all.len() => Ok(all.swap_remove(position)),
            _ => {
                let known = all.iter().map(|distro| distro.name());
                Err(RecipeError::unknown("distribution", asked.unwrap_or(""), known).into())
            }
        }
    }

    /// The distribution in the file that the recipe names; none if it names no file.
    fn own_distro(&self) -> Result<Option<DataDistro>, distros::Error> {
        let file = self.distro.as_deref().filter(|word| distros::is_file(word));
        file.map(distros::open).transpose()
    }

    /// What the distribution asked for is called, in a file or not.
    pub fn named_distro(&self) -> Result<Option<String>, distros::Error> {
        let own = self.own_distro()?.map(|own| own.name().to_owned());
        Ok(own.or_else(|| self.distro.clone()))
    }

    /// The distribution that a plan or a guest calls so; none if it is in a file that the recipe does not name.
    pub fn distro_called(&self, name: &str) -> Result<Option<DataDistro>, distros::Error> {
        let own = self.own_distro()?;
        let known = || built_in().map(|all| all.into_iter().find(|distro| distro.name() == name));
        match own.filter(|own| own.name() == name) {
            Some(own) => Ok(Some(own)),
            None => known(),
        }
    }

    fn find_release(&self, distro: &DataDistro) -> Result<Release, RecipeError> {
        let Some(asked) = &self.release else { return Ok(distro.default_release().clone()) };
        let found = distro.releases().iter().find(|release| release.is_called(asked));
        found.cloned().ok_or_else(|| {
            let known = distro.releases().iter().flat_map(|release| {
                std::iter::once(&release.name).chain(&release.aliases).map(String::as_str)
            });
            RecipeError::unknown(format!("release of {}", distro.title()), asked, known)
        })
    }

    /// The architecture asked for, in the distribution's words or the kernel's.
    fn find_arch(&self, distro: &DataDistro, release: &Release) -> Result<Arch, RecipeError> {
        let host = || Arch::host().map_or(std::env::consts::ARCH, Arch::name).to_owned();
        let asked = self.arch.clone().unwrap_or_else(host);
        let found = distro.arch(&asked).filter(|arch| release.architectures.contains(arch));
        found.ok_or_else(|| {
            let known = release.architectures.iter().filter_map(|arch| distro.arch_name(*arch));
            let what = format!("architecture of {} {}", distro.title(), release.name);
            RecipeError::unknown(what, &asked, known)
        })
    }

    fn find_profile(&self) -> Result<Profile, RecipeError> {
        let Some(asked) = &self.profile else { return Ok(Profile::Kata) };
        let found = Profile::ALL.into_iter().find(|profile| profile.name() == asked);
        found.ok_or_else(|| {
            RecipeError::unknown("profile", asked, Profile::ALL.into_iter().map(Profile::name))
        })
    }
}
