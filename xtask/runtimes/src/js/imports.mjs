// The imports of a component transpiled by jco, by their WIT names, and which of them a host lacks.

import { CellEnd } from './protocol.mjs';
import { shimFiles } from './shim_files.mjs';

/** Whether the transpiled code imports WASI 0.3, whose shim is a separate package. */
export function importsNewer(translated) {
  return imports(translated).some(({ from }) => from.includes('/preview3-shim/'));
}

/**
 * Ends the cell if it imports anything but files of these shims. Hosts report a missing module in different words, and
 * a component's import could name a module of its host (`node:fs`), which would then run with the host's rights.
 */
export function checkImports(translated, shims) {
  const files = shimFiles(shims);
  const found = imports(translated);
  const statements = translated.match(/^(?:import\b|export\b.*\bfrom\s*['"])/gm) ?? [];
  if (statements.length !== found.length) {
    throw new CellEnd('engine-error', { message: "the lab cannot read an import in jco's output" });
  }
  const missing = found.filter(({ from }) => !files.has(from));
  if (missing.length) throw new CellEnd('missing-import', { module: missing[0].from, name: '', ty: '', missing_count: missing.length });
}

/**
 * The WIT import that a host cannot find, from the messages of V8, JavaScriptCore, SpiderMonkey and jco's own check. An
 * interface is a binding of an import statement; functions and resources are taken from it.
 */
export function missingName(message, translated) {
  const [, local] = /undefined local import '([^']+)'/.exec(message) ?? [];
  if (local) return member(local, translated);
  const patterns = [
    /module '(?<from>[^']+)' (?:does not|doesn't) provide an export named:? '(?<name>[^']+)'/,
    /[Ee]xport named '(?<name>[^']+)' not found in module '(?<from>[^']+)'/,
    /Cannot find (?:module|package) '(?<name>[^']+)'/,
  ];
  const { from, name } = patterns.map((pattern) => pattern.exec(message)?.groups).find(Boolean) ?? {};
  const file = from?.split('/').pop();
  const statement = file && imports(translated).find((i) => i.from.endsWith(`/${file}`) && i.bindings.some((b) => b.name === name));
  return statement ? wit(statement, name) : name;
}

/** `wasi:cli/stdout@0.3#write-via-stream` for the local name `writeViaStream`; the lab knows the full version. */
function member(local, translated) {
  for (const [, names, interface_] of translated.matchAll(/^const \{([^}]+)\} = ([\w$]+);/gm)) {
    const found = bindings(names).find((b) => b.local === local);
    const statement = found && imports(translated).find((i) => i.bindings.some((b) => b.local === interface_));
    if (statement) return `${wit(statement, statement.bindings.find((b) => b.local === interface_).name)}#${kebab(found.name)}`;
  }
  return kebab(local.replace(/\$\d+$/, ''));
}

/** `wasi:cli/stdout@0.3`: the package from the name of the shim's file, the version from the shim. */
function wit({ from }, name) {
  const world = from.split('/').pop().replace(/\.js$/, '');
  return `wasi:${world}/${kebab(name)}@0.${/preview(\d)-shim/.exec(from)?.[1] ?? ''}`;
}

/** The import statements of the transpiled code. */
function imports(translated) {
  const found = translated.matchAll(/^import\s+(?:\{([^}]*)\}|\S.*?)\s+from\s+['"]([^'"]+)['"]/gm);
  return [...found].map(([, names, from]) => ({ from, bindings: bindings(names ?? '', / as /) }));
}

/** The names in a pair of braces, `a`, `a as b` or `a: b`. */
function bindings(names, between = /:/) {
  const pairs = names.split(',').map((name) => name.split(between).map((part) => part.trim()));
  return pairs.map(([name, local = name]) => ({ name, local }));
}

/** Converts a JavaScript name to WIT: `TcpSocket` is `tcp-socket`. */
function kebab(name) {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase();
}
