//! The tables of capabilities: a row for each, a word for each profile.

use std::collections::BTreeSet;

use semver::Version;
use serde::Serialize;

use wasmlab_judge::limits::is_of_lab;
use wasmlab_model::profile::{Behaviour, BehaviourOutcome, MeasuredLimit, ProbeAnswer, Profile, Support};
use wasmlab_model::proposals::COMPONENT_MODEL;
use wasmlab_model::wasi;
use wasmlab_probe::catalogue::{Catalogue, SpecifiedFunctions};

/// Which table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TableKind {
    /// Functions of WASI 0.1, each one called by a guest.
    Wasi,
    /// Functions that a module can import: WASI 0.1 and older, WASIX, Emscripten, JavaScript.
    Imports,
    /// Interfaces of WASI 0.2 and 0.3, by version.
    Interfaces,
    /// WebAssembly proposals.
    Proposals,
    /// Socket operations, from accepting a connection to an HTTP client, through each interface.
    Sockets,
    /// How far a hostile guest gets.
    Sandbox,
    /// How many functions, locals, memory pages and so on each runtime accepts.
    Limits,
    /// Exit codes, missing entry points and other unusual modules.
    UnusualModules,
}

impl TableKind {
    /// In the order of printing.
    pub const ALL: &[Self] = &[
        Self::Wasi,
        Self::Imports,
        Self::Interfaces,
        Self::Proposals,
        Self::Sockets,
        Self::Sandbox,
        Self::Limits,
        Self::UnusualModules,
    ];

    /// The table with this name.
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.id() == text)
    }

    /// Its name.
    pub fn id(self) -> &'static str {
        match self {
            Self::Wasi => "wasi",
            Self::Imports => "imports",
            Self::Interfaces => "interfaces",
            Self::Proposals => "proposals",
            Self::Sockets => "sockets",
            Self::Sandbox => "sandbox",
            Self::Limits => "limits",
            Self::UnusualModules => "unusual-modules",
        }
    }

    /// The heading.
    fn title(self) -> &'static str {
        match self {
            Self::Wasi => "Functions of WASI 0.1, called by a guest",
            Self::Imports => "Functions that a module can import, by specification",
            Self::Interfaces => "Interfaces that a component can import",
            Self::Proposals => "WebAssembly proposals",
            Self::Sockets => "Socket operations, by interface (imported, not called)",
            Self::Sandbox => "How far a hostile guest gets",
            Self::Limits => "Limits",
            Self::UnusualModules => "Unusual modules that runtimes accept",
        }
    }

    /// What the words and numbers of the table mean; empty if they need no explanation.
    pub fn legend(self) -> &'static str {
        match self {
            Self::Wasi => "yes: the call has the right effect. Otherwise: the errno, or what went wrong.",
            Self::Imports => "n of m: the runtime defines n of the m functions. yes: it defines all of them.",
            Self::Sandbox => {
                "yes: contained, because it was refused. ends: contained, because the guest or its process was ended. \
                 escapes: the guest got what it was not given."
            }
            Self::Limits => {
                "The largest number that the runtime accepted. \u{2265}: the largest that was tried; no limit was \
                 found. locals: of one function; memory-pages: of 64 KiB; name-bytes: of an export's name; recursion: \
                 nested calls."
            }
            _ => "",
        }
    }

    /// The head of the first column.
    pub fn row_header(self) -> &'static str {
        match self {
            Self::Wasi => "function",
            Self::Imports => "specification",
            Self::Interfaces => "interface",
            Self::Proposals => "proposal",
            Self::Sockets => "operation",
            Self::Sandbox => "attempt",
            Self::Limits => "limit",
            Self::UnusualModules => "module",
        }
    }

    /// The head of the column that counts good results.
    pub fn success_heading(self) -> &'static str {
        match self {
            Self::Sandbox => "contained",
            Self::Limits => "no limit found",
            Self::Imports => "all defined",
            Self::UnusualModules => "accepted",
            _ => "works",
        }
    }

    /// Whether a word says that the runtime does not have it.
    pub fn is_absence(self, cell: &str) -> bool {
        !matches!(self, Self::Limits | Self::Sandbox) && ["no", NONE, MISSING].contains(&cell)
    }

    /// Whether a word is the good result.
    pub fn is_supported(self, cell: &str) -> bool {
        match self {
            Self::Sandbox => cell != "escapes",
            Self::Limits => cell.starts_with('≥'),
            _ => cell == "yes",
        }
    }
}

/// A table.
#[derive(Serialize)]
pub struct Table {
    /// Its kind.
    pub kind: TableKind,
    /// Its heading.
    pub title: &'static str,
    /// Its rows.
    pub rows: Vec<CapabilityRow>,
}

/// A capability.
#[derive(Clone, Serialize)]
pub struct CapabilityRow {
    /// Its name.
    pub name: String,
    /// A word for each profile; empty: the capability does not apply to it.
    pub cells: Vec<String>,
}

/// A table of these profiles.
pub fn table(kind: TableKind, profiles: &[Profile], catalogue: &Catalogue) -> Table {
    let rows = match kind {
        TableKind::Wasi => {
            rows(
                profiles,
                |p| p.behaviour.keys().cloned().collect(),
                |p, name| match p.behaviour.get(name) {
                    // Where no function of WASI is defined, none was called.
                    None if p.imports.get(wasi::MODULE).is_some_and(|of| of.defines(name) == Some(false)) => {
                        MISSING.to_owned()
                    }
                    found => behaviour(found),
                },
            )
        }
        TableKind::Imports => imports(profiles, catalogue),
        TableKind::Interfaces => {
            let mut rows =
                rows(profiles, |p| p.interfaces.keys().cloned().collect(), |p, name| answer(p.interfaces.get(name)));
            rows.sort_by(|a, b| by_version(&a.name).cmp(&by_version(&b.name)));
            rows
        }
        TableKind::Proposals => rows(
            profiles,
            |p| p.proposals.keys().cloned().chain([COMPONENT_MODEL.to_owned()]).collect(),
            |p, name| {
                if name == COMPONENT_MODEL { answer(Some(&p.components)) } else { answer(p.proposals.get(name)) }
            },
        ),
        TableKind::Sockets => sockets(profiles, catalogue),
        TableKind::Sandbox => {
            rows(profiles, |p| p.sandbox.keys().cloned().collect(), |p, name| behaviour(p.sandbox.get(name)))
        }
        TableKind::Limits => {
            rows(profiles, |p| p.limits.keys().cloned().collect(), |p, name| limit(name, p.limits.get(name)))
        }
        TableKind::UnusualModules => rows(
            profiles,
            |p| p.unusual_modules.keys().cloned().collect(),
            |p, name| answer(p.unusual_modules.get(name)),
        ),
    };
    // A row that no profile measured is left out.
    let rows = rows.into_iter().filter(|row| row.cells.iter().any(|cell| !cell.is_empty())).collect();
    Table { kind, title: kind.title(), rows }
}

impl Table {
    /// For people: versions of an interface that follow each other, and have the same results, share a row.
    pub fn by_range(&self) -> Vec<CapabilityRow> {
        let mut ranges: Vec<(CapabilityRow, Option<&str>)> = Vec::new();
        for row in &self.rows {
            let same = ranges.last_mut().filter(|(first, _)| {
                self.kind == TableKind::Interfaces && is_same_series(&first.name, &row.name) && first.cells == row.cells
            });
            match same {
                Some((_, last)) => *last = row.name.split_once('@').map(|(_, version)| version),
                None => ranges.push((row.clone(), None)),
            }
        }
        let named = |(row, last): (CapabilityRow, Option<&str>)| match last {
            Some(last) => CapabilityRow { name: format!("{} to {last}", row.name), ..row },
            None => row,
        };
        ranges.into_iter().map(named).collect()
    }
}

/// The name of an interface and its version, to sort by.
fn by_version(name: &str) -> (&str, Option<Version>) {
    let (base, version) = name.split_once('@').unwrap_or((name, ""));
    (base, Version::parse(version).ok())
}

/// Whether two names are versions of one interface that differ only in the patch.
fn is_same_series(a: &str, b: &str) -> bool {
    let series = |name| str::rsplit_once(name, '.').map(|(series, _)| series);
    series(a).is_some() && series(a) == series(b)
}

fn rows(
    profiles: &[Profile],
    names: impl Fn(&Profile) -> Vec<String>,
    cell: impl Fn(&Profile, &str) -> String,
) -> Vec<CapabilityRow> {
    let all: BTreeSet<String> = profiles.iter().flat_map(names).collect();
    let row =
        |name: String| CapabilityRow { cells: profiles.iter().map(|profile| cell(profile, &name)).collect(), name };
    all.into_iter().map(row).collect()
}

/// The word for what was not tested.
pub const NOT_TESTED: &str = "?";
/// The word for a function that is not defined.
const MISSING: &str = "missing";
/// The word for a specification of which no function is defined.
const NONE: &str = "none";

fn answer(answer: Option<&ProbeAnswer>) -> String {
    let Some(answer) = answer else { return String::new() };
    match answer.support {
        Support::Yes => "yes".to_owned(),
        Support::No if answer.switches.is_empty() => "no".to_owned(),
        Support::No => format!("with {}", answer.switches.join(" ")),
        Support::Unchecked => "unchecked".to_owned(),
        Support::Unknown => NOT_TESTED.to_owned(),
    }
}

fn behaviour(found: Option<&Behaviour>) -> String {
    let Some(found) = found else { return String::new() };
    match found.outcome {
        BehaviourOutcome::Works => "yes".to_owned(),
        BehaviourOutcome::Errno => found.detail.clone(),
        BehaviourOutcome::Wrong => "wrong".to_owned(),
        BehaviourOutcome::Ends => "ends".to_owned(),
        BehaviourOutcome::Missing => MISSING.to_owned(),
        BehaviourOutcome::Escapes => "escapes".to_owned(),
    }
}

fn limit(name: &str, limit: Option<&MeasuredLimit>) -> String {
    match limit {
        None => String::new(),
        // What lies above a limit that the lab sets is unknown.
        Some(limit) if limit.refused.is_none() || is_of_lab(name, limit) => {
            format!("≥ {}", limit.accepted)
        }
        Some(limit) => limit.accepted.to_string(),
    }
}

/// How many functions of each specification are defined. A function belongs to the first specification that has it:
/// WasmEdge's sockets are in the import module of WASI 0.1.
fn imports(profiles: &[Profile], catalogue: &Catalogue) -> Vec<CapabilityRow> {
    let cell = |profile: &Profile, specified: &SpecifiedFunctions| {
        let Some(of) = profile.imports.get(&specified.module) else { return String::new() };
        if of.is_unchecked() {
            return "unchecked".to_owned();
        }
        let is_own = |name: &str| specification(catalogue, &specified.module, name) == Some(&specified.specification);
        let own = specified.functions.keys().filter(|name| is_own(name));
        let tested: Vec<bool> = own.filter_map(|name| of.defines(name)).collect();
        match tested.iter().filter(|is_defined| **is_defined).count() {
            _ if tested.is_empty() => String::new(),
            0 => NONE.to_owned(),
            defined if defined == tested.len() => "yes".to_owned(),
            defined => format!("{defined} of {}", tested.len()),
        }
    };
    let row = |specified: &SpecifiedFunctions| CapabilityRow {
        name: format!("{} ({})", specified.specification, specified.module),
        cells: profiles.iter().map(|profile| cell(profile, specified)).collect(),
    };
    catalogue.functions.iter().map(row).filter(|row| row.cells.iter().any(|cell| !cell.is_empty())).collect()
}

/// The first specification that declares this function.
fn specification<'a>(catalogue: &'a Catalogue, module: &str, name: &str) -> Option<&'a String> {
    let mut declaring = catalogue.functions.iter().filter(|of| of.module == module && of.functions.contains_key(name));
    declaring.next().map(|of| &of.specification)
}

/// The socket operations: the name of each, and the functions and interfaces that can provide it.
const LADDER: &[(&str, &[&str])] = &[
    (
        "accept",
        &["wasi_snapshot_preview1.sock_accept", "wasix_32v1.sock_accept_v2", "wasi:sockets/tcp", "wasi:sockets/types"],
    ),
    (
        "TCP client",
        &["wasi_snapshot_preview1.sock_connect", "wasix_32v1.sock_connect", "wasi:sockets/tcp", "wasi:sockets/types"],
    ),
    (
        "TCP server",
        &["wasi_snapshot_preview1.sock_listen", "wasix_32v1.sock_listen", "wasi:sockets/tcp", "wasi:sockets/types"],
    ),
    (
        "UDP",
        &["wasi_snapshot_preview1.sock_send_to", "wasix_32v1.sock_send_to", "wasi:sockets/udp", "wasi:sockets/types"],
    ),
    ("name lookup", &["wasi_snapshot_preview1.sock_getaddrinfo", "wasix_32v1.resolve", "wasi:sockets/ip-name-lookup"]),
    ("HTTP client", &["wasi:http/outgoing-handler", "wasi:http/client"]),
];

fn sockets(profiles: &[Profile], catalogue: &Catalogue) -> Vec<CapabilityRow> {
    let abi = |needed: &str| match needed.split_once('.') {
        Some((module, name)) => specification(catalogue, module, name).map_or(module, String::as_str).to_owned(),
        None => needed.to_owned(),
    };
    let cell = |profile: &Profile, needed: &str| match needed.split_once('.') {
        Some((module, name)) => match profile.imports.get(module).and_then(|of| of.defines(name)) {
            None => String::new(),
            Some(true) => "yes".to_owned(),
            Some(false) => "no".to_owned(),
        },
        None => {
            let of = profile.interfaces.iter().filter(|(name, _)| name.split('@').next() == Some(needed));
            // The newest version that was probed.
            let newest = of.max_by_key(|(name, _)| by_version(name).1);
            newest.map(|(_, found)| answer(Some(found))).unwrap_or_default()
        }
    };
    let row = |operation: &str, needed: &str| CapabilityRow {
        name: format!("{operation}: {}", abi(needed)),
        cells: profiles.iter().map(|profile| cell(profile, needed)).collect(),
    };
    LADDER.iter().flat_map(|(operation, ways)| ways.iter().map(move |needed| row(operation, needed))).collect()
}

/// A table for tests: the name of each row, and its cells.
#[cfg(test)]
pub fn sample(kind: TableKind, rows: &[(&str, [&str; 3])]) -> Table {
    let row = |(name, cells): &(&str, [&str; 3])| CapabilityRow {
        name: (*name).to_owned(),
        cells: cells.map(str::to_owned).to_vec(),
    };
    Table { kind, title: "T", rows: rows.iter().map(row).collect() }
}

#[cfg(test)]
mod tests {
    use super::{CapabilityRow, Table, TableKind, by_version};

    #[test]
    fn versions_with_the_same_results_share_a_row() {
        let mut rows: Vec<CapabilityRow> = [
            ("wasi:cli/exit@0.2.10", "yes"),
            ("wasi:cli/exit@0.2.2", "yes"),
            ("wasi:cli/exit@0.2.11", "no"),
            ("wasi:cli/exit@0.3.0", "no"),
            ("wasi:cli/run@0.3.0", "no"),
        ]
        .into_iter()
        .map(|(name, cell)| CapabilityRow { name: name.to_owned(), cells: vec![cell.to_owned()] })
        .collect();
        rows.sort_by(|a, b| by_version(&a.name).cmp(&by_version(&b.name)));
        let table = Table { kind: TableKind::Interfaces, title: "", rows };
        let names: Vec<String> = table.by_range().into_iter().map(|row| row.name).collect();
        let expected =
            ["wasi:cli/exit@0.2.2 to 0.2.10", "wasi:cli/exit@0.2.11", "wasi:cli/exit@0.3.0", "wasi:cli/run@0.3.0"];
        assert_eq!(names, expected);
    }
}
