//! Reads JSON objects field by field: each error names the field and what to write instead, and unknown fields are
//! reported.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value};
use wasmlab_model::text::cut;

/// Errors in a file, and fields that the lab does not know.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Problems {
    /// Errors: the field, and what is wrong with it.
    pub errors: Vec<String>,
    /// Fields and operations that the lab does not know: the test cannot be run as its author meant it.
    pub unknown: Vec<String>,
}

impl Problems {
    /// Adds an error.
    pub fn error(&mut self, field: &str, message: &str) {
        self.errors.push(format!("`{}` {message}", one_line(field)));
    }

    /// Adds something unknown.
    pub fn unknown(&mut self, what: &str) {
        self.unknown.push(one_line(what));
    }
}

/// The text on one line, shortened: a file's own names may contain anything.
pub fn one_line(text: &str) -> String {
    const MAX_CHARS: usize = 80;
    let line: String = text.escape_debug().take(MAX_CHARS + 1).collect();
    match cut(&line, MAX_CHARS) {
        Cow::Owned(cut) => cut,
        Cow::Borrowed(line) => line.replace("\\\"", "\"").replace("\\'", "'"),
    }
}

/// An object whose fields are taken one by one. A field that is `null` counts as absent.
pub struct Fields<'a> {
    at: String,
    map: &'a Map<String, Value>,
    taken: Vec<&'static str>,
    /// Nothing more is reported.
    is_unknown: bool,
}

impl<'a> Fields<'a> {
    /// The object at a place in the file; the whole file is at ``. `None`, with an error, if it is not an object.
    pub fn of(value: &'a Value, at: &str, problems: &mut Problems) -> Option<Self> {
        let Value::Object(map) = value else {
            let name = if at.is_empty() { "the file" } else { at };
            problems.error(name, &format!("is {}, not an object: write {{…}}", kind(value)));
            return None;
        };
        Some(Self { at: at.to_owned(), map, taken: Vec::new(), is_unknown: false })
    }

    /// The place of a field: `operations[1].payload`.
    pub fn place(&self, name: &str) -> String {
        if self.at.is_empty() { name.to_owned() } else { format!("{}.{name}", self.at) }
    }

    /// Whether the field is there.
    pub fn has(&self, name: &str) -> bool {
        self.map.get(name).is_some_and(|value| !value.is_null())
    }

    /// The value of a field.
    pub fn value(&mut self, name: &'static str) -> Option<&'a Value> {
        self.taken.push(name);
        self.map.get(name).filter(|value| !value.is_null())
    }

    fn read<T>(
        &mut self,
        name: &'static str,
        wanted: &str,
        problems: &mut Problems,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.value(name)?;
        let found = read(value);
        if found.is_none() {
            problems.error(&self.place(name), &format!("is {}, not {wanted}", kind(value)));
        }
        found
    }

    /// A text.
    pub fn text(&mut self, name: &'static str, problems: &mut Problems) -> Option<String> {
        self.read(name, "a string: write it in quotes", problems, |value| Some(value.as_str()?.to_owned()))
    }

    /// A text that must be there.
    pub fn required(&mut self, name: &'static str, what: &str, problems: &mut Problems) -> String {
        if !self.has(name) {
            self.taken.push(name);
            problems.error(&self.place(name), &format!("is missing: add {what}"));
            return String::new();
        }
        self.text(name, problems).unwrap_or_default()
    }

    /// A whole number.
    pub fn number(&mut self, name: &'static str, problems: &mut Problems) -> Option<i32> {
        let wanted = "a whole number of 32 bits";
        self.read(name, wanted, problems, |value| i32::try_from(value.as_i64()?).ok())
    }

    /// A list.
    pub fn list(&mut self, name: &'static str, problems: &mut Problems) -> Option<&'a [Value]> {
        self.read(name, "a list: write […]", problems, |value| Some(value.as_array()?.as_slice()))
    }

    /// A list of texts.
    pub fn texts(&mut self, name: &'static str, problems: &mut Problems) -> Option<Vec<String>> {
        let texts = |value: &Value| -> Option<Vec<String>> {
            value.as_array()?.iter().map(|v| v.as_str().map(str::to_owned)).collect()
        };
        self.read(name, "a list of strings: write [\"…\"]", problems, texts)
    }

    /// An object whose values are texts.
    pub fn pairs(&mut self, name: &'static str, problems: &mut Problems) -> BTreeMap<String, String> {
        let pairs = |value: &Value| -> Option<BTreeMap<String, String>> {
            value.as_object()?.iter().map(|(n, v)| Some((n.clone(), v.as_str()?.to_owned()))).collect()
        };
        self.read(name, "an object of strings: write {\"NAME\": \"VALUE\"}", problems, pairs).unwrap_or_default()
    }

    /// Takes the other fields: what they mean depends on something that is reported as unknown.
    pub fn ignore_remaining(&mut self) {
        self.is_unknown = true;
    }

    /// Reports the fields that were not taken.
    pub fn finish(self, problems: &mut Problems) {
        if self.is_unknown {
            return;
        }
        for name in self.map.keys().filter(|name| !self.taken.contains(&name.as_str())) {
            problems.unknown(&format!("the field `{}`", self.place(name)));
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
