// Runs a core module without glue: plain WebAssembly, or WASI 0.1 by node:wasi.

import { CellEnd } from './protocol.mjs';
import { options } from './builtins.mjs';
import { runGuest, refusal } from './causes.mjs';
import { define } from './functions.mjs';
import { guestArgs, short, split, toJs, toText } from './values.mjs';
import { Types } from './types.mjs';

const NAMESPACES = { wasi_snapshot_preview1: 'preview1', wasi_unstable: 'unstable' };

export async function run(spec, log, bytes) {
  log.stage('compile');
  let module = compile(bytes);
  const types = new Types(bytes);
  const asked = options(module, types);
  if (asked) module = compile(bytes, asked);

  log.stage('link');
  const host = await link(spec, module, types, log);

  log.stage('instantiate');
  const instance = runGuest(host, 'instantiate', () => new WebAssembly.Instance(module, host.imports));

  log.stage('run');
  if (spec.entry === 'command') command(host, instance);
  else if (spec.entry.calls) calls(spec.entry.calls, host, instance, types, log);
  else throw new CellEnd('missing-export', { name: 'wasi:http/incoming-handler' });
}

function compile(bytes, options) {
  try {
    return new WebAssembly.Module(bytes, options);
  } catch (error) {
    throw refusal(error);
  }
}

/** The import object; ends the cell if an import is missing. */
async function link(spec, module, types, log) {
  const wanted = WebAssembly.Module.imports(module);
  const namespace = Object.keys(NAMESPACES).find((name) => wanted.some((i) => i.module === name));
  log.executionPath(namespace ? 'wasi' : 'plain');
  const host = { wasi: undefined, exit: undefined, imports: {} };
  if (namespace) {
    // Loaded only if needed, because it costs a few milliseconds.
    const { WASI } = await import('node:wasi');
    host.wasi = new WASI({
      version: NAMESPACES[namespace],
      args: guestArgs(spec),
      env: spec.env ?? {},
      preopens: Object.fromEntries((spec.dirs ?? []).map((dir) => [dir.guest, dir.host])),
      returnOnExit: true,
    });
    // `start` returns 0 both for a guest that returned and for one that exits with 0; only the call to proc_exit tells.
    // Bun's own proc_exit would end the process here, whatever `returnOnExit` says.
    const { proc_exit: _, ...rest } = host.wasi.wasiImport;
    const exit = (code) => {
      host.exit = code;
      throw new Error(`exit ${code}`);
    };
    host.imports[namespace] = { ...rest, proc_exit: exit };
  }
  define(spec.host_functions ?? [], wanted, host.imports, types, log);
  const missing = wanted.filter((i) => host.imports[i.module]?.[i.name] === undefined);
  if (missing.length) {
    const { module: from, name, kind } = missing[0];
    const ty = kind === 'function' ? types.text(types.imported(from, name)) : kind;
    throw new CellEnd('missing-import', { module: from, name, ty, missing_count: missing.length });
  }
  const other = wanted.find((i) => i.kind !== 'function');
  if (other) {
    const message = `the module imports a ${other.kind}, node:wasi has a function`;
    throw new CellEnd('import-type-mismatch', { module: other.module, name: other.name, message });
  }
  return host;
}

function command(host, instance) {
  const start = callable(instance, '_start');
  runGuest(host, 'run', () => (host.wasi ? host.wasi.start(instance) : start()));
}

function calls(list, host, instance, types, log) {
  const { memory, _initialize: initialize } = instance.exports;
  if (host.wasi && !host.wasi.initialize) {
    // Bun only supports commands, and needs this for other modules.
    if (!(memory instanceof WebAssembly.Memory)) {
      throw new CellEnd('host-refused', { refusal: 'no-memory', message: 'node:wasi takes the memory that the module exports' });
    }
    host.wasi.setMemory(memory);
    if (typeof initialize === 'function') runGuest(host, 'run', initialize);
  } else if (host.wasi) {
    // `initialize` refuses an instance that also has `_start`, which says nothing about the export to be called. So it
    // is shown only what it needs, the memory and the initializer.
    const exports = { memory, ...(initialize && { _initialize: initialize }) };
    runGuest(host, 'run', () => host.wasi.initialize({ exports }));
  } else if (typeof initialize === 'function') {
    runGuest(host, 'run', initialize);
  }
  for (const { export: name, args = [] } of list) {
    const f = callable(instance, name);
    const type = types.exported(name);
    const given = args.map(split);
    if (given.length !== type.params.length || given.some(([ty], i) => ty !== short(type.params[i]))) {
      const message = `export \`${name}\` is ${types.text(type)}; the cell calls it with (${args.join(', ')})`;
      throw new CellEnd('engine-error', { message });
    }
    const returned = runGuest(host, 'run', () => f(...given.map(toJs)));
    const results = type.results.length > 1 ? [...returned] : type.results.length ? [returned] : [];
    log.write({ event: 'call-returned', export: name, results: results.map((v, i) => toText(v, type.results[i])) });
  }
}

function callable(instance, name) {
  const found = instance.exports[name];
  if (typeof found !== 'function') throw new CellEnd('missing-export', { name });
  return found;
}
