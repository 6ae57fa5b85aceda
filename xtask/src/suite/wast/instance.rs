//! An instance of a module in a `.wast` file: its calls, the assertions about them, and the parts they are run in.
//!
//! A trap ends the process. So all calls that return are one part, in one process, and each call that has to trap is a
//! part of its own, after the earlier calls that may change the instance's state. Calls after a trap that may have
//! changed the state cannot be made: the instance is gone.

use std::sync::Arc;

use wasmlab_model::scenario::{Assertion, ExpectedCall, ExpectedValue, ScriptEnd};
use wasmlab_model::text::counted;
use wast::{WastArg, WastInvoke, WastRet};

use super::module::{Module, WastExport};
use super::parts::PartModule;
use super::values;
use super::wrap::{Conversion, Target, Wrappers};

/// Why assertions after a trap are not attempted.
const LOST: &str = "an earlier call trapped and may have changed the instance, which the lab cannot restore";

/// An instance, and what the file does with it so far.
pub struct Instance {
    /// The line of its module.
    pub line: u64,
    /// The module's text, as messages show it.
    pub text: String,
    module: Arc<Module>,
    wrappers: Wrappers,
    /// Why no call can be made on it.
    why_unusable: Option<String>,
    /// Whether an assertion uses it, whether or not the lab can attempt that assertion.
    has_assertions: bool,
    /// Why no more calls can be made on it.
    lost: Option<String>,
    calls: Vec<ExpectedCall>,
    /// Those of them that may change its state.
    state_calls: Vec<ExpectedCall>,
    assertions: Vec<Assertion>,
    ends: Vec<ProcessCalls>,
}

/// A call, and whether it may change the instance's state.
struct Call {
    call: ExpectedCall,
    changes_state: bool,
}

/// The calls of one process.
pub struct ProcessCalls {
    /// How many of the instance's calls that may change its state come first.
    pub earlier: usize,
    /// The calls after them, in order.
    pub calls: Vec<ExpectedCall>,
    /// The assertions about them.
    pub assertions: Vec<Assertion>,
    /// How it has to end.
    pub end: ScriptEnd,
}

/// An action on an instance.
pub enum Action<'a, 'b> {
    /// A call of a function.
    Invoke(&'b WastInvoke<'a>),
    /// The value of a global.
    Get(&'b str),
}

/// Why an assertion is not made.
#[derive(Clone, Debug)]
pub enum SkipReason {
    /// The lab cannot make it.
    NotAttempted(String),
    /// No runtime could: the file contradicts its own module.
    InvalidFile(String),
}

/// A prepared action.
struct Prepared {
    call: Call,
    expected: Vec<ExpectedValue>,
}

impl Instance {
    /// A new instance of a module, or why no call can be made on it.
    pub fn new(line: u64, text: String, module: Result<Arc<Module>, String>) -> Self {
        let (module, why_unusable) = match module {
            Err(why) => (Arc::default(), Some(why)),
            Ok(module) => {
                let why = module.other_import.as_deref().map(why_not_linked);
                (module, why)
            }
        };
        let (wrappers, has_assertions, lost) = (Wrappers::new(&module), false, None);
        let (calls, state_calls, assertions, ends) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { line, text, module, wrappers, why_unusable, has_assertions, lost, calls, state_calls, assertions, ends }
    }

    /// Makes a call whose results do not matter.
    pub fn call_unchecked(&mut self, invoke: &WastInvoke) {
        // Nothing is asserted, so nothing is counted; what follows is.
        if let Ok(prepared) = self.prepare(&Action::Invoke(invoke), None) {
            self.add_call(prepared.call);
        }
    }

    /// Asserts what an action returns.
    ///
    /// # Errors
    /// Why it is not made.
    pub fn returns(&mut self, line: u64, text: String, action: &Action, results: &[WastRet]) -> Result<(), SkipReason> {
        self.has_assertions = true;
        let prepared = self.prepare(action, Some(results))?;
        let call = Some(self.calls.len());
        self.add_call(prepared.call);
        self.assertions.push(Assertion { line, text, call, expected: prepared.expected });
        Ok(())
    }

    /// Asserts that an action traps.
    ///
    /// # Errors
    /// Why it is not made.
    pub fn traps(&mut self, line: u64, text: String, action: &Action, end: ScriptEnd) -> Result<(), SkipReason> {
        self.has_assertions = true;
        let prepared = self.prepare(action, None)?;
        if prepared.call.changes_state {
            self.lost = Some(LOST.to_owned());
        }
        let (earlier, calls) = (self.state_calls.len(), vec![prepared.call.call]);
        let assertion = Assertion { line, text, call: None, expected: Vec::new() };
        self.ends.push(ProcessCalls { earlier, calls, assertions: vec![assertion], end });
        Ok(())
    }

    fn add_call(&mut self, call: Call) {
        if call.changes_state {
            self.state_calls.push(call.call.clone());
        }
        self.calls.push(call.call);
    }

    fn prepare(&mut self, action: &Action, results: Option<&[WastRet]>) -> Result<Prepared, SkipReason> {
        if let Some(why) = self.why_unusable.as_ref().or(self.lost.as_ref()) {
            return Err(SkipReason::NotAttempted(why.clone()));
        }
        let (name, args) = match action {
            Action::Invoke(invoke) => (invoke.name, invoke.args.as_slice()),
            Action::Get(name) => (*name, [].as_slice()),
        };
        let found = match (self.module.exports.get(name).cloned(), action) {
            (Some(WastExport::Function { index, ty, changes_state }), Action::Invoke(_)) => {
                self.call(name, index, &ty, args, results, changes_state)
            }
            (Some(WastExport::Global { index, ty }), Action::Get(_)) => {
                let (expected, conversions) = expected_values(&[ty], results)?;
                let export = self.wrappers.add(Target::Global(index), &[], &conversions);
                Ok(Prepared { call: Call::new(export, Vec::new(), false), expected })
            }
            (_, Action::Invoke(_)) => Err(SkipReason::InvalidFile(format!("the module exports no function `{name}`"))),
            (_, Action::Get(_)) => Err(SkipReason::InvalidFile(format!("the module exports no global `{name}`"))),
        };
        let changes = matches!(self.module.exports.get(name), Some(WastExport::Function { changes_state: true, .. }));
        if let Err(SkipReason::NotAttempted(why)) = &found
            && changes
        {
            self.lost = Some(format!("an earlier call that may change the instance cannot be made: {why}"));
        }
        found
    }

    fn call(
        &mut self,
        name: &str,
        index: u32,
        ty: &wasmparser::FuncType,
        args: &[WastArg],
        results: Option<&[WastRet]>,
        changes_state: bool,
    ) -> Result<Prepared, SkipReason> {
        if args.len() != ty.params().len() {
            let why = format!("`{name}` takes {}, not {}", counted(ty.params().len(), "argument"), args.len());
            return Err(SkipReason::InvalidFile(why));
        }
        let constants = args.iter().enumerate().map(|(at, arg)| values::constant(arg, ty.params().get(at)));
        let constants = constants.collect::<Result<Vec<_>, _>>().map_err(SkipReason::NotAttempted)?;
        let mut pairs = std::iter::zip(&constants, ty.params());
        if let Some(at) = pairs.position(|(constant, ty)| !values::is_of(constant, ty)) {
            let why = format!("argument {} of `{name}` is not of the parameter's type, {}", at + 1, ty.params()[at]);
            return Err(SkipReason::InvalidFile(why));
        }
        let (expected, conversions) = expected_values(ty.results(), results)?;
        // A host passes integers as they are.
        let direct: Option<Vec<_>> = constants.iter().map(|constant| values::integer(*constant)).collect();
        let call = match direct.filter(|_| values::is_of_integers(ty)) {
            Some(args) => Call::new(name.to_owned(), args, changes_state),
            None => {
                let export = self.wrappers.add(Target::Function(index), &constants, &conversions);
                Call::new(export, Vec::new(), changes_state)
            }
        };
        Ok(Prepared { call, expected })
    }

    /// Its module, with what its calls need, and the parts to run. The module is empty unless it is needed.
    pub fn parts(self, needs_module: bool) -> (PartModule, Vec<ProcessCalls>) {
        let bytes = if needs_module { self.wrappers.apply(&self.module) } else { Arc::default() };
        let host_functions = self.module.host_functions.clone();
        let mut parts = self.ends;
        let mut assertions = self.assertions;
        // If nothing else is asserted about a module, it must at least be instantiated.
        if !self.has_assertions && self.why_unusable.is_none() {
            let call = self.calls.len().checked_sub(1);
            assertions.push(Assertion { line: self.line, text: self.text, call, expected: Vec::new() });
        }
        // What follows the last assertion shows nothing.
        let needed = assertions.iter().filter_map(|assertion| assertion.call).max().map_or(0, |last| last + 1);
        let calls = self.calls.into_iter().take(needed).collect();
        if !assertions.is_empty() {
            parts.insert(0, ProcessCalls { earlier: 0, calls, assertions, end: ScriptEnd::Returns });
        }
        (PartModule { bytes, host_functions, state_calls: self.state_calls }, parts)
    }

    /// Why its module cannot be used at all, and whether no other assertion uses it, so that the module counts itself.
    pub fn why_unusable(&self) -> Option<(&str, bool)> {
        self.why_unusable.as_deref().map(|why| (why, !self.has_assertions))
    }
}

impl Call {
    fn new(export: String, args: Vec<wasmlab_protocol::Value>, changes_state: bool) -> Self {
        Self { call: ExpectedCall { export, args, results: None, after_previous: false }, changes_state }
    }
}

/// Why a module with this import has no instance.
pub fn why_not_linked(import: &str) -> String {
    format!("it imports from another module ({import}), and the lab does not link modules to each other")
}

/// The expected results, and how to convert them to integers.
fn expected_values(
    types: &[wasmparser::ValType],
    expected: Option<&[WastRet]>,
) -> Result<(Vec<ExpectedValue>, Vec<Conversion>), SkipReason> {
    let Some(expected) = expected else { return Ok((Vec::new(), vec![Conversion::Drop; types.len()])) };
    if expected.len() != types.len() {
        let why = format!("the call has {}, not {}", counted(types.len(), "result"), expected.len());
        return Err(SkipReason::InvalidFile(why));
    }
    let pairs = std::iter::zip(expected, types).map(|(expected, ty)| values::expected_value(expected, ty));
    let (expected, conversions): (Vec<_>, Vec<_>) =
        pairs.collect::<Result<Vec<_>, _>>().map_err(SkipReason::NotAttempted)?.into_iter().unzip();
    let mut pairs = std::iter::zip(&conversions, types);
    if let Some(at) = pairs.position(|(conversion, ty)| !values::converts(conversion, ty)) {
        let why = format!("the expected result {} is not of the result's type, {}", at + 1, types[at]);
        return Err(SkipReason::InvalidFile(why));
    }
    Ok((expected, conversions))
}
