//! The sandbox around every runtime: what a child and its descendants may access on this machine.
//!
//! Landlock (<https://docs.kernel.org/userspace-api/landlock.html>): the kernel denies everything else, whatever the
//! runtime's own sandbox lets through. The lab opens the rules; the child enters them between fork and exec, and can
//! never leave. This needs no privileges; xtask/README.md says what it costs. Linux before 5.13 has no Landlock, before
//! 6.7 (ABI 4) it has no network rules, before 6.12 (ABI 6) no signal rules. [`support`] reports what is available; a
//! child runs without the rest.

use std::path::PathBuf;

/// A child's access to files, ports and processes. Paths that do not exist are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sandbox {
    /// Files, and directories with everything below, that it may read and execute.
    pub read: Vec<PathBuf>,
    /// Files, and directories with everything below, that it may read and change but not execute.
    pub write: Vec<PathBuf>,
    /// Directories whose entries it may list at any depth, but not read.
    pub list: Vec<PathBuf>,
    /// TCP ports that it may use; `None`: all.
    pub ports: Option<Ports>,
    /// No network except its own loopback interface, if the machine allows that.
    pub private_network: bool,
    /// The sockets that it may open.
    pub sockets: SocketFamilies,
}

/// The sockets that a child may open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SocketFamilies {
    /// None.
    None,
    /// Those of the internet, which [`Sandbox::ports`] and [`Sandbox::private_network`] restrict.
    #[default]
    Internet,
    /// Also Unix sockets. Landlock has no rule for sockets with a path, so the child can then reach every service of this
    /// user on this machine.
    InternetAndUnix,
}

/// TCP ports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ports {
    /// Ports to listen on.
    pub bind: Vec<u16>,
    /// Ports to connect to, at any address.
    pub connect: Vec<u16>,
}

/// The restrictions that the sandbox can apply on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SandboxSupport {
    /// Files and directories.
    pub files: bool,
    /// TCP ports.
    pub network: bool,
    /// Signals and abstract Unix sockets to processes outside the sandbox.
    pub ipc: bool,
    /// A network of its own: see [`Sandbox::private_network`].
    pub private_network: bool,
}

/// The restrictions that the sandbox can apply on this machine.
#[must_use]
pub fn support() -> SandboxSupport {
    let abi = abi();
    SandboxSupport { files: abi >= 1, network: abi >= 4, ipc: abi >= 6, private_network: has_network_namespaces() }
}

#[cfg(not(target_os = "linux"))]
fn has_network_namespaces() -> bool {
    false
}

#[cfg(target_os = "linux")]
fn has_network_namespaces() -> bool {
    crate::namespace::shared().is_some()
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

    /// Paths that every program needs: its loader, libraries and system information. From `/etc` only what is needed to
    /// resolve names and to find locales and certificates; from `/dev` nothing that stores data.
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
        // The memory and environment of other processes stay inaccessible: Landlock also restricts ptrace.
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
        "/etc/pki/ca-trust",
        "/etc/pki/tls/certs",
        "/etc/protocols",
        "/etc/resolv.conf",
        "/etc/services",
        // Not the folder of private keys beside them.
        "/etc/ssl/certs",
        "/etc/ssl/cert.pem",
        "/etc/ssl/openssl.cnf",
        "/etc/timezone",
        "/dev/random",
        "/dev/urandom",
        "/var/cache/fontconfig",
    ];

    /// Devices that store nothing.
    const DEVICES: &[&str] = &["/dev/null", "/dev/zero", "/dev/full"];

    /// The kernel's Landlock ABI version; 0 or less if it has none.
    pub fn abi() -> i64 {
        const LANDLOCK_CREATE_RULESET_VERSION: u32 = 1;
        static ABI: OnceLock<i64> = OnceLock::new();
        *ABI.get_or_init(|| {
            let none = std::ptr::null::<libc::c_void>();
            // SAFETY: with this flag the call accesses no memory and creates nothing.
            unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, none, 0_usize, LANDLOCK_CREATE_RULESET_VERSION) }
        })
    }

    /// Opens everything the rules name; `None` if the kernel has no Landlock.
    ///
    /// # Errors
    /// If a rule cannot be created: the child must not run without it.
    pub fn open(sandbox: &Sandbox) -> io::Result<Option<OwnedFd>> {
        if abi() < 1 {
            return Ok(None);
        }
        rules(sandbox).map_err(|e| io::Error::other(format!("failed to set up the sandbox: {e}")))
    }

    fn rules(sandbox: &Sandbox) -> Result<Option<OwnedFd>, landlock::RulesetError> {
        // The crate drops rights that the kernel does not know yet.
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
            // The kernel lets an unprivileged process write only its own files there. A browser's sandbox does so.
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

    /// Capabilities that root keeps: access to files that the rules allow, and low ports. With more, it could read
    /// other processes' memory despite the rules, set the clock, or load a kernel module.
    const KEPT_CAPABILITIES: [libc::c_ulong; 5] = [CHOWN, DAC_OVERRIDE, FOWNER, FSETID, NET_BIND_SERVICE];
    const CHOWN: libc::c_ulong = 0;
    const DAC_OVERRIDE: libc::c_ulong = 1;
    const FOWNER: libc::c_ulong = 3;
    const FSETID: libc::c_ulong = 4;
    const NET_BIND_SERVICE: libc::c_ulong = 10;
    /// There are 41; the kernel rejects numbers it does not know.
    const CAPABILITIES: libc::c_ulong = 64;

    /// Restricts the calling process. Makes only system calls, so that it can run between fork and exec.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub fn enter(rules: &OwnedFd) -> io::Result<()> {
        for capability in (0..CAPABILITIES).filter(|capability| !KEPT_CAPABILITIES.contains(capability)) {
            // Without root there are none to drop, and the call fails harmlessly.
            // SAFETY: a system call that affects this process only.
            unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
        }
        // SAFETY: the descriptor is open, and neither call accesses memory of this process.
        let entered = unsafe {
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
                && libc::syscall(libc::SYS_landlock_restrict_self, rules.as_raw_fd(), 0_u32) == 0
        };
        if entered { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}
