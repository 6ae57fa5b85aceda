// Runs a core module in a page: plain WebAssembly, or WASI 0.1 by a polyfill.

import { refusal } from '../causes.mjs';
import { polyfill, runModule } from '../core_shared.mjs';

export function run(spec, log, bytes) {
  const define = async (host) => (await import('./wasi.mjs')).define(spec, host);
  return runModule(spec, log, bytes, {
    compile,
    instantiate: WebAssembly.instantiate,
    wasi: spec.mode.endsWith('+wasi-shim') ? polyfill('browser_wasi_shim', define) : undefined,
  });
}

/** Not `new WebAssembly.Module`, which a page refuses for more than 8 MB. */
async function compile(bytes, options) {
  try {
    return await WebAssembly.compile(bytes, options);
  } catch (error) {
    throw refusal(error);
  }
}
