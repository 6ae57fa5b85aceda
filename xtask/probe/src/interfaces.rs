//! Which interfaces a runtime provides to components, by version.
//!
//! A probe is a component that imports an interface and calls each of its functions, so that tools that drop unused
//! imports keep them. wit-component makes it from the catalogue's WIT.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use semver::Version;
use wasmlab_model::interface_version::is_partly_supported;
use wasmlab_model::missing_feature::MissingFeature;
use wasmlab_model::profile::{ProbeAnswer, Support};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Interface, InterfaceId, ManglingAndAbi, PackageId, Resolve, Stability, TypeDefKind, TypeId};

use crate::catalogue::WitPackages;
use crate::{Probe, ProbeTarget};

/// The interfaces of some packages, at one version.
pub struct Interfaces {
    resolve: Resolve,
    version: Version,
    /// `wasi:cli/environment`, in the order of the packages.
    names: Vec<String>,
    /// Interfaces with types only, which require nothing of a host.
    of_types: Vec<String>,
}

impl Interfaces {
    /// The packages as they were at an earlier version: what came later is left out.
    ///
    /// # Errors
    /// If the catalogue's WIT is invalid.
    pub fn at(packages: &WitPackages, version: &Version) -> Result<Self> {
        let mut resolve = Resolve::default();
        let mut ids: Vec<PackageId> = Vec::new();
        for (index, wit) in packages.wit.iter().enumerate() {
            ids.push(resolve.push_str(format!("{index}.wit"), &wit.join("\n"))?);
        }
        let is_later = |stability: &Stability| matches!(stability, Stability::Stable { since, .. } if since > version);
        let (mut names, mut of_types) = (Vec::new(), Vec::new());
        for id in &ids {
            let package = &resolve.packages[*id];
            let (namespace, name) = (package.name.namespace.clone(), package.name.name.clone());
            for (interface, of) in &package.interfaces {
                let found = &resolve.interfaces[*of];
                let is_resource = |id: &TypeId| resolve.types[*id].kind == TypeDefKind::Resource;
                let asks = !found.functions.is_empty() || found.types.values().any(is_resource);
                if !is_later(&found.stability) {
                    let list = if asks { &mut names } else { &mut of_types };
                    list.push(format!("{namespace}:{name}/{interface}"));
                }
            }
            let old = package.name.clone();
            resolve.packages[*id].name.version = Some(version.clone());
            resolve.package_names.shift_remove(&old);
            resolve.package_names.insert(resolve.packages[*id].name.clone(), *id);
        }
        for (_, interface) in resolve.interfaces.iter_mut() {
            interface.functions.retain(|_, function| !is_later(&function.stability));
        }
        Ok(Self { resolve, version: version.clone(), names, of_types })
    }

    /// The names with their version: `wasi:cli/environment@0.2.6`.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.names.iter().map(|name| format!("{name}@{}", self.version))
    }

    /// The functions of an interface.
    fn functions(&self, name: &str) -> Vec<String> {
        let of = |interface: &Interface| interface.functions.keys().cloned().collect();
        self.find(name).and_then(|id| self.resolve.interfaces.get(id)).map(of).unwrap_or_default()
    }

    /// A component that imports this one function of an interface.
    fn only(&self, name: &str, function: &str) -> Result<Probe> {
        let mut resolve = self.resolve.clone();
        if let Some(interface) = self.find(name).and_then(|id| resolve.interfaces.get_mut(id)) {
            interface.functions.retain(|of, _| of == function);
        }
        let only = Self { resolve, version: self.version.clone(), names: Vec::new(), of_types: Vec::new() };
        let short = format!("{name} {function}").replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        only.component(&format!("function-{short}"), &[name.to_owned()])
    }

    fn find(&self, name: &str) -> Option<InterfaceId> {
        let is_it = |(id, _): &(InterfaceId, &Interface)| self.resolve.id_of(*id).as_deref() == Some(name);
        self.resolve.interfaces.iter().find(is_it).map(|(id, _)| id)
    }

    /// A component that imports these interfaces.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn component(&self, name: &str, interfaces: &[String]) -> Result<Probe> {
        let mut resolve = self.resolve.clone();
        let imports: String = interfaces.iter().map(|interface| format!("  import {interface};\n")).collect();
        let package = resolve.push_str("probe.wit", &format!("package lab:probe;\nworld probe {{\n{imports}}}\n"))?;
        let world = resolve.select_world(&[package], None)?;
        let mut module = wit_component::dummy_module(&resolve, world, ManglingAndAbi::Standard32);
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)?;
        let component = ComponentEncoder::default().module(&module)?.validate(true).encode();
        let module = component.with_context(|| format!("failed to make {name}"))?;
        Ok(Probe::new(name, module))
    }
}

/// The published versions of a specification; of a stable one, every patch release from 0 to the newest.
#[must_use]
pub fn versions(of: &WitPackages) -> Vec<Version> {
    let Ok(newest) = Version::parse(&of.version) else { return Vec::new() };
    if !newest.pre.is_empty() {
        return vec![newest];
    }
    (0..=newest.patch).map(|patch| Version::new(newest.major, newest.minor, patch)).collect()
}

/// The runtime's support for each interface of each version. One component imports all of a version; if that is
/// refused, each is probed alone, with the switches that the runtime has for it.
///
/// # Errors
/// If a probe cannot be made.
pub fn measure(catalogue: &[WitPackages], runtime: &mut dyn ProbeTarget) -> Result<BTreeMap<String, ProbeAnswer>> {
    let mut answers = BTreeMap::new();
    // A runtime that starts components whatever they import proves nothing by starting one.
    let unknown = runtime.probe(&Probe::from_text("interface-unknown", UNKNOWN)?, &[]);
    let is_unchecked = unknown.is_some_and(|reply| reply.is_linked());
    for packages in catalogue {
        // Results for the previous version: what every version lacks is not probed again one by one.
        let mut before: BTreeMap<String, ProbeAnswer> = BTreeMap::new();
        for version in versions(packages) {
            let interfaces = Interfaces::at(packages, &version)?;
            let names: Vec<String> = interfaces.names().collect();
            let short = packages.specification.replace(|c: char| !c.is_ascii_alphanumeric(), "-").to_lowercase();
            let likely: Vec<String> = names
                .iter()
                .filter(|name| before.get(base(name)).is_none_or(|a| a.support != Support::No))
                .cloned()
                .collect();
            let yes = || ProbeAnswer { support: Support::Yes, ..ProbeAnswer::default() };
            let of_types = interfaces.of_types.iter().map(|name| (format!("{name}@{version}"), yes()));
            let mut found: BTreeMap<String, ProbeAnswer> = of_types.collect();
            if likely.len() > 1 {
                let probe = interfaces.component(&format!("interfaces-{short}-{}", version.patch), &likely)?;
                if runtime.probe(&probe, &[]).is_some_and(|reply| reply.is_linked()) {
                    found.extend(likely.into_iter().map(|name| (name, yes())));
                }
            }
            for name in &names {
                if !found.contains_key(name) {
                    found.insert(name.clone(), alone(&interfaces, name, runtime)?);
                }
            }
            if is_unchecked {
                let yes = found.values_mut().filter(|answer| answer.support == Support::Yes);
                yes.for_each(|answer| answer.support = Support::Unchecked);
            }
            before = found.iter().map(|(name, answer)| (base(name).to_owned(), answer.clone())).collect();
            answers.extend(found);
        }
    }
    Ok(answers)
}

/// For each interface that the runtime refuses in one version and provides in an earlier one of the same series: the
/// functions that it lacks. Each function is probed alone.
///
/// # Errors
/// If a probe cannot be made.
pub fn missing_functions(
    catalogue: &[WitPackages],
    answers: &BTreeMap<String, ProbeAnswer>,
    runtime: &mut dyn ProbeTarget,
) -> Result<BTreeMap<String, Vec<String>>> {
    let mut missing = BTreeMap::new();
    let is_partial =
        |(name, answer): &(&String, &ProbeAnswer)| answer.support == Support::No && is_partly_supported(name, answers);
    let partial: BTreeSet<&String> = answers.iter().filter(is_partial).map(|(name, _)| name).collect();
    for packages in catalogue {
        for version in versions(packages) {
            // Reading a specification's WIT takes time, and few runtimes have such an interface.
            let suffix = format!("@{version}");
            if !partial.iter().any(|name| name.ends_with(&suffix)) {
                continue;
            }
            let interfaces = Interfaces::at(packages, &version)?;
            for name in interfaces.names().filter(|name| partial.contains(&name)) {
                let mut lacks = Vec::new();
                for function in interfaces.functions(&name) {
                    let probe = interfaces.only(&name, &function)?;
                    if !runtime.probe(&probe, &[]).is_some_and(|reply| reply.is_linked()) {
                        lacks.push(function);
                    }
                }
                missing.insert(name, lacks);
            }
        }
    }
    Ok(missing)
}

/// A component that imports and calls a function that no host has.
const UNKNOWN: &str = "(component (import \"lab:probe/nothing@0.1.0\" (instance $i (export \"f\" (func)))) \
    (core func $f (canon lower (func $i \"f\"))) (core module $m (import \"i\" \"f\" (func $f)) (func (export \"g\") (call $f))) \
    (core instance (instantiate $m (with \"i\" (instance (export \"f\" (func $f)))))))";

/// The name without its version.
fn base(name: &str) -> &str {
    name.split_once('@').map_or(name, |(base, _)| base)
}

fn alone(interfaces: &Interfaces, name: &str, runtime: &mut dyn ProbeTarget) -> Result<ProbeAnswer> {
    let short = name.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let probe = interfaces.component(&format!("interface-{short}"), &[name.to_owned()])?;
    let Some(reply) = runtime.probe(&probe, &[]) else { return Ok(ProbeAnswer::default()) };
    if reply.is_linked() {
        return Ok(ProbeAnswer { support: Support::Yes, ..ProbeAnswer::default() });
    }
    let mut answer = ProbeAnswer { support: Support::No, cause: reply.cause, switches: Vec::new() };
    for switch in runtime.switches(MissingFeature::Import(name)) {
        let on = vec![switch];
        if runtime.probe(&probe, &on).is_some_and(|reply| reply.is_linked()) {
            answer.switches = on;
            break;
        }
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::{Interfaces, versions};
    use crate::catalogue;

    #[test]
    fn each_interface_of_each_version_has_a_component_that_imports_it() {
        let catalogue = catalogue::load().unwrap();
        for packages in &catalogue.packages {
            let versions = versions(packages);
            for version in [versions.first(), versions.last()].into_iter().flatten() {
                let interfaces = Interfaces::at(packages, version).unwrap();
                let names: Vec<String> = interfaces.names().collect();
                assert!(names.len() >= 3, "{}: {names:?}", packages.specification);
                for name in &names {
                    let probe = interfaces.component("probe", std::slice::from_ref(name)).unwrap();
                    let facts = wasmlab_inspect::facts(&probe.module).unwrap();
                    let imports: Vec<&str> = facts.imports.iter().map(|i| i.name.as_str()).collect();
                    assert!(imports.contains(&name.as_str()), "{name}: {imports:?}");
                }
                interfaces.component("all", &names).unwrap();
            }
        }
    }
}
