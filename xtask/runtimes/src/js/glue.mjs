// Runs a module with its glue in a host with a file system (Node, Deno, Bun).

import { copyFileSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import vm from 'node:vm';
import { emscriptenSettings, runGlue, runPhp } from './glue_shared.mjs';
import { uncaught } from './uncaught.mjs';
import { checkAndWatch, isExit, otherHostEnd, runKotlin } from './watch.mjs';

export async function run(spec, log, bytes) {
  await runGlue(spec, log, readFileSync(spec.glue, 'utf8'), {
    prepare: async () => ({ guest: await checkAndWatch(log, bytes), module: bytes }),
    load: () => esModule(spec.glue),
    loadScript: (source) => goScript(spec, source),
    runners: { emscripten, kotlin, php },
    uncaught,
  });
}

/** A script that takes its settings from a global `Module` and runs `main` by itself. */
function emscripten(spec, { module: bytes, source, guest }) {
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

/** Modules that import each other by the names that the compiler gave them, so they are not copied. */
function kotlin(spec) {
  return runKotlin(() => import(pathToFileURL(spec.glue).href));
}

/** Go's wasm_exec.js expects the parts of the system as globals. */
function goScript(spec, source) {
  const require = createRequire(spec.glue);
  globalThis.fs = require('node:fs');
  globalThis.path = require('node:path');
  globalThis.crypto ??= require('node:crypto').webcrypto;
  vm.runInThisContext(source, { filename: basename(spec.glue) });
}

/**
 * The interpreter's arguments and files are those of a command line, with the folder of the glue as working directory.
 */
async function php(spec, { module: bytes, source }) {
  // A build for Node creates `require` itself, since it is an ES module; a build for web pages relies on a bundler's
  // import.
  if (!/\bcreateRequire\b/.test(source)) throw otherHostEnd(spec.glue, 'no code for Node: PHP for Node is another build, @php-wasm/node');
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
