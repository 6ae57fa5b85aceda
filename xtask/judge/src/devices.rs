//! Guests that failed because they opened a device of the operating system, such as `/dev/urandom`.

use super::{Evidence, with_code, without_code};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::scenario::Run;
use wasmlab_model::verdict::{Judgement, Verdict};

/// Devices, and what a guest uses in their place.
const DEVICES: &[(&str, &str)] = &[
    ("/dev/urandom", RANDOM),
    ("/dev/random", RANDOM),
    ("/dev/null", "Discard the data in the program itself, or give it a directory that has such a file."),
    ("/dev/tty", "Use stdin and stdout: no WASI host offers a terminal as a file."),
    ("/dev/stdin", "Read stdin by its descriptor (0), not by a path."),
    ("/dev/stdout", "Write to stdout by its descriptor (1), not by a path."),
    ("/dev/stderr", "Write to stderr by its descriptor (2), not by a path."),
];

const RANDOM: &str = "Ask for random bytes by a function, not by a file: `getentropy` or `arc4random_buf` (C), \
                      `std::random_device` (C++), the crate `getrandom` (Rust); each calls WASI's `random_get`.";

/// The judgement with the device as its reason, if the guest's messages name one that it was not given.
pub fn name_device(judgement: Judgement, evidence: &Evidence, run: &Run) -> Judgement {
    let has_failed = matches!(judgement.code, Some(Code::WrongExit | Code::Trap | Code::WrongOutput));
    if has_failed && run.dir.iter().any(|dir| dir.guest == "/dev" && dir.host.is_none()) {
        let detail = format!(
            "the lab gives a guest a copy of each directory, without devices, so a guest that opens one cannot be tried ({})",
            judgement.detail
        );
        return Judgement { subject: Some("device".to_owned()), ..without_code(Verdict::NotAttempted, detail) };
    }
    if !has_failed || run.dir.iter().any(|dir| dir.guest == "/" || dir.guest.starts_with("/dev")) {
        return judgement;
    }
    let says = |text: &str, device: &str| {
        let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || "/_-".contains(c));
        text.lines().any(|line| {
            let failed = ["open", "read", "no such", "error", "fail", "not found", "denied", "permitted", "descriptor"];
            let lower = line.to_lowercase();
            failed.iter().any(|word| lower.contains(word))
                && line.match_indices(device).any(|(at, _)| ends(&line[at + device.len()..]))
        })
    };
    let named = |(device, _): &&(&str, &str)| says(evidence.stderr(), device) || says(evidence.stdout(), device);
    let Some((device, remedy)) = DEVICES.iter().find(named) else { return judgement };
    let detail = format!(
        "names {device}, a device of the operating system, and WASI gives a guest only files in its directories; {}",
        judgement.detail
    );
    let found = with_code(Code::CapabilityDenied, (*device).to_owned(), detail);
    Judgement { blame: vec![Blame::Guest], stage: judgement.stage, remedy: Some((*remedy).to_owned()), ..found }
}

/// Whether [`name_device`] made this judgement.
pub fn is_device_judgement(judgement: &Judgement) -> bool {
    let of_device = |subject: &str| DEVICES.iter().any(|(device, _)| *device == subject);
    judgement.code == Some(Code::CapabilityDenied) && judgement.subject.as_deref().is_some_and(of_device)
}

#[cfg(test)]
mod tests {
    use super::{is_device_judgement, name_device};
    use crate::{Evidence, with_code};
    use wasmlab_model::codes::Code;
    use wasmlab_model::observation::{GuestProgress, Observation};
    use wasmlab_model::scenario::{Dir, Run};
    use wasmlab_model::verdict::Verdict;

    fn check(dir: &[&str], stderr: &str, expected: Option<&str>) {
        let observation = Observation { stderr: stderr.to_owned(), ..Observation::not_started() };
        let progress = GuestProgress::default();
        let evidence =
            Evidence { facts: Err("none"), observation: &observation, progress: &progress, lab_guest: false };
        let dir = dir.iter().map(|guest| Dir { guest: (*guest).to_owned(), ..Dir::default() }).collect();
        let failed = with_code(Code::WrongExit, None, "exit code 1, expected 0");
        let found = name_device(failed, &evidence, &Run { dir, ..Run::default() });
        assert_eq!(
            (found.subject.as_deref(), is_device_judgement(&found)),
            (expected, expected.is_some()),
            "{stderr}: {}",
            found.detail
        );
    }

    #[test]
    fn copy_of_the_devices_is_no_try() {
        let observation = Observation { stderr: "urandom: No such file".to_owned(), ..Observation::not_started() };
        let progress = GuestProgress::default();
        let evidence =
            Evidence { facts: Err("none"), observation: &observation, progress: &progress, lab_guest: false };
        let check = |guest: &str, expected: Verdict| {
            let dir = vec![Dir { guest: guest.to_owned(), ..Dir::default() }];
            let failed = with_code(Code::WrongExit, None, "exit code 1, expected 0");
            assert_eq!(name_device(failed, &evidence, &Run { dir, ..Run::default() }).verdict, expected, "{guest}");
        };
        check("/dev", Verdict::NotAttempted);
        check("/data", Verdict::Fail);
    }

    #[test]
    fn device_that_the_message_names_is_the_reason() {
        check(&[], "cannot open /dev/urandom: No such file or directory", Some("/dev/urandom"));
        check(&["/data"], "Error: open \"/dev/null\": Bad file descriptor", Some("/dev/null"));
        // It was given that folder, or the device is only mentioned, or it is another file.
        check(&["/dev/shm"], "cannot open /dev/urandom", None);
        check(&["/"], "cannot open /dev/urandom", None);
        check(&[], "usage: dd if=/dev/urandom", None);
        check(&[], "cannot open /dev/nullable", None);
    }
}
