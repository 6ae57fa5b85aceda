// jco's translation of a component: JavaScript and core modules in a folder, for a host of its own or a page.

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CellEnd } from './protocol.mjs';

const WORLDS = ['cli', 'clocks', 'filesystem', 'http', 'io', 'random', 'sockets'];
const NEWER = /wasi:[a-z]+\/[a-z0-9-]+@(0\.3\.(?:0|[1-9]\d*)(?:-[0-9A-Za-z.-]+)?)/g;

/**
 * Translates `module` into `dir`, whole or not at all: its main file, `guest.js`, is written last. What it
 * imports of WASI 0.2 is imported from below `shims[2]`, a URL or an absolute path of one; of WASI 0.3, `shims[3]`.
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
    // In one step: a cell that is ended here must not leave half a file that the next one takes for whole. And
    // another cell with the same guest may do the same meanwhile.
    const written = `${path}.${process.pid}.new`;
    writeFileSync(written, bytes);
    renameSync(written, path);
  }
}

/**
 * Which file defines an interface of WASI. jco takes a version in full or none: those of 0.3 are read from the
 * component, where a name that only looks like one does no harm.
 */
function map(bytes, shims) {
  const versions = new Set([...bytes.toString('latin1').matchAll(NEWER)].map(([, version]) => version));
  const entries = (version, shim) => WORLDS.map((world) => [`wasi:${world}/*${version}`, `${shim}/${world}.js#*`]);
  return Object.fromEntries([...entries('', shims[2]), ...[...versions].flatMap((version) => entries(`@${version}`, shims[3]))]);
}
