//! The text of `scenario.toml` or `wasmlab.toml`: its errors, and the line of each key.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, Error};

use serde::de::DeserializeOwned;
use wasmlab_model::file_error::{FileError, KeyError};

/// A parsed text with the position of each key.
pub struct Document<'a> {
    file: &'a str,
    text: &'a str,
    table: Spanned<DeTable<'a>>,
}

/// The result of parsing a text.
pub struct Parsed<'a, T> {
    /// The text with the positions of its keys.
    pub document: Document<'a>,
    /// Its contents without the parts that have errors; `None` if they cannot be separated.
    pub contents: Option<T>,
    /// Its errors, by line.
    pub errors: Vec<FileError>,
    /// The top-level tables that are incomplete in `contents` because of errors.
    pub incomplete: BTreeSet<String>,
}

impl<'a> Document<'a> {
    /// Parses the text of `file`, a path as messages show it. Reports all syntax errors. If there are none, reports all
    /// unknown keys, all invalid values, and the first missing key.
    pub fn parse<T: DeserializeOwned>(file: &'a str, text: &'a str) -> Parsed<'a, T> {
        let (table, errors) = DeTable::parse_recoverable(text);
        let document = Self { file, text, table };
        let mut errors: Vec<FileError> = errors.iter().map(|error| document.error(error)).collect();
        let mut incomplete = BTreeSet::new();
        if !errors.is_empty() {
            // Further errors on the same line are usually consequences of the first.
            errors.dedup_by_key(|error| error.line);
            return Parsed { document, contents: None, errors, incomplete };
        }
        let mut rest = document.table.clone();
        let mut contents = None;
        loop {
            match T::deserialize(toml::de::Deserializer::from(rest.clone())) {
                Ok(found) => {
                    contents = Some(found);
                    break;
                }
                Err(error) => {
                    // A missing key is probably one with an error: it is misspelt, or was removed below.
                    if errors.is_empty() || !error.message().starts_with("missing field") {
                        errors.push(document.error(&error));
                    }
                    // Remove the faulty part and continue, to find further errors.
                    let removed = error.span().and_then(|span| remove(rest.get_mut(), &span));
                    match removed {
                        Some(table) => _ = incomplete.insert(table),
                        None => break,
                    }
                }
            }
        }
        errors.sort();
        Parsed { document, contents, errors, incomplete }
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

    /// The error, with the line of its key.
    pub fn locate(&self, error: KeyError) -> FileError {
        let message = format!("`{}`: {}", error.key, error.message);
        FileError::new(self.file, message).at_line(self.line_of(&error.key))
    }

    fn error(&self, error: &Error) -> FileError {
        let line = error.span().map(|span| self.line_at(span.start));
        let key = error.span().and_then(|span| key_at(self.table.get_ref(), &span));
        let key = key.map(|key| format!("`{key}`: ")).unwrap_or_default();
        FileError::new(self.file, key + &error.message().trim_end().replace('\n', "; ")).at_line(line)
    }
}

/// The key of the value at `span`: `known[1].code`.
fn key_at(table: &DeTable<'_>, span: &Range<usize>) -> Option<String> {
    table.iter().find_map(|(key, value)| {
        let inner = if value.span() == *span { String::new() } else { key_within(value.get_ref(), span)? };
        Some(format!("{}{inner}", key.get_ref()))
    })
}

fn key_within(value: &DeValue<'_>, span: &Range<usize>) -> Option<String> {
    match value {
        DeValue::Table(table) => key_at(table, span).map(|key| format!(".{key}")),
        DeValue::Array(items) => items.iter().enumerate().find_map(|(index, item)| {
            // A whole table does not say which of its keys is meant.
            let is_it = item.span() == *span && item.get_ref().as_table().is_none();
            let inner = if is_it { String::new() } else { key_within(item.get_ref(), span)? };
            Some(format!("[{index}]{inner}"))
        }),
        _ => None,
    }
}

/// Removes the key or value at `span` and returns the name of its top-level entry; `None` if there is none.
fn remove(table: &mut DeTable<'_>, span: &Range<usize>) -> Option<String> {
    let is_at_span = |(key, value): (&Spanned<_>, &Spanned<_>)| key.span() == *span || value.span() == *span;
    let found = table.iter().find(|(key, value)| is_at_span((key, value))).map(|(key, _)| key.get_ref().clone());
    if let Some(name) = found {
        table.remove(&*name)?;
        return Some(name.into_owned());
    }
    table
        .iter_mut()
        .find_map(|(key, value)| remove_from_value(value.get_mut(), span).then(|| key.get_ref().clone().into_owned()))
}

fn remove_from_value(value: &mut DeValue<'_>, span: &Range<usize>) -> bool {
    match value {
        DeValue::Table(table) => remove(table, span).is_some(),
        DeValue::Array(items) => match items.iter().position(|item| item.span() == *span) {
            Some(at) => {
                let all = std::mem::replace(items, DeArray::new()).into_iter().enumerate();
                *items = all.filter(|(index, _)| *index != at).map(|(_, item)| item).collect();
                true
            }
            None => items.iter_mut().any(|item| remove_from_value(item.get_mut(), span)),
        },
        _ => false,
    }
}
