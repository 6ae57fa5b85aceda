// The scenario's host functions, which belong to no ABI. Each call is reported and returns zeros.

import { short, toText } from './values.mjs';

/** Maximum number of reported calls, as in the lab's other engines. */
const MOST = 1000;

/**
 * Adds those of the `wanted` imports that are in `names` (`module.name`) to `imports`; `types` has their signatures.
 */
export function define(names, wanted, imports, types, log) {
  let calls = 0;
  for (const { module, name, kind } of wanted) {
    if (kind !== 'function' || !names.includes(`${module}.${name}`)) continue;
    const { params, results } = types.imported(module, name);
    const zeros = results.map(zero);
    imports[module] ??= {};
    imports[module][name] = (...args) => {
      if (++calls <= MOST) log.write({ event: 'host-call', function: `${module}.${name}`, args: args.map((value, i) => toText(value, params[i])) });
      return zeros.length > 1 ? zeros : zeros[0];
    };
  }
}

function zero(type) {
  switch (short(type)) {
    case 'i64': return 0n;
    case 'ref': return null;
    default: return 0;
  }
}
