// A core module in a worker: plain WebAssembly, or WASI 0.1 by Cloudflare's package.

import { CellEnd } from '../protocol.mjs';
import { refusal } from '../causes.mjs';
import { runModule } from '../core_shared.mjs';

export function run(spec, log, bytes) {
  return runModule(spec, log, bytes, {
    compile,
    // Loaded only where needed: its file system is a module of WebAssembly too.
    ...(spec.mode.endsWith('+workers-wasi') && { wasi: async (host) => (await import('./wasi.mjs')).define(spec, host) }),
    name: 'workers-wasi',
    explain,
  });
}

/** What workerd refuses a worker of its own accord. */
function explain(error) {
  if (!/Atomics\.wait cannot be called/.test(error?.message)) return undefined;
  return new CellEnd('unsupported', { feature: 'atomic-wait', message: `a worker may not wait on shared memory: ${error.message}` });
}

/** A worker imports its modules: workerd compiles no bytes, and takes no options with an import. */
async function compile() {
  try {
    return (await import('../module.wasm')).default;
  } catch (error) {
    throw refusal(error);
  }
}
