//! The host's state for one guest.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use wasmlab_protocol::{CellSpec, Network};

use crate::descriptors::Descriptors;
use crate::sys::signals::Signals;

/// The guest's inputs.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Arguments, program name first.
    pub args: Vec<String>,
    /// The complete environment.
    pub env: BTreeMap<String, String>,
    /// Directories: host path and guest path.
    pub dirs: Vec<(PathBuf, String)>,
    /// Whether there is a network: the loopback address.
    pub network: bool,
    /// Ports that the guest may listen on and connect to.
    pub ports: Vec<u16>,
    /// Other ports that the guest may connect and send to.
    pub connect_ports: Vec<u16>,
}

impl From<&CellSpec> for Config {
    fn from(spec: &CellSpec) -> Self {
        Self {
            args: spec.args.clone(),
            env: spec.env.clone(),
            dirs: spec.dirs.iter().map(|dir| (dir.host.clone(), dir.guest.clone())).collect(),
            network: spec.network == Network::Loopback,
            ports: spec.ports.clone(),
            connect_ports: spec.connect_ports.clone(),
        }
    }
}

/// The host's state for one guest.
pub struct Host {
    pub(crate) args: Vec<String>,
    pub(crate) env: BTreeMap<String, String>,
    /// Directories with their guest paths, as lists of components.
    pub(crate) roots: Vec<(Vec<String>, Arc<Dir>)>,
    pub(crate) cwd: Vec<String>,
    pub(crate) network: bool,
    pub(crate) ports: Vec<u16>,
    pub(crate) connect_ports: Vec<u16>,
    pub(crate) descriptors: Descriptors,
    pub(crate) signals: Signals,
    pub(crate) started: Instant,
    pub(crate) umask: u32,
    /// Texts and structures to which libc functions return pointers, by name.
    pub(crate) statics: BTreeMap<String, u32>,
    /// Stack pointers saved by `llvm.stacksave`.
    pub(crate) stacks: Vec<i32>,
    /// Mappings of `mmap`: address to length.
    pub(crate) mapped: BTreeMap<u32, u32>,
    /// Number of nested host calls in progress.
    pub(crate) depth: u32,
    /// The guest ends like with C's `exit`: buffered stdio is written first.
    pub(crate) flushes: bool,
    /// Maximum time that a single call may wait.
    pub(crate) max_wait: Option<Duration>,
    /// Where the end of the fastcomp ABI's heap is stored.
    pub(crate) dynamic_top: u32,
}

impl Host {
    /// The state of a guest that is about to start.
    ///
    /// # Errors
    /// The directory that cannot be opened, and why.
    pub fn new(config: Config) -> io::Result<Self> {
        let mut roots = Vec::new();
        for (host, guest) in &config.dirs {
            let dir = Dir::open_ambient_dir(host, ambient_authority())
                .map_err(|e| io::Error::new(e.kind(), format!("failed to open {}: {e}", host.display())))?;
            roots.push((components(guest), Arc::new(dir)));
        }
        let cwd = roots.first().map(|(name, _)| name.clone()).unwrap_or_default();
        Ok(Self {
            args: config.args,
            env: config.env,
            roots,
            cwd,
            network: config.network,
            ports: config.ports,
            connect_ports: config.connect_ports,
            descriptors: Descriptors::new(),
            signals: Signals::new()?,
            started: Instant::now(),
            umask: 0o022,
            statics: BTreeMap::new(),
            stacks: Vec::new(),
            mapped: BTreeMap::new(),
            depth: 0,
            flushes: false,
            max_wait: None,
            dynamic_top: 0,
        })
    }

    /// Limits how long a single call may wait. Without this limit, a guest may wait until it is ended from outside.
    pub fn set_max_wait(&mut self, limit: Duration) {
        self.max_wait = Some(limit);
    }

    /// Number of open descriptors, to detect leaks.
    #[must_use]
    pub fn open_descriptors(&self) -> usize {
        self.descriptors.count()
    }
}

/// The components of a path, without `.` but with `..`, which can only be resolved by knowing the links.
pub fn components(path: &str) -> Vec<String> {
    path.split('/').filter(|c| !c.is_empty() && *c != ".").map(str::to_owned).collect()
}
