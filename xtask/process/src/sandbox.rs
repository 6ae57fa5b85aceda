//! The sandbox below every runtime: what a child, and whatever it becomes, may touch on this machine.
//!
//! Landlock (<https://docs.kernel.org/userspace-api/landlock.html>): the kernel refuses the rest, whatever the
//! runtime's own sandbox lets through. Opened in the lab, entered by the child between fork and exec, and never left.
//! It costs a fifth of a millisecond and needs no rights. Kernels before 5.13 have none, before 6.7 (ABI 4) it knows no
//! network, before 6.12 (ABI 6) no signals: [`support`] says so, and the child runs without.

use std::path::PathBuf;

/// What a child may touch. What is not there is passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sandbox {
    /// Files, and folders with all below them, that it may read and execute.
    pub read: Vec<PathBuf>,
    /// The same that it may read and change, and not execute.
    pub write: Vec<PathBuf>,
    /// Folders in which, and below which, it may look at names and at nothing else.
    pub list: Vec<PathBuf>,
    /// The TCP ports that it may use; `None`: all of them.
    pub ports: Option<Ports>,
    /// It has no network but a loopback interface of its own, where the machine allows that.
    pub offline: bool,
}

/// TCP ports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ports {
    /// Those to listen on.
    pub bind: Vec<u16>,
    /// Those to connect to, whatever the address.
    pub connect: Vec<u16>,
}

/// What the sandbox can hold on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Support {
    /// Files and folders.
    pub files: bool,
    /// TCP ports.
    pub network: bool,
    /// Signals to others, and their abstract Unix sockets.
    pub ipc: bool,
    /// A network of its own: see [`Sandbox::offline`].
    pub offline: bool,
}

/// What the sandbox can hold on this machine.
#[must_use]
pub fn support() -> Support {
    let abi = abi();
    Support { files: abi >= 1, network: abi >= 4, ipc: abi >= 6, offline: is_offline_possible() }
}

#[cfg(not(target_os = "linux"))]
fn is_offline_possible() -> bool {
    false
}

#[cfg(target_os = "linux")]
fn is_offline_possible() -> bool {
    crate::namespace::offline().is_some()
}

#[cfg(not(target_os = "linux"))]
fn abi() -> i64 {
    0
}

#[cfg(target_os = "linux")]
pub use linux::{abi, enter, open};

#[cfg(target_os = "linux")]
mod linux {
    use std::io;
    use std::os::fd::{AsRawFd, OwnedFd};
    use std::sync::OnceLock;

    use landlock::{
        ABI, Access, AccessFs, AccessNet, BitFlags, NetPort, Ruleset, RulesetAttr, RulesetCreatedAttr, Scope,
        path_beneath_rules,
    };

    use super::Sandbox;

    /// What every program needs: its loader, its libraries, what it asks of the system. Of `/etc` only what tells how
    /// names, languages and certificates are found; of `/dev` nothing that holds data.
    const SYSTEM: &[&str] = &[
        "/usr",
        "/bin",
        "/sbin",
        "/lib",
        "/lib32",
        "/lib64",
        "/opt",
        "/nix/store",
        "/snap",
        "/sys",
        // Other processes' memory and environment stay shut: the sandbox has a bound for ptrace too.
        "/proc",
        "/etc/alternatives",
        "/etc/ca-certificates",
        "/etc/ca-certificates.conf",
        "/etc/chromium",
        "/etc/chromium.d",
        "/etc/fonts",
        "/etc/gai.conf",
        "/etc/group",
        "/etc/host.conf",
        "/etc/hosts",
        "/etc/ld.so.cache",
        "/etc/ld.so.conf",
        "/etc/ld.so.conf.d",
        "/etc/locale.alias",
        "/etc/locale.conf",
        "/etc/localtime",
        "/etc/mime.types",
        "/etc/nsswitch.conf",
        "/etc/os-release",
        "/etc/passwd",
        "/etc/pki",
        "/etc/protocols",
        "/etc/resolv.conf",
        "/etc/services",
        "/etc/ssl",
        "/etc/timezone",
        "/dev/random",
        "/dev/urandom",
        "/var/cache/fontconfig",
    ];

    /// Devices that hold nothing.
    const DEVICES: &[&str] = &["/dev/null", "/dev/zero", "/dev/full"];

    /// The version of the kernel's Landlock; 0 or less: it has none.
    pub fn abi() -> i64 {
        const ASK_VERSION: u32 = 1;
        static ABI: OnceLock<i64> = OnceLock::new();
        *ABI.get_or_init(|| {
            let none = std::ptr::null::<libc::c_void>();
            // SAFETY: with this flag the call reads no memory and makes nothing.
            unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, none, 0_usize, ASK_VERSION) }
        })
    }

    /// Opens all that the rules name; `None` where the kernel has no Landlock.
    ///
    /// # Errors
    /// When a rule cannot be made: the child is not to run without it.
    pub fn open(sandbox: &Sandbox) -> io::Result<Option<OwnedFd>> {
        if abi() < 1 {
            return Ok(None);
        }
        rules(sandbox).map_err(|e| io::Error::other(format!("the sandbox cannot be set up: {e}")))
    }

    fn rules(sandbox: &Sandbox) -> Result<Option<OwnedFd>, landlock::RulesetError> {
        // Rights that are newer than the kernel are left out by the crate itself.
        let all = AccessFs::from_all(ABI::V5);
        let read = AccessFs::from_read(ABI::V5);
        let devices = BitFlags::from(AccessFs::MakeChar) | AccessFs::MakeBlock;
        let change = all & !devices & !BitFlags::from(AccessFs::Execute);
        let mut handled = Ruleset::default().handle_access(all)?;
        if sandbox.ports.is_some() {
            handled = handled.handle_access(AccessNet::from_all(ABI::V4))?;
        }
        let mut ruleset = handled
            .scope(Scope::from_all(ABI::V6))?
            .create()?
            .add_rules(path_beneath_rules(SYSTEM, read))?
            .add_rules(path_beneath_rules(DEVICES, AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::Truncate))?
            .add_rules(path_beneath_rules(&sandbox.read, read))?
            .add_rules(path_beneath_rules(&sandbox.write, change))?
            .add_rules(path_beneath_rules(&sandbox.list, AccessFs::ReadDir))?;
        if !rustix::process::geteuid().is_root() {
            // What a process may write of its own there (a browser's own sandbox does) is the system's matter.
            ruleset = ruleset.add_rules(path_beneath_rules(["/proc"], AccessFs::WriteFile))?;
        }
        if let Some(ports) = &sandbox.ports {
            for (ports, access) in [(&ports.bind, AccessNet::BindTcp), (&ports.connect, AccessNet::ConnectTcp)] {
                for port in ports {
                    ruleset = ruleset.add_rule(NetPort::new(*port, access))?;
                }
            }
        }
        Ok(ruleset.into())
    }

    /// What root keeps: its say over files that the rules open to it, and low ports. With more it could read other
    /// processes' memory past the rules, set the clock, load a module.
    const KEPT_CAPABILITIES: [libc::c_ulong; 5] = [CHOWN, DAC_OVERRIDE, FOWNER, FSETID, NET_BIND_SERVICE];
    const CHOWN: libc::c_ulong = 0;
    const DAC_OVERRIDE: libc::c_ulong = 1;
    const FOWNER: libc::c_ulong = 3;
    const FSETID: libc::c_ulong = 4;
    const NET_BIND_SERVICE: libc::c_ulong = 10;
    /// There are 41; a kernel answers a number that is none of its own with an error.
    const CAPABILITIES: libc::c_ulong = 64;

    /// Enters it, between fork and exec: system calls alone.
    ///
    /// # Errors
    /// The kernel's.
    pub fn enter(rules: &OwnedFd) -> io::Result<()> {
        for capability in (0..CAPABILITIES).filter(|capability| !KEPT_CAPABILITIES.contains(capability)) {
            // Who is not root has none to lose, and is told so.
            // SAFETY: a system call on this process alone.
            unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
        }
        // SAFETY: the descriptor is open, and neither call touches memory of this process.
        let entered = unsafe {
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
                && libc::syscall(libc::SYS_landlock_restrict_self, rules.as_raw_fd(), 0_u32) == 0
        };
        if entered { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}
