//! Custom sections: those for names, producers and target features; the rest as they are.

use super::sections::vector;
use super::{Cursor, ReadFailure, counted};

/// Reads the contents of a custom section.
pub fn section(cursor: &mut Cursor) -> Result<(), ReadFailure> {
    let name = cursor.name("name")?;
    match name {
        "name" => {
            while !cursor.is_at_end() {
                names(cursor)?;
            }
            Ok(())
        }
        "producers" => vector(cursor, "field", |cursor, _| {
            cursor.name("field")?;
            cursor.nested(|cursor| {
                vector(cursor, "value", |cursor, _| {
                    cursor.name("value")?;
                    cursor.name("version").map(drop)
                })
            })
        }),
        "target_features" => vector(cursor, "feature", |cursor, _| {
            if cursor.is_at_end() {
                return Err("expected a feature, but the section ends here".to_owned());
            }
            let used = if cursor.rest().first() == Some(&b'+') { "used" } else { "not used" };
            cursor.note(1, used);
            cursor.name("feature").map(drop)
        }),
        _ if cursor.is_at_end() => Ok(()),
        _ => {
            let length = cursor.rest().len();
            cursor.note(length, format!("its contents: {}", counted(length, "byte")));
            Ok(())
        }
    }
}

/// The purposes of the subsections of the name section, by id.
const SUBSECTIONS: [&str; 12] = [
    "the module's name",
    "names of functions",
    "names of locals",
    "names of labels",
    "names of types",
    "names of tables",
    "names of memories",
    "names of globals",
    "names of element segments",
    "names of data segments",
    "names of fields",
    "names of tags",
];

fn names(cursor: &mut Cursor) -> Result<(), ReadFailure> {
    let id = cursor.rest().first().copied().unwrap_or_default();
    let what = SUBSECTIONS.get(usize::from(id)).copied().unwrap_or("names of another kind");
    cursor.note(1, format!("subsection {id}: {what}"));
    let size = cursor.number("the subsection's size", |size| format!("size: {}", counted(size as usize, "byte")))?;
    if size as usize > cursor.rest().len() {
        return Err("the subsection goes past the end of the section".to_owned());
    }
    cursor.within(size as usize, "the subsection", |cursor| match id {
        0 => cursor.name("module").map(drop),
        2 | 3 | 10 => vector(cursor, "entry", |cursor, _| {
            cursor.number("an index", |index| format!("index {index}:"))?;
            cursor.nested(|cursor| vector(cursor, "name", named))
        }),
        1 | 4..=9 | 11 => vector(cursor, "name", named),
        _ => {
            let length = cursor.rest().len();
            cursor.note(length, format!("its contents: {}", counted(length, "byte")));
            Ok(())
        }
    });
    Ok(())
}

fn named(cursor: &mut Cursor, _: usize) -> Result<(), ReadFailure> {
    cursor.number("an index", |index| format!("index {index}:"))?;
    cursor.nested(|cursor| cursor.name("name").map(drop))
}
