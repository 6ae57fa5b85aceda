// A core module in a page or in a worker: plain WebAssembly, or WASI 0.1 by a polyfill.

import { CellEnd } from './protocol.mjs';
import { options } from './builtins.mjs';
import { causeOf } from './causes.mjs';
import { define } from './functions.mjs';
import { short, split, toJs, toText } from './values.mjs';
import { Types } from './types.mjs';

const WASI = 'wasi_snapshot_preview1';

/**
 * Runs a module by what its host has: `compile(bytes, options)`, `wasi(host)`, which defines WASI 0.1 where the column
 * has a polyfill of it, the polyfill's `name`, and `explain(error)`, which gives the end of a cell that the host refused.
 */
export async function runModule(spec, log, bytes, { compile, wasi, name, explain }) {
  log.stage('compile');
  let module = await compile(bytes);
  const types = new Types(bytes);
  const asked = options(module, types);
  if (asked) module = await compile(bytes, asked);

  log.stage('link');
  const wanted = WebAssembly.Module.imports(module);
  const host = { imports: {}, exit: undefined, name, explain };
  const shimmed = wasi && wanted.some((i) => i.module === WASI);
  log.executionPath(shimmed ? 'wasi' : 'plain');
  if (shimmed) await wasi(host);
  define(spec.host_functions ?? [], wanted, host.imports, types, log);
  check(wanted, host.imports, types);

  log.stage('instantiate');
  const instance = await runGuest(host, 'instantiate', () => WebAssembly.instantiate(module, host.imports));
  host.attach?.(instance);

  log.stage('run');
  const start = () => callable(instance, '_start');
  if (spec.entry === 'command') await runGuest(host, 'run', host.start ? (start(), () => host.start(instance)) : start());
  else if (spec.entry.calls) await calls(spec.entry.calls, host, instance, types, log);
  else throw new CellEnd('missing-export', { name: 'wasi:http/incoming-handler' });
}

/** Ends the cell when an import has no definition, or one of another kind. */
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
    const refused = host.explain?.(error);
    if (refused) throw refused;
    // The shim looks for the memory when it needs it, and falls over where there is none.
    if (host.memoryless && error instanceof TypeError) {
      throw new CellEnd('host-refused', { refusal: 'no-memory', message: `${host.name} works on the memory that the module exports` });
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
