// Transpiles a component with jco: JavaScript and core modules in a folder, for this host or for a page.

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CellEnd } from './protocol.mjs';

const WORLDS = ['cli', 'clocks', 'filesystem', 'http', 'io', 'random', 'sockets'];
const NEWER = /wasi:[a-z]+\/[a-z0-9-]+@(0\.3\.(?:0|[1-9]\d*)(?:-[0-9A-Za-z.-]+)?)/g;

/**
 * Transpiles `module` into `dir`. The main file, `guest.js`, is written last, so an incomplete result is never used.
 * Imports of WASI 0.2 refer to `shims[2]`, a URL or absolute path; those of WASI 0.3 to `shims[3]`.
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
  const translated = Object.entries(made.files).sort(([a], [b]) => Number(a.endsWith('guest.js')) - Number(b.endsWith('guest.js')));
  for (const [name, bytes] of [['package.json', '{"type":"module"}'], ...translated]) {
    const path = join(dir, name);
    mkdirSync(dirname(path), { recursive: true });
    // In one step, because a cell that is killed here must not leave half a file that the next one mistakes for a
    // complete one, and another cell with the same guest may be doing the same.
    const written = `${path}.${process.pid}.new`;
    writeFileSync(written, bytes);
    renameSync(written, path);
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
