//! The state of one guest.

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

/// What a guest is given.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// argv, the program's name first.
    pub args: Vec<String>,
    /// The whole environment.
    pub env: BTreeMap<String, String>,
    /// Folders: of the host, and the guest's name for each.
    pub dirs: Vec<(PathBuf, String)>,
    /// Whether there is a network at all: the loopback address.
    pub network: bool,
    /// Ports that the guest may listen on and connect to.
    pub ports: Vec<u16>,
    /// Ports of others that the guest may connect and send to.
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

/// The state of one guest.
pub struct Host {
    pub(crate) args: Vec<String>,
    pub(crate) env: BTreeMap<String, String>,
    /// Folders with the guest's names, as lists of path components.
    pub(crate) roots: Vec<(Vec<String>, Arc<Dir>)>,
    pub(crate) cwd: Vec<String>,
    pub(crate) network: bool,
    pub(crate) ports: Vec<u16>,
    pub(crate) connect_ports: Vec<u16>,
    pub(crate) descriptors: Descriptors,
    pub(crate) signals: Signals,
    pub(crate) began: Instant,
    pub(crate) umask: u32,
    /// Texts and structures that libc functions return pointers to, by what they are.
    pub(crate) statics: BTreeMap<String, u32>,
    /// Stack pointers of `llvm.stacksave`.
    pub(crate) stacks: Vec<i32>,
    /// Mappings of `mmap`: address to length.
    pub(crate) mapped: BTreeMap<u32, u32>,
    /// Calls of the host's that are under way, one within the other.
    pub(crate) depth: u32,
    /// It ends as C's `exit` does: what stdio holds is written first.
    pub(crate) flushes: bool,
    /// Longest that one call may wait.
    pub(crate) patience: Option<Duration>,
    /// Where the old ABI's heap ends is written.
    pub(crate) dynamic_top: u32,
}

impl Host {
    /// The state of a guest that is about to start.
    ///
    /// # Errors
    /// The folder that cannot be opened, and why.
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
            began: Instant::now(),
            umask: 0o022,
            statics: BTreeMap::new(),
            stacks: Vec::new(),
            mapped: BTreeMap::new(),
            depth: 0,
            flushes: false,
            patience: None,
            dynamic_top: 0,
        })
    }

    /// From now on no call waits longer than `longest`. Without this a guest waits as long as it likes, and who
    /// runs it ends it.
    pub fn set_patience(&mut self, longest: Duration) {
        self.patience = Some(longest);
    }

    /// How many descriptors are open: for whoever looks for a leak.
    #[must_use]
    pub fn open_descriptors(&self) -> usize {
        self.descriptors.count()
    }
}

/// The names of a path, `.` left out, `..` kept: only who knows the links can resolve it.
pub fn components(path: &str) -> Vec<String> {
    path.split('/').filter(|c| !c.is_empty() && *c != ".").map(str::to_owned).collect()
}
