//! The flags of `lunette up`.

use std::net::SocketAddr;

use anyhow::{Result, bail};
use clap::Args;
use lunette_frame::Size;
use lunette_vm::Accelerator;

use super::running::{self, Standing};
use super::state::StateDir;
use super::steps::Steps;
use super::{start, tend};

/// Arguments of `lunette up`.
#[derive(Debug, Args)]
pub(crate) struct Up {
    /// Desktops to have at least
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(0..=15), env = "LUNETTE_DESKTOPS")]
    pub(super) desktops: u8,
    /// What they are made of
    #[arg(long, value_name = "NAME", default_value = "light", env = "LUNETTE_PROFILE")]
    pub(super) profile: String,
    /// Size of each
    #[arg(long, value_name = "WxH", default_value = "1280x720", env = "LUNETTE_SIZE")]
    pub(super) size: Size,
    /// Memory of the machine in MiB [default: 1536, and 1664 for each desktop]
    #[arg(long, value_name = "MIB", env = "LUNETTE_VM_MEMORY")]
    vm_memory: Option<u32>,
    /// Virtual processors
    #[arg(long, value_name = "N", default_value_t = 2, env = "LUNETTE_VM_CPUS")]
    pub(super) vm_cpus: u8,
    /// What runs the guest's code: kvm, hvf or tcg; without it the fastest that is proved to work
    #[arg(long)]
    pub(super) accel: Option<Accelerator>,
    /// Where to serve the wall and the API. Elsewhere than on loopback it is by TLS, with a certificate of our own
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8600", env = "LUNETTE_LISTEN")]
    pub(super) listen: SocketAddr,
    /// A name that browsers reach this by, besides addresses and localhost; may be given again
    #[arg(long, value_name = "HOST", env = "LUNETTE_ALLOWED_HOST", value_delimiter = ',')]
    pub(super) allowed_host: Vec<String>,
    /// Do not open a browser
    #[arg(long)]
    pub(super) no_open: bool,
    /// Print a line of JSON for each step; the last has `url`, `token` and `api`
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) state: StateDir,
    /// Without a virtual machine: the desktops of this machine itself
    #[arg(long)]
    no_vm: bool,
}

impl Up {
    /// Runs until it is told to end; returns what to print then.
    pub(crate) fn run(&self) -> Result<String> {
        if self.no_vm {
            bail!("--no-vm comes with the capture of PipeWire: until then desktops run in a virtual machine");
        }
        let mut steps = Steps::new(self.json);
        match running::look(&self.state.path()?)? {
            Standing::Runs(known) => {
                start::join(self, &known, &mut steps)?;
                Ok(String::new())
            }
            Standing::Free(lock) => {
                let whole = start::start(self, lock, &mut steps)?;
                tend::tend(whole)
            }
        }
    }

    /// Memory of the machine, in MiB.
    pub(super) fn memory(&self) -> u32 {
        // A desktop is taken on when its limit is free, and each has some of the kernel beside it.
        self.vm_memory.unwrap_or(1536 + 1664 * u32::from(self.desktops.max(1)))
    }
}
