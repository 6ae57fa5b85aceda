//! The specification's tests: `.wast` files, each with modules and assertions about them
//! (<https://github.com/WebAssembly/spec/tree/main/interpreter#scripts>).
//!
//! Each part of a file that one process can run becomes a scenario. When all have run, [`collapse`] makes one row of
//! each file, with its assertions counted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
mod parts;
#[cfg(test)]
mod tests;
mod values;
mod wrap;

use instance::{Action, Instance, ProcessCalls, SkipReason, why_not_linked};
use lines::Lines;
use module::Module;
use parts::{PartModule, Parts};

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
    /// The module, which the parts of one instance share.
    pub module: Arc<[u8]>,
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
    title: &'t str,
    parts: Parts,
    left_out: BTreeMap<String, u64>,
    instances: Vec<Instance>,
    /// Instances by name.
    named: BTreeMap<String, usize>,
    /// Modules that are defined without an instance, or why no call can be made on their instances.
    definitions: BTreeMap<Option<String>, Result<Arc<Module>, String>>,
    current: Option<usize>,
}

impl<'t> Reader<'t> {
    fn new(title: &'t str, lines: &'t Lines<'t>) -> Self {
        let (parts, left_out, instances) = (Parts::new(title), BTreeMap::new(), Vec::new());
        let (named, definitions) = (BTreeMap::new(), BTreeMap::new());
        Self { lines, title, parts, left_out, instances, named, definitions, current: None }
    }

    fn directive(&mut self, directive: WastDirective) -> Result<(), wast::Error> {
        let (line, text) = (self.lines.position(directive.span()).0 as u64, self.lines.text(directive.span()));
        match directive {
            WastDirective::Module(mut module) => {
                let name = module.name().map(|id| id.name().to_owned());
                let instance = Instance::new(line, text, read_module(&mut module)?);
                self.start(name, instance);
            }
            WastDirective::ModuleDefinition(mut module) => {
                let name = module.name().map(|id| id.name().to_owned());
                self.definitions.insert(name, read_module(&mut module)?);
            }
            WastDirective::ModuleInstance { instance, module, .. } => {
                let module = module.map(|id| id.name().to_owned());
                let missing = || Err("no module with this name is defined above it".to_owned());
                let module = self.definitions.get(&module).cloned().unwrap_or_else(missing);
                self.start(instance.map(|id| id.name().to_owned()), Instance::new(line, text, module));
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
        *self.left_out.entry(why.to_owned()).or_default() += 1;
    }

    /// An assertion about an action, or about a new instance of a module.
    fn exec(
        &mut self,
        line: u64,
        text: String,
        exec: WastExecute,
        end: ScriptEnd,
        ask: impl FnOnce(&mut Instance, u64, String, &Action, ScriptEnd) -> Result<(), SkipReason>,
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
        let instance = self.instance(id.map(|id| id.name())).map_err(SkipReason::NotAttempted);
        match instance.and_then(|instance| ask(instance, line, text, &action, end)) {
            Ok(()) => {}
            Err(SkipReason::NotAttempted(why)) => self.leave_out(&why),
            Err(SkipReason::InvalidFile(why)) => return Err(wast::Error::new(span, why)),
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
                Ok(bytes) => self.refused_part(line, text, bytes),
                Err(_) => self.leave_out(TEXT),
            },
            Ok(QuoteWatTest::Binary(bytes)) => self.refused_part(line, text, bytes),
            Err(_) if is_text => self.leave_out(TEXT),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn refused_part(&mut self, line: u64, text: String, bytes: Vec<u8>) {
        let module = PartModule { bytes: bytes.into(), ..PartModule::default() };
        self.part(line, &module, module_assertion(line, text, ScriptEnd::Refused));
    }

    /// A module whose instantiation has to end in one way.
    fn module_part(&mut self, line: u64, text: String, mut wat: QuoteWat, end: ScriptEnd) -> Result<(), wast::Error> {
        if is_component(&wat) {
            self.leave_out(COMPONENT);
            return Ok(());
        }
        match Module::read(wat.encode()?) {
            Err(error) => self.leave_out(&unreadable(&error)),
            Ok(Module { bytes, host_functions, other_import, .. }) => match other_import {
                Some(import) if end != ScriptEnd::Unlinkable => self.leave_out(&why_not_linked(&import)),
                _ => {
                    let module = PartModule { bytes, host_functions, ..PartModule::default() };
                    self.part(line, &module, module_assertion(line, text, end));
                }
            },
        }
        Ok(())
    }

    /// Adds a part. If there are too many, its assertions are left out.
    fn part(&mut self, line: u64, module: &PartModule, part: ProcessCalls) {
        let assertions = part.assertions.len() as u64;
        if !self.parts.add(line, module, part) {
            *self.left_out.entry(parts::too_many()).or_default() += assertions;
        }
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
            let (module, parts) = instance.parts(!self.parts.is_full());
            for part in parts {
                let at = if part.end == ScriptEnd::Returns {
                    line
                } else {
                    part.assertions.first().map_or(line, |a| a.line)
                };
                self.part(at, &module, part);
            }
        }
        WastFile { title: self.title.to_owned(), parts: self.parts.into_all(), left_out: self.left_out }
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

/// A module, or why no call can be made on its instances.
fn read_module(module: &mut QuoteWat) -> Result<Result<Arc<Module>, String>, wast::Error> {
    if is_component(module) {
        return Ok(Err(COMPONENT.to_owned()));
    }
    Ok(Module::read(module.encode()?).map(Arc::new).map_err(|error| unreadable(&error)))
}

fn is_component(module: &QuoteWat) -> bool {
    matches!(module, QuoteWat::Wat(Wat::Component(_)) | QuoteWat::QuoteComponent(..))
}

/// An assertion about a module as a whole.
fn module_assertion(line: u64, text: String, end: ScriptEnd) -> ProcessCalls {
    ProcessCalls {
        earlier: 0,
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
