//! The form of the WebAssembly website's `features.json`: written from profiles, and compared with them.
//!
//! Format: `features.schema.json` in <https://github.com/WebAssembly/website>. A status is a truth value, the first
//! version with the feature, `"flag"`, `null` (not applicable), or one of these with a note.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::predictions::Profiles;
use wasmlab_model::profile::{ProbeAnswer, Profile, Support};
use wasmlab_model::proposals::{COMPONENT_MODEL, LEGACY_EXCEPTIONS};
use wasmlab_model::version;

/// Columns by the website's name; each shows its engine with default settings.
const PLATFORMS: &[(&str, &str, &str, &str)] = &[
    ("Chrome", "chromium", "https://www.google.com/chrome/", "Web Browsers"),
    ("Firefox", "firefox", "https://www.mozilla.org/firefox/", "Web Browsers"),
    ("Node.js", "node", "https://nodejs.org/", "Standalone Runtimes"),
    ("Deno", "deno", "https://deno.com/", "Standalone Runtimes"),
    ("Bun", "bun", "https://bun.sh/", "Standalone Runtimes"),
    ("workerd", "workerd", "https://github.com/cloudflare/workerd", "Standalone Runtimes"),
    ("Wasmtime", "wasmtime-cranelift", "https://wasmtime.dev/", "Standalone Runtimes"),
    ("Wasmer", "wasmer-cranelift", "https://wasmer.io/", "Standalone Runtimes"),
    ("Wasmi", "wasmi", "https://github.com/wasmi-labs/wasmi/", "Standalone Runtimes"),
    ("tinywasm", "tinywasm", "https://github.com/explodingcamera/tinywasm", "Standalone Runtimes"),
    ("wazero", "wazero", "https://wazero.io", "Standalone Runtimes"),
    ("wasmedge", "wasmedge", "https://github.com/WasmEdge/WasmEdge", "Standalone Runtimes"),
];

/// The website's names of proposals.
const FEATURES: &[(&str, &str)] = &[
    ("bulkMemory", "bulk-memory"),
    ("componentModel", COMPONENT_MODEL),
    ("customPageSizes", "custom-page-sizes"),
    ("exceptions", LEGACY_EXCEPTIONS),
    ("exceptionsFinal", "exceptions"),
    ("extendedConst", "extended-const"),
    ("gc", "gc"),
    ("jsStringBuiltins", BUILTINS),
    ("memory64", "memory64"),
    ("multiMemory", "multi-memory"),
    ("multiValue", "multi-value"),
    ("mutableGlobals", "mutable-global"),
    ("referenceTypes", "reference-types"),
    ("relaxedSimd", "relaxed-simd"),
    ("saturatedFloatToInt", "saturating-float-to-int"),
    ("signExtensions", "sign-extension"),
    ("simd", "simd"),
    ("stackSwitching", "stack-switching"),
    ("tailCall", "tail-call"),
    ("threads", "threads"),
    ("typedFunctionReferences", "function-references"),
    ("wideArithmetic", "wide-arithmetic"),
];

/// Names of the proposals' repositories that are neither the lab's nor the website's.
const REPOSITORIES: &[(&str, &str)] = &[
    ("bulk-memory-operations", "bulk-memory"),
    ("exception-handling", "exceptions"),
    ("js-string-builtins", BUILTINS),
    ("nontrapping-float-to-int-conversions", "saturating-float-to-int"),
    ("sign-extension-ops", "sign-extension"),
];

/// The lab's name of a proposal that the website or its repository names otherwise, in any case.
pub fn lab_name(name: &str) -> Option<&'static str> {
    let all = FEATURES.iter().chain(REPOSITORIES);
    all.copied().find_map(|(other, lab)| other.eq_ignore_ascii_case(name).then_some(lab))
}

/// The import module of JavaScript's string builtins, which are not a proposal in the lab's lists.
const BUILTINS: &str = "wasm:js-string";

/// The measurement of a feature.
#[derive(Clone, Debug, PartialEq, Eq)]
enum MeasuredSupport {
    Yes,
    No,
    /// With these switches.
    Switch(String),
}

fn measured(profile: &Profile, name: &str) -> Option<MeasuredSupport> {
    let answer: &ProbeAnswer = match name {
        BUILTINS => {
            let of = profile.imports.get(BUILTINS)?;
            return Some(if of.defined.is_empty() { MeasuredSupport::No } else { MeasuredSupport::Yes });
        }
        COMPONENT_MODEL => &profile.components,
        name => profile.proposals.get(name)?,
    };
    match answer.support {
        Support::Yes => Some(MeasuredSupport::Yes),
        Support::No if answer.switches.is_empty() => Some(MeasuredSupport::No),
        Support::No => Some(MeasuredSupport::Switch(answer.switches.join(" "))),
        Support::Unchecked | Support::Unknown => None,
    }
}

/// The profiles in the website's form: the status of each feature that was measured. The website itself describes the
/// features.
pub fn json(profiles: &[Profile]) -> Value {
    let profiles = Profiles::new(profiles);
    let browsers: BTreeMap<&str, Value> = PLATFORMS
        .iter()
        .filter_map(|(name, column, url, category)| {
            let profile = profiles.of(column, None)?;
            let status = |measured: MeasuredSupport| match measured {
                MeasuredSupport::Yes => json!([true, format!("measured with {}", profile.version)]),
                MeasuredSupport::No => json!(false),
                MeasuredSupport::Switch(switch) => json!(["flag", format!("Requires `{switch}`")]),
            };
            let features = FEATURES.iter().filter_map(|(key, name)| Some((*key, status(measured(profile, name)?))));
            let features: BTreeMap<&str, Value> = features.collect();
            Some((*name, json!({ "url": url, "category": category, "features": features })))
        })
        .collect();
    json!({ "features": {}, "browsers": browsers })
}

/// A file in the website's form, as far as it is compared.
#[derive(Deserialize)]
pub struct File {
    browsers: BTreeMap<String, Browser>,
}

#[derive(Deserialize)]
struct Browser {
    features: BTreeMap<String, Value>,
}

/// A feature of a platform for which the file and the measurement differ.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The website's name of the platform.
    pub platform: String,
    /// The version that was measured.
    pub version: String,
    /// The website's name of the feature.
    pub feature: String,
    /// The status in the file.
    pub file: String,
    /// The measured status.
    pub measured: String,
}

/// How many features were compared, and those that differ. A feature that the file does not list counts as not claimed;
/// `null` makes no statement.
pub fn compare(file: &File, profiles: &[Profile]) -> (usize, Vec<Difference>) {
    let profiles = Profiles::new(profiles);
    let mut compared = 0;
    let mut differences = Vec::new();
    for (name, column, ..) in PLATFORMS {
        let (Some(browser), Some(profile)) = (file.browsers.get(*name), profiles.of(column, None)) else { continue };
        for (key, proposal) in FEATURES {
            let status = browser.features.get(*key);
            let Some(measured) = measured(profile, proposal) else { continue };
            let Some(claims) = claim(status, &profile.version) else { continue };
            compared += 1;
            let is_same = match measured {
                MeasuredSupport::Yes => claims == Claim::Yes,
                MeasuredSupport::No => claims == Claim::No,
                MeasuredSupport::Switch(_) => claims == Claim::Flag,
            };
            if is_same {
                continue;
            }
            differences.push(Difference {
                platform: (*name).to_owned(),
                version: profile.version.clone(),
                feature: (*key).to_owned(),
                file: shown(status),
                measured: match measured {
                    MeasuredSupport::Yes => "yes".to_owned(),
                    MeasuredSupport::No => "no".to_owned(),
                    MeasuredSupport::Switch(switch) => format!("with {switch}"),
                },
            });
        }
    }
    (compared, differences)
}

/// The features that a file lists and the lab does not measure.
pub fn unmeasured(file: &File) -> BTreeSet<&str> {
    let listed = file.browsers.values().flat_map(|browser| browser.features.keys());
    listed.map(String::as_str).filter(|name| !FEATURES.iter().any(|(key, _)| key == name)).collect()
}

/// The claim of a status about a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Claim {
    Yes,
    No,
    Flag,
}

/// `None` if it claims nothing: not applicable, or of a form that the schema does not have.
fn claim(status: Option<&Value>, version: &str) -> Option<Claim> {
    match status {
        None => Some(Claim::No),
        Some(Value::Bool(true)) => Some(Claim::Yes),
        Some(Value::Bool(false)) => Some(Claim::No),
        Some(Value::String(text)) if text == "flag" => Some(Claim::Flag),
        Some(Value::String(since)) => {
            Some(if version::compare(since, version) == Ordering::Greater { Claim::No } else { Claim::Yes })
        }
        Some(Value::Array(with_note)) => with_note.first().and_then(|status| claim(Some(status), version)),
        Some(_) => None,
    }
}

fn shown(status: Option<&Value>) -> String {
    match status {
        None => "not listed".to_owned(),
        Some(Value::Bool(true)) => "yes".to_owned(),
        Some(Value::Bool(false)) => "no".to_owned(),
        Some(Value::String(text)) if text == "flag" => text.clone(),
        Some(Value::String(since)) => format!("since {since}"),
        Some(Value::Array(with_note)) => shown(with_note.first()),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Claim, File, claim, unmeasured};
    use serde_json::{Value, json};

    #[test]
    fn statuses_are_claims_about_a_version() {
        let check =
            |status: Option<Value>, expected: Option<Claim>| assert_eq!(claim(status.as_ref(), "2.0.1"), expected);
        check(None, Some(Claim::No));
        check(Some(json!(true)), Some(Claim::Yes));
        check(Some(json!(false)), Some(Claim::No));
        check(Some(json!(null)), None);
        check(Some(json!("flag")), Some(Claim::Flag));
        check(Some(json!("1.12")), Some(Claim::Yes));
        check(Some(json!("2")), Some(Claim::Yes));
        check(Some(json!("2.0.10")), Some(Claim::No));
        check(Some(json!(["flag", "with a note"])), Some(Claim::Flag));
        check(Some(json!([null, "with a note"])), None);
        check(Some(json!([])), None);
        check(Some(json!({})), None);
    }

    #[test]
    fn features_without_a_measure_are_named() {
        let file = json!({"browsers": {"Chrome": {"features": {"simd": true, "new": true}}, "Other": {"features": {"newer": null}}}});
        let file: File = serde_json::from_value(file).unwrap();
        assert_eq!(unmeasured(&file).into_iter().collect::<Vec<_>>(), ["new", "newer"]);
    }
}
