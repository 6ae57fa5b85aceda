//! How the file could be changed so that the cell's runtime accepts it.

use super::FailedCell;
use crate::{imports, transforms};
use wasmlab_model::codes::Code;
use wasmlab_model::names::listed;
use wasmlab_model::proposals::{COMPONENT_ASYNC, EXCEPTIONS, GC, LEGACY_EXCEPTIONS};
use wasmlab_model::remedy::Remedy;

/// A rebuild without the feature, unless the cell has a better remedy. A language whose objects the engine manages
/// cannot leave out anything.
pub fn rebuild_without_proposal(cell: &FailedCell) -> Option<String> {
    if cell.facts.is_some_and(|facts| facts.proposals.contains(GC)) {
        return None;
    }
    let names: Vec<&str> = cell.subject?.split(' ').collect();
    if names.contains(&COMPONENT_ASYNC) {
        return Some("Build it for WASI 0.2, which does not need this proposal.".to_owned());
    }
    // Two forms of one feature.
    let both = names.contains(&EXCEPTIONS);
    let names: Vec<&str> = names.into_iter().filter(|name| !(both && *name == LEGACY_EXCEPTIONS)).collect();
    let changes = changes(cell);
    let options = transforms::shown_options(&changes).map(|options| format!(" ({options})")).unwrap_or_default();
    let lower = changes.iter().find_map(|remedy| match remedy {
        Remedy::Transform(lower) => Some(format!(", or rewrite the finished file: `{}`", lower.command())),
        _ => None,
    });
    Some(format!("Compile without {}{options}{}.", listed(&names), lower.unwrap_or_default()))
}

/// How the file could be changed so that this runtime accepts it, as data.
pub fn changes(cell: &FailedCell) -> Vec<Remedy> {
    let Some(facts) = cell.facts else { return Vec::new() };
    let proposals = || cell.subject.unwrap_or_default().split(' ');
    let transform = match cell.code {
        Code::UnsupportedProposal => transforms::lowering_command(facts, proposals()),
        Code::NeedsComponentModel => transforms::javascript(facts),
        Code::ComponentPart => transforms::component(facts),
        _ => None,
    };
    let transform = transform.map(Remedy::Transform).into_iter();
    match cell.code {
        Code::UnsupportedProposal => {
            // An option that changes the form of exceptions helps only if the runtime accepts the other form.
            let neither = proposals().any(|name| name == EXCEPTIONS);
            let to_avoid = proposals().filter(|name| !(neither && *name == LEGACY_EXCEPTIONS));
            transform.chain(transforms::compiler_options(facts, to_avoid)).collect()
        }
        Code::SocketsUnsupported => vec![Remedy::Target { target: "wasm32-wasip2".to_owned() }],
        _ => transform.collect(),
    }
}

/// `build`, and what would still be missing after it: an import that no WASI host defines.
pub fn with_missing_import(build: String, cell: &FailedCell) -> String {
    match cell.facts.and_then(imports::unsatisfiable_import_reason) {
        Some((import, code, _)) => {
            format!("{}; {import} would still be missing then ({code}).", build.trim_end_matches('.'))
        }
        None => build,
    }
}

#[cfg(test)]
mod tests {
    use crate::remedies::FailedCell;
    use crate::remedies::tests::{FAILED, ROW, row_remedy_text};
    use wasmlab_model::codes::Code;

    #[test]
    fn recompiling_is_a_remedy_where_nothing_else_is_missing() {
        let check = |imports: &str, code: Code, subject: &str, remedy: Option<&str>, expected: &str| {
            let facts = wasmlab_inspect::facts(&wat::parse_str(format!("(module {imports})")).unwrap()).unwrap();
            let (subject, facts) = (Some(subject), Some(&facts));
            let cell = FailedCell { code, subject, runtime: "bun", remedy, facts, ..FAILED };
            assert_eq!(row_remedy_text(&cell, &ROW[2..4]).as_deref(), Some(expected));
        };
        let (run, lacks) = ("Run it on wasmi and node, where it passes.", Code::UnsupportedProposal);
        check("", lacks, "simd threads", None, &format!("{run} Or compile without simd and threads."));
        let exceptions = format!("{run} Or compile without exceptions.");
        check("", lacks, "exceptions legacy-exceptions", None, &exceptions);
        check(
            "",
            lacks,
            "cm-async",
            None,
            &format!("{run} Or build it for WASI 0.2, which does not need this proposal."),
        );
        check("(type (struct)) (global (ref null 0) (ref.null 0))", lacks, "gc", None, run);
        let abort = "(import \"env\" \"_abort_js\" (func))";
        let still = "env._abort_js would still be missing then (needs-js-glue).";
        check(abort, lacks, "exceptions", None, &format!("{run} Or compile without exceptions; {still}"));
        let standard = Some("Compile to the standard form.");
        check(abort, lacks, "legacy-exceptions", standard, &format!("{run} Or compile to the standard form; {still}"));
        let smaller = Some("Make it smaller.");
        check(abort, Code::OutOfMemory, "compiler", smaller, run);
        check("", Code::CompileTimeout, "compiler", smaller, &format!("{run} Or make it smaller."));
    }
}
