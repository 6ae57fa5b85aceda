// Runs a core module without glue in a host with node:wasi (Node, Deno, Bun).

import { refusal } from './causes.mjs';
import { runModule } from './core_shared.mjs';
import { CellEnd } from './protocol.mjs';
import { guestArgs } from './values.mjs';

const VERSIONS = { wasi_snapshot_preview1: 'preview1', wasi_unstable: 'unstable' };

export function run(spec, log, bytes) {
  return runModule(spec, log, bytes, {
    compile,
    instantiate: (module, imports) => new WebAssembly.Instance(module, imports),
    wasi: { namespaces: Object.keys(VERSIONS), definer: 'node:wasi', define: (host, namespace) => define(spec, host, namespace) },
  });
}

function compile(bytes, options) {
  try {
    return new WebAssembly.Module(bytes, options);
  } catch (error) {
    throw refusal(error);
  }
}

async function define(spec, host, namespace) {
  // Loaded only if needed, because it costs a few milliseconds.
  const { WASI } = await import('node:wasi');
  const wasi = new WASI({
    version: VERSIONS[namespace],
    args: guestArgs(spec),
    env: spec.env ?? {},
    preopens: Object.fromEntries((spec.dirs ?? []).map((dir) => [dir.guest, dir.host])),
    returnOnExit: true,
  });
  // `start` returns 0 both for a guest that returned and for one that exits with 0; only the call to proc_exit
  // distinguishes them. Bun's own proc_exit would end the process here, whatever `returnOnExit` says.
  const exit = (code) => {
    host.exit = code;
    throw new Error(`exit ${code}`);
  };
  host.imports[namespace] = { ...wasi.wasiImport, proc_exit: exit };
  host.start = (instance) => wasi.start(instance);
  host.initialize = wasi.initialize ? ({ exports }) => initialize(wasi, exports) : ({ exports }) => initializeInBun(wasi, exports);
}

/**
 * `initialize` refuses an instance that also has `_start`, which says nothing about the export to be called. So it gets
 * only what it needs: the memory and the initializer.
 */
function initialize(wasi, { memory, _initialize }) {
  wasi.initialize({ exports: { memory, ...(_initialize && { _initialize }) } });
}

/** Bun only supports commands, and needs this for other modules. */
function initializeInBun(wasi, { memory, _initialize }) {
  if (!(memory instanceof WebAssembly.Memory)) {
    throw new CellEnd('host-refused', { refusal: 'no-memory', message: 'node:wasi takes the memory that the module exports' });
  }
  wasi.setMemory(memory);
  if (typeof _initialize === 'function') _initialize();
}
