//! How a runtime is had that the lab does not build: by the commands of ordinary package clients. Adapters name
//! them, `setup` says and runs them; nothing else does.

use crate::machine::Machine;

/// A command of a package client that gets a runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The client and its arguments.
    pub command: &'static [&'static str],
    /// What is to be known before: how long it takes, where that is long; what it does not give.
    pub note: &'static str,
}

/// Clients that write to the system's own folders.
const FOR_ROOT: &[&str] = &["apt-get", "dnf", "apk"];

impl Route {
    /// One that takes seconds.
    #[must_use]
    pub const fn quick(command: &'static [&'static str]) -> Self {
        Self { command, note: "" }
    }

    /// The command as it is run on this machine; `None` where its client is not here.
    #[must_use]
    pub fn here(&self, machine: &Machine) -> Option<Vec<String>> {
        let client = self.command.first()?;
        machine.which(client)?;
        let sudo = FOR_ROOT.contains(client).then(|| machine.which("sudo")).flatten().map(|_| "sudo");
        Some(sudo.into_iter().chain(self.command.iter().copied()).map(str::to_owned).collect())
    }
}

/// What gets a runtime on this machine: the first command whose client is here, and its note.
#[must_use]
pub fn first(machine: &Machine, routes: &[Route]) -> Option<(Vec<String>, &'static str)> {
    routes.iter().find_map(|route| Some((route.here(machine)?, route.note)))
}

/// The commands of `routes`, as a person reads them.
#[must_use]
pub fn in_words(routes: &[Route]) -> String {
    let commands: Vec<String> = routes.iter().map(|r| format!("`{}`", r.command.join(" "))).collect();
    commands.join(" or ")
}

#[cfg(test)]
mod tests {
    use super::super::{Source, all};

    /// `setup` has something to run, or to say, for whatever is not here.
    #[test]
    fn every_program_has_a_command_or_a_page() {
        for runtime in all() {
            if let Source::Program { get, .. } = runtime.source() {
                assert!(!runtime.routes().is_empty(), "{}: is there no package client that has it?", runtime.id());
                assert!(get.contains("https://"), "{}: `{get}` names no page", runtime.id());
            }
        }
    }

    #[test]
    fn commands_begin_with_a_client_and_ask_nothing() {
        for route in all().iter().flat_map(|r| r.routes()) {
            let text = route.command.join(" ");
            assert!(route.command.len() > 2, "{text}");
            let silent = !text.starts_with("apt-get") && !text.starts_with("dnf")
                || text.contains(" --assumeyes ")
                || text.contains(" --yes ");
            assert!(silent, "{text} waits for a yes");
        }
    }
}
