//! Describes imports that are not functions.

/// `the memory env.memory (1 to 2 pages, shared)`, given the text of its type (`memory 1..2 shared`).
pub fn described(name: &str, ty: &str) -> String {
    let (kind, rest) = ty.split_once(' ').unwrap_or((ty, ""));
    let facts = match kind {
        "memory" => limits(rest, "page"),
        "table" => limits(rest, "element"),
        "global" => rest.replace(" mut", ", mutable").replace(" shared", ", shared"),
        // A tag's type has its parentheses; `of type 3` belongs to a malformed module.
        _ => rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or_default().to_owned(),
    };
    if facts.is_empty() { format!("the {kind} {name}") } else { format!("the {kind} {name} ({facts})") }
}

/// `1 to 2 pages, shared`, given `1..2 shared`.
fn limits(text: &str, unit: &str) -> String {
    let mut facts: Vec<String> = Vec::new();
    let mut words = text.split(' ').filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        match (word, word.split_once("..")) {
            (_, Some((least, most))) => facts.insert(0, range(least, most, unit)),
            ("i64", None) => facts.push("64-bit".to_owned()),
            ("pagesize", None) => facts.extend(words.next().map(|size| format!("page size {size}"))),
            _ => facts.push(word.to_owned()),
        }
    }
    facts.join(", ")
}

fn range(least: &str, most: &str, unit: &str) -> String {
    if most.is_empty() {
        format!("{} or more", with_unit(least, unit))
    } else if least == most {
        with_unit(least, unit)
    } else {
        format!("{least} to {most} {unit}s")
    }
}

/// `2 pages`, given the number as text.
pub fn with_unit(count: &str, unit: &str) -> String {
    format!("{count} {unit}{}", if count == "1" { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::described;

    #[test]
    fn each_kind_has_its_own_words() {
        let check = |item: &str, expected: &str| {
            let wat = format!("(module (import \"a\" \"b\" ({item})))");
            let facts = wasmlab_inspect::outline(&wat::parse_str(&wat).unwrap()).unwrap();
            assert_eq!(described("a.b", &facts.imports[0].ty), expected, "{wat}");
        };
        check("memory 256 256", "the memory a.b (256 pages)");
        check("memory 1", "the memory a.b (1 page or more)");
        check("memory 1 2 shared", "the memory a.b (1 to 2 pages, shared)");
        check("memory i64 1 1 (pagesize 1)", "the memory a.b (1 page, 64-bit, page size 1)");
        check("table 0 funcref", "the table a.b (0 elements or more, funcref)");
        check("global i32", "the global a.b (i32)");
        check("global (mut i64)", "the global a.b (i64, mutable)");
        check("tag (param i32)", "the tag a.b (i32)");
        check("tag", "the tag a.b");
    }
}
