//! The flags about the machine that an artifact runs in.

use std::num::NonZeroU32;
use std::path::PathBuf;

use distros::Kernel;
use vm_runner::{Acceleration, Forward, Network};

use super::build_args::{CacheArgs, ReportingArgs, parse_all};
use super::environment;
use crate::boot::{Choice, Shared, Wanted, Wish};
use crate::progress::Reporting;
use crate::recipe::{self, Recipe, RecipeError};

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "The kernel")]
pub struct KernelArgs {
    /// Boot this kernel [default: the artifact's own, else its distribution's]
    #[arg(long, value_name = "FILE")]
    kernel: Option<PathBuf>,

    /// Where the modules of --kernel are, if it has no built-in drivers for a virtual machine
    #[arg(long, value_name = "DIR", requires = "kernel")]
    modules: Option<PathBuf>,

    /// Ask the archive for the distribution's newest kernel, instead of taking the one from before
    #[arg(long, conflicts_with = "kernel")]
    new_kernel: bool,

    /// More kernel parameters; repeatable
    #[arg(long, value_name = "WORDS", allow_hyphen_values = true)]
    append: Vec<String>,

    /// Archive to take a distribution's kernel from: an address or a directory; repeatable
    #[arg(long = "mirror", value_name = "URL", env = "REPO_URL", hide_env_values = true)]
    mirrors: Vec<String>,

    /// Use only what is in the cache already: reach nothing over the network
    #[arg(long)]
    offline: bool,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "The machine")]
pub struct HardwareArgs {
    /// Memory: a number of MiB, or one with M or G [default: 512, and more for a large initrd]
    #[arg(short, long, value_name = "SIZE", value_parser = recipe::parse_size)]
    memory: Option<u64>,

    /// Processors [default: 2, and 1 where they are emulated]
    #[arg(long, value_name = "COUNT")]
    cpus: Option<NonZeroU32>,

    /// Whether the processor's own virtualization is used
    #[arg(long, value_name = "HOW", default_value = "auto")]
    accel: Accel,

    /// Leave the guest without a network
    #[arg(long)]
    no_network: bool,
}

/// What passes between this machine and the guest.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "The machine")]
pub struct PassageArgs {
    /// Lead a port of this machine to one of the guest: `[ADDRESS:]HOST[:GUEST][/udp]`; repeatable
    ///
    /// Without an address, only this machine reaches it.
    #[arg(long = "port", value_name = "PORTS", conflicts_with = "no_network")]
    ports: Vec<Forward>,

    /// Show the guest a directory of this machine: `HOST:GUEST[:ro]`; repeatable
    #[arg(long = "share", value_name = "PLACES")]
    shares: Vec<Shared>,

    /// Let the guest change the artifact
    #[arg(long)]
    write: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Accel {
    /// If it works
    Auto,
    /// Yes, or fail
    Kvm,
    /// No: slower, and the same everywhere
    Tcg,
}

/// Everything about the machine, and how its making is reported.
#[derive(Debug, clap::Args)]
pub struct MachineArgs {
    #[command(flatten)]
    kernel: KernelArgs,
    #[command(flatten)]
    hardware: HardwareArgs,
    #[command(flatten)]
    cache: CacheArgs,
    #[command(flatten)]
    reporting: ReportingArgs,
}

/// What the flags ask for.
#[derive(Debug)]
pub struct Order {
    /// The machine.
    pub wish: Wish,
    /// How a kernel is had.
    pub recipe: Recipe,
    /// Whether the processor's own virtualization is used.
    pub acceleration: Acceleration,
    /// How the machine's making is reported.
    pub reporting: Reporting,
}

impl MachineArgs {
    /// What is asked for of an artifact.
    pub fn into_order(self, artifact: PathBuf, passage: PassageArgs) -> anyhow::Result<Order> {
        let Self { kernel, hardware, cache, reporting } = self;
        let choice = Choice {
            kernel: match passage.shares.is_empty() {
                true => Kernel::Cloud,
                false => Kernel::General,
            },
            keep: !kernel.new_kernel,
        };
        let files = [&kernel.kernel, &kernel.modules].into_iter().flatten();
        let missing = files.chain(passage.shares.iter().map(|shared| &shared.host));
        if let Some(path) = missing.into_iter().find(|path| !path.exists()) {
            return Err(RecipeError::NoSuchFile { path: path.clone() }.into());
        }
        let recipe = Recipe {
            mirrors: parse_all(&kernel.mirrors)?,
            network: if kernel.offline {
                recipe::Network::Offline
            } else {
                recipe::Network::Online
            },
            proxies: environment::proxies(),
            ..Recipe::nothing(cache.directory()?)
        };
        let wish = Wish {
            artifact,
            kernel: match kernel.kernel {
                Some(image) => Wanted::File { image, modules: kernel.modules },
                None => Wanted::Found(choice),
            },
            words: kernel.append.iter().flat_map(|words| split_words(words)).collect(),
            memory: hardware.memory,
            cpus: hardware.cpus.map(NonZeroU32::get),
            network: match hardware.no_network {
                true => Network::None,
                false => Network::User(passage.ports),
            },
            shares: passage.shares,
            write: passage.write,
        };
        let acceleration = match hardware.accel {
            Accel::Auto => Acceleration::Detect,
            Accel::Kvm => Acceleration::Kvm,
            Accel::Tcg => Acceleration::Emulation,
        };
        Ok(Order { wish, recipe, acceleration, reporting: reporting.into_reporting() })
    }
}

/// Words of a kernel's command line: blanks in double quotes do not part them.
fn split_words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for letter in text.chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            ' ' | '\t' | '\n' if !is_quoted => words.push(String::new()),
            _ => words.last_mut().into_iter().for_each(|word| word.push(letter)),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::split_words;

    #[test]
    fn blanks_in_quotes_do_not_part_words() {
        let words = split_words(" quiet  dyndbg=\"file a +p\" x ");
        assert_eq!(words, ["quiet", "dyndbg=file a +p", "x"]);
    }
}
