// Runs a component that jco transpiled, in a page or outside of one.

import { CellEnd } from './protocol.mjs';
import { causeOf } from './causes.mjs';
import { missingName } from './imports.mjs';
import { split, toJs, toText } from './values.mjs';

/** Passes the cell's inputs to the shim. If the shim no longer accepts one, it would use its own defaults. */
export function configure(shim, name, ...values) {
  if (typeof shim[name] !== 'function') {
    throw new CellEnd('engine-error', { message: `jco's shim has no ${name}: its defaults would give the guest the host` });
  }
  shim[name](...values);
}

/**
 * Imports and instantiates the component. A name that a shim lacks is a syntax error of the module, or undefined; any
 * other syntax error is jco's, which does not rename everything that a component may use as a name (`eval`).
 */
export async function instantiate(translated, make) {
  try {
    return await make();
  } catch (error) {
    const name = missingName(error?.message ?? '', translated);
    if (name) throw new CellEnd('missing-import', { module: '', name, ty: '', missing_count: 1 });
    // Bun parses modules itself, with an error class of its own.
    if (error instanceof SyntaxError || error?.name === 'BuildMessage') {
      const text = error.message.replace(/ at \S+:\d+:\d+$/, '');
      const message = `jco wrote JavaScript that is not valid, perhaps because of a name in the component: ${text}`;
      throw new CellEnd('not-attempted', { subject: 'jco-output', message });
    }
    throw error instanceof WebAssembly.CompileError ? new CellEnd('rejected', { message: error.message }) : endCause(error, 'instantiate');
  }
}

/** Calls the cell's entry point; `failed` rejects with uncaught errors. */
export async function callEntryPoint(spec, guest, log, failed) {
  if (spec.entry === 'command') return callRun(guest, failed);
  for (const { export: name, args = [] } of spec.entry.calls) {
    const f = guest[camel(name)] ?? guest[name];
    if (typeof f !== 'function') throw new CellEnd('missing-export', { name });
    let result;
    try {
      result = await Promise.race([f(...args.map(parseArgument)), failed]);
    } catch (error) {
      throw endCause(error);
    }
    const types = spec.result_types?.[name] ?? [];
    log.write({ event: 'call-returned', export: name, results: types.map((type) => resultText(result, type)) });
  }
}

/** jco names functions in camel case: `last-index-of` is `lastIndexOf`. */
function camel(name) {
  return name.replace(/-([a-z0-9])/g, (_, letter) => letter.toUpperCase());
}

function parseArgument(text) {
  const [type, value] = split(text);
  return type === 'string' ? value : toJs([type, value]);
}

/** Converts a JavaScript value to the lab's form: integers of up to 32 bits become a signed `i32`. */
function resultText(value, type) {
  switch (type) {
    case 'bool':
      return `i32:${Number(value)}`;
    case 's64':
    case 'u64':
      return `i64:${BigInt.asIntN(64, value)}`;
    case 'f32':
    case 'f64':
      return toText(value, type);
    case 'string':
      return `string:${value}`;
    default:
      if (/^[su](8|16|32)$/.test(type)) return `i32:${value | 0}`;
      throw new CellEnd('not-attempted', { subject: 'component-values', message: `the lab cannot represent a result of type ${type}` });
  }
}

/** Calls the guest's `run`, exported with or without a version. */
async function callRun(guest, failed) {
  const command = guest.run ?? Object.entries(guest).find(([name]) => name.startsWith('wasi:cli/run@'))?.[1];
  if (typeof command?.run !== 'function') throw new CellEnd('missing-export', { name: 'wasi:cli/run' });
  try {
    await Promise.race([command.run(), failed]);
  } catch (error) {
    throw endCause(error);
  }
}

/** preview2-shim ends a command by throwing its exit code. */
function endCause(error, stage = 'run') {
  if (error instanceof CellEnd) return error;
  if (error?.exitError === true || error?.constructor?.name === 'ComponentExit') return new CellEnd('exit', { code: error.code ?? 0 });
  // If `run` returned an error, the exit code is 1.
  if (error?.constructor?.name === 'ComponentError') return new CellEnd('exit', { code: 1 });
  return new CellEnd(...causeOf(error, stage));
}
