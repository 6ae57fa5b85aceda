//! The lines in which the lab's own guests report which capabilities work.
//!
//! `lab: NAME ok`, `lab: NAME errno=N [FUNCTION]` (WASI 0.1 refused), `lab: NAME error=CODE [FUNCTION]` (an interface
//! of WIT refused, by its own code: `not-supported`), `lab: NAME no-errno TEXT` (a library refused without asking the
//! host), `lab: NAME wrong TEXT` (it answered, wrongly), `lab: NAME escaped TEXT` (the guest reached what it was not
//! given), `lab: NAME refused FUNCTION TEXT` (the host was asked, and refused without an errno).

use super::with_code;
use wasmlab_model::checks::{Check, CheckAnswer};
use wasmlab_model::codes::Code;
use wasmlab_model::verdict::Judgement;

/// Every `lab:` line of a guest's stdout, in order.
#[must_use]
pub fn parse_lines(stdout: &str) -> Vec<Check> {
    stdout.lines().filter_map(|l| l.strip_prefix("lab: ")).map(parse).collect()
}

fn parse(line: &str) -> Check {
    let (name, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
    let (word, text) = rest.split_once(' ').unwrap_or((rest, ""));
    let function = text.split_whitespace().next().unwrap_or_default();
    let (answer, errno, function, message) = match (word, word.strip_prefix("errno=").map(str::parse)) {
        ("ok", _) => (CheckAnswer::Ok, None, "", ""),
        ("no-errno", _) => (CheckAnswer::LibraryRefused, None, "", text),
        ("refused", _) => {
            let (function, text) = text.split_once(' ').unwrap_or((text, "refuses"));
            (CheckAnswer::HostRefused, None, function, text)
        }
        ("wrong", _) => (CheckAnswer::Wrong, None, "", text),
        ("escaped", _) => (CheckAnswer::Escaped, None, "", text),
        (_, Some(Ok(errno))) => (CheckAnswer::Errno, Some(errno), function, ""),
        (_, Some(Err(_))) => (CheckAnswer::Unreadable, None, "", rest),
        _ => match word.strip_prefix("error=") {
            Some(code) => (CheckAnswer::Error, None, function, code),
            None => (CheckAnswer::Unreadable, None, "", rest),
        },
    };
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let (function, message) = (given(function), given(message));
    let check = Check { name: name.to_owned(), answer, errno, function, message, code: None };
    Check { code: code(&check), ..check }
}

/// The code of one check by itself; `None` if the capability works.
fn code(check: &Check) -> Option<Code> {
    Some(match (check.answer, check.errno, check.message.as_deref()) {
        (CheckAnswer::Ok, ..) => return None,
        (CheckAnswer::Errno, Some(52 | 58), _)
        | (CheckAnswer::Error, _, Some("not-supported"))
        | (CheckAnswer::HostRefused, ..) => Code::NotImplemented,
        (CheckAnswer::Errno, Some(2 | 63 | 76), _) | (CheckAnswer::Error, _, Some("access-denied")) => {
            Code::CapabilityDenied
        }
        (CheckAnswer::LibraryRefused, ..) if check.name.starts_with("sock") => Code::SocketsUnsupported,
        (CheckAnswer::LibraryRefused, ..) if check.name.starts_with("thread") => Code::ThreadsUnsupported,
        (CheckAnswer::LibraryRefused, ..) => Code::LibraryUnsupported,
        (CheckAnswer::Escaped, ..) => Code::SandboxEscape,
        (CheckAnswer::Errno | CheckAnswer::Error | CheckAnswer::Wrong | CheckAnswer::Unreadable, ..) => {
            Code::WrongOutput
        }
    })
}

/// The judgement from the checks: the code with the lowest priority number (a wrong result before a gap, the host's gap
/// before the ABI's), and the first check with that code. The detail names the others that are not ok.
#[must_use]
pub fn judge(checks: &[Check]) -> Option<Judgement> {
    let mut failed: Vec<(Code, &Check)> = checks.iter().filter_map(|check| Some((check.code?, check))).collect();
    failed.sort_by_key(|(code, _)| code.entry().priority);
    let ((code, first), others) = failed.split_first()?;
    let subject = first.function.as_ref().unwrap_or(&first.name).clone();
    let mut detail = describe(first);
    if !others.is_empty() {
        let names: Vec<&str> = others.iter().map(|(_, check)| check.name.as_str()).collect();
        detail += &format!("; and {} more: {}", others.len(), names.join(", "));
    }
    let ok = checks.iter().filter(|check| check.answer == CheckAnswer::Ok).count();
    if ok > 0 {
        detail += &format!("; {ok} of {} checks ok", checks.len());
    }
    Some(with_code(*code, subject, detail))
}

/// A check with its result: `socket-accept: sock_accept returns EBADF (8)`.
#[must_use]
pub fn describe(check: &Check) -> String {
    format!("{}: {}", check.name, describe_answer(check))
}

/// The result alone if it names the function that failed, else with the capability: `sock_accept returns EBADF (8)`.
pub fn describe_failure(check: &Check) -> String {
    if check.function.is_some() { describe_answer(check) } else { describe(check) }
}

fn describe_answer(check: &Check) -> String {
    let message = check.message.as_deref().unwrap_or_default();
    let errno = || errno_name(check.errno.unwrap_or_default());
    match (check.answer, check.function.as_deref()) {
        (CheckAnswer::Ok, _) => "ok".to_owned(),
        (CheckAnswer::Errno, None) => errno(),
        (CheckAnswer::Errno, Some(function)) => format!("{function} returns {}", errno()),
        (CheckAnswer::Error, None) => message.to_owned(),
        (CheckAnswer::Error, Some(function)) => format!("{function} returns {message}"),
        (CheckAnswer::HostRefused, function) => format!("{} {message}", function.unwrap_or_default()),
        (CheckAnswer::LibraryRefused, _) => format!("{message} (refused without calling the host)"),
        (CheckAnswer::Wrong, _) => format!("wrong, {message}"),
        (CheckAnswer::Escaped, _) => format!("escaped, {message}"),
        (CheckAnswer::Unreadable, _) => format!("not understood, {message}"),
    }
}

/// Errno names of WASI 0.1, from `witx/typenames.witx`.
pub fn errno_name(errno: u16) -> String {
    const NAMES: &str = "SUCCESS 2BIG ACCES ADDRINUSE ADDRNOTAVAIL AFNOSUPPORT AGAIN ALREADY BADF BADMSG BUSY CANCELED CHILD \
        CONNABORTED CONNREFUSED CONNRESET DEADLK DESTADDRREQ DOM DQUOT EXIST FAULT FBIG HOSTUNREACH IDRM ILSEQ INPROGRESS \
        INTR INVAL IO ISCONN ISDIR LOOP MFILE MLINK MSGSIZE MULTIHOP NAMETOOLONG NETDOWN NETRESET NETUNREACH NFILE NOBUFS \
        NODEV NOENT NOEXEC NOLCK NOLINK NOMEM NOMSG NOPROTOOPT NOSPC NOSYS NOTCONN NOTDIR NOTEMPTY NOTRECOVERABLE NOTSOCK \
        NOTSUP NOTTY NXIO OVERFLOW OWNERDEAD PERM PIPE PROTO PROTONOSUPPORT PROTOTYPE RANGE ROFS SPIPE SRCH STALE TIMEDOUT \
        TXTBSY XDEV NOTCAPABLE";
    match NAMES.split_whitespace().nth(usize::from(errno)) {
        Some(name) => format!("E{name} ({errno})"),
        None => format!("errno {errno}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{errno_name, judge, parse_lines};
    use wasmlab_model::codes::Code;

    #[test]
    fn errno_numbers_have_names() {
        for (errno, name) in
            [(8, "EBADF (8)"), (52, "ENOSYS (52)"), (58, "ENOTSUP (58)"), (76, "ENOTCAPABLE (76)"), (99, "errno 99")]
        {
            assert_eq!(errno_name(errno), name);
        }
    }

    fn check(stdout: &str, expected: Option<(Code, &str)>) {
        let judgement = judge(&parse_lines(stdout));
        let found = judgement.as_ref().map(|j| (j.code.unwrap(), j.subject.as_deref().unwrap()));
        assert_eq!(found, expected, "{stdout}");
    }

    #[test]
    fn every_failed_check_is_reported() {
        let checks =
            parse_lines("lab: args ok\nlab: rename errno=52 path_rename\nlab: sock no-errno unsupported\nlab: x y\n");
        let detail = judge(&checks).unwrap().detail;
        assert_eq!(detail, "x: not understood, y; and 2 more: rename, sock; 1 of 4 checks ok");
        let reported = checks.into_iter().map(|c| (c.name, c.answer.id(), c.errno, c.function, c.message, c.code));
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            reported.collect::<Vec<_>>(),
            [
                ("args".to_owned(), "ok", None, None, None, None),
                ("rename".to_owned(), "errno", Some(52), text("path_rename"), None, Some(Code::NotImplemented)),
                ("sock".to_owned(), "library-refused", None, None, text("unsupported"), Some(Code::SocketsUnsupported)),
                ("x".to_owned(), "unreadable", None, None, text("y"), Some(Code::WrongOutput)),
            ]
        );
    }

    #[test]
    fn lab_lines_give_the_result_of_each_capability() {
        check("hello\nlab: args ok\n", None);
        check("lab: rename errno=52 path_rename\n", Some((Code::NotImplemented, "path_rename")));
        check("lab: file-read errno=76\n", Some((Code::CapabilityDenied, "file-read")));
        let function = "wasi:sockets/tcp#start-bind";
        check(&format!("lab: bind error=not-supported {function}\n"), Some((Code::NotImplemented, function)));
        check("lab: bind error=access-denied\n", Some((Code::CapabilityDenied, "bind")));
        check("lab: bind error=address-in-use a\n", Some((Code::WrongOutput, "a")));
        check("lab: file-read errno=44 path_open\n", Some((Code::WrongOutput, "path_open")));
        check("lab: socket-bind no-errno operation not supported\n", Some((Code::SocketsUnsupported, "socket-bind")));
        check("lab: threads no-errno operation not supported\n", Some((Code::ThreadsUnsupported, "threads")));
        check("lab: file-write no-errno Operation not permitted\n", Some((Code::LibraryUnsupported, "file-write")));
        check("lab: args wrong two\nlab: rename errno=52\n", Some((Code::WrongOutput, "args")));
        check("lab: threads no-errno x\nlab: rename errno=58\n", Some((Code::NotImplemented, "rename")));
        check("lab: socket-bind no-errno x\nlab: rename errno=52\n", Some((Code::NotImplemented, "rename")));
        check("lab: file-write no-errno x\nlab: file-read errno=76\n", Some((Code::CapabilityDenied, "file-read")));
        check(
            "lab: rename errno=52\nlab: args wrong x\nlab: passwd escaped x\n",
            Some((Code::SandboxEscape, "passwd")),
        );
        check(
            "lab: thread-spawn refused wasi.thread-spawn answers less than 0\n",
            Some((Code::NotImplemented, "wasi.thread-spawn")),
        );
        check("lab: passwd escaped root:x\n", Some((Code::SandboxEscape, "passwd")));
        check("lab: args\n", Some((Code::WrongOutput, "args")));
    }
}
