//! Hostile reports for the tests of escaping: the sample, in which every text is changed that the author of a guest or
//! of a report determines. Which texts those are is read from the schema, so that a new field is tested too.

use serde_json::{Map, Value, json};
use wasmlab_model::report::RunReport;
use wasmlab_model::verdict::Verdict;

use super::sample;

const SCHEMA: &str = include_str!("../../schema/report.schema.json");

/// Texts that decide how a report is rendered, or that the lab checks when it reads a report.
const FIXED: &[&str] = &["/command", "/started", "/host/os", "/host/arch"];
/// A part of the scenarios is checked too, and leaves no other selection.
const NOT_ADDED: &str = "/selected/partition";
/// Texts of a form that the schema does not tell, with an example.
const FORMS: &[(&str, &str)] = &[("/guests/annotated/bytes", "00"), ("/cells/stage", "run")];

/// The sample with `hostile` applied to every text, and the same with every optional field and an entry in each list.
pub fn spoilt(hostile: impl Fn(&str) -> String) -> [RunReport; 2] {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let sample = serde_json::to_value(sample::report()).unwrap();
    [false, true].map(|complete| {
        let spoiler = Spoiler { definitions: &schema["$defs"], hostile: &hostile, complete };
        let mut report: RunReport = serde_json::from_value(spoiler.value(&schema, Some(&sample), "")).unwrap();
        // Only other results have codes.
        report.cells.iter_mut().filter(|cell| cell.verdict == Verdict::Pass).for_each(|cell| cell.code = None);
        report.check_consistency().unwrap();
        report
    })
}

struct Spoiler<'a> {
    definitions: &'a Value,
    hostile: &'a dyn Fn(&str) -> String,
    /// Whether to add what the sample lacks.
    complete: bool,
}

impl Spoiler<'_> {
    /// A value of this schema: `old` with other texts, or a new one.
    fn value(&self, schema: &Value, old: Option<&Value>, path: &str) -> Value {
        let referred = self.referred(schema);
        if let Some(word) = referred.get("const") {
            return word.clone();
        }
        if let Some(variants) = variants(referred) {
            let is_of = |variant: &&Value| old.is_none_or(|old| self.is_of(variant, old));
            return self.value(variants.iter().find(is_of).unwrap(), old, path);
        }
        match kind(referred) {
            "string" => self.text(referred, old, path),
            "array" => Value::Array(self.array(&referred["items"], old, path)),
            "object" => {
                let mut fields = self.object(referred, old, path);
                // Those beside a reference belong to the same object: the tag of a variant.
                fields.extend(self.object(schema, old, path));
                Value::Object(fields)
            }
            "boolean" => old.cloned().unwrap_or(Value::Bool(false)),
            _ => old.cloned().unwrap_or_else(|| json!(1)),
        }
    }

    fn text(&self, schema: &Value, old: Option<&Value>, path: &str) -> Value {
        let form = FORMS.iter().find(|(of, _)| *of == path);
        match schema.get("enum") {
            Some(words) => old.unwrap_or(&words[0]).clone(),
            None if form.is_some() => old.cloned().unwrap_or_else(|| form.unwrap().1.into()),
            None if schema.get("maxLength").is_some() && !self.complete => old.cloned().unwrap_or_default(),
            None if schema.get("maxLength").is_some() => "\u{9b}".into(),
            None if FIXED.contains(&path) => old.unwrap().clone(),
            None => (self.hostile)(old.map_or("text", |old| old.as_str().unwrap())).into(),
        }
    }

    /// A new list has an entry of each variant.
    fn array(&self, items: &Value, old: Option<&Value>, path: &str) -> Vec<Value> {
        let old = old.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let new = match variants(self.referred(items)) {
            _ if !self.complete || !old.is_empty() => &[],
            Some(variants) => variants.as_slice(),
            None => std::slice::from_ref(items),
        };
        let of_old = old.iter().map(|old| self.value(items, Some(old), path));
        of_old.chain(new.iter().map(|schema| self.value(schema, None, path))).collect()
    }

    /// The fields of an object, or the entries of a map.
    fn object(&self, schema: &Value, old: Option<&Value>, path: &str) -> Map<String, Value> {
        let old = old.and_then(Value::as_object).cloned().unwrap_or_default();
        let mut fields = Map::new();
        for (name, schema) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let path = format!("{path}/{name}");
            let old = old.get(name).filter(|old| !old.is_null());
            if old.is_some() || self.complete && path != NOT_ADDED {
                fields.insert(name.clone(), self.value(schema, old, &path));
            }
        }
        if let Some(schema) = schema.get("additionalProperties").filter(|schema| schema.is_object()) {
            fields.extend(old.iter().map(|(key, old)| ((self.hostile)(key), self.value(schema, Some(old), path))));
            if self.complete && old.is_empty() {
                fields.insert((self.hostile)("key"), self.value(schema, None, path));
            }
        }
        fields
    }

    fn referred<'b>(&'b self, schema: &'b Value) -> &'b Value {
        let name = schema.get("$ref").and_then(|name| name.as_str()?.strip_prefix("#/$defs/"));
        name.map_or(schema, |name| &self.definitions[name])
    }

    /// Whether the value is a word of this variant, or an object with its tag.
    fn is_of(&self, variant: &Value, value: &Value) -> bool {
        let variant = self.referred(variant);
        let tag = |(name, of): (&String, &Value)| of.get("const").is_none_or(|tag| value.get(name) == Some(tag));
        match variant.get("const") {
            Some(word) => word == value,
            None => variant.get("properties").and_then(Value::as_object).is_none_or(|fields| fields.iter().all(tag)),
        }
    }
}

/// The alternatives of a schema; the first of an optional one is its value.
fn variants(schema: &Value) -> Option<&Vec<Value>> {
    ["oneOf", "anyOf"].iter().find_map(|name| schema.get(name)?.as_array())
}

/// The type, or the first of two.
fn kind(schema: &Value) -> &str {
    schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap()
}

#[test]
fn every_optional_field_is_there() {
    let [changed, complete] = spoilt(|text| format!("{text}!"));
    let cell = &changed.cells[0];
    assert_eq!(
        (cell.scenario.as_str(), cell.argv[0].as_str(), cell.output.stdout.as_str()),
        ("hello!", "engine!", "hello\n!")
    );
    assert!(changed.guests[0].facts.as_ref().unwrap().abis[0].evidence[0].ends_with('!'));
    let cell = &complete.cells[0];
    assert!(cell.remedies.len() == 5 && cell.default_result.is_some() && cell.switches == ["text!"], "{cell:?}");
}
