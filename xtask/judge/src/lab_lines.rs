//! The lines in which the lab's own guests report which capabilities work.
//!
//! `lab: NAME ok`, `lab: NAME errno=N [FUNCTION]` (WASI 0.1 refused), `lab: NAME error=CODE [FUNCTION]` (an interface
//! of WIT refused, by its own code: `not-supported`), `lab: NAME no-errno TEXT` (a library refused without asking the
//! host), `lab: NAME wrong TEXT` (it answered, wrongly), `lab: NAME escaped TEXT` (the guest reached what it was not
//! given), `lab: NAME refused FUNCTION TEXT` (the host was asked, and refused without an errno).

use std::fmt;

use super::with_code;
use wasmlab_model::checks::{Check, CheckAnswer};
use wasmlab_model::codes::Code;
use wasmlab_model::verdict::Judgement;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabLine<'a> {
    /// The capability.
    pub name: &'a str,
    /// The result.
    pub answer: Answer<'a>,
}

/// The result of trying a capability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<'a> {
    /// It works.
    Ok,
    /// The host returned a WASI errno; the function, if the guest knows it.
    Errno(u16, &'a str),
    /// The host returned a WIT error code; the function, if the guest knows it.
    Error(&'a str, &'a str),
    /// A library refused without calling the host: its message.
    NoErrno(&'a str),
    /// The host was called and refused without an errno: the function, and what it returned.
    Refused(&'a str, &'a str),
    /// It worked, and the result is wrong.
    Wrong(&'a str),
    /// The guest reached something that it was not given.
    Escaped(&'a str),
    /// Not in this format.
    Unreadable(&'a str),
}

impl fmt::Display for LabLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.name)?;
        match self.answer {
            Answer::Ok => f.write_str("ok"),
            Answer::Errno(errno, "") => write!(f, "{}", errno_name(errno)),
            Answer::Errno(errno, function) => write!(f, "{function} returns {}", errno_name(errno)),
            Answer::Refused(function, text) => write!(f, "{function} {text}"),
            Answer::Error(code, "") => f.write_str(code),
            Answer::Error(code, function) => write!(f, "{function} returns {code}"),
            Answer::NoErrno(text) => write!(f, "{text} (refused without calling the host)"),
            Answer::Wrong(text) => write!(f, "wrong, {text}"),
            Answer::Escaped(text) => write!(f, "escaped, {text}"),
            Answer::Unreadable(text) => write!(f, "not understood, {text}"),
        }
    }
}

impl LabLine<'_> {
    /// The result, without the capability's name if the function implies it: `sock_accept returns EBADF (8)`.
    pub fn describe(&self) -> String {
        match self.answer {
            Answer::Errno(_, function) | Answer::Error(_, function) | Answer::Refused(function, _)
                if !function.is_empty() =>
            {
                self.to_string().split_once(": ").map(|(_, said)| said.to_owned()).unwrap_or_default()
            }
            _ => self.to_string(),
        }
    }
}

/// Every `lab:` line of a guest's stdout, in order.
#[must_use]
pub fn parse_lines(stdout: &str) -> Vec<LabLine<'_>> {
    stdout.lines().filter_map(|l| l.strip_prefix("lab: ")).map(parse).collect()
}

fn parse(line: &str) -> LabLine<'_> {
    let (name, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
    let (word, text) = rest.split_once(' ').unwrap_or((rest, ""));
    let function = text.split_whitespace().next().unwrap_or_default();
    let answer = match (word, word.strip_prefix("errno=").map(str::parse)) {
        ("ok", _) => Answer::Ok,
        ("no-errno", _) => Answer::NoErrno(text),
        ("refused", _) => {
            let (function, text) = text.split_once(' ').unwrap_or((text, "refuses"));
            Answer::Refused(function, text)
        }
        ("wrong", _) => Answer::Wrong(text),
        ("escaped", _) => Answer::Escaped(text),
        (_, Some(Ok(errno))) => Answer::Errno(errno, function),
        (_, Some(Err(_))) => Answer::Unreadable(rest),
        _ => word.strip_prefix("error=").map_or(Answer::Unreadable(rest), |code| Answer::Error(code, function)),
    };
    LabLine { name, answer }
}

/// The judgement from the lines: the code with the lowest priority number (a wrong result before a gap, the host's gap
/// before the ABI's), and the first line with that code. The detail names the others that are not ok; [`checks`] has
/// the result of each.
#[must_use]
pub fn judge(lines: &[LabLine]) -> Option<Judgement> {
    let mut refused: Vec<(Code, &LabLine)> = lines.iter().filter_map(|line| Some((code(line)?, line))).collect();
    refused.sort_by_key(|(code, _)| code.entry().priority);
    let ((code, first), others) = refused.split_first()?;
    let subject = match first.answer {
        Answer::Errno(_, function) | Answer::Error(_, function) | Answer::Refused(function, _)
            if !function.is_empty() =>
        {
            function
        }
        _ => first.name,
    };
    let mut detail = first.to_string();
    if !others.is_empty() {
        let names: Vec<&str> = others.iter().map(|(_, line)| line.name).collect();
        detail += &format!("; and {} more: {}", others.len(), names.join(", "));
    }
    let ok = lines.iter().filter(|l| l.answer == Answer::Ok).count();
    if ok > 0 {
        detail += &format!("; {ok} of {} checks ok", lines.len());
    }
    Some(with_code(*code, subject.to_owned(), detail))
}

/// A check, formatted like its line.
#[must_use]
pub fn describe_check(check: &Check) -> String {
    let (function, message) =
        (check.function.as_deref().unwrap_or_default(), check.message.as_deref().unwrap_or_default());
    let answer = match check.answer {
        CheckAnswer::Ok => Answer::Ok,
        CheckAnswer::Errno => Answer::Errno(check.errno.unwrap_or_default(), function),
        CheckAnswer::Error => Answer::Error(message, function),
        CheckAnswer::NoErrno => Answer::NoErrno(message),
        CheckAnswer::Refused => Answer::Refused(function, message),
        CheckAnswer::Wrong => Answer::Wrong(message),
        CheckAnswer::Escaped => Answer::Escaped(message),
        CheckAnswer::Unreadable => Answer::Unreadable(message),
    };
    LabLine { name: &check.name, answer }.to_string()
}

/// The result of each capability, as in reports.
#[must_use]
pub fn checks(lines: &[LabLine]) -> Vec<Check> {
    let check = |line: &LabLine| {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let (answer, errno, function, message) = match line.answer {
            Answer::Ok => (CheckAnswer::Ok, None, None, None),
            Answer::Errno(errno, function) => (CheckAnswer::Errno, Some(errno), text(function), None),
            Answer::Error(code, function) => (CheckAnswer::Error, None, text(function), text(code)),
            Answer::NoErrno(words) => (CheckAnswer::NoErrno, None, None, text(words)),
            Answer::Refused(function, words) => (CheckAnswer::Refused, None, text(function), text(words)),
            Answer::Wrong(words) => (CheckAnswer::Wrong, None, None, text(words)),
            Answer::Escaped(words) => (CheckAnswer::Escaped, None, None, text(words)),
            Answer::Unreadable(words) => (CheckAnswer::Unreadable, None, None, text(words)),
        };
        Check { name: line.name.to_owned(), answer, errno, function, message, code: code(line) }
    };
    lines.iter().map(check).collect()
}

/// The code of one line by itself; none where the capability works.
fn code(line: &LabLine) -> Option<Code> {
    Some(match line.answer {
        Answer::Ok => return None,
        Answer::Errno(52 | 58, _) | Answer::Error("not-supported", _) | Answer::Refused(..) => Code::NotImplemented,
        Answer::Errno(2 | 63 | 76, _) | Answer::Error("access-denied", _) => Code::CapabilityDenied,
        Answer::NoErrno(_) if line.name.starts_with("sock") => Code::SocketsUnsupported,
        Answer::NoErrno(_) if line.name.starts_with("thread") => Code::ThreadsUnsupported,
        Answer::NoErrno(_) => Code::LibraryUnsupported,
        Answer::Escaped(_) => Code::SandboxEscape,
        Answer::Errno(..) | Answer::Error(..) | Answer::Wrong(_) | Answer::Unreadable(_) => Code::WrongOutput,
    })
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
    use super::{checks, errno_name, judge, parse_lines};
    use wasmlab_model::codes::Code;

    #[test]
    fn errno_numbers_have_names() {
        for (errno, name) in
            [(8, "EBADF (8)"), (52, "ENOSYS (52)"), (58, "ENOTSUP (58)"), (76, "ENOTCAPABLE (76)"), (99, "errno 99")]
        {
            assert_eq!(errno_name(errno), name);
        }
    }

    fn check(stdout: &str, wanted: Option<(Code, &str)>) {
        let judgement = judge(&parse_lines(stdout));
        let found = judgement.as_ref().map(|j| (j.code.unwrap(), j.subject.as_deref().unwrap()));
        assert_eq!(found, wanted, "{stdout}");
    }

    #[test]
    fn every_failed_check_is_reported() {
        let lines =
            parse_lines("lab: args ok\nlab: rename errno=52 path_rename\nlab: sock no-errno unsupported\nlab: x y\n");
        let detail = judge(&lines).unwrap().detail;
        assert_eq!(detail, "x: not understood, y; and 2 more: rename, sock; 1 of 4 checks ok");
        let told = checks(&lines).into_iter().map(|c| (c.name, c.answer.id(), c.errno, c.function, c.message, c.code));
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            told.collect::<Vec<_>>(),
            [
                ("args".to_owned(), "ok", None, None, None, None),
                ("rename".to_owned(), "errno", Some(52), text("path_rename"), None, Some(Code::NotImplemented)),
                ("sock".to_owned(), "no-errno", None, None, text("unsupported"), Some(Code::SocketsUnsupported)),
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
