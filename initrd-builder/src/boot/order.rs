//! The order in which modules have to be loaded.

use std::collections::BTreeSet;

use super::Driver;
use super::error::BootError;
use super::index::{Found, Index};

/// Chains of soft dependencies of real kernels have two or three links.
const DEPTH_MAX: u32 = 32;
/// Real modules have at most a dozen of them, and each is searched among all aliases.
const SOFT_MAX: usize = 64;

/// A module to load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    /// Which one of the index.
    pub(crate) module: usize,
    /// Whether the guest cannot boot without it.
    pub(crate) is_required: bool,
}

/// Puts the modules for some drivers behind those that they need.
pub(crate) fn order(
    index: &Index,
    drivers: &[Driver<'_>],
    release: String,
) -> Result<Vec<Step>, BootError> {
    let mut walk = Walk { index, required: BTreeSet::new(), begun: BTreeSet::new(), order: vec![] };
    let mut wanted = Vec::new();
    for driver in drivers {
        match index.find(driver.name) {
            Found::BuiltIn => {}
            Found::Modules(modules) => {
                if driver.is_required {
                    walk.require(&modules);
                }
                wanted.extend(modules);
            }
            Found::Nothing if driver.is_required => {
                return Err(BootError::NoDriver { driver: driver.name.to_owned(), release });
            }
            Found::Nothing => {}
        }
    }
    for module in wanted {
        walk.visit(module, 0)?;
    }
    let Walk { required, order, .. } = walk;
    let step = |module| Step { module, is_required: required.contains(&module) };
    Ok(order.into_iter().map(step).collect())
}

struct Walk<'a> {
    index: &'a Index,
    required: BTreeSet<usize>,
    begun: BTreeSet<usize>,
    order: Vec<usize>,
}

impl Walk<'_> {
    /// Of several modules with one alias any may do, so none of them is required.
    fn require(&mut self, modules: &[usize]) {
        if let [module] = modules {
            self.required.insert(*module);
            self.required.extend(self.index.needs(*module));
        }
    }

    fn visit(&mut self, module: usize, depth: u32) -> Result<(), BootError> {
        if !self.begun.insert(module) {
            return Ok(());
        }
        if depth > DEPTH_MAX {
            return Err(BootError::TooDeep { driver: self.index.modules[module].name.clone() });
        }
        let soft = self.index.soft(module);
        self.visit_soft(&soft.before, depth)?;
        for need in self.index.needs(module) {
            self.visit(need, depth + 1)?;
        }
        self.order.push(module);
        self.visit_soft(&soft.after, depth)
    }

    fn visit_soft(&mut self, names: &[String], depth: u32) -> Result<(), BootError> {
        for name in names.iter().take(SOFT_MAX) {
            if let Found::Modules(modules) = self.index.find(name) {
                for module in modules {
                    self.visit(module, depth + 1)?;
                }
            }
        }
        Ok(())
    }
}
