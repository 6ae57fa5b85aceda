// Transpiles a component with jco: JavaScript and core modules in a folder, for this host or for a page.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CellEnd } from './protocol.mjs';
import { WORLDS } from './shim_files.mjs';

/**
 * The file to import. The guest's exports are one object in it: as exports of the module itself, a function called
 * `then` would run as soon as somebody awaits the module.
 */
export const ENTRY = 'entry.js';
const NEWER = /wasi:[a-z]+\/[a-z0-9-]+@(0\.3\.(?:0|[1-9]\d*)(?:-[0-9A-Za-z.-]+)?)/g;

/** The location of jco's shims for a host with files, by the minor version of WASI. */
export function hostShims(packages) {
  const of = (minor) => pathToFileURL(join(packages, `@bytecodealliance/preview${minor}-shim/dist/nodejs`)).href;
  return { 2: of(2), 3: of(3) };
}

/**
 * Transpiles `module` into `dir`, with `guest.js` as the main file. Imports of WASI 0.2 refer to `shims[2]`, a URL or
 * absolute path; those of WASI 0.3 to `shims[3]`.
 */
export async function transpile(module, packages, dir, shims, options = {}) {
  const jco = await import(pathToFileURL(join(packages, '@bytecodealliance/jco/dist/api.js')).href);
  const bytes = readFileSync(module);
  let made;
  try {
    made = await jco.transpile(bytes, { name: 'guest', noTypescript: true, wasiShim: false, map: map(bytes, shims), ...options });
  } catch (error) {
    throw new CellEnd('compile-failed', { message: `jco: ${error?.message ?? error}` });
  }
  const own = { 'package.json': '{"type":"module"}', [ENTRY]: "export * as guest from './guest.js';\n" };
  for (const [name, bytes] of [...Object.entries(made.files), ...Object.entries(own)]) {
    const path = join(dir, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }
}

/**
 * Which file defines an interface of WASI. jco needs complete versions or none, so those of 0.3 are read from the
 * component; a name that merely looks like one does no harm.
 */
function map(bytes, shims) {
  const versions = new Set([...bytes.toString('latin1').matchAll(NEWER)].map(([, version]) => version));
  const entries = (version, shim) => WORLDS.map((world) => [`wasi:${world}/*${version}`, `${shim}/${world}.js#*`]);
  return Object.fromEntries([...entries('', shims[2]), ...[...versions].flatMap((version) => entries(`@${version}`, shims[3]))]);
}
