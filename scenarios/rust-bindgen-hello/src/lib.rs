//! Hello by the browser's `console.log`.

use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console)]
    fn log(line: &str);
}

/// Called by the glue as soon as the module is there.
#[wasm_bindgen(start)]
pub fn start() {
    log("Hello, world!");
}
