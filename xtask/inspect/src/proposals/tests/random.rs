//! Generated modules, valid and corrupted.

use super::{assert_defined, flags, minimal};
use crate::proposals::search;
use arbitrary::{Arbitrary, Unstructured};

/// A seeded generator of bytes (SplitMix64), so that every run tests the same modules.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}

/// A module with features chosen by the seed; `None` if the bytes ran out.
fn generate(seed: u64) -> Option<Vec<u8>> {
    let mut rng = Rng(seed);
    let bytes = rng.bytes(4096);
    let mut input = Unstructured::new(&bytes);
    let mut config = wasm_smith::Config::arbitrary(&mut input).ok()?;
    // Prefer small feature sets, where minimality is harder.
    config.custom_page_sizes_enabled = rng.below(4) == 0;
    config.wide_arithmetic_enabled = rng.below(4) == 0;
    config.acquire_release_atomics_enabled = config.threads_enabled && rng.below(4) == 0;
    config.shared_everything_threads_enabled = config.threads_enabled && config.gc_enabled && rng.below(4) == 0;
    config.multibyte_array_access_enabled = config.gc_enabled && rng.below(4) == 0;
    config.custom_descriptors_enabled = config.gc_enabled && rng.below(4) == 0;
    config.max_memories = rng.below(3);
    config.max_tables = rng.below(3);
    config.min_funcs = rng.below(6);
    config.max_funcs = config.min_funcs + 4;
    let bytes = rng.bytes(2048);
    let module = wasm_smith::Module::new(config, &mut Unstructured::new(&bytes)).ok()?;
    Some(module.to_bytes())
}

#[test]
fn generated_modules_get_a_minimal_set() {
    let mut names = std::collections::BTreeMap::<String, usize>::new();
    let mut modules = 0;
    for seed in 0..600 {
        let Some(bytes) = generate(seed) else { continue };
        if !super::accepts(&bytes, wasmparser::WasmFeatures::all()) {
            println!("seed {seed}: invalid with all features");
            assert!(minimal(&bytes).is_err(), "seed {seed}");
            continue;
        }
        modules += 1;
        let found = minimal(&bytes).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        assert_defined(&bytes, &found, &format!("seed {seed}"));
        // The code path of large modules, which are neither validated again nor searched by brute force.
        let quick = search::quick(&bytes).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        assert_eq!(flags::names(quick.set), found, "seed {seed}");
        for name in found {
            *names.entry(name).or_default() += 1;
        }
    }
    println!("{modules} modules: {names:?}");
    assert!(modules >= 300, "only {modules} modules");
    assert!(names.len() >= 18, "{names:?}");
}

fn samples() -> Vec<Vec<u8>> {
    let mut samples: Vec<Vec<u8>> = (0..40).filter_map(generate).filter(|bytes| bytes.len() < 2000).take(6).collect();
    samples.push(
        wat::parse_str(
            "(component
                (import \"f\" (func $f async (param \"x\" (list string))))
                (core module $m (memory (export \"m\") 1) (func (export \"g\") (param i32 i32) i32.const 1 if end))
                (core instance $i (instantiate $m))
                (type (record (field \"a\" u8))))",
        )
        .unwrap(),
    );
    samples
}

#[test]
fn truncations_do_not_panic() {
    for sample in samples() {
        for end in 0..sample.len() {
            let _ = minimal(&sample[..end]);
        }
    }
}

#[test]
fn mutations_do_not_panic() {
    let mut rng = Rng(7);
    let samples = samples();
    let mut valid = 0;
    for _ in 0..4000 {
        let mut bytes = samples[rng.below(samples.len())].clone();
        for _ in 0..=rng.below(3) {
            let at = rng.below(bytes.len());
            match rng.below(3) {
                0 => bytes[at] ^= 1 << rng.below(8),
                1 => bytes[at] = rng.next().to_le_bytes()[0],
                _ => bytes[at] = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x0b, 0x40][rng.below(7)],
            }
        }
        if let Ok(found) = minimal(&bytes) {
            assert_defined(&bytes, &found, "mutation");
            assert_eq!(search::quick(&bytes).map(|found| flags::names(found.set)).ok().as_ref(), Some(&found));
            valid += 1;
        }
    }
    assert!(valid >= 400, "only {valid} of 4000 mutations are valid");
}
