// Runs a core module in a page: plain WebAssembly, or WASI 0.1 by a polyfill.

import { CellEnd } from '../protocol.mjs';
import { options } from '../builtins.mjs';
import { refusal, causeOf } from '../causes.mjs';
import { define } from '../functions.mjs';
import { short, split, toJs, toText } from '../values.mjs';
import { Types } from '../types.mjs';

const WASI = 'wasi_snapshot_preview1';

export async function run(spec, log, bytes) {
  log.stage('compile');
  let module = await compile(bytes);
  const types = new Types(bytes);
  const asked = options(module, types);
  if (asked) module = await compile(bytes, asked);

  log.stage('link');
  const wanted = WebAssembly.Module.imports(module);
  const host = { imports: {}, exit: undefined };
  const shimmed = spec.mode.endsWith('+wasi-shim') && wanted.some((i) => i.module === WASI);
  log.executionPath(shimmed ? 'wasi' : 'plain');
  if (shimmed) {
    await (await import('./wasi.mjs')).define(spec, host);
  }
  define(spec.host_functions ?? [], wanted, host.imports, types, log);
  check(wanted, host.imports, types);

  log.stage('instantiate');
  const instance = await runGuest(host, 'instantiate', () => WebAssembly.instantiate(module, host.imports));
  host.attach?.(instance);

  log.stage('run');
  if (spec.entry === 'command') await runGuest(host, 'run', callable(instance, '_start'));
  else if (spec.entry.calls) await calls(spec.entry.calls, host, instance, types, log);
  else throw new CellEnd('missing-export', { name: 'wasi:http/incoming-handler' });
}

/** Not `new WebAssembly.Module`, which a page refuses for more than 8 MB. */
async function compile(bytes, options) {
  try {
    return await WebAssembly.compile(bytes, options);
  } catch (error) {
    throw refusal(error);
  }
}

/** Ends the cell if an import has no definition, or one of another kind. */
function check(wanted, imports, types) {
  const missing = wanted.filter((i) => imports[i.module]?.[i.name] === undefined);
  if (missing.length) {
    const { module: from, name, kind } = missing[0];
    const ty = kind === 'function' ? types.text(types.imported(from, name)) : kind;
    throw new CellEnd('missing-import', { module: from, name, ty, missing_count: missing.length });
  }
  const other = wanted.find((i) => i.kind !== 'function');
  if (other) {
    const message = `the module imports a ${other.kind}, the polyfill has a function`;
    throw new CellEnd('import-type-mismatch', { module: other.module, name: other.name, message });
  }
}

async function runGuest(host, stage, f) {
  let result;
  try {
    result = await f();
  } catch (error) {
    if (error instanceof CellEnd) throw error;
    // The shim accesses the memory when it needs it, and throws if there is none.
    if (host.memoryless && error instanceof TypeError) {
      throw new CellEnd('host-refused', { refusal: 'no-memory', message: 'browser_wasi_shim works on the memory that the module exports' });
    }
    throw host.exit === undefined ? new CellEnd(...causeOf(error, stage)) : new CellEnd('exit', { code: host.exit });
  }
  if (host.exit !== undefined) throw new CellEnd('exit', { code: host.exit });
  return result;
}

async function calls(list, host, instance, types, log) {
  const { _initialize: initialize } = instance.exports;
  if (typeof initialize === 'function') await runGuest(host, 'run', initialize);
  for (const { export: name, args = [] } of list) {
    const f = callable(instance, name);
    const type = types.exported(name);
    const given = args.map(split);
    if (given.length !== type.params.length || given.some(([ty], i) => ty !== short(type.params[i]))) {
      const message = `export \`${name}\` is ${types.text(type)}; the cell calls it with (${args.join(', ')})`;
      throw new CellEnd('engine-error', { message });
    }
    const returned = await runGuest(host, 'run', () => f(...given.map(toJs)));
    const results = type.results.length > 1 ? [...returned] : type.results.length ? [returned] : [];
    log.write({ event: 'call-returned', export: name, results: results.map((v, i) => toText(v, type.results[i])) });
  }
}

function callable(instance, name) {
  const found = instance.exports[name];
  if (typeof found !== 'function') throw new CellEnd('missing-export', { name });
  return found;
}
