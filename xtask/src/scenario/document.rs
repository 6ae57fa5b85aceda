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
    /// `table` without the parts that have errors. Keys of the contents use the indexes of this table.
    valid_table: Spanned<DeTable<'a>>,
}

/// The result of parsing a text.
pub struct ParsedDocument<'a, T> {
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
    /// unknown keys, all invalid values, and the first missing key of each table that has no other error.
    pub fn parse<T: DeserializeOwned>(file: &'a str, text: &'a str) -> ParsedDocument<'a, T> {
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut document = Self { file, text, valid_table: table.clone(), table };
        let mut errors: Vec<FileError> = errors.iter().take(MAX_ERRORS).map(|error| document.error(error)).collect();
        let mut incomplete = BTreeSet::new();
        if !errors.is_empty() {
            // Further errors on the same line are usually consequences of the first.
            errors.dedup_by_key(|error| error.line);
            return ParsedDocument { document, contents: None, errors, incomplete };
        }
        let mut rest = document.table.clone();
        let mut contents = None;
        let mut positions = Vec::new();
        // Each error takes as long as parsing the file.
        while errors.len() < MAX_ERRORS {
            match T::deserialize(toml::de::Deserializer::from(rest.clone())) {
                Ok(found) => {
                    contents = Some(found);
                    break;
                }
                Err(error) => {
                    let is_missing = error.message().starts_with("missing field");
                    if let Some(start) = item_of::<T>(&rest, &error) {
                        // A missing key is probably one with an error: it is misspelt, or was removed below.
                        let (key, extent) =
                            item_at(document.table.get_ref(), start).unwrap_or((String::new(), start..start));
                        if !is_missing || !positions.iter().any(|position| extent.contains(position)) {
                            errors.push(document.in_item(&error, &key, start));
                        }
                        incomplete.extend(remove_item(rest.get_mut(), start));
                        continue;
                    }
                    // A missing key of the whole file is probably one with an error, too.
                    let has_error = |position: &usize| is_top_level(document.table.get_ref(), *position);
                    if !is_missing || !positions.iter().any(has_error) {
                        errors.push(document.error(&error));
                        positions.extend(error.span().map(|span| span.start));
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
        if errors.len() >= MAX_ERRORS {
            errors.push(too_many(file));
        }
        document.valid_table = rest;
        ParsedDocument { document, contents, errors, incomplete }
    }

    /// The line of a key such as `build.source` or `known[1].code`; the line of its parent if the key is absent.
    pub fn line_of(&self, key: &str) -> Option<usize> {
        let mut position = None;
        let mut table = self.valid_table.get_ref();
        for part in key.split('.') {
            let (name, index) = name_and_index(part);
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

    /// A key of the contents with the indexes of the text, which count the parts that have errors.
    fn as_written(&self, key: &str) -> String {
        let (mut valid, mut whole) = (Some(self.valid_table.get_ref()), Some(self.table.get_ref()));
        let parts = key.split('.').map(|part| {
            let (name, index) = name_and_index(part);
            let (mut a, mut b) = (valid.and_then(|table| table.get(name)), whole.and_then(|table| table.get(name)));
            let mut part = part.to_owned();
            if let Some(index) = index {
                a = a.and_then(|array| array.get_ref().get(index));
                let items = b.and_then(|array| array.get_ref().as_array());
                let at = a.and_then(|item| items?.iter().position(|other| other.span() == item.span()));
                b = at.and_then(|at| items?.get(at));
                part = format!("{name}[{}]", at.unwrap_or(index));
            }
            valid = a.and_then(|value| value.get_ref().as_table());
            whole = b.and_then(|value| value.get_ref().as_table());
            part
        });
        parts.collect::<Vec<_>>().join(".")
    }

    fn line_at(&self, position: usize) -> usize {
        let before = self.text.as_bytes().get(..position).unwrap_or(self.text.as_bytes());
        before.iter().filter(|byte| **byte == b'\n').count() + 1
    }

    /// The error, with the line of its key.
    pub fn locate(&self, error: KeyError) -> FileError {
        let message = format!("`{}`: {}", self.as_written(&error.key), error.message);
        FileError::new(self.file, on_one_line(&message)).at_line(self.line_of(&error.key))
    }

    /// The first errors, with the lines of their keys.
    pub fn locate_all(&self, errors: impl Iterator<Item = KeyError>) -> Vec<FileError> {
        let mut found: Vec<FileError> = errors.take(MAX_ERRORS).map(|error| self.locate(error)).collect();
        if found.len() == MAX_ERRORS {
            found.push(too_many(self.file));
        }
        found
    }

    /// An error of the table that begins at `start` and is an item of an array.
    fn in_item(&self, error: &Error, key: &str, start: usize) -> FileError {
        let message = format!("`{key}`: {}", error.message());
        FileError::new(self.file, on_one_line(&message)).at_line(Some(self.line_at(start)))
    }

    fn error(&self, error: &Error) -> FileError {
        let line = error.span().map(|span| self.line_at(span.start));
        let key = error.span().and_then(|span| {
            // The parser names an unknown key, but not its table.
            let of_table = table_with(self.table.get_ref(), &span);
            of_table.or_else(|| key_at(self.table.get_ref(), &span))
        });
        let key = key.map(|key| format!("`{key}`: ")).unwrap_or_default();
        FileError::new(self.file, on_one_line(&(key + error.message()))).at_line(line)
    }
}

/// Maximum number of errors that are looked for.
const MAX_ERRORS: usize = 100;

fn too_many(file: &str) -> FileError {
    FileError::new(file, format!("more than {} errors: correct these first", MAX_ERRORS - 1))
}

/// A key or value may contain a line break, and so may the parser's message.
fn on_one_line(message: &str) -> String {
    message.trim_end().replace('\n', "; ")
}

/// Whether a key of the whole file, or its value, begins at this position.
fn is_top_level(table: &DeTable<'_>, position: usize) -> bool {
    table.iter().any(|(key, value)| key.span().start == position || value.span().start == position)
}

/// `known` and 1 for the part `known[1]` of a key.
fn name_and_index(part: &str) -> (&str, Option<usize>) {
    match part.strip_suffix(']').and_then(|part| part.split_once('[')) {
        Some((name, index)) => (name, index.parse().ok()),
        None => (part, None),
    }
}

/// The first value that `find` accepts, with its key, such as `known[1].code`. `find` is also told whether the value is
/// an item of an array.
fn find_value<T>(table: &DeTable<'_>, find: &dyn Fn(&Spanned<DeValue<'_>>, bool) -> Option<T>) -> Option<(String, T)> {
    table.iter().find_map(|(key, value)| {
        let (inner, found) = find_within(value, false, find)?;
        Some((format!("{}{inner}", key.get_ref()), found))
    })
}

fn find_within<T>(
    value: &Spanned<DeValue<'_>>,
    is_item: bool,
    find: &dyn Fn(&Spanned<DeValue<'_>>, bool) -> Option<T>,
) -> Option<(String, T)> {
    if let Some(found) = find(value, is_item) {
        return Some((String::new(), found));
    }
    match value.get_ref() {
        DeValue::Table(table) => find_value(table, find).map(|(key, found)| (format!(".{key}"), found)),
        DeValue::Array(items) => items.iter().enumerate().find_map(|(index, item)| {
            let (inner, found) = find_within(item, true, find)?;
            Some((format!("[{index}]{inner}"), found))
        }),
        _ => None,
    }
}

/// The key of the table, not the whole file, that has a key at `span`: `known[1]`.
fn table_with(table: &DeTable<'_>, span: &Range<usize>) -> Option<String> {
    let has_key = |value: &Spanned<DeValue<'_>>, _| {
        let table = value.get_ref().as_table()?;
        table.iter().any(|(key, _)| key.span() == *span).then_some(())
    };
    find_value(table, &has_key).map(|(key, ())| key)
}

/// The key of the value at `span`: `known[1].code`. A whole table in an array does not say which of its keys is meant.
fn key_at(table: &DeTable<'_>, span: &Range<usize>) -> Option<String> {
    let is_it = |value: &Spanned<DeValue<'_>>, is_item: bool| {
        (value.span() == *span && !(is_item && value.get_ref().is_table())).then_some(())
    };
    find_value(table, &is_it).map(|(key, ())| key)
}

/// The table that begins at `start` and is an item of an array: its key, such as `known[1]`, and its extent, with the
/// tables that belong to it.
fn item_at(table: &DeTable<'_>, start: usize) -> Option<(String, Range<usize>)> {
    let extent = |value: &Spanned<DeValue<'_>>, in_array: bool| {
        (in_array && is_item(value, start)).then(|| start..end_of(value))
    };
    find_value(table, &extent)
}

/// The position of the table, an item of an array, that `error` is about: that a key is missing, or anything in a table
/// whose type depends on a key of it. In the latter case, the error has the position of the whole array, which is that
/// of its first table. So the array is then deserialized with only its first tables: the error is the same if and only
/// if the table is among them.
fn item_of<T: DeserializeOwned>(table: &Spanned<DeTable<'_>>, error: &Error) -> Option<usize> {
    let start = error.span()?.start;
    let starts: Vec<usize> = array_with(table.clone().get_mut(), start)?.iter().map(|item| item.span().start).collect();
    if starts.first() != Some(&start) {
        return Some(start);
    }
    let is_among = |count: usize| {
        let mut part = table.clone();
        if let Some(items) = array_with(part.get_mut(), start) {
            *items = std::mem::replace(items, DeArray::new()).into_iter().take(count).collect();
        }
        let found = T::deserialize(toml::de::Deserializer::from(part)).err();
        found.is_some_and(|found| (found.span(), found.message()) == (error.span(), error.message()))
    };
    let (mut index, mut end) = (0, starts.len());
    while index < end {
        let middle = usize::midpoint(index, end);
        if is_among(middle + 1) { end = middle } else { index = middle + 1 }
    }
    starts.get(index).copied()
}

/// The position after a value, with the tables that belong to it.
fn end_of(value: &Spanned<DeValue<'_>>) -> usize {
    let inner = match value.get_ref() {
        DeValue::Array(items) => items.iter().map(end_of).max(),
        DeValue::Table(table) => table.iter().map(|(key, value)| key.span().end.max(end_of(value))).max(),
        _ => None,
    };
    inner.unwrap_or_default().max(value.span().end)
}

/// Removes the table that begins at `start` and is an item of an array; returns the name of the top-level entry that it
/// was in.
fn remove_item(table: &mut DeTable<'_>, start: usize) -> Option<String> {
    table.iter_mut().find_map(|(key, value)| {
        let items = array_within(value.get_mut(), start)?;
        *items = std::mem::replace(items, DeArray::new()).into_iter().filter(|item| !is_item(item, start)).collect();
        Some(key.get_ref().clone().into_owned())
    })
}

/// The array with the table that begins at `start`.
fn array_with<'t, 'a>(table: &'t mut DeTable<'a>, start: usize) -> Option<&'t mut DeArray<'a>> {
    table.iter_mut().find_map(|(_, value)| array_within(value.get_mut(), start))
}

fn array_within<'t, 'a>(value: &'t mut DeValue<'a>, start: usize) -> Option<&'t mut DeArray<'a>> {
    match value {
        DeValue::Array(items) => {
            if items.iter().any(|item| is_item(item, start)) {
                Some(items)
            } else {
                items.iter_mut().find_map(|item| array_within(item.get_mut(), start))
            }
        }
        DeValue::Table(table) => array_with(table, start),
        _ => None,
    }
}

fn is_item(item: &Spanned<DeValue<'_>>, start: usize) -> bool {
    item.span().start == start && item.get_ref().is_table()
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
