// A component that jco translated, from its import to its end: the same in a page and outside of one.

import { CellEnd } from './protocol.mjs';
import { causeOf } from './causes.mjs';
import { missingName } from './imports.mjs';
import { split, toJs, toText } from './values.mjs';

/** Gives the shim what the cell has; one that no longer takes it would fall back to defaults of its own. */
export function configure(shim, name, ...values) {
  if (typeof shim[name] !== 'function') {
    throw new CellEnd('engine-error', { message: `jco's shim has no ${name}: its defaults would give the guest the host` });
  }
  shim[name](...values);
}

/** Runs the import that instantiates; a name that a shim lacks is a syntax error of the module, or undefined. */
export async function instantiate(translated, make) {
  try {
    return await make();
  } catch (error) {
    const name = missingName(error?.message ?? '', translated);
    if (name) throw new CellEnd('missing-import', { module: '', name, ty: '', missing_count: 1 });
    throw error instanceof WebAssembly.CompileError ? new CellEnd('rejected', { message: error.message }) : ended(error, 'instantiate');
  }
}

/** Calls what the cell wants to be called; `failed` rejects with what nobody caught. */
export async function callEntryPoint(spec, guest, log, failed) {
  if (spec.entry === 'command') return called(guest, failed);
  for (const { export: name, args = [] } of spec.entry.calls) {
    const f = guest[camel(name)] ?? guest[name];
    if (typeof f !== 'function') throw new CellEnd('missing-export', { name });
    let result;
    try {
      result = await Promise.race([f(...args.map(given)), failed]);
    } catch (error) {
      throw ended(error);
    }
    const types = spec.result_types?.[name] ?? [];
    log.write({ event: 'call-returned', export: name, results: types.map((type) => lifted(result, type)) });
  }
}

/** jco names a function as JavaScript does: `last-index-of` is `lastIndexOf`. */
function camel(name) {
  return name.replace(/-([a-z0-9])/g, (_, letter) => letter.toUpperCase());
}

function given(text) {
  const [type, value] = split(text);
  return type === 'string' ? value : toJs([type, value]);
}

/** JavaScript's value as the lab has it: integers of up to 32 bits are `i32`, signed. */
function lifted(value, type) {
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
      throw new CellEnd('not-attempted', { subject: 'component-values', message: `a result is ${type}, which the lab has no word for` });
  }
}

/** Calls the guest's `run`, under its name or under its name with its version. */
async function called(guest, failed) {
  const command = guest.run ?? Object.entries(guest).find(([name]) => name.startsWith('wasi:cli/run@'))?.[1];
  if (typeof command?.run !== 'function') throw new CellEnd('missing-export', { name: 'wasi:cli/run' });
  try {
    await Promise.race([command.run(), failed]);
  } catch (error) {
    throw ended(error);
  }
}

/** preview2-shim ends a command by throwing its exit code. */
function ended(error, stage = 'run') {
  if (error instanceof CellEnd) return error;
  if (error?.exitError === true || error?.constructor?.name === 'ComponentExit') return new CellEnd('exit', { code: error.code ?? 0 });
  // `run` that returned an error is an exit with 1.
  if (error?.constructor?.name === 'ComponentError') return new CellEnd('exit', { code: 1 });
  return new CellEnd(...causeOf(error, stage));
}
