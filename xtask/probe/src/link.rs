//! Which functions of an import module a runtime defines, with few starts.
//!
//! One module imports all of them. A runtime that refuses it names the first import that it lacks: that one is noted,
//! and the others are tried again. If it says that all are missing, that is the answer; if it says that many are, or
//! names none, the list is halved.

use std::collections::BTreeMap;

use anyhow::Result;
use wasmlab_model::profile::{MeasuredFunctions, ProbeAnswer, Support};
use wasmlab_protocol::Cause;

use crate::catalogue::{SpecifiedFunctions, to_text};
use crate::{Probe, ProbeReply, ProbeTarget};

/// A function by name and type.
type Function<'a> = (&'a str, &'a str);

/// A module that imports these functions, and does nothing else.
///
/// # Errors
/// If the catalogue contains an invalid type.
pub fn module(name: &str, from: &str, functions: &[Function]) -> Result<Probe> {
    // The only type in a host function that a module has to define.
    const ARRAY: &str = "(array (mut i16))";
    let mut text = String::from("(module");
    if functions.iter().any(|(_, ty)| ty.contains(ARRAY)) {
        text += &format!("\n  (type $array {ARRAY})");
    }
    for (function, ty) in functions {
        text += &format!("\n  (import {from:?} {function:?} (func{}))", to_text(&ty.replace(ARRAY, "$array")));
    }
    // A program with threads has WASI too, and some hosts offer threads only together with WASI.
    if from == "wasi" {
        text += "\n  (import \"wasi_snapshot_preview1\" \"proc_exit\" (func (param i32)))";
    }
    text += "\n  (memory (export \"memory\") 1)\n  (func (export \"_start\")))";
    Probe::from_text(name, &text)
}

/// The functions of an import module that a runtime defines. `unchecked`: it starts guests whatever they import, so
/// that its answers prove nothing; each function is then listed as unchecked.
///
/// # Errors
/// If a probe cannot be made.
pub fn functions(of: &SpecifiedFunctions, unchecked: bool, runtime: &mut dyn ProbeTarget) -> Result<MeasuredFunctions> {
    let mut search = LinkSearch {
        from: &of.module,
        runtime,
        found: MeasuredFunctions { specification: of.specification.clone(), ..MeasuredFunctions::default() },
    };
    let all: Vec<Function> = of.functions.iter().map(|(name, ty)| (name.as_str(), ty.as_str())).collect();
    if unchecked {
        search.found.unchecked = all.iter().map(|(name, _)| (*name).to_owned()).collect();
    } else {
        search.probe(&all)?;
    }
    Ok(search.found)
}

struct LinkSearch<'a> {
    from: &'a str,
    runtime: &'a mut dyn ProbeTarget,
    found: MeasuredFunctions,
}

/// What the reply to a module says about its imported functions.
enum LinkReply<'a> {
    AllDefined,
    /// The runtime refuses this one.
    Named(&'a str, Cause),
    /// It lacks all of them.
    All,
    /// It refuses some of them and does not say which.
    Some(Option<Cause>),
}

impl LinkSearch<'_> {
    fn probe(&mut self, functions: &[Function]) -> Result<()> {
        let mut left = functions.to_vec();
        while !left.is_empty() {
            let probe = module(&format!("link-{}-{}", short(self.from), left.len()), self.from, &left)?;
            let reply = self.runtime.probe(&probe, &[]);
            match link_reply(reply.clone(), self.from, &left) {
                LinkReply::AllDefined => {
                    let defined = left.drain(..).map(|(name, ty)| (name.to_owned(), ty.to_owned()));
                    self.found.defined.extend(defined);
                }
                LinkReply::Named(..) if is_many(reply.as_ref(), left.len()) => {
                    let (first, second) = left.split_at(left.len() / 2);
                    self.probe(first)?;
                    self.probe(second)?;
                    break;
                }
                LinkReply::Named(name, cause) => {
                    let name = name.to_owned();
                    left.retain(|(other, _)| *other != name);
                    self.refuse(&name, Some(cause));
                }
                LinkReply::All => {
                    self.found.missing.extend(left.drain(..).map(|(name, _)| name.to_owned()));
                }
                LinkReply::Some(cause) => {
                    if let [(name, _)] = left[..] {
                        self.refuse(name, cause);
                    } else {
                        let (first, second) = left.split_at(left.len() / 2);
                        self.probe(first)?;
                        self.probe(second)?;
                    }
                    break;
                }
            }
        }
        Ok(())
    }

    fn refuse(&mut self, name: &str, cause: Option<Cause>) {
        if matches!(cause, Some(Cause::MissingImport { .. })) {
            self.found.missing.insert(name.to_owned());
            return;
        }
        let support = if cause.is_some() { Support::No } else { Support::Unknown };
        self.found.refused.insert(name.to_owned(), ProbeAnswer { support, cause, switches: Vec::new() });
    }
}

fn link_reply<'a>(reply: Option<ProbeReply>, from: &str, asked: &[Function<'a>]) -> LinkReply<'a> {
    let Some(cause) = reply.and_then(|reply| reply.cause) else { return LinkReply::Some(None) };
    let named =
        |module: &str, name: &str| asked.iter().find(|(asked, _)| module == from && *asked == name).map(|f| f.0);
    match &cause {
        Cause::Returned | Cause::Exit { .. } | Cause::Trap { .. } | Cause::MissingExport { .. } => {
            LinkReply::AllDefined
        }
        Cause::MissingImport { module, name, missing_count, .. } => match named(module, name) {
            Some(_) if asked.len() > 1 && usize::try_from(*missing_count) == Ok(asked.len()) => LinkReply::All,
            Some(name) => LinkReply::Named(name, cause),
            None => LinkReply::Some(Some(cause)),
        },
        Cause::ImportTypeMismatch { module, name, .. } => match named(module, name) {
            Some(name) => LinkReply::Named(name, cause),
            None => LinkReply::Some(Some(cause)),
        },
        _ => LinkReply::Some(Some(cause)),
    }
}

/// Whether a runtime that counts missing functions lacks many of them: then halving the list takes fewer starts than
/// noting one function after the other.
fn is_many(reply: Option<&ProbeReply>, asked: usize) -> bool {
    const MANY: u32 = 4;
    let cause = reply.and_then(|reply| reply.cause.as_ref());
    asked > 8 && matches!(cause, Some(Cause::MissingImport { missing_count, .. }) if *missing_count > MANY)
}

fn short(module: &str) -> String {
    module.replace(|c: char| !c.is_ascii_alphanumeric(), "-")
}

/// The runtime's reaction to a function that no host defines.
///
/// # Errors
/// If the probe cannot be made.
pub fn unknown_import(runtime: &mut dyn ProbeTarget) -> Result<ProbeAnswer> {
    let probe = module("link-unknown", "wasmlab_probe", &[("nothing", "() -> ()")])?;
    let Some(reply) = runtime.probe(&probe, &[]) else { return Ok(ProbeAnswer::default()) };
    Ok(match reply.cause {
        _ if reply.unchecked_imports => ProbeAnswer { support: Support::Unchecked, ..ProbeAnswer::default() },
        None => ProbeAnswer::default(),
        Some(Cause::Returned) => ProbeAnswer { support: Support::Unchecked, ..ProbeAnswer::default() },
        Some(cause) => ProbeAnswer { support: Support::No, cause: Some(cause), switches: Vec::new() },
    })
}

/// Every module of the catalogue for core modules, those with the same name joined.
///
/// # Errors
/// If a probe cannot be made.
pub fn measure(
    catalogue: &[SpecifiedFunctions],
    unchecked: bool,
    runtime: &mut dyn ProbeTarget,
) -> Result<BTreeMap<String, MeasuredFunctions>> {
    let mut modules: BTreeMap<String, MeasuredFunctions> = BTreeMap::new();
    for of in catalogue {
        // WasmEdge's sockets are beside the functions of WASI 0.1, some of them with another type.
        let known = modules.get(&of.module);
        let is_known =
            |name: &str| known.is_some_and(|known| known.defines(name).is_some() || known.unchecked.contains(name));
        let new = of.functions.iter().filter(|(name, _)| !is_known(name));
        let of = SpecifiedFunctions {
            functions: new.map(|(name, ty)| (name.clone(), ty.clone())).collect(),
            specification: of.specification.clone(),
            source: of.source.clone(),
            module: of.module.clone(),
        };
        let found = functions(&of, unchecked, runtime)?;
        match modules.get_mut(&of.module) {
            Some(known) => {
                known.defined.extend(found.defined);
                known.missing.extend(found.missing);
                known.refused.extend(found.refused);
                known.unchecked.extend(found.unchecked);
            }
            None => {
                modules.insert(of.module, found);
            }
        }
    }
    Ok(modules.into_iter().map(|(module, functions)| (module, functions.compact())).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::functions;
    use crate::catalogue::SpecifiedFunctions;
    use crate::{Probe, ProbeReply, ProbeTarget};
    use wasmlab_model::missing_feature::MissingFeature;
    use wasmlab_protocol::Cause;

    /// How a runtime words a refusal.
    #[derive(Clone, Copy, Debug)]
    enum Style {
        First,
        FirstAndCount,
        Silent,
    }

    /// Links like a runtime that defines these functions, and counts its starts.
    struct Linker {
        defines: BTreeSet<&'static str>,
        style: Style,
        starts: usize,
    }

    impl ProbeTarget for Linker {
        fn probe(&mut self, probe: &Probe, _: &[String]) -> Option<ProbeReply> {
            self.starts += 1;
            let facts = wasmlab_inspect::facts(&probe.module).unwrap();
            let missing: Vec<_> = facts.imports.iter().filter(|i| !self.defines.contains(i.name.as_str())).collect();
            let cause = match (missing.first(), self.style) {
                (None, _) => Cause::Returned,
                (Some(_), Style::Silent) => Cause::Rejected { message: "no".to_owned(), offset: None },
                (Some(first), style) => Cause::MissingImport {
                    module: first.module.clone(),
                    name: first.name.clone(),
                    ty: String::new(),
                    missing_count: if matches!(style, Style::First) { 0 } else { missing.len() as u32 },
                },
            };
            Some(ProbeReply { cause: Some(cause), ..ProbeReply::default() })
        }

        fn switches(&self, _: MissingFeature) -> Vec<String> {
            Vec::new()
        }
    }

    #[test]
    fn search_finds_what_is_defined_with_few_starts() {
        let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
        let of = SpecifiedFunctions {
            specification: "test".to_owned(),
            source: String::new(),
            module: "m".to_owned(),
            functions: names
                .iter()
                .map(|name| ((*name).to_owned(), "(i32) -> ()".to_owned()))
                .collect::<BTreeMap<_, _>>(),
        };
        let check = |style: Style, defines: &[&'static str], most: usize| {
            let mut linker = Linker { defines: defines.iter().copied().collect(), style, starts: 0 };
            let found = functions(&of, false, &mut linker).unwrap();
            assert!(found.defined.keys().eq(defines), "{style:?} {:?}", found.defined);
            assert_eq!(found.tested(), names.len());
            assert!(linker.starts <= most, "{style:?} {defines:?}: {} starts", linker.starts);
        };
        for style in [Style::First, Style::FirstAndCount, Style::Silent] {
            check(style, &names, 1);
        }
        check(Style::First, &["a", "c", "d", "e", "f", "g"], 3);
        check(Style::FirstAndCount, &[], 1);
        check(Style::Silent, &["a", "b", "c", "d", "e", "f", "g"], 7);
        check(Style::Silent, &["c"], 15);
    }
}
