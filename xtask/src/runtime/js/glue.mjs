// A module with the JavaScript that its toolchain wrote for it: Emscripten, wasm-bindgen, Go.
//
// The glue decides what is imported and when the guest runs; this only prepares what the glue looks for in
// its host, and watches the WebAssembly API to tell how far the module came.

import { copyFileSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import vm from 'node:vm';
import { End } from './protocol.mjs';
import { refusal, thrown } from './causes.mjs';

export async function run(spec, log, bytes) {
  if (spec.entry !== 'command') {
    throw new End('unsupported', { what: 'calls-through-glue', message: 'glue runs a program; it has no general way to call an export' });
  }
  const source = readFileSync(spec.glue, 'utf8');
  const way = kind(basename(spec.glue), source);
  watch(log);
  // Glue throws from callbacks and promises too: wherever it comes from, the first error ends the cell.
  const failed = new Promise((_, reject) => {
    process.on('uncaughtException', reject);
    process.on('unhandledRejection', reject);
  });
  try {
    await Promise.race([WAYS[way](spec, bytes, source), failed]);
  } catch (error) {
    throw error instanceof End ? error : new End(...thrown(error, 'run'));
  }
}

const WAYS = { emscripten, 'wasm-bindgen': bindgen, go };

/** Whose glue a file is. */
function kind(name, source) {
  if (name.startsWith('wasm_exec')) return 'go';
  if (/__wbindgen_|__wbg_/.test(source)) return 'wasm-bindgen';
  if (/\bModule\b/.test(source) && /wasmBinary/.test(source)) return 'emscripten';
  const message = `${name} is the glue of no toolchain that the driver knows (Emscripten, wasm-bindgen, Go)`;
  throw new End('unsupported', { what: 'glue', message });
}

// ---- each toolchain's way

/** A script that takes its settings from a global `Module` and runs `main` by itself. */
function emscripten(spec, bytes, source) {
  return new Promise((_, reject) => {
    const [thisProgram, ...args] = spec.args;
    globalThis.Module = {
      thisProgram,
      arguments: args,
      // Given, not fetched: glue of 2022 tries `fetch` on a path of the file system where a host has one.
      wasmBinary: bytes,
      preRun: [() => Object.assign(globalThis.ENV ?? {}, spec.env)],
      quit: (code, error) => {
        reject(new End('exit', { code }));
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

/** What Emscripten throws to unwind the stack once `quit` has said the exit code. */
function isExit(error) {
  return error?.name === 'ExitStatus' || error === 'unwind';
}

/** `abort()` was called in the guest or in its glue. */
function aborted(what) {
  return new End('trap', { trap: 'other', message: `Emscripten's abort: ${what || '(no words)'}` });
}

/** An ES module whose default export instantiates the module and calls what is marked as its start. */
async function bindgen(spec, bytes) {
  // In a `.js` file of a folder without package.json, hosts differ on whether it is an ES module.
  const path = `${spec.glue}.mjs`;
  copyFileSync(spec.glue, path);
  const glue = await import(pathToFileURL(path).href);
  if (typeof glue.default !== 'function') {
    throw new End('unsupported', { what: 'glue', message: 'wasm-bindgen made it for another host than the web: use --target web' });
  }
  await glue.default({ module_or_path: bytes });
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

// ---- watching

/** Reports a stage as the glue reaches it, and names what its import object lacks. */
function watch(log) {
  const { instantiate, Instance } = WebAssembly;
  let seen = false;
  const enter = (module, imports = {}) => {
    if (seen) return;
    seen = true;
    log.stage('compile');
    const compiled = module instanceof WebAssembly.Module ? module : compile(module);
    log.stage('link');
    const lacking = WebAssembly.Module.imports(compiled).filter((i) => imports[i.module]?.[i.name] === undefined);
    if (lacking.length) {
      const [{ module: from, name, kind: ty }] = lacking;
      throw new End('missing-import', { module: from, name, ty, missing: lacking.length });
    }
    log.stage('instantiate');
  };
  WebAssembly.instantiate = async (module, imports) => {
    enter(module, imports);
    const made = await instantiate(module, imports);
    log.stage('run');
    return made;
  };
  WebAssembly.instantiateStreaming = undefined;
  WebAssembly.Instance = class extends Instance {
    constructor(module, imports) {
      enter(module, imports);
      super(module, imports);
      log.stage('run');
    }
  };
}

function compile(bytes) {
  try {
    return new WebAssembly.Module(bytes);
  } catch (error) {
    throw refusal(error);
  }
}
