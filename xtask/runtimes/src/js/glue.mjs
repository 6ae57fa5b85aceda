// Runs a module with the JavaScript that its toolchain generated: Emscripten, wasm-bindgen, AssemblyScript, Kotlin, Go,
// PHP.
//
// The glue decides what is imported and when the guest runs. This file only prepares what the glue expects from its
// host, and watches the WebAssembly API to see how far the module gets.

import { copyFileSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import vm from 'node:vm';
import { CellEnd } from './protocol.mjs';
import { causeOf } from './causes.mjs';
import { emscriptenSettings, runBindgen, runGo, runPhp } from './glue_shared.mjs';
import { askAndWatch, isExit, otherHost, runAssemblyScript, runKotlin, toolchainOf } from './watch.mjs';

export async function run(spec, log, bytes) {
  if (spec.entry !== 'command') {
    throw new CellEnd('not-attempted', { subject: 'calls-through-glue', message: 'glue runs a program; it has no general way to call an export' });
  }
  const source = readFileSync(spec.glue, 'utf8');
  const toolchain = toolchainOf(basename(spec.glue), source);
  log.executionPath(`glue:${toolchain}`);
  const guest = await askAndWatch(log, bytes);
  // Glue throws from callbacks and promises too: wherever it comes from, the first error ends the cell.
  const failed = new Promise((_, reject) => {
    process.on('uncaughtException', reject);
    process.on('unhandledRejection', reject);
  });
  try {
    await Promise.race([RUNNERS[toolchain](spec, bytes, source, guest), failed]);
  } catch (error) {
    throw error instanceof CellEnd ? error : new CellEnd(...causeOf(error, 'run'));
  }
}

const RUNNERS = { emscripten, 'wasm-bindgen': bindgen, assemblyscript, kotlin, go, php };

// ---- how to run each toolchain's glue

/** A script that takes its settings from a global `Module` and runs `main` by itself. */
function emscripten(spec, bytes, source, guest) {
  return new Promise((_, reject) => {
    globalThis.Module = emscriptenSettings(spec, bytes, guest, reject);
    // A program that went on after `main` and has nothing left to wait for.
    process.on('beforeExit', (code) => guest.suspended || process.exitCode === undefined || guest.onExit(code));
    script(spec.glue, source, reject);
  });
}

/** Runs a classic script in the global scope, with what Node provides to one. */
function script(path, source, reject) {
  globalThis.require = createRequire(path);
  globalThis.__filename = path;
  globalThis.__dirname = dirname(path);
  try {
    vm.runInThisContext(source, { filename: basename(path) });
  } catch (error) {
    if (!isExit(error)) reject(error);
  }
}

async function bindgen(spec, bytes) {
  await runBindgen(await esModule(spec.glue), bytes);
}

/** An ES module that loads the module beside it and calls its start function, or returns a function that does. */
async function assemblyscript(spec, bytes) {
  await runAssemblyScript(() => esModule(spec.glue), bytes);
}

/** ES modules that import each other by the names that the compiler gave them. */
async function kotlin(spec) {
  await runKotlin(() => import(pathToFileURL(spec.glue).href));
}

/** Go's wasm_exec.js expects the parts of the system as globals. */
async function go(spec, bytes, source) {
  const require = createRequire(spec.glue);
  globalThis.fs = require('node:fs');
  globalThis.path = require('node:path');
  globalThis.crypto ??= require('node:crypto').webcrypto;
  vm.runInThisContext(source, { filename: basename(spec.glue) });
  await runGo(spec, bytes);
}

/**
 * The interpreter's arguments and files are those of a command line, with the folder of the glue as working directory.
 */
async function php(spec, bytes, source) {
  // A build for Node creates `require` itself, since it is an ES module; a build for web pages relies on a bundler's
  // import.
  if (!/\bcreateRequire\b/.test(source)) throw otherHost(spec.glue, 'no code for Node: PHP for Node is another build, @php-wasm/node');
  const { init } = await esModule(spec.glue);
  const addFiles = (FS) => {
    FS.mount(FS.filesystems.NODEFS, { root: dirname(spec.glue) }, '/guest');
    FS.chdir('/guest');
    return spec.args.slice(1);
  };
  await runPhp(init, 'NODE', spec, bytes, addFiles, { debug: false, processId: 1 });
}

/** Hosts differ on whether a `.js` file in a folder without package.json is an ES module. */
async function esModule(glue) {
  const path = `${glue}.mjs`;
  copyFileSync(glue, path);
  return import(pathToFileURL(path).href);
}
