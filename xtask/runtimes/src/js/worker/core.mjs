// Runs a core module in a worker: plain WebAssembly, or WASI 0.1 by Cloudflare's package.

import { CellEnd } from '../protocol.mjs';
import { polyfill, runModule } from '../core_shared.mjs';
import { importModule } from './module.mjs';

export function run(spec, log, bytes) {
  // Loaded only if needed: its file system is another WebAssembly module.
  const define = async (host) => (await import('./wasi.mjs')).define(spec, host);
  return runModule(spec, log, bytes, {
    // workerd compiles no bytes, and an import takes no options.
    compile: importModule,
    instantiate: WebAssembly.instantiate,
    wasi: spec.mode.endsWith('+workers-wasi') ? polyfill('workers-wasi', define) : undefined,
    explain,
  });
}

/** Explains the error of an operation that workerd forbids in every worker. */
function explain(error) {
  if (!/Atomics\.wait cannot be called/.test(error?.message)) return undefined;
  return new CellEnd('unsupported', { feature: 'atomic-wait', message: `a worker may not wait on shared memory: ${error.message}` });
}
