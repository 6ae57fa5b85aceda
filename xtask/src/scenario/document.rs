//! The text of `scenario.toml`: its errors, and the line of each key.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

use serde::Deserialize as _;
use wasmlab_model::scenario::ScenarioFile;

/// An error in the text: its line, from 1, if known, and what is wrong.
pub type TextFault = (Option<usize>, String);

/// A parsed text with the position of each key.
pub struct Document<'a> {
    text: &'a str,
    table: Spanned<DeTable<'a>>,
}

impl<'a> Document<'a> {
    /// Parses the text.
    ///
    /// # Errors
    /// All syntax errors; if there are none, all unknown keys and the first invalid value.
    pub fn parse(text: &'a str) -> Result<(Self, ScenarioFile), Vec<TextFault>> {
        let (table, errors) = DeTable::parse_recoverable(text);
        let document = Self { text, table };
        if !errors.is_empty() {
            let mut faults: Vec<TextFault> = errors.iter().map(|error| document.fault(error)).collect();
            // Further errors on the line of a syntax error are consequences of it.
            faults.dedup_by_key(|(line, _)| *line);
            return Err(faults);
        }
        let mut rest = document.table.clone();
        let mut faults = Vec::new();
        loop {
            match ScenarioFile::deserialize(toml::de::Deserializer::from(rest.clone())) {
                Ok(spec) if faults.is_empty() => return Ok((document, spec)),
                Ok(_) => break,
                // The missing key is most likely the misspelt unknown one.
                Err(error) if !faults.is_empty() && error.message().starts_with("missing field") => break,
                Err(error) => {
                    faults.push(document.fault(&error));
                    // Remove the unknown key and parse again to find further errors. Removing anything else could cause
                    // errors that are not the author's.
                    let unknown = error.span().filter(|_| error.message().starts_with("unknown field"));
                    if !unknown.is_some_and(|key| remove_from_table(rest.get_mut(), &key)) {
                        break;
                    }
                }
            }
        }
        faults.sort();
        Err(faults)
    }

    /// The line of a key such as `build.source` or `known[1].code`; the line of its parent if the key is absent.
    pub fn line_of(&self, key: &str) -> Option<usize> {
        let mut position = None;
        let mut table = self.table.get_ref();
        for part in key.split('.') {
            let (name, index) = match part.strip_suffix(']').and_then(|part| part.split_once('[')) {
                Some((name, index)) => (name, index.parse::<usize>().ok()),
                None => (part, None),
            };
            let Some((found, mut value)) = table.get_key_value(name) else { break };
            position = Some(found.span().start);
            if let Some(item) = index.and_then(|index| value.get_ref().get(index)) {
                (position, value) = (Some(item.span().start), item);
            }
            let Some(inner) = value.get_ref().as_table() else { break };
            table = inner;
        }
        position.map(|position| self.line_at(position))
    }

    fn line_at(&self, position: usize) -> usize {
        let before = self.text.as_bytes().get(..position).unwrap_or(self.text.as_bytes());
        before.iter().filter(|byte| **byte == b'\n').count() + 1
    }

    fn fault(&self, error: &Error) -> TextFault {
        let line = error.span().map(|span| self.line_at(span.start));
        (line, error.message().trim_end().replace('\n', "; "))
    }
}

/// Removes the entry whose key is at `key`; `false` if there is none.
fn remove_from_table(table: &mut DeTable<'_>, key: &Range<usize>) -> bool {
    let found = table.keys().find(|name| name.span() == *key).map(|name| name.get_ref().clone());
    match found {
        Some(name) => table.remove(&*name).is_some(),
        None => table.iter_mut().any(|(_, value)| remove_from_value(value.get_mut(), key)),
    }
}

fn remove_from_value(value: &mut DeValue<'_>, key: &Range<usize>) -> bool {
    match value {
        DeValue::Table(table) => remove_from_table(table, key),
        DeValue::Array(items) => items.iter_mut().any(|item| remove_from_value(item.get_mut(), key)),
        _ => false,
    }
}
