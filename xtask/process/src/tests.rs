//! Supervises real children (`/bin/sh`) that misbehave.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::{
    Command, CompletedProcess, ExitReason, Input, Limits, OutputStream, Ports, Sandbox, SocketFamilies, StopSignal,
    run, start,
};

fn sh(script: &str) -> Command {
    Command {
        program: PathBuf::from("/bin/sh"),
        args: ["-c", script].map(OsString::from).to_vec(),
        env: [(OsString::from("PATH"), OsString::from("/usr/bin:/bin"))].into(),
        cwd: std::env::temp_dir(),
        stdin: Input::Bytes(Vec::new()),
        inherit: Vec::new(),
        limits: Limits {
            wall: Duration::from_secs(20),
            grace: Duration::from_millis(100),
            output: 1 << 16,
            memory: 1 << 30,
            file: 1 << 20,
        },
        sandbox: None,
        report: None,
    }
}

fn check(script: &str) -> CompletedProcess {
    run(&sh(script)).unwrap()
}

fn with(script: &str, change: impl FnOnce(&mut Command)) -> CompletedProcess {
    let mut command = sh(script);
    change(&mut command);
    run(&command).unwrap()
}

/// Whether a process with `needle` in its command line is alive.
fn alive(needle: &str) -> bool {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|e| std::fs::read(e.path().join("cmdline")).ok())
        .any(|line| String::from_utf8_lossy(&line).replace('\0', " ").contains(needle))
}

#[test]
fn exit_code_and_both_outputs_are_captured() {
    let completed = check("echo out; echo err >&2; exit 42");
    assert_eq!(
        (completed.exit_reason, completed.stdout, completed.stderr),
        (ExitReason::Exited(42), b"out\n".to_vec(), b"err\n".to_vec())
    );
}

#[test]
fn a_signal_not_sent_by_the_lab_is_reported() {
    assert_eq!(check("kill -SEGV $$").exit_reason, ExitReason::Signaled(11));
}

#[test]
fn stdin_is_written_and_closed() {
    let completed = with("cat", |c| c.stdin = Input::Bytes(vec![b'x'; 60_000]));
    assert_eq!((completed.exit_reason, completed.stdout.len()), (ExitReason::Exited(0), 60_000));
}

#[test]
fn unread_stdin_does_not_block() {
    assert_eq!(with("exit 0", |c| c.stdin = Input::Bytes(vec![0; 1 << 20])).exit_reason, ExitReason::Exited(0));
}

#[test]
fn time_limit_kills_a_child_that_ignores_sigterm() {
    let started = Instant::now();
    let completed = with("trap '' TERM; while :; do sleep 0.05; done", |c| c.limits.wall = Duration::from_millis(200));
    assert_eq!(completed.exit_reason, ExitReason::TimeLimit);
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn output_limit_truncates_output_and_ends_the_child() {
    let completed = check("yes");
    assert_eq!(completed.exit_reason, ExitReason::OutputLimit);
    assert_eq!(completed.stdout.len(), 1 << 16);
}

#[test]
fn output_limit_applies_to_a_child_that_has_exited() {
    assert_eq!(check("head -c 200000 /dev/zero").exit_reason, ExitReason::OutputLimit);
}

#[test]
fn memory_limit_ends_the_child() {
    let script = "x=$(head -c 300000000 /dev/zero | tr '\\0' x); sleep 5";
    assert_eq!(with(script, |c| c.limits.memory = 100 << 20).exit_reason, ExitReason::MemoryLimit);
}

#[test]
fn file_size_limit_makes_writes_fail() {
    let dir = tempfile::tempdir().unwrap();
    let completed = with("head -c 3000000 /dev/zero > big", |c| c.cwd = dir.path().to_owned());
    // The write fails but the guest survives, so that it can report the error.
    assert!(
        completed.exit_reason == ExitReason::Exited(1)
            && String::from_utf8_lossy(&completed.stderr).contains("too large"),
        "{completed:?}"
    );
    assert_eq!(std::fs::metadata(dir.path().join("big")).unwrap().len(), 1 << 20);
}

#[test]
fn background_children_are_killed_and_do_not_hold_the_pipes() {
    let started = Instant::now();
    assert_eq!(check("sleep 987.1 & exit 0").exit_reason, ExitReason::Exited(0));
    assert!(!alive("sleep 987.1") && started.elapsed() < Duration::from_secs(5));
}

#[test]
fn children_in_their_own_session_are_killed() {
    assert_eq!(check("setsid sleep 987.2 & sleep 0.2; exit 0").exit_reason, ExitReason::Exited(0));
    assert!(!alive("sleep 987.2"));
}

#[test]
fn daemons_with_an_empty_environment_are_killed() {
    assert_eq!(
        check("(env -i setsid /bin/sh -c 'sleep 987.3 & sleep 987.3' &) ; sleep 0.2").exit_reason,
        ExitReason::Exited(0)
    );
    super::end_orphans();
    // Other tests run in parallel: this daemon is only killed once none of them supervises a child.
    let deadline = Instant::now() + Duration::from_secs(30);
    while alive("sleep 987.3") && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
        super::end_orphans();
    }
    assert!(!alive("sleep 987.3"));
}

#[test]
fn child_sees_only_the_given_environment() {
    let text = String::from_utf8(check("env").stdout).unwrap();
    let mut names: Vec<_> = text.lines().filter_map(|l| l.split_once('=')).map(|(n, _)| n).collect();
    names.sort_unstable();
    assert_eq!(names, ["PATH", "PWD", "WASMLAB_CHILD"]);
}

#[test]
fn waiting_for_text_has_a_limit_and_stop_ends_the_child() {
    let mut command = sh("echo ready; cat; sleep 30");
    command.stdin = Input::Piped;
    let running = start(&command, None).unwrap();
    assert!(running.wait_text(OutputStream::Stdout, "ready", Duration::from_secs(5)));
    running.write(b"hello\n");
    assert!(running.wait_text(OutputStream::Stdout, "hello", Duration::from_secs(5)));
    assert!(!running.wait_text(OutputStream::Stderr, "never", Duration::from_millis(50)));
    assert!(!running.wait_end(Duration::from_millis(50)));
    running.stop(StopSignal::Terminate);
    assert_eq!(running.wait().exit_reason, ExitReason::Stopped);
}

#[test]
fn watcher_can_end_the_child() {
    let running = start(&sh("sleep 30"), Some(Box::new(|age| age > Duration::from_millis(50)))).unwrap();
    assert_eq!(running.wait().exit_reason, ExitReason::WatchLimit);
}

#[test]
fn missing_program_is_an_error() {
    let mut command = sh("");
    command.program = PathBuf::from("/no/such/program");
    assert!(run(&command).is_err());
}

#[test]
fn cpu_time_and_memory_are_measured() {
    let completed = check("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done");
    assert!(!completed.cpu.is_zero() && completed.peak_rss > 100_000 && completed.wall >= Duration::from_micros(100));
}

#[test]
fn portable_supervisor_enforces_the_same_limits() {
    let run = |command: &Command| super::portable::start(command, None).unwrap().wait();
    let completed = run(&sh("cat; echo err >&2; exit 3"));
    assert_eq!((completed.exit_reason, completed.stderr), (ExitReason::Exited(3), b"err\n".to_vec()));
    let mut silent = sh("exec sleep 30");
    silent.limits.wall = Duration::from_millis(100);
    assert_eq!(run(&silent).exit_reason, ExitReason::TimeLimit);
    assert_eq!(run(&sh("exec yes")).exit_reason, ExitReason::OutputLimit);
}

/// Two busy loops on one processor get half of it each, so the limit takes twice as long in wall-clock time.
#[test]
fn time_waiting_for_a_processor_does_not_count() {
    let pinned = |wall| {
        let mut command = sh("exec taskset -c 0 sh -c 'while :; do :; done'");
        command.limits.wall = Duration::from_millis(wall);
        start(&command, None).unwrap()
    };
    let (_other, child) = (pinned(60_000), pinned(1000));
    let completed = child.wait();
    assert_eq!(completed.exit_reason, ExitReason::TimeLimit);
    let seconds = completed.wall.as_secs_f64();
    assert!(seconds > 1.3, "ended after {seconds} s, with {:?} of CPU time", completed.cpu);
    assert!(seconds < 8.0, "the limit was extended too far: {seconds} s");
}

/// Runs in its own directory, beside others that it must not use: what is denied, and what is allowed. Whatever is denied
/// works outside of the sandbox, so that its failure inside means something.
#[test]
#[cfg(target_os = "linux")]
fn sandbox_restricts_files_ports_and_signals() {
    let support = super::support();
    assert!(support.files && support.network && support.ipc, "this kernel lacks Landlock rules: {support:?}");
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    let create = || {
        for dir in ["own", "readable", "private"] {
            std::fs::create_dir(at(dir)).unwrap();
            std::fs::write(at(dir).join("file"), "text").unwrap();
        }
        std::os::unix::fs::symlink(at("private/file"), at("own/link")).unwrap();
    };
    create();
    let listeners = [0, 1].map(|_| std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap());
    let ports = listeners.each_ref().map(|l| l.local_addr().unwrap().port());
    let sandbox = Sandbox {
        read: vec![at("readable"), at("none")],
        write: vec![at("own")],
        list: Vec::new(),
        ports: Some(Ports { bind: Vec::new(), connect: vec![ports[0]] }),
        ..Sandbox::default()
    };
    let run = |script: &str, sandbox: Option<Sandbox>| {
        with(script, |c| {
            c.program = "/bin/bash".into();
            c.cwd = at("own");
            c.sandbox = sandbox;
        })
    };
    let check = |script: &str, allowed: bool| {
        let completed = run(script, Some(sandbox.clone()));
        assert_eq!(completed.success(), allowed, "{script}: {}", String::from_utf8_lossy(&completed.stderr));
        if !allowed {
            assert_eq!(std::fs::read_to_string(at("private/file")).unwrap(), "text", "{script}");
            let outside = run(script, None);
            let errors = String::from_utf8_lossy(&outside.stderr);
            assert!(outside.success(), "{script} fails without a sandbox too: {errors}");
            ["own", "readable", "private"].iter().for_each(|dir| std::fs::remove_dir_all(at(dir)).unwrap());
            create();
        }
    };
    check("cat file ../readable/file && echo x > new && mkdir a && mv new a/new && rm -r a && : > /dev/null", true);
    for refused in ["echo x > ../readable/file", "cat ../private/file", "ls ..", "ls ../private"] {
        check(refused, false);
    }
    for folder in ["/home", "/tmp", "/etc", "/etc/ssl"] {
        check(&format!("ls {folder}"), false);
    }
    let home = std::env::var("HOME").unwrap();
    check(&format!("ls '{home}'"), false);
    for refused in ["cat link", "echo x > link", "ln ../readable/file hard", "touch ../new", "mv file ../readable/"] {
        check(refused, false);
    }
    check("cp /bin/true tool && ./tool", false);
    check(&format!("exec 3<> /dev/tcp/127.0.0.1/{}", ports[0]), true);
    check(&format!("exec 3<> /dev/tcp/127.0.0.1/{}", ports[1]), false);
    check("kill -0 $PPID", false);
    check("(sleep 30 & kill $!)", true);
    check("cat /proc/$PPID/environ > copy", false);
}

/// Attempts for which Landlock has no rules. Each one works outside of the sandbox, so that its failure inside means
/// something.
#[test]
#[cfg(target_os = "linux")]
fn sandbox_refuses_system_calls_that_leave_it() {
    let root = tempfile::tempdir().unwrap();
    let socket = root.path().join("socket");
    let _service = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port_number = port.local_addr().unwrap().port();
    let run = |script: &str, sandbox: Option<Sandbox>| {
        with("", |c| {
            c.program = "/usr/bin/python3".into();
            c.args = vec![
                "-c".into(),
                format!("import ctypes, os, resource, socket\nlibc = ctypes.CDLL(None)\n{script}").into(),
            ];
            c.sandbox = sandbox;
        })
    };
    let check = |what: &str, script: &str| {
        let outside = run(script, None);
        assert!(outside.success(), "{what} fails without a sandbox too: {}", String::from_utf8_lossy(&outside.stderr));
        for sockets in [SocketFamilies::None, SocketFamilies::Internet, SocketFamilies::InternetAndUnix] {
            let sandbox = Sandbox { ports: Some(Ports::default()), sockets, ..Sandbox::default() };
            let is_open = sockets == SocketFamilies::InternetAndUnix && what == "a Unix socket";
            assert_eq!(run(script, Some(sandbox)).success(), is_open, "{what}");
        }
    };
    check("limits of another process", "resource.prlimit(os.getppid(), resource.RLIMIT_CPU)");
    check("a Unix socket", &format!("socket.socket(socket.AF_UNIX).connect('{}')", socket.display()));
    check(
        "a key",
        "n = {'x86_64': 248, 'aarch64': 217}[os.uname().machine]\nassert libc.syscall(n, b'user', b'wasmlab', b'x', 1, -1) > 0",
    );
    check("System V memory", "i = libc.shmget(0, 4096, 0o600)\nassert i >= 0 and libc.shmctl(i, 0, None) == 0");
    check("a System V queue", "i = libc.msgget(0, 0o600)\nassert i >= 0 and libc.msgctl(i, 0, None) == 0");
    let queue = "n = f'/wasmlab-{os.getpid()}'.encode()\nassert libc.mq_open(n, 0o102, 0o600, None) >= 0 and libc.mq_unlink(n) == 0";
    check("a POSIX queue", queue);
    // Some systems refuse it to every process, but not with the sandbox's error. 425 on every architecture.
    let ring = "libc = ctypes.CDLL(None, use_errno=True)\np = ctypes.create_string_buffer(120)\n\
                assert libc.syscall(425, 1, p) == -1 and ctypes.get_errno() == 13";
    let completed = run(ring, Some(Sandbox { ports: Some(Ports::default()), ..Sandbox::default() }));
    assert!(completed.success(), "io_uring: {}", String::from_utf8_lossy(&completed.stderr));
    check("multipath TCP", "socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)");
    let fast_open = format!("socket.socket().sendto(b'x', 0x20000000, ('127.0.0.1', {port_number}))");
    check("TCP fast open", &fast_open);
    let allowed = "resource.prlimit(0, resource.RLIMIT_CPU)\nsocket.socketpair()\nsocket.socket()";
    let completed = run(allowed, Some(Sandbox::default()));
    assert!(completed.success(), "{}", String::from_utf8_lossy(&completed.stderr));
    for socket in ["AF_INET, socket.SOCK_DGRAM", "AF_INET6", "AF_NETLINK, socket.SOCK_RAW"] {
        let without = Sandbox { sockets: SocketFamilies::None, ..Sandbox::default() };
        let script = format!("socket.socket(socket.{socket})");
        assert!(run(&script, None).success() && !run(&script, Some(without)).success(), "{socket}");
    }
}

/// Descriptors that the lab was started with: a shell's redirection, another tool's socket.
#[test]
#[cfg(target_os = "linux")]
fn child_inherits_no_other_descriptors() {
    let file = tempfile::tempfile().unwrap();
    let open = rustix::io::dup(&file).unwrap();
    let number = std::os::fd::AsRawFd::as_raw_fd(&open);
    let check = |inherit: Vec<i32>| {
        let is_inherited = !inherit.is_empty();
        let completed = with(&format!("echo x >&{number}"), |c| (c.inherit, c.program) = (inherit, "/bin/bash".into()));
        assert_eq!(completed.success(), is_inherited);
    };
    check(vec![number]);
    check(Vec::new());
}

/// Landlock has no rules for UDP; a child without a network gets its own loopback interface and reaches nothing else.
#[test]
#[cfg(target_os = "linux")]
fn child_without_network_reaches_nothing() {
    assert!(super::support().private_network, "this machine allows no network namespaces");
    let receiver = std::net::UdpSocket::bind(("127.0.0.1", 0)).unwrap();
    receiver.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let port = receiver.local_addr().unwrap().port();
    let check = |private_network: bool| {
        let completed = with(&format!("echo x > /dev/udp/127.0.0.1/{port}"), |c| {
            c.program = "/bin/bash".into();
            c.sandbox = Some(Sandbox { private_network, ..Sandbox::default() });
        });
        let stderr = String::from_utf8_lossy(&completed.stderr).into_owned();
        assert!(completed.success(), "sending failed, as if the loopback interface were down: {stderr}");
        assert_eq!(receiver.recv(&mut [0; 8]).is_ok(), !private_network, "private_network: {private_network}");
    };
    check(false);
    check(true);
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let script = format!("exec 3<> /dev/tcp/127.0.0.1/{}", listener.local_addr().unwrap().port());
    let completed = with(&script, |c| {
        c.program = "/bin/bash".into();
        c.sandbox = Some(Sandbox { private_network: true, ..Sandbox::default() });
    });
    assert!(!completed.success(), "the child reached a port of this machine");
}

/// Reports arrive although the child writes more than is kept and then exits.
#[test]
#[cfg(target_os = "linux")]
fn report_pipe_is_read_continuously_up_to_its_capacity() {
    let pipe = std::sync::Arc::new(super::ReportPipe::new(1000).unwrap());
    let run_with_pipe = |script: &str| with(script, |c| c.report = Some(std::sync::Arc::clone(&pipe)));
    let path = pipe.path().display().to_string();
    assert!(run_with_pipe(&format!("echo one > {path}")).success());
    assert_eq!(pipe.since(0), b"one\n");
    assert!(run_with_pipe(&format!("echo two >> {path}; head -c 3000000 /dev/zero > {path}")).success());
    assert_eq!((pipe.since(4)[..4].to_vec(), pipe.since(0).len()), (b"two\n".to_vec(), 1000));
}

/// Memory counts even if the process that uses it has left its session and its parent has ended.
#[test]
fn memory_of_detached_descendants_counts() {
    let script = "(setsid sh -c 'x=$(head -c 60000000 /dev/zero | base64); sleep 59' & ); sleep 60";
    let completed = with(script, |c| (c.limits.memory, c.limits.wall) = (30 << 20, Duration::from_secs(50)));
    assert_eq!((completed.exit_reason, completed.peak_rss > 30 << 20), (ExitReason::MemoryLimit, true));
}

/// A child starts as a copy of the lab; the lab's memory must not count as the child's.
#[test]
fn peak_size_excludes_the_lab() {
    let large = std::hint::black_box(vec![1_u8; 150 << 20]);
    // A child that ends before the first sample has no size.
    let completed = check("exit 0");
    assert!(completed.peak_rss < 20 << 20, "{}", completed.peak_rss);
    let completed = check("sleep 0.1");
    assert!(completed.peak_rss > 0 && completed.peak_rss < 20 << 20, "{}", completed.peak_rss);
    let completed = check("x=$(head -c 40000000 /dev/zero | tr '\\0' x); sleep 0.2");
    assert!(completed.peak_rss > 40 << 20 && completed.peak_rss < 140 << 20, "{}", completed.peak_rss);
    drop(large);
}
