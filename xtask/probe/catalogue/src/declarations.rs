//! Core types from declarations in Rust, JavaScript and Markdown.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

type Modules = BTreeMap<String, BTreeMap<String, String>>;

/// `extern "C"` blocks after `#[link(wasm_import_module = "NAME")]`.
pub fn rust(text: &str) -> Result<Modules> {
    let mut modules = Modules::new();
    for part in text.split("wasm_import_module = \"").skip(1) {
        let (module, rest) = part.split_once('"').context("a module's name does not end")?;
        let (_, rest) = rest.split_once('{').context("a block does not begin")?;
        let (block, _) = rest.split_once('}').context("a block does not end")?;
        for declaration in block.split("pub fn ").skip(1) {
            let (name, rest) = declaration.split_once('(').context("a function has no parameters")?;
            let (params, rest) = rest.split_once(')').with_context(|| format!("{name} does not end"))?;
            let result = rest.split_once(';').map_or("", |(result, _)| result).trim();
            let types = params.split(',').filter_map(|param| Some(core(param.split_once(':')?.1.trim())));
            let types: Vec<&str> = types.collect();
            let results: Vec<&str> =
                result.strip_prefix("->").into_iter().map(str::trim).filter(|ty| *ty != "!").map(core).collect();
            modules.entry(module.to_owned()).or_default().insert(name.trim().to_owned(), crate::text(&types, &results));
        }
    }
    Ok(modules)
}

/// Rust's type in the C ABI of a 32-bit target.
fn core(ty: &str) -> &'static str {
    match ty {
        "i64" | "u64" => "i64",
        "f32" => "f32",
        "f64" => "f64",
        _ => "i32",
    }
}

/// wasi-threads' document: it names types as `` `NAME`: `s32` `` and each function under a heading.
pub fn threads(text: &str) -> Result<Modules> {
    let is = |name: &str, ty: &str| text.contains(&format!("`{name}`: `{ty}`"));
    let known = is("start-arg", "u32") && is("thread-spawn-result", "s32") && text.contains("`thread-spawn`");
    anyhow::ensure!(known, "thread-spawn has another type than before");
    // The README says: `import "wasi" "thread-spawn"`.
    Ok(Modules::from([(
        "wasi".to_owned(),
        BTreeMap::from([("thread-spawn".to_owned(), crate::text(&["i32"], &["i32"]))]),
    )]))
}

/// Headings `### "wasm:js-string" "NAME"`, each followed by `func NAME(…) -> TYPE`.
pub fn builtins(text: &str) -> Result<Modules> {
    let mut modules = Modules::new();
    for part in text.split("\n### \"wasm:").skip(1) {
        let (module, rest) = part.split_once("\" \"").context("a heading has no function")?;
        let (name, rest) = rest.split_once('"').context("a function's name does not end")?;
        // Declared as `func` or as `function`.
        let declared = rest.split_once("\nfunc").and_then(|(_, rest)| rest.split_once('('));
        let (_, rest) = declared.with_context(|| format!("{name} is not declared"))?;
        let (params, rest) = rest.split_once(") ->").with_context(|| format!("{name} does not end"))?;
        let types: Vec<&str> = params.split(',').filter_map(|param| Some(param.split_once(": ")?.1.trim())).collect();
        let result = rest.split(['{', '\n']).next().unwrap_or_default().trim();
        let results: Vec<&str> = [result].into_iter().filter(|ty| !ty.is_empty()).collect();
        modules.entry(format!("wasm:{module}")).or_default().insert(name.to_owned(), crate::text(&types, &results));
    }
    Ok(modules)
}

/// Emscripten's table of signatures, `NAME__sig: 'vip'`: the system calls, and the functions of its libraries that are
/// neither graphics nor sound. Libraries of C are not host functions.
pub fn emscripten(text: &str) -> Result<Modules> {
    let graphics = ["gl", "webgl", "wgpu", "webgpu", "al", "audio"];
    let mut functions = BTreeMap::new();
    for line in text.lines() {
        let Some((name, letters)) = line.trim().split_once("__sig: '") else { continue };
        let rest = name.trim_start_matches('_').trim_start_matches("emscripten_");
        let is_host = name.starts_with('_') || name.starts_with("emscripten_");
        if !is_host || graphics.iter().any(|prefix| rest.starts_with(prefix)) {
            continue;
        }
        let letters = letters.trim_end_matches("',");
        let types: Option<Vec<&str>> = letters.chars().skip(1).map(letter).collect();
        let result = letters.chars().next().filter(|c| *c != 'v').map(letter);
        let (Some(types), Some(results)) = (types, result.into_iter().collect::<Option<Vec<&str>>>()) else { continue };
        functions.insert(name.to_owned(), crate::text(&types, &results));
    }
    Ok(Modules::from([("env".to_owned(), functions)]))
}

fn letter(letter: char) -> Option<&'static str> {
    Some(match letter {
        'i' | 'p' => "i32",
        'j' => "i64",
        'f' => "f32",
        'd' => "f64",
        _ => return None,
    })
}
