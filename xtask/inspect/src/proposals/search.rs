//! Searches a smallest set: widens it until the binary is valid, then shows that every flag is needed.

use super::{bodies, flags, outline};
use wasmparser::{Error, FuncValidatorAllocations, WasmFeatures};

/// Binaries up to this size are validated once more at the end, at no noticeable cost.
const SMALL: usize = 256 * 1024;

/// Flags that bodies required, each with such a body.
type Witnesses = Vec<bodies::Need>;

/// A set of flags, and where they were found to be needed.
pub(super) struct Found {
    /// The set.
    pub(super) set: WasmFeatures,
    /// In the order of the binary, the outline first. A flag that the search found in another way has no place.
    pub(super) places: Vec<UseLocation>,
}

/// Where flags are needed.
#[derive(Clone, Copy, Debug)]
pub(super) struct UseLocation {
    /// The flags.
    pub(super) flags: WasmFeatures,
    /// Offset, bytes.
    pub(super) offset: u64,
    /// Index of the function, if it is in code.
    pub(super) function: Option<u32>,
}

/// A smallest set, or the validator's error with everything enabled.
pub(super) fn smallest(bytes: &[u8]) -> Result<Found, Error> {
    if let Ok(found) = quick(bytes)
        && (bytes.len() > SMALL || accepts(bytes, found.set).is_ok())
    {
        return Ok(found);
    }
    // Either the binary is invalid or enabling a feature made it so; the slow search decides.
    let everything = WasmFeatures::all();
    accepts(bytes, everything)?;
    Ok(Found { set: narrow(bytes, everything, &Witnesses::new()), places: Vec::new() })
}

/// A smallest set, found by one validation of the bodies that widens the set as it goes.
pub(super) fn quick(bytes: &[u8]) -> Result<Found, Error> {
    let (set, mut places, witnesses) = widen(bytes)?;
    let place =
        |need: &bodies::Need| UseLocation { flags: need.flags, offset: need.offset, function: Some(need.index) };
    places.extend(witnesses.iter().map(place));
    Ok(Found { set: narrow(bytes, set, &witnesses), places })
}

/// Where the binary first needs a flag of a smallest set: the place of the validator's error without it.
pub(super) fn place(bytes: &[u8], set: WasmFeatures, flag: WasmFeatures) -> Option<UseLocation> {
    let smaller = flags::without(set, flag)?;
    let of_outline = |error: Error| UseLocation { flags: flag, offset: error.offset(), function: None };
    let funcs = match funcs(bytes, smaller) {
        Ok(funcs) => funcs,
        Err(error) => return Some(of_outline(error)),
    };
    let mut allocations = FuncValidatorAllocations::default();
    funcs.iter().find_map(|func| {
        let offset = func.validate(smaller, &mut allocations).err()?.offset();
        Some(UseLocation { flags: flag, offset, function: Some(func.index) })
    })
}

/// A sufficient set that is nearly minimal, where the outline needs its flags, and what the bodies need.
fn widen(bytes: &[u8]) -> Result<(WasmFeatures, Vec<UseLocation>, Witnesses), Error> {
    let mut set = flags::ALWAYS;
    let mut places = Vec::new();
    let mut witnesses = Witnesses::new();
    loop {
        let note = |flags, offset| places.push(UseLocation { flags, offset, function: None });
        set = grow(set, |set| outline::check(bytes, set), note).map_err(|stuck| stuck.error)?;
        if witnesses.is_empty() {
            // A flag that the outline does not need after all would cost a validation at the end.
            set = shrink(set, |set| outline::check(bytes, set).is_ok());
            places.retain(|place| set.contains(place.flags));
        }
        let funcs = funcs(bytes, set)?;
        let found = bodies::needs(&funcs, set)?;
        let wider = found.iter().fold(set, |set, need| set | need.flags);
        witnesses.extend(found);
        let done = flags::LOCAL.contains(wider.difference(set));
        set = wider;
        if done {
            return Ok((set, places, witnesses));
        }
    }
}

/// Removes flags from a sufficient set until it is minimal.
fn narrow(bytes: &[u8], set: WasmFeatures, witnesses: &Witnesses) -> WasmFeatures {
    shrink(set, |smaller| {
        let lost = set.difference(smaller);
        let mut ordinals: Vec<usize> =
            witnesses.iter().filter(|need| need.flags.intersects(lost)).map(|need| need.ordinal).collect();
        // Without a witness, only the outline can need it.
        if ordinals.is_empty() && outline::check(bytes, smaller).is_err() {
            return false;
        }
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

/// Adds flags to the set until the check passes. `note` receives those that are added, and the offset that needs them.
///
/// # Errors
///
/// The check's error if no flag helps.
pub(super) fn grow(
    mut set: WasmFeatures,
    mut check: impl FnMut(WasmFeatures) -> Result<(), Error>,
    mut note: impl FnMut(WasmFeatures, u64),
) -> Result<WasmFeatures, Stuck> {
    loop {
        let Err(error) = check(set) else { return Ok(set) };
        let at = error.offset();
        let wider = match error.missing_wasm_feature() {
            Some(flag) if !set.contains(flag) => set | flag,
            _ => step(set, error, &mut check).map_err(|error| Stuck { set, error })?,
        };
        note(wider.difference(set), at);
        set = wider;
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
