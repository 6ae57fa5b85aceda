// Functions outside every ABI, which whoever embeds an engine defines: those that the scenario names. Each call is
// reported, and returns zeros.

import { short, toText } from './values.mjs';

/** As many calls as the other engines of the lab report. */
const MOST = 1000;

/** Adds what `names` has (`module.name`) of the `wanted` imports to `imports`; `types` tells what they take. */
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
