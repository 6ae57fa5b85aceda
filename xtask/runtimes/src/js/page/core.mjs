// Runs a core module in a page: plain WebAssembly, or WASI 0.1 by a polyfill.

import { refusal } from '../causes.mjs';
import { runModule } from '../core_shared.mjs';

export function run(spec, log, bytes) {
  return runModule(spec, log, bytes, {
    compile,
    ...(spec.mode.endsWith('+wasi-shim') && { wasi: async (host) => (await import('./wasi.mjs')).define(spec, host) }),
    name: 'browser_wasi_shim',
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
