//! Column names for display; several columns of one engine share one name.

use wasmlab_model::report::{RunReport, RuntimeInfo};

/// The form of column names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameStyle {
    /// As accepted by `--runtime`: `wasmi, wasmtime-*, node`, or `every runtime`.
    Ids,
    /// With versions, grouped by engine and version: `wasmi 2.0, wasmtime 48.0 (3 modes), wasmer 7.4 (singlepass), node
    /// 20.20 with jco 1.35`.
    Versions,
}

/// Names the columns with these ids, in report order.
#[must_use]
pub fn names(report: &RunReport, ids: &[&str], style: NameStyle) -> String {
    match style {
        NameStyle::Ids => by_id(report, ids),
        NameStyle::Versions => with_versions(&report.runtimes, ids),
    }
}

fn by_id(report: &RunReport, ids: &[&str]) -> String {
    let is_named = |runtime: &RuntimeInfo| ids.contains(&runtime.id.as_str());
    let present: Vec<_> = report.runtimes.iter().filter(|r| r.tool.present).collect();
    if present.len() > 2 && present.iter().all(|r| is_named(r)) {
        return "every runtime".to_owned();
    }
    let mut names: Vec<String> = Vec::new();
    for runtime in report.runtimes.iter().filter(|r| is_named(r)) {
        // Use a pattern only if every column that it matches is meant. `wasmedge-*` does not match `wasmedge`.
        let is_whole = |engine: &&str| {
            let start = format!("{engine}-");
            let all: Vec<_> = present.iter().filter(|r| r.id.starts_with(&start)).collect();
            runtime.id.starts_with(&start) && all.len() > 1 && all.iter().all(|r| is_named(r))
        };
        let whole = [engine(runtime), runtime.engine.as_str()].into_iter().find(is_whole);
        let name = whole.map_or_else(|| runtime.id.clone(), |engine| format!("{engine}-*"));
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

/// Names the columns with these ids, in the form of [`NameStyle::Versions`].
#[must_use]
pub fn with_versions(columns: &[RuntimeInfo], ids: &[&str]) -> String {
    let mut groups: Vec<(Key, Vec<&RuntimeInfo>)> = Vec::new();
    for runtime in columns.iter().filter(|r| ids.contains(&r.id.as_str())) {
        let key = Key::of(runtime);
        match groups.iter_mut().find(|(k, _)| *k == key) {
            Some((_, members)) => members.push(runtime),
            None => groups.push((key, vec![runtime])),
        }
    }
    let names = groups.into_iter().map(|(key, members)| {
        let all = columns.iter().filter(|r| r.tool.present && Key::of(r) == key).count();
        // A column named only by its engine must be distinguishable from the ones beside it.
        let distinct_mode = |r: &&RuntimeInfo| {
            if members.len() > 1 && mode(r).is_empty() { r.mode.clone() } else { mode(r).to_owned() }
        };
        let modes: Vec<String> = members.iter().map(distinct_mode).filter(|mode| !mode.is_empty()).collect();
        // The engine's command line and other releases are different builds, not modes of the others.
        let is_one_build = members.iter().all(|r| mode(r) != "cli" && r.tool.version == members[0].tool.version);
        let modes = match modes.as_slice() {
            [] => String::new(),
            modes if modes.len() > 2 && modes.len() == all && is_one_build => format!(" ({} modes)", modes.len()),
            modes => format!(" ({})", modes.join(", ")),
        };
        format!("{}{modes}{}", key.name, key.layer)
    });
    names.collect::<Vec<_>>().join(", ")
}

/// The common part of columns that share a name.
#[derive(PartialEq, Eq)]
struct Key {
    /// `wasmtime 48.0`.
    name: String,
    /// ` with jco 1.35`.
    layer: String,
}

impl Key {
    fn of(runtime: &RuntimeInfo) -> Self {
        if runtime.custom_build {
            return Self { name: runtime.id.clone(), layer: String::new() };
        }
        let version = runtime.tool.version.as_deref().unwrap_or_default();
        let (version, of_layer) = version.split_once(' ').unwrap_or((version, ""));
        let layer = runtime.id.split_once('+').map(|(_, layer)| layer);
        let of_layer = of_layer.rsplit(' ').next().map(short).unwrap_or_default();
        Self {
            name: format!("{} {}", engine(runtime), short(version)).trim_end().to_owned(),
            layer: layer.map(|layer| format!(" with {layer} {of_layer}").trim_end().to_owned()).unwrap_or_default(),
        }
    }
}

/// The engine without the number of an older release: `wasmtime` for `wasmtime-36`, whose version shows it anyway.
pub fn engine(runtime: &RuntimeInfo) -> &str {
    let is_number = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    match runtime.engine.rsplit_once('-') {
        Some((name, number)) if is_number(number) => name,
        _ => &runtime.engine,
    }
}

/// The rest of a column's id after engine, version and layer: `cranelift` of `wasmtime-36-cranelift`.
fn mode(runtime: &RuntimeInfo) -> &str {
    let id = runtime.id.split('+').next().unwrap_or_default();
    let rest = id.strip_prefix(runtime.engine.as_str()).unwrap_or_default();
    if runtime.custom_build { "" } else { rest.trim_start_matches(|c: char| c == '-' || c.is_ascii_digit()) }
}

/// `48.0` of `48.0.8`, `156` of `156.0.8078.108`: browsers are known by their major version.
pub(crate) fn short(version: &str) -> String {
    let numbers: Vec<&str> = version.split('.').collect();
    let significant = if numbers.len() > 3 && !version.contains('-') { 1 } else { 2 };
    numbers.into_iter().take(significant).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::{NameStyle, names};
    use crate::sample;

    #[test]
    fn agreeing_columns_of_one_engine_are_grouped() {
        let mut report = sample::report();
        let mut runtime = report.runtimes[0].clone();
        report.runtimes.clear();
        for (id, engine, version) in [
            ("wasmi", "wasmi", "2.0.0"),
            ("wasmi-cli", "wasmi", "2.0.0"),
            ("wasmtime-cranelift", "wasmtime", "48.0.8"),
            ("wasmtime-winch", "wasmtime", "48.0.8"),
            ("wasmtime-pulley", "wasmtime", "48.0.8"),
            ("wasmtime-36-cranelift", "wasmtime-36", "36.0.20"),
            ("wasmtime-cli", "wasmtime", "49.0.3"),
            ("node", "node", "20.20.2"),
            ("node+jco", "node", "20.20.2 jco 1.35.0"),
            ("chromium+wasi-shim", "chromium", "156.0.8078.108 wasi-shim 0.4.2"),
            ("wamr-zig", "wamr-zig", "3.0.0-dev.14"),
        ] {
            (runtime.id, runtime.engine) = (id.to_owned(), engine.to_owned());
            runtime.tool.version = Some(version.to_owned());
            runtime.mode = "interpreter".to_owned();
            report.runtimes.push(runtime.clone());
        }
        let check = |ids: &[&str], expected: &str| assert_eq!(names(&report, ids, NameStyle::Versions), expected);
        let ids = |ids: &[&str], expected: &str| assert_eq!(names(&report, ids, NameStyle::Ids), expected);
        ids(&["wasmi", "wasmi-cli"], "wasmi, wasmi-cli");
        ids(
            &["wasmtime-cranelift", "wasmtime-winch", "wasmtime-36-cranelift"],
            "wasmtime-cranelift, wasmtime-winch, \
             wasmtime-36-cranelift",
        );
        let all = ["wasmtime-cranelift", "wasmtime-winch", "wasmtime-pulley", "wasmtime-36-cranelift", "wasmtime-cli"];
        ids(&all, "wasmtime-*");
        check(&["wasmi"], "wasmi 2.0");
        check(&["wasmi", "wasmi-cli"], "wasmi 2.0 (interpreter, cli)");
        check(&["wasmtime-cranelift", "wasmtime-pulley"], "wasmtime 48.0 (cranelift, pulley)");
        check(&["wasmtime-pulley", "wasmtime-winch", "wasmtime-cranelift"], "wasmtime 48.0 (3 modes)");
        check(&["wasmtime-cli", "wasmtime-36-cranelift"], "wasmtime 36.0 (cranelift), wasmtime 49.0 (cli)");
        // The command line of another release is not a mode.
        let mut cli = report.runtimes.iter().find(|r| r.id == "wasmtime-winch").unwrap().clone();
        (cli.id, cli.tool.version) = ("wasmtime-cli".to_owned(), Some("48.0.9".to_owned()));
        let mut with_cli = report.clone();
        with_cli.runtimes.retain(|r| !r.id.starts_with("wasmtime-p") && r.id != "wasmtime-cli");
        with_cli.runtimes.push(cli);
        let named = names(&with_cli, &["wasmtime-cranelift", "wasmtime-winch", "wasmtime-cli"], NameStyle::Versions);
        assert_eq!(named, "wasmtime 48.0 (cranelift, winch, cli)");
        check(&["node+jco", "node"], "node 20.20, node 20.20 with jco 1.35");
        check(&["chromium+wasi-shim", "wamr-zig"], "chromium 156 with wasi-shim 0.4, wamr-zig 3.0");
    }
}
