// A module with the JavaScript that its toolchain wrote for it: Emscripten, wasm-bindgen, AssemblyScript, Go, PHP.
//
// The glue decides what is imported and when the guest runs; this only prepares what the glue looks for in
// its host, and watches the WebAssembly API to tell how far the module came.

import { copyFileSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import vm from 'node:vm';
import { End } from './protocol.mjs';
import { thrown } from './causes.mjs';
import { aborted, isExit, kind, otherHost, started, watch } from './watch.mjs';

export async function run(spec, log, bytes) {
  if (spec.entry !== 'command') {
    throw new End('not-attempted', { subject: 'calls-through-glue', message: 'glue runs a program; it has no general way to call an export' });
  }
  const source = readFileSync(spec.glue, 'utf8');
  const way = kind(basename(spec.glue), source);
  log.executionPath(`glue:${way}`);
  const life = watch(log);
  // Glue throws from callbacks and promises too: wherever it comes from, the first error ends the cell.
  const failed = new Promise((_, reject) => {
    process.on('uncaughtException', reject);
    process.on('unhandledRejection', reject);
  });
  try {
    await Promise.race([WAYS[way](spec, bytes, source, life), failed]);
  } catch (error) {
    throw error instanceof End ? error : new End(...thrown(error, 'run'));
  }
}

const WAYS = { emscripten, 'wasm-bindgen': bindgen, assemblyscript, go, php };

// ---- each toolchain's way

/** A script that takes its settings from a global `Module` and runs `main` by itself. */
function emscripten(spec, bytes, source, life) {
  return new Promise((_, reject) => {
    const [thisProgram, ...args] = spec.args;
    life.over = (code) => reject(new End('exit', { code }));
    globalThis.Module = {
      thisProgram,
      arguments: args,
      // Given, not fetched: glue of 2022 tries `fetch` on a path of the file system where a host has one.
      wasmBinary: bytes,
      preRun: [() => Object.assign(globalThis.ENV ?? {}, spec.env)],
      quit: (code, error) => {
        if (!life.asleep) life.over(code);
        throw error;
      },
      onAbort: (what) => reject(aborted(what)),
    };
    script(spec.glue, source, reject);
  });
}

/** Runs a classic script in the global scope, with what Node gives to one. */
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

/** An ES module whose default export instantiates the module and calls what is marked as its start. */
async function bindgen(spec, bytes) {
  const glue = await esModule(spec.glue);
  if (typeof glue.default !== 'function') {
    throw new End('not-attempted', { subject: 'glue', message: 'wasm-bindgen made it for another host than the web: use --target web' });
  }
  await glue.default({ module_or_path: bytes });
}

/** An ES module that reads the module beside it and calls its start, or gives a function that does. */
async function assemblyscript(spec, bytes) {
  await started(() => esModule(spec.glue), bytes);
}

/** Go's wasm_exec.js defines a class, and finds the system's parts as globals. */
async function go(spec, bytes, source) {
  const require = createRequire(spec.glue);
  globalThis.fs = require('node:fs');
  globalThis.path = require('node:path');
  globalThis.crypto ??= require('node:crypto').webcrypto;
  vm.runInThisContext(source, { filename: basename(spec.glue) });
  const go = new globalThis.Go();
  go.argv = spec.args;
  go.env = { ...spec.env };
  let exit;
  go.exit = (code) => (exit = code);
  const { instance } = await WebAssembly.instantiate(bytes, go.importObject);
  await go.run(instance);
  if (exit !== undefined) throw new End('exit', { code: exit });
}

/**
 * Emscripten's script within a function `init`, which takes the settings and starts nothing by itself. The
 * interpreter's arguments and its files are those of a command line: it stands in the folder of the glue.
 */
async function php(spec, bytes, source) {
  // What a build for Node makes itself as it is an ES module; one for pages has a bundler's import in its place.
  if (!/\bcreateRequire\b/.test(source)) throw otherHost(spec.glue, 'no code for Node: PHP for Node is another build, @php-wasm/node');
  const { init } = await esModule(spec.glue);
  return new Promise((resolve, reject) => {
    const settings = {
      wasmBinary: bytes,
      ENV: { ...spec.env },
      debug: false,
      processId: 1,
      quit: (code, error) => {
        reject(new End('exit', { code }));
        throw error;
      },
      onAbort: (what) => reject(aborted(what)),
      onRuntimeInitialized: () => {
        // Not before `init` has returned what it made.
        setTimeout(() => runPhp(spec, module).then(resolve, (error) => isExit(error) || reject(error)));
      },
    };
    const module = init('NODE', settings);
  });
}

async function runPhp(spec, { FS, ccall }) {
  FS.mkdir('/guest');
  FS.mount(FS.filesystems.NODEFS, { root: dirname(spec.glue) }, '/guest');
  FS.chdir('/guest');
  // `-n`: no php.ini of anybody's.
  for (const arg of ['php', '-n', ...spec.args.slice(1)]) ccall('wasm_add_cli_arg', null, ['string'], [arg]);
  await ccall('run_cli', null, [], [], { async: true });
}

/** In a `.js` file of a folder without package.json, hosts differ on whether it is an ES module. */
async function esModule(glue) {
  const path = `${glue}.mjs`;
  copyFileSync(glue, path);
  return import(pathToFileURL(path).href);
}
