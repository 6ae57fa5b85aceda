//! The specification's tests: `.wast` files, each with modules and assertions about them
//! (<https://github.com/WebAssembly/spec/tree/main/interpreter#scripts>).
//!
//! Each part of a file that one process can run becomes a scenario. When all have run, [`collapse`] makes one row of
//! each file, with its assertions counted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use wast::core::{Module as WastModule, ModuleKind};
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::{QuoteWat, QuoteWatTest, Wast, WastDirective, WastExecute, Wat};

use super::fields::one_line;
use wasmlab_model::file_error::FileError;
use wasmlab_model::scenario::{
    Assertion, Build, EntryPointKind, Expect, Run, Scenario, ScenarioFile, Script, ScriptEnd,
};
use wasmlab_protocol::TrapKind;
use wasmlab_report::visible::VisiblePath;

pub mod collapse;
mod instance;
mod lines;
mod module;
#[cfg(test)]
mod tests;
mod values;
mod wrap;

use instance::{Action, Instance, ProcessCalls, Refusal};
use lines::Lines;
use module::Module;

/// The route of the rows, in place of a target.
pub const ROUTE: &str = "wast";

/// A `.wast` file, ready to run.
#[derive(Clone, Debug)]
pub struct WastFile {
    /// Its path below the folder that the user named.
    pub title: String,
    /// The parts, one per process.
    pub parts: Vec<WastPart>,
    /// Assertions that the lab cannot check on any runtime: how many, and why.
    pub left_out: BTreeMap<String, u64>,
}

/// A part of a file.
#[derive(Clone, Debug)]
pub struct WastPart {
    /// The scenario.
    pub scenario: Scenario,
    /// The module.
    pub module: Vec<u8>,
}

/// Reads a file. `title` is how reports name it.
///
/// # Errors
/// The first error, with its line.
pub fn read(path: &Path, title: &str, text: &str) -> Result<WastFile, FileError> {
    let lines = Lines::of(text);
    let locate = |error: wast::Error| {
        let (line, column) = lines.position(error.span());
        FileError::new(path.visible(), one_line(&error.message())).at_line(line).at_column(column)
    };
    let mut lexer = Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer).map_err(locate)?;
    let script = parser::parse::<Wast>(&buffer).map_err(locate)?;
    let mut reader = Reader::new(title, &lines);
    for directive in script.directives {
        reader.directive(directive).map_err(locate)?;
    }
    Ok(reader.finish())
}

struct Reader<'t> {
    lines: &'t Lines<'t>,
    file: WastFile,
    names: BTreeSet<String>,
    instances: Vec<Instance>,
    /// Instances by name.
    named: BTreeMap<String, usize>,
    /// Modules that are defined without an instance.
    definitions: BTreeMap<Option<String>, (u64, String, Vec<u8>)>,
    current: Option<usize>,
}

impl<'t> Reader<'t> {
    fn new(title: &str, lines: &'t Lines<'t>) -> Self {
        let file = WastFile { title: title.to_owned(), parts: Vec::new(), left_out: BTreeMap::new() };
        let (names, instances, named) = (BTreeSet::new(), Vec::new(), BTreeMap::new());
        Self { lines, file, names, instances, named, definitions: BTreeMap::new(), current: None }
    }

    fn directive(&mut self, directive: WastDirective) -> Result<(), wast::Error> {
        let (line, text) = (self.lines.position(directive.span()).0 as u64, self.lines.text(directive.span()));
        match directive {
            WastDirective::Module(mut module) => {
                let name = module.name().map(|id| id.name().to_owned());
                let instance = instance(line, text, &mut module)?;
                self.start(name, instance);
            }
            WastDirective::ModuleDefinition(mut module) => {
                let name = module.name().map(|id| id.name().to_owned());
                if is_component(&module) {
                    self.definitions.insert(name, (line, text, Vec::new()));
                } else {
                    self.definitions.insert(name, (line, text, module.encode()?));
                }
            }
            WastDirective::ModuleInstance { instance, module, .. } => {
                let module = module.map(|id| id.name().to_owned());
                let made = match self.definitions.get(&module) {
                    Some((_, _, bytes)) if bytes.is_empty() => Instance::unusable(line, text, COMPONENT.to_owned()),
                    Some((_, _, bytes)) => instance_from_bytes(line, text, bytes.clone()),
                    None => Instance::unusable(line, text, "no module with this name is defined above it".to_owned()),
                };
                self.start(instance.map(|id| id.name().to_owned()), made);
            }
            WastDirective::Register { .. } => {}
            WastDirective::Invoke(invoke) => {
                let id = invoke.module.map(|id| id.name().to_owned());
                if let Ok(instance) = self.instance(id.as_deref()) {
                    instance.call_unchecked(&invoke);
                }
            }
            assertion => self.assertion(line, text, assertion)?,
        }
        Ok(())
    }

    fn assertion(&mut self, line: u64, text: String, directive: WastDirective) -> Result<(), wast::Error> {
        match directive {
            WastDirective::AssertReturn { exec, results, .. } => {
                self.exec(line, text, exec, ScriptEnd::Returns, |instance, line, text, action, _| {
                    instance.returns(line, text, action, &results)
                })?;
            }
            WastDirective::AssertTrap { exec, message, .. } => match trap(message) {
                Ok(kind) => self.exec(line, text, exec, ScriptEnd::Traps(kind), Instance::traps)?,
                Err(why) => self.leave_out(&why),
            },
            WastDirective::AssertException { exec, .. } => {
                let end = ScriptEnd::Traps(Some(TrapKind::UncaughtException));
                self.exec(line, text, exec, end, Instance::traps)?;
            }
            WastDirective::AssertExhaustion { call, .. } => {
                let end = ScriptEnd::Traps(Some(TrapKind::StackOverflow));
                self.exec(line, text, WastExecute::Invoke(call), end, Instance::traps)?;
            }
            WastDirective::AssertMalformed { module, .. } => self.refused(line, text, module, true)?,
            WastDirective::AssertInvalid { module, .. } => self.refused(line, text, module, false)?,
            WastDirective::AssertUnlinkable { module, message, .. } => {
                let wat = QuoteWat::Wat(module);
                if message.starts_with("unknown import") && !is_component(&wat) {
                    self.module_part(line, text, wat, ScriptEnd::Unlinkable)?;
                } else {
                    self.leave_out("it needs an import of another type, which only another module could provide");
                }
            }
            WastDirective::AssertInvalidCustom { .. } | WastDirective::AssertMalformedCustom { .. } => {
                self.leave_out("it is about a custom section, which an engine need not read");
            }
            WastDirective::AssertSuspension { .. } => {
                self.leave_out("the lab cannot distinguish a suspension from a trap")
            }
            // Only threads are left.
            _ => self.leave_out("it starts threads, and the lab makes all calls from a single thread"),
        }
        Ok(())
    }

    fn start(&mut self, name: Option<String>, instance: Instance) {
        self.named.extend(name.map(|name| (name, self.instances.len())));
        self.current = Some(self.instances.len());
        self.instances.push(instance);
    }

    fn instance(&mut self, name: Option<&str>) -> Result<&mut Instance, String> {
        let index = match name {
            Some(name) => self.named.get(name).copied(),
            None => self.current,
        };
        index
            .and_then(|index| self.instances.get_mut(index))
            .ok_or_else(|| "the file defines no such module above it".to_owned())
    }

    fn leave_out(&mut self, why: &str) {
        *self.file.left_out.entry(why.to_owned()).or_default() += 1;
    }

    /// An assertion about an action, or about a new instance of a module.
    fn exec(
        &mut self,
        line: u64,
        text: String,
        exec: WastExecute,
        end: ScriptEnd,
        ask: impl FnOnce(&mut Instance, u64, String, &Action, ScriptEnd) -> Result<(), Refusal>,
    ) -> Result<(), wast::Error> {
        let span = exec.span();
        let (id, action) = match &exec {
            WastExecute::Wat(_) => {
                let WastExecute::Wat(wat) = exec else { return Ok(()) };
                return self.module_part(line, text, QuoteWat::Wat(wat), end);
            }
            WastExecute::Invoke(invoke) => (invoke.module, Action::Invoke(invoke)),
            WastExecute::Get { module, global, .. } => (*module, Action::Get(global)),
        };
        let instance = self.instance(id.map(|id| id.name())).map_err(Refusal::NotAttempted);
        match instance.and_then(|instance| ask(instance, line, text, &action, end)) {
            Ok(()) => {}
            Err(Refusal::NotAttempted(why)) => self.leave_out(&why),
            Err(Refusal::InvalidFile(why)) => return Err(wast::Error::new(span, why)),
        }
        Ok(())
    }

    /// A module that has to be refused.
    fn refused(&mut self, line: u64, text: String, mut module: QuoteWat, malformed: bool) -> Result<(), wast::Error> {
        if is_component(&module) {
            self.leave_out(COMPONENT);
            return Ok(());
        }
        let is_text = !matches!(module, QuoteWat::Wat(Wat::Module(WastModule { kind: ModuleKind::Binary(_), .. })));
        match module.to_test() {
            // What the text format cannot say never reaches an engine.
            Ok(QuoteWatTest::Text(_)) if malformed => self.leave_out(TEXT),
            Ok(QuoteWatTest::Text(_)) => match module.encode() {
                Ok(bytes) => self.part(line, &bytes, &[], module_assertion(line, text, ScriptEnd::Refused)),
                Err(_) => self.leave_out(TEXT),
            },
            Ok(QuoteWatTest::Binary(bytes)) => {
                self.part(line, &bytes, &[], module_assertion(line, text, ScriptEnd::Refused))
            }
            Err(_) if is_text => self.leave_out(TEXT),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// A module whose instantiation has to end in one way.
    fn module_part(&mut self, line: u64, text: String, mut wat: QuoteWat, end: ScriptEnd) -> Result<(), wast::Error> {
        if is_component(&wat) {
            self.leave_out(COMPONENT);
            return Ok(());
        }
        match Module::read(wat.encode()?) {
            Err(error) => self.leave_out(&unreadable(&error)),
            Ok(module) if end == ScriptEnd::Unlinkable => {
                self.part(line, &module.bytes, &module.host_functions, module_assertion(line, text, end));
            }
            Ok(module) => match module.other_imports.first() {
                Some(import) => self.leave_out(&format!(
                    "it imports from another module ({import}), and the lab does not link modules to each other"
                )),
                None => self.part(line, &module.bytes, &module.host_functions, module_assertion(line, text, end)),
            },
        }
        Ok(())
    }

    fn part(&mut self, line: u64, module: &[u8], host_functions: &[String], part: ProcessCalls) {
        // The line of an assertion names its part; several may be on one line.
        let slug = self.file.title.replace(['/', '\\'], "-");
        let name = format!("{slug}:{line}");
        let mut names = std::iter::once(name.clone()).chain((2..).map(|number| format!("{name}.{number}")));
        let name = names.find(|name| !self.names.contains(name)).unwrap_or(name);
        self.names.insert(name.clone());
        let script = Script { file: self.file.title.clone(), assertions: part.assertions, end: part.end };
        let run = Run { host_functions: host_functions.to_vec(), call: part.calls, ..Run::default() };
        let scenario = scenario(name, &self.file.title, run, Some(script));
        self.file.parts.push(WastPart { scenario, module: module.to_vec() });
    }

    fn finish(mut self) -> WastFile {
        for instance in std::mem::take(&mut self.instances) {
            let line = instance.line;
            if let Some((why, counts)) = instance.why_unusable() {
                if counts {
                    self.leave_out(why);
                }
                continue;
            }
            let (module, host_functions, parts) = instance.parts();
            for part in parts {
                let at = if part.end == ScriptEnd::Returns {
                    line
                } else {
                    part.assertions.first().map_or(line, |a| a.line)
                };
                self.part(at, &module, &host_functions, part);
            }
        }
        self.file
    }
}

/// The scenario of a part, or, without a script, of a whole file.
fn scenario(name: String, title: &str, run: Run, script: Option<Script>) -> Scenario {
    let spec = ScenarioFile {
        schema: crate::scenario::SCHEMA_VERSION,
        title: title.to_owned(),
        family: ROUTE.to_owned(),
        route: ROUTE.to_owned(),
        rank: 0,
        build: Build { toolchain: "wat".to_owned(), artifact: Some("module.wasm".to_owned()), ..Build::default() },
        run: Run { entry: EntryPointKind::Calls, ..run },
        expect: Expect { script, ..Expect::default() },
        known: Vec::new(),
        step: Vec::new(),
    };
    Scenario { name, dir: PathBuf::new(), spec }
}

/// Why the lab leaves components to the tests of components.
const COMPONENT: &str = "it is a component, and the lab's assertions are about modules";
/// Why errors in the text format cannot be tested with engines.
const TEXT: &str = "it is about the text format, and engines read the binary format";

fn unreadable(error: &wasmparser::BinaryReaderError) -> String {
    format!("the lab's reader cannot read its module: {}", one_line(error.message()))
}

fn instance(line: u64, text: String, module: &mut QuoteWat) -> Result<Instance, wast::Error> {
    if is_component(module) {
        return Ok(Instance::unusable(line, text, COMPONENT.to_owned()));
    }
    Ok(instance_from_bytes(line, text, module.encode()?))
}

fn instance_from_bytes(line: u64, text: String, bytes: Vec<u8>) -> Instance {
    match Module::read(bytes) {
        Ok(module) => Instance::new(line, text, module),
        Err(error) => Instance::unusable(line, text, unreadable(&error)),
    }
}

fn is_component(module: &QuoteWat) -> bool {
    matches!(module, QuoteWat::Wat(Wat::Component(_)) | QuoteWat::QuoteComponent(..))
}

/// An assertion about a module as a whole.
fn module_assertion(line: u64, text: String, end: ScriptEnd) -> ProcessCalls {
    ProcessCalls {
        calls: Vec::new(),
        assertions: vec![Assertion { line, text, call: None, expected: Vec::new() }],
        end,
    }
}

/// The trap that the specification's message stands for; `None`: any. As in the reference interpreter, the beginning of a
/// message is enough.
///
/// # Errors
/// If the specification has no such message.
fn trap(message: &str) -> Result<Option<TrapKind>, String> {
    const MESSAGES: &[(&str, Option<TrapKind>)] = &[
        ("unreachable", Some(TrapKind::Unreachable)),
        ("integer divide by zero", Some(TrapKind::DivisionByZero)),
        ("integer overflow", Some(TrapKind::IntegerOverflow)),
        ("invalid conversion to integer", Some(TrapKind::BadConversion)),
        ("out of bounds memory access", Some(TrapKind::MemoryOutOfBounds)),
        ("out of bounds table access", Some(TrapKind::TableOutOfBounds)),
        ("undefined element", Some(TrapKind::TableOutOfBounds)),
        ("uninitialized element", Some(TrapKind::NullReference)),
        ("indirect call type mismatch", Some(TrapKind::BadSignature)),
        ("null ", Some(TrapKind::NullReference)),
        ("cast failure", Some(TrapKind::CastFailure)),
        ("call stack exhausted", Some(TrapKind::StackOverflow)),
        ("unaligned atomic", Some(TrapKind::UnalignedAtomic)),
        // Engines have no common kind for these.
        ("out of bounds array access", None),
        ("expected shared memory", None),
        ("unhandled tag", None),
        ("continuation already consumed", None),
    ];
    let fits = |known: &str| message.starts_with(known) || known.starts_with(message);
    let mut kinds = MESSAGES.iter().filter(|(known, _)| fits(known)).map(|(_, kind)| *kind);
    let Some(first) = kinds.next() else {
        return Err(format!("the specification has no trap with the message \"{}\"", one_line(message)));
    };
    Ok(first.filter(|_| kinds.all(|kind| kind == first)))
}
