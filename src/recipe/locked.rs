//! Whether a lock file is one for what a recipe asks.

use std::io;
use std::path::Path;

use anyhow::Context as _;
use distros::Distro as _;
use rootfs_builder::plan::Plan;

use super::{Recipe, RecipeError};

impl Recipe {
    /// Reads the plan that was decided earlier, and refuses it if it is for something else.
    pub fn read_lock(&self, lock: &Path) -> anyhow::Result<Plan> {
        let text = match fs_err::read_to_string(lock) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(RecipeError::NoLockFile { path: lock.to_owned() }.into());
            }
            Err(error) => return Err(error.into()),
        };
        let plan = Plan::from_lock(&text).with_context(|| lock.display().to_string())?;
        self.check_plan(&plan, lock)?;
        Ok(plan)
    }

    /// Refuses a plan that was made for something else than is asked for by name.
    ///
    /// What is not asked for is taken as planned: the flags of `osb plan` need not be repeated.
    fn check_plan(&self, plan: &Plan, lock: &Path) -> anyhow::Result<()> {
        if let Some((planned, asked)) = self.difference(plan)? {
            return Err(RecipeError::LockDiffers { lock: lock.to_owned(), planned, asked }.into());
        }
        Ok(())
    }

    /// What was planned and what is asked for, where the two differ.
    fn difference(&self, plan: &Plan) -> anyhow::Result<Option<(String, String)>> {
        if self.distro.is_some() {
            let asked = self.named_distro()?.unwrap_or_default();
            if asked != plan.distro {
                return Ok(Some((plan.distro.clone(), asked)));
            }
        }
        if self.release.is_some() || self.arch.is_some() || self.profile.is_some() {
            let or_planned = |asked: &Option<String>, planned: &String| {
                Some(asked.as_ref().unwrap_or(planned).clone())
            };
            if self.distro_called(&plan.distro)?.is_none() {
                return Err(RecipeError::OwnFileNeeded { name: plan.distro.clone() }.into());
            }
            let target = Self {
                distro: self.distro.clone().or_else(|| Some(plan.distro.clone())),
                release: or_planned(&self.release, &plan.release),
                arch: or_planned(&self.arch, &plan.arch),
                profile: or_planned(&self.profile, &plan.profile),
                pockets: Vec::new(),
                repositories: Vec::new(),
                ..self.clone()
            }
            .target()?;
            let arch = target.distro.arch_name(target.arch).unwrap_or_default();
            let asked = format!("{} {arch} {}", target.release.name, target.profile);
            let planned = format!("{} {} {}", plan.release, plan.arch, plan.profile);
            if asked != planned {
                return Ok(Some((planned, asked)));
            }
        }
        let is_planned = |asked: &str| {
            let name = asked.split([':', '=', '/']).next().unwrap_or(asked);
            plan.packages.iter().any(|planned| planned.name == name)
        };
        let missing = self.packages.iter().find(|asked| !is_planned(asked));
        Ok(missing.map(|name| ("other packages".to_owned(), format!("package {name}"))))
    }
}
