// Recognizes glue and watches how far it gets; shared by pages and other hosts.

import { CellEnd } from './protocol.mjs';
import { refusal } from './causes.mjs';

/** The toolchain that wrote this glue. */
export function toolchainOf(name, source) {
  if (name.startsWith('wasm_exec')) return 'go';
  if (/__wbindgen_|__wbg_/.test(source)) return 'wasm-bindgen';
  if (/\badaptedImports\b/.test(source) && /\basync function instantiate\(module/.test(source)) return 'assemblyscript';
  if (/\bfunction init\(RuntimeName, PHPLoader\)/.test(source)) return 'php';
  if (/\bkotl\.in\/wasm-help\b/.test(source)) return 'kotlin';
  if (/\bModule\b/.test(source) && /wasmBinary/.test(source)) return 'emscripten';
  const message = `${name} is the glue of no toolchain that the driver knows (Emscripten, wasm-bindgen, AssemblyScript, Kotlin, Go, PHP)`;
  throw new CellEnd('not-attempted', { subject: 'glue', message });
}

/**
 * Lets the engine check a module before its glue starts, because glue could report anything in the engine's name. Then
 * watches the glue.
 */
export async function checkAndWatch(log, bytes) {
  log.stage('compile');
  if (!WebAssembly.validate(bytes)) await compile(bytes);
  // From here on, the judge believes little of what is reported.
  log.stage('link');
  return watchWebAssembly(log, true);
}

/** The end of a cell whose glue was generated for another kind of host. */
export function otherHostEnd(glue, text) {
  return new CellEnd('unsupported', { feature: 'other-host', message: `${glue.split('/').pop()} has ${text}` });
}

/** AssemblyScript's bindings: `esm` starts the module when it is loaded, `raw` exports a function that does. */
export async function runAssemblyScript(load, module) {
  try {
    const bindings = await load();
    if (typeof bindings.instantiate === 'function') await bindings.instantiate(module instanceof WebAssembly.Module ? module : await WebAssembly.compile(module), {});
  } catch (error) {
    // Their `abort` throws the guest's message with its location.
    if (!/ in .+:\d+:\d+$/.test(error?.message)) throw error;
    throw new CellEnd('trap', { trap: 'unreachable', message: `AssemblyScript's abort: ${error.message}` });
  }
}

/** Kotlin's glue starts the program when it is loaded; in a page it always uses `instantiateStreaming`. */
export async function runKotlin(load) {
  WebAssembly.instantiateStreaming = async (response, ...rest) => WebAssembly.instantiate(await (await response).arrayBuffer(), ...rest);
  try {
    await load();
  } catch (error) {
    // The glue also compiles small modules that need the same proposals; their refusal is the engine's.
    throw error instanceof WebAssembly.CompileError ? refusal(error) : error;
  }
}

/** Whether Emscripten threw it to unwind the stack, after `quit` received the exit code. */
export function isExit(error) {
  return error?.name === 'ExitStatus' || error === 'unwind';
}

/** The cause if `abort()` was called in the guest or its glue. */
export function abortEnd(what) {
  return new CellEnd('trap', { trap: 'other', message: `Emscripten's abort: ${what || '(no words)'}` });
}

/**
 * Reports each stage as the glue reaches it, and names what its import object lacks. Returns the guest's state: whether
 * it is suspended, and `onExit`, which is called when a guest that was suspended has ended. `isChecked`: the stages
 * before `instantiate` are already reported.
 */
export function watchWebAssembly(log, isChecked = false) {
  const guest = { suspended: false, dynamic: false, onExit: () => {} };
  const { instantiate, Instance } = WebAssembly;
  let seen = false;
  const enter = (module, imports = {}) => {
    if (!isChecked) log.stage('link');
    const wanted = WebAssembly.Module.imports(module);
    guest.dynamic = wanted.some((i) => i.module.startsWith('GOT.'));
    const missing = wanted.filter((i) => imports[i.module]?.[i.name] === undefined);
    if (missing.length) {
      const [{ module: from, name, kind: ty }] = missing;
      throw new CellEnd('missing-import', { module: from, name, ty, missing_count: missing.length });
    }
    log.stage('instantiate');
  };
  const isFirst = () => !seen && (seen = true) && (isChecked || log.stage('compile'), true);
  // The glue itself says which of the engine's builtins it needs.
  WebAssembly.instantiate = async (module, imports, options) => {
    const watched = isFirst();
    // Not `new Module`, which a page refuses for more than 8 MB.
    if (watched) enter(module instanceof WebAssembly.Module ? module : await compile(module, options), imports);
    const made = await instantiate(module, imports, options);
    if (!watched) return made;
    log.stage('run');
    return made instanceof Instance ? trackAsyncify(made, guest) : { ...made, instance: trackAsyncify(made.instance, guest) };
  };
  WebAssembly.instantiateStreaming = undefined;
  // A proxy instead of a class, because glue checks `instanceof WebAssembly.Instance`.
  WebAssembly.Instance = new Proxy(Instance, {
    construct(target, [module, imports]) {
      const watched = isFirst();
      if (watched) enter(module, imports);
      const made = new target(module, imports);
      if (!watched) return made;
      log.stage('run');
      return trackAsyncify(made, guest);
    },
  });
  return guest;
}

/**
 * Binaryen's Asyncify: while a guest waits, its stack is unwound, which looks like a return to its caller. Emscripten's
 * glue then reports that `main` has ended, and reports nothing when it really has.
 */
function trackAsyncify(instance, guest) {
  const { exports } = instance;
  const { asyncify_start_unwind: sleep, asyncify_stop_rewind: wake } = exports;
  // The exports of a main module for dynamic linking are put into a table, which only accepts Wasm functions.
  if (!sleep || !wake || guest.dynamic) return instance;
  let wasSuspended = false;
  const watched = { ...exports };
  watched.asyncify_start_unwind = (data) => {
    guest.suspended = wasSuspended = true;
    sleep(data);
  };
  watched.asyncify_stop_rewind = () => {
    guest.suspended = false;
    wake();
  };
  for (const name of ['main', '__main_argc_argv']) {
    const main = exports[name];
    if (!main) continue;
    watched[name] = (...args) => {
      const code = main(...args);
      if (wasSuspended && !guest.suspended) guest.onExit(code);
      return code;
    };
  }
  return Object.create(WebAssembly.Instance.prototype, { exports: { value: watched } });
}

async function compile(bytes, options) {
  try {
    return await WebAssembly.compile(bytes, options);
  } catch (error) {
    throw refusal(error);
  }
}
