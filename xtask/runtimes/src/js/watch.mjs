// What glue is, and how far it came: the same in a page and outside of one.

import { End } from './protocol.mjs';
import { refusal } from './causes.mjs';

/** Whose glue a file is. */
export function kind(name, source) {
  if (name.startsWith('wasm_exec')) return 'go';
  if (/__wbindgen_|__wbg_/.test(source)) return 'wasm-bindgen';
  if (/\badaptedImports\b/.test(source) && /\basync function instantiate\(module/.test(source)) return 'assemblyscript';
  if (/\bfunction init\(RuntimeName, PHPLoader\)/.test(source)) return 'php';
  if (/\bModule\b/.test(source) && /wasmBinary/.test(source)) return 'emscripten';
  const message = `${name} is the glue of no toolchain that the driver knows (Emscripten, wasm-bindgen, AssemblyScript, Go, PHP)`;
  throw new End('not-attempted', { subject: 'glue', message });
}

/** Glue that its toolchain wrote for another kind of host than this one: there is nothing to ask. */
export function otherHost(glue, words) {
  return new End('unsupported', { feature: 'other-host', message: `${glue.split('/').pop()} has ${words}` });
}

/** AssemblyScript's bindings: `esm` have started the module as they are loaded, `raw` give the function for it. */
export async function started(load, bytes) {
  try {
    const bindings = await load();
    if (typeof bindings.instantiate === 'function') await bindings.instantiate(await WebAssembly.compile(bytes), {});
  } catch (error) {
    // Their `abort` throws what the guest said, and where.
    if (!/ in .+:\d+:\d+$/.test(error?.message)) throw error;
    throw new End('trap', { trap: 'unreachable', message: `AssemblyScript's abort: ${error.message}` });
  }
}

/** What Emscripten throws to unwind the stack once `quit` has said the exit code. */
export function isExit(error) {
  return error?.name === 'ExitStatus' || error === 'unwind';
}

/** `abort()` was called in the guest or in its glue. */
export function aborted(what) {
  return new End('trap', { trap: 'other', message: `Emscripten's abort: ${what || '(no words)'}` });
}

/**
 * Reports a stage as the glue reaches it, and names what its import object lacks. What it gives tells whether the
 * guest sleeps, and calls `over` when one that slept has come to its end.
 */
export function watch(log) {
  const life = { asleep: false, dynamic: false, over: () => {} };
  const { instantiate, Instance } = WebAssembly;
  let seen = false;
  const enter = (module, imports = {}) => {
    log.stage('link');
    const wanted = WebAssembly.Module.imports(module);
    life.dynamic = wanted.some((i) => i.module.startsWith('GOT.'));
    const lacking = wanted.filter((i) => imports[i.module]?.[i.name] === undefined);
    if (lacking.length) {
      const [{ module: from, name, kind: ty }] = lacking;
      throw new End('missing-import', { module: from, name, ty, missing_count: lacking.length });
    }
    log.stage('instantiate');
  };
  const first = () => !seen && (seen = true) && (log.stage('compile'), true);
  // Glue says itself which of the engine's builtins it wants.
  WebAssembly.instantiate = async (module, imports, options) => {
    const watched = first();
    // Not `new Module`: a page refuses that for more than 8 MB.
    if (watched) enter(module instanceof WebAssembly.Module ? module : await compile(module, options), imports);
    const made = await instantiate(module, imports, options);
    if (!watched) return made;
    log.stage('run');
    return made instanceof Instance ? awake(made, life) : { ...made, instance: awake(made.instance, life) };
  };
  WebAssembly.instantiateStreaming = undefined;
  // A proxy, not a class of its own: glue asks whether something is `instanceof WebAssembly.Instance`.
  WebAssembly.Instance = new Proxy(Instance, {
    construct(target, [module, imports]) {
      const watched = first();
      if (watched) enter(module, imports);
      const made = new target(module, imports);
      if (!watched) return made;
      log.stage('run');
      return awake(made, life);
    },
  });
  return life;
}

/**
 * Binaryen's Asyncify: while a guest waits, its stack is taken down, and to its caller that looks like a return.
 * Emscripten's glue then says that `main` has ended, and says nothing when it has.
 */
function awake(instance, life) {
  const { exports } = instance;
  const { asyncify_start_unwind: sleep, asyncify_stop_rewind: wake } = exports;
  // A main module of dynamic linking has its exports put into a table, which takes no function but Wasm's own.
  if (!sleep || !wake || life.dynamic) return instance;
  let slept = false;
  const watched = { ...exports };
  watched.asyncify_start_unwind = (data) => {
    life.asleep = slept = true;
    sleep(data);
  };
  watched.asyncify_stop_rewind = () => {
    life.asleep = false;
    wake();
  };
  for (const name of ['main', '__main_argc_argv']) {
    const main = exports[name];
    if (!main) continue;
    watched[name] = (...args) => {
      const code = main(...args);
      if (slept && !life.asleep) life.over(code);
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
