//! System calls that a sandboxed child may not make: Landlock has no rules for them, and no runtime needs them.
//!
//! seccomp (<https://docs.kernel.org/userspace-api/seccomp_filter.html>): a refused call fails with `EACCES`. The
//! filter is compiled once and installed between fork and exec.

use std::collections::BTreeMap;
use std::io;
use std::sync::OnceLock;

use crate::sandbox::SocketFamilies;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as ArgLen, SeccompCmpOp as CmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

/// Calls that are refused regardless of their arguments.
const REFUSED: &[libc::c_long] = &[
    // They create objects that outlive the process: keys, System V and POSIX queues, shared memory.
    libc::SYS_add_key,
    libc::SYS_keyctl,
    libc::SYS_request_key,
    libc::SYS_mq_open,
    libc::SYS_msgget,
    libc::SYS_semget,
    libc::SYS_shmget,
    // It makes system calls that this filter does not see.
    libc::SYS_io_uring_setup,
    // Kernel attack surface that no runtime uses.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_open_by_handle_at,
];

/// Multipath TCP, for which Landlock has no rules.
const IPPROTO_MPTCP: u64 = 262;

/// The filter of a child; `None` on processors that the filter compiler does not know.
///
/// # Errors
/// If it cannot be compiled; the child must not run without it.
pub fn filter(sockets: SocketFamilies) -> io::Result<Option<&'static BpfProgram>> {
    static FILTERS: [OnceLock<Result<Option<BpfProgram>, String>>; 3] = [const { OnceLock::new() }; 3];
    let filter = FILTERS[sockets as usize].get_or_init(|| compile(sockets).map_err(|e| e.to_string()));
    match filter {
        Ok(program) => Ok(program.as_ref()),
        Err(error) => Err(io::Error::other(format!("failed to compile the filter of system calls: {error}"))),
    }
}

/// Installs the filter. Only makes system calls, as required between fork and exec.
///
/// # Errors
/// The kernel's error.
pub fn install(program: &BpfProgram) -> io::Result<()> {
    seccompiler::apply_filter(program).map_err(|_| io::Error::last_os_error())
}

fn compile(sockets: SocketFamilies) -> Result<Option<BpfProgram>, seccompiler::BackendError> {
    let Ok(arch) = std::env::consts::ARCH.try_into() else { return Ok(None) };
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = REFUSED.iter().map(|call| (*call, Vec::new())).collect();
    let rule = SeccompRule::new;
    let is = |arg, value: u64| SeccompCondition::new(arg, ArgLen::Dword, CmpOp::Eq, value);
    let is_not = |arg, value: u64| SeccompCondition::new(arg, ArgLen::Dword, CmpOp::Ne, value);
    let has = |arg, bit: u64| SeccompCondition::new(arg, ArgLen::Dword, CmpOp::MaskedEq(bit), bit);
    let domain = |family: libc::c_int| u64::from(family.unsigned_abs());

    // The limits of other processes: the lab and everything else that this user runs.
    rules.insert(libc::SYS_prlimit64, vec![rule(vec![is_not(0, 0)?])?]);

    // Allow only the address families that other rules restrict, and netlink, which lists network interfaces.
    // Without a rule, every call is refused.
    let mut refused = Vec::new();
    if sockets != SocketFamilies::None {
        let mut families = vec![libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];
        families.extend((sockets == SocketFamilies::InternetAndUnix).then_some(libc::AF_UNIX));
        let others = families.iter().map(|family| is_not(0, domain(*family))).collect::<Result<_, _>>()?;
        refused = vec![rule(others)?, rule(vec![is(2, IPPROTO_MPTCP)?])?];
    }
    rules.insert(libc::SYS_socket, refused);

    // Landlock does not see a connection that TCP Fast Open makes with its first data.
    let fast_open = libc::MSG_FASTOPEN.unsigned_abs().into();
    for (call, flags) in [(libc::SYS_sendto, 3), (libc::SYS_sendmsg, 2), (libc::SYS_sendmmsg, 3)] {
        rules.insert(call, vec![rule(vec![has(flags, fast_open)?])?]);
    }
    let option = libc::TCP_FASTOPEN_CONNECT.unsigned_abs().into();
    let level = libc::IPPROTO_TCP.unsigned_abs().into();
    rules.insert(libc::SYS_setsockopt, vec![rule(vec![is(1, level)?, is(2, option)?])?]);

    let refuse = SeccompAction::Errno(libc::EACCES.unsigned_abs());
    SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch)?.try_into().map(Some)
}
