// What glue is, and how far it came: the same in a page and outside of one.

import { End } from './protocol.mjs';
import { refusal } from './causes.mjs';

/** Whose glue a file is. */
export function kind(name, source) {
  if (name.startsWith('wasm_exec')) return 'go';
  if (/__wbindgen_|__wbg_/.test(source)) return 'wasm-bindgen';
  if (/\bfunction init\(RuntimeName, PHPLoader\)/.test(source)) return 'php';
  if (/\bModule\b/.test(source) && /wasmBinary/.test(source)) return 'emscripten';
  const message = `${name} is the glue of no toolchain that the driver knows (Emscripten, wasm-bindgen, Go, PHP)`;
  throw new End('unsupported', { what: 'glue', message });
}

/** What Emscripten throws to unwind the stack once `quit` has said the exit code. */
export function isExit(error) {
  return error?.name === 'ExitStatus' || error === 'unwind';
}

/** `abort()` was called in the guest or in its glue. */
export function aborted(what) {
  return new End('trap', { trap: 'other', message: `Emscripten's abort: ${what || '(no words)'}` });
}

/** Reports a stage as the glue reaches it, and names what its import object lacks. */
export function watch(log) {
  const { instantiate, Instance } = WebAssembly;
  let seen = false;
  const enter = (module, imports = {}) => {
    log.stage('link');
    const lacking = WebAssembly.Module.imports(module).filter((i) => imports[i.module]?.[i.name] === undefined);
    if (lacking.length) {
      const [{ module: from, name, kind: ty }] = lacking;
      throw new End('missing-import', { module: from, name, ty, missing: lacking.length });
    }
    log.stage('instantiate');
  };
  const first = () => !seen && (seen = true) && (log.stage('compile'), true);
  WebAssembly.instantiate = async (module, imports) => {
    const watched = first();
    // Not `new Module`: a page refuses that for more than 8 MB.
    if (watched) enter(module instanceof WebAssembly.Module ? module : await compile(module), imports);
    const made = await instantiate(module, imports);
    if (watched) log.stage('run');
    return made;
  };
  WebAssembly.instantiateStreaming = undefined;
  // A proxy, not a class of its own: glue asks whether something is `instanceof WebAssembly.Instance`.
  WebAssembly.Instance = new Proxy(Instance, {
    construct(target, [module, imports]) {
      const watched = first();
      if (watched) enter(module, imports);
      const made = new target(module, imports);
      if (watched) log.stage('run');
      return made;
    },
  });
}

async function compile(bytes) {
  try {
    return await WebAssembly.compile(bytes);
  } catch (error) {
    throw refusal(error);
  }
}
