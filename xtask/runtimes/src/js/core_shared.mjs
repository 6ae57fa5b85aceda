// Runs a core module without glue: plain WebAssembly, or WASI 0.1 by the host or a polyfill.

import { CellEnd } from './protocol.mjs';
import { options } from './builtins.mjs';
import { causeOf } from './causes.mjs';
import { define } from './functions.mjs';
import { short, split, toJs, toText } from './values.mjs';
import { Types } from './types.mjs';

/**
 * Runs a module with what its host provides:
 *   compile(bytes, options)         the module; throws the end of the cell if the engine refuses it
 *   instantiate(module, imports)    the instance
 *   explain(error)                  optional: the end of a cell that the host refused
 *   wasi                            WASI 0.1, if the column has it:
 *     namespaces                      the import modules that it defines
 *     define(host, namespace)         adds the imports to `host.imports`, and how to start an instance: `attach`,
 *                                     `start` (a command), `initialize` (any other module)
 *     name, definer                   its name, and what messages call it
 */
export async function runModule(spec, log, bytes, { compile, instantiate, explain, wasi }) {
  log.stage('compile');
  let module = await compile(bytes);
  const types = new Types(bytes);
  const compileOptions = options(module, types);
  if (compileOptions) module = await compile(bytes, compileOptions);

  log.stage('link');
  const wanted = WebAssembly.Module.imports(module);
  const host = { imports: {}, exit: undefined, name: wasi?.name, explain };
  const namespace = wasi?.namespaces.find((name) => wanted.some((i) => i.module === name));
  log.executionPath(namespace ? 'wasi' : 'plain');
  if (namespace) await wasi.define(host, namespace);
  define(spec.host_functions ?? [], wanted, host.imports, types, log);
  check(wanted, host.imports, types, wasi?.definer);

  log.stage('instantiate');
  const instance = await runGuest(host, 'instantiate', () => instantiate(module, host.imports));
  host.attach?.(instance);

  log.stage('run');
  if (spec.entry === 'command') await command(host, instance);
  else if (spec.entry.calls) await calls(spec.entry.calls, host, instance, types, log);
  else throw new CellEnd('missing-export', { name: 'wasi:http/incoming-handler' });
}

/** WASI 0.1 by a library that knows nothing about its host. */
export function polyfill(name, define) {
  return { namespaces: ['wasi_snapshot_preview1'], name, definer: 'the polyfill', define };
}

/** Ends the cell if an import has no definition, or one of another kind. */
function check(wanted, imports, types, definer) {
  const missing = wanted.filter((i) => imports[i.module]?.[i.name] === undefined);
  if (missing.length) {
    const { module: from, name, kind } = missing[0];
    const ty = kind === 'function' ? types.text(types.imported(from, name)) : kind;
    throw new CellEnd('missing-import', { module: from, name, ty, missing_count: missing.length });
  }
  const other = wanted.find((i) => i.kind !== 'function');
  if (other) {
    const message = `the module imports a ${other.kind}, ${definer} has a function`;
    throw new CellEnd('import-type-mismatch', { module: other.module, name: other.name, message });
  }
}

/** Runs `f`; whatever it throws ends the cell with the corresponding cause. */
async function runGuest(host, stage, f) {
  let result;
  try {
    result = await f();
  } catch (error) {
    if (error instanceof CellEnd) throw error;
    const refused = host.explain?.(error);
    if (refused) throw refused;
    // The polyfill looks for the memory when it needs it, and throws a TypeError if there is none.
    if (host.memoryless && error instanceof TypeError) {
      throw new CellEnd('host-refused', { refusal: 'no-memory', message: `${host.name} works on the memory that the module exports` });
    }
    throw host.exit === undefined ? new CellEnd(...causeOf(error, stage)) : new CellEnd('exit', { code: host.exit });
  }
  if (host.exit !== undefined) throw new CellEnd('exit', { code: host.exit });
  return result;
}

async function command(host, instance) {
  const start = callable(instance, '_start');
  await runGuest(host, 'run', host.start ? () => host.start(instance) : start);
}

async function calls(list, host, instance, types, log) {
  const { _initialize: initialize } = instance.exports;
  if (host.initialize) await runGuest(host, 'run', () => host.initialize(instance));
  else if (typeof initialize === 'function') await runGuest(host, 'run', initialize);
  for (const { export: name, args = [] } of list) {
    const f = callable(instance, name);
    const type = types.exported(name);
    const values = args.map(split);
    if (values.length !== type.params.length || values.some(([ty], i) => ty !== short(type.params[i]))) {
      const message = `export \`${name}\` is ${types.text(type)}; the cell calls it with (${args.join(', ')})`;
      throw new CellEnd('engine-error', { message });
    }
    const returned = await runGuest(host, 'run', () => f(...values.map(toJs)));
    const results = type.results.length > 1 ? [...returned] : type.results.length ? [returned] : [];
    log.write({ event: 'call-returned', export: name, results: results.map((v, i) => toText(v, type.results[i])) });
  }
}

function callable(instance, name) {
  const found = instance.exports[name];
  if (typeof found !== 'function') throw new CellEnd('missing-export', { name });
  return found;
}
