//! Resource limits that the lab was started with and that children inherit.

/// Describes limits that make working runtimes fail: `ulimit -v 1000000`, for example, limits the address space that
/// engines reserve. Empty in an ordinary shell.
#[must_use]
#[cfg(target_os = "linux")]
pub fn inherited_limits() -> Vec<String> {
    use rustix::process::{Resource, getrlimit};

    /// A lower limit on open files is unusual; the usual one is 1024.
    const FEW_FILES: u64 = 256;

    let limit = |resource| getrlimit(resource).current;
    let kib = |bytes: u64| bytes / 1024;
    let address_space = limit(Resource::As).map(kib);
    let address_space = address_space.map(|kib| format!("an address space of {kib} KiB (ulimit -v {kib})"));
    let data = limit(Resource::Data).map(kib);
    let data = data.map(|kib| format!("a data segment of {kib} KiB (ulimit -d {kib})"));
    let cpu = limit(Resource::Cpu).map(|seconds| format!("{seconds} s of CPU time (ulimit -t {seconds})"));
    let files = limit(Resource::Nofile).filter(|files| *files < FEW_FILES);
    let files = files.map(|files| format!("{files} open files (ulimit -n {files})"));
    [address_space, data, cpu, files].into_iter().flatten().collect()
}

/// Always empty on this system.
#[must_use]
#[cfg(not(target_os = "linux"))]
pub fn inherited_limits() -> Vec<String> {
    Vec::new()
}
