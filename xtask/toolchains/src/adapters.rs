//! The registry: one line and one file per toolchain.

use crate::Toolchain;

macro_rules! registry {
    ($($module:ident),* $(,)?) => {
        $(pub mod $module;)*

        /// Every toolchain, in the order of help texts.
        pub const ALL: &[&Toolchain] = &[$(&$module::TOOLCHAIN),*];
    };
}

registry! {
    wat,
    rust,
    emscripten,
    clang,
    zig,
    wasi_sdk,
    go,
    assemblyscript,
    componentize_js,
    componentize_py,
    wasm_bindgen,
    kotlin,
    php,
    fetched,
}
