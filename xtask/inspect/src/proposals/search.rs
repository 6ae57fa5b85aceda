//! Searches a smallest set: widens it until the binary is valid, then shows that every flag is needed.

use super::{bodies, flags, outline};
use wasmparser::{Error, FuncValidatorAllocations, WasmFeatures};

/// Binaries up to this size are validated once more at the end, at no noticeable cost.
const SMALL: usize = 256 * 1024;

/// Flags that bodies required, each with such a body.
type Witnesses = Vec<bodies::Need>;

/// A smallest set, or the validator's error with everything enabled.
pub(super) fn smallest(bytes: &[u8]) -> Result<WasmFeatures, Error> {
    if let Ok(set) = quick(bytes)
        && (bytes.len() > SMALL || accepts(bytes, set).is_ok())
    {
        return Ok(set);
    }
    // Either the binary is invalid or enabling a feature made it so; the slow search decides.
    let everything = WasmFeatures::all();
    accepts(bytes, everything)?;
    Ok(narrow(bytes, everything, &Witnesses::new()))
}

/// A smallest set, found by one validation of the bodies that widens the set as it goes.
pub(super) fn quick(bytes: &[u8]) -> Result<WasmFeatures, Error> {
    let (set, witnesses) = widen(bytes)?;
    Ok(narrow(bytes, set, &witnesses))
}

/// A sufficient set that is nearly minimal.
fn widen(bytes: &[u8]) -> Result<(WasmFeatures, Witnesses), Error> {
    let mut set = flags::ALWAYS;
    let mut witnesses = Witnesses::new();
    loop {
        set = grow(set, |set| outline::walk(bytes, set, |_| Ok(()))).map_err(|stuck| stuck.error)?;
        if witnesses.is_empty() {
            // A flag that the outline does not need after all would cost a validation at the end.
            set = shrink(set, |set| outline::walk(bytes, set, |_| Ok(())).is_ok());
        }
        let funcs = funcs(bytes, set)?;
        let found = bodies::needs(&funcs, set)?;
        let wider = found.iter().fold(set, |set, need| set | need.flags);
        witnesses.extend(found);
        let done = flags::LOCAL.contains(wider.difference(set));
        set = wider;
        if done {
            return Ok((set, witnesses));
        }
    }
}

/// Removes flags from a sufficient set until it is minimal.
fn narrow(bytes: &[u8], set: WasmFeatures, witnesses: &Witnesses) -> WasmFeatures {
    shrink(set, |smaller| {
        let lost = set.difference(smaller);
        let mut ordinals: Vec<usize> =
            witnesses.iter().filter(|need| need.flags.intersects(lost)).map(|need| need.ordinal).collect();
        ordinals.sort_unstable();
        let mut allocations = FuncValidatorAllocations::default();
        let by_witness = outline::walk(bytes, smaller, |func| match ordinals.binary_search(&func.ordinal) {
            Ok(_) => func.validate(smaller, &mut allocations),
            Err(_) => Ok(()),
        });
        by_witness.is_ok() && accepts(bytes, smaller).is_ok()
    })
}

/// Validates the whole binary.
fn accepts(bytes: &[u8], set: WasmFeatures) -> Result<(), Error> {
    bodies::validate(&funcs(bytes, set)?, set)
}

/// Validates the outline and returns the bodies.
pub(super) fn funcs(bytes: &[u8], set: WasmFeatures) -> Result<Vec<outline::Func<'_>>, Error> {
    let mut funcs = Vec::new();
    outline::walk(bytes, set, |func| {
        funcs.push(func);
        Ok(())
    })?;
    Ok(funcs)
}

/// A check that no further flag makes pass.
pub(super) struct Stuck {
    /// Flags enabled at that point.
    pub(super) set: WasmFeatures,
    /// The check's error.
    pub(super) error: Error,
}

/// Adds flags to the set until the check passes.
///
/// # Errors
///
/// The check's error if no flag helps.
pub(super) fn grow(
    mut set: WasmFeatures,
    mut check: impl FnMut(WasmFeatures) -> Result<(), Error>,
) -> Result<WasmFeatures, Stuck> {
    loop {
        let Err(error) = check(set) else { return Ok(set) };
        set = match error.missing_wasm_feature() {
            Some(flag) if !set.contains(flag) => set | flag,
            _ => step(set, error, &mut check).map_err(|error| Stuck { set, error })?,
        };
    }
}

/// Adds a flag that gets the check past an error that names no feature.
fn step(
    set: WasmFeatures,
    error: Error,
    check: &mut impl FnMut(WasmFeatures) -> Result<(), Error>,
) -> Result<WasmFeatures, Error> {
    let at = error.offset();
    let mut gets_past = |set| check(set).map_or_else(|later| later.offset() > at, |()| true);
    let everything = WasmFeatures::all();
    if !gets_past(everything) {
        return Err(error);
    }
    if let Some(flag) = flags::all().find(|flag| !set.contains(*flag) && gets_past(set | *flag)) {
        return Ok(set | flag);
    }
    Ok(shrink(everything, |smaller| smaller.contains(set) && gets_past(smaller)))
}

/// Removes flags, newest first, as long as the set remains `good`.
fn shrink(mut set: WasmFeatures, mut good: impl FnMut(WasmFeatures) -> bool) -> WasmFeatures {
    loop {
        let before = set;
        for flag in flags::all().rev() {
            if let Some(smaller) = flags::without(set, flag)
                && good(smaller)
            {
                set = smaller;
            }
        }
        // Removing one flag can make another removable, if the validator accepts either.
        if set == before {
            return set;
        }
    }
}
