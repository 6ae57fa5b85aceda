// jco's translation of a component: JavaScript and core modules in a folder, for a host of its own or a page.

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CellEnd } from './protocol.mjs';

const WORLDS = ['cli', 'clocks', 'filesystem', 'http', 'io', 'random', 'sockets'];

/**
 * Translates `module` into `dir`, whole or not at all: its main file, `guest.js`, is written last. What it
 * imports of WASI 0.2 is imported from below `shim`, a URL or an absolute path of one.
 */
export async function transpile(module, packages, dir, shim, options = {}) {
  const jco = await import(pathToFileURL(join(packages, '@bytecodealliance/jco/dist/api.js')).href);
  let made;
  try {
    made = await jco.transpile(readFileSync(module), {
      name: 'guest',
      noTypescript: true,
      wasiShim: false,
      map: Object.fromEntries(WORLDS.map((world) => [`wasi:${world}/*`, `${shim}/${world}.js#*`])),
      ...options,
    });
  } catch (error) {
    throw new CellEnd('compile-failed', { message: `jco: ${error?.message ?? error}` });
  }
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
  const files = Object.entries(made.files).sort(([a], [b]) => Number(a.endsWith('guest.js')) - Number(b.endsWith('guest.js')));
  for (const [name, bytes] of files) {
    const path = join(dir, name);
    mkdirSync(dirname(path), { recursive: true });
    // In one step: a cell that is ended here must not leave half a file that the next one takes for whole. And
    // another cell with the same guest may do the same meanwhile.
    const written = `${path}.${process.pid}.new`;
    writeFileSync(written, bytes);
    renameSync(written, path);
  }
}
