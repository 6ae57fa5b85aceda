// Runs a toolchain's glue: the part shared by pages and other hosts.

import { CellEnd } from './protocol.mjs';
import { abortEnd, isExit } from './watch.mjs';

/** The settings that Emscripten's script takes from a global `Module`, including those of the host. */
export function emscriptenSettings(spec, bytes, guest, reject, hostSettings = {}) {
  const [thisProgram, ...args] = spec.args;
  guest.onExit = (code) => reject(new CellEnd('exit', { code }));
  const exited = (code) => guest.suspended || guest.onExit(code);
  return {
    thisProgram,
    arguments: args,
    // Passed in instead of fetched: glue from 2022 calls `fetch` with a file path if the host has `fetch`.
    wasmBinary: bytes,
    ...hostSettings,
    preRun: [
      () => {
        Object.assign(globalThis.ENV ?? {}, spec.env);
        globalThis.EXITSTATUS = undefined;
      },
    ],
    quit: (code, error) => {
      exited(code);
      throw error;
    },
    // Glue of Emscripten 6 asks for no `quit`. It keeps the exit code in a global of its script; a program that goes on
    // after `main` has none yet.
    postRun: [
      () => {
        const code = globalThis.EXITSTATUS ?? globalThis.Module?._main?.exitCode;
        if (code !== undefined) exited(code);
      },
    ],
    onExit: exited,
    // Glue that loads the module asynchronously aborts with whatever was thrown at it.
    onAbort: (what) => reject(what instanceof CellEnd ? what : abortEnd(what)),
  };
}

/**
 * Runs an ES module of wasm-bindgen: its default export instantiates the module (bytes, or a module where a host compiles
 * it before) and calls its start function.
 */
export async function runBindgen(glue, module) {
  if (typeof glue.default !== 'function') {
    throw new CellEnd('not-attempted', { subject: 'glue', message: 'wasm-bindgen made it for another host than the web: use --target web' });
  }
  await glue.default({ module_or_path: module });
}

/** Runs a module, or its bytes, with the class `Go`, which Go's wasm_exec.js has defined. */
export async function runGo(spec, module) {
  const go = new globalThis.Go();
  go.argv = spec.args;
  go.env = { ...spec.env };
  let exit;
  go.exit = (code) => (exit = code);
  const made = await WebAssembly.instantiate(module, go.importObject);
  await go.run(made.instance ?? made);
  if (exit !== undefined) throw new CellEnd('exit', { code: exit });
}

/**
 * Runs PHP. Its glue is Emscripten's script inside a function `init`, which takes the settings and starts nothing by
 * itself. `addFiles` puts the script where the interpreter finds it, and returns the interpreter's arguments.
 */
export function runPhp(init, hostName, spec, bytes, addFiles, hostSettings) {
  return new Promise((resolve, reject) => {
    const run = async ({ FS, ccall }) => {
      FS.mkdir('/guest');
      const args = await addFiles(FS);
      // `-n`: use no php.ini.
      for (const arg of ['php', '-n', ...args]) ccall('wasm_add_cli_arg', null, ['string'], [arg]);
      await ccall('run_cli', null, [], [], { async: true });
    };
    const module = init(hostName, {
      wasmBinary: bytes,
      ENV: { ...spec.env },
      ...hostSettings,
      quit: (code, error) => {
        reject(new CellEnd('exit', { code }));
        throw error;
      },
      onAbort: (what) => reject(abortEnd(what)),
      onRuntimeInitialized: () => {
        // Only after `init` has returned its result.
        setTimeout(() => run(module).then(resolve, (error) => isExit(error) || reject(error)));
      },
    });
  });
}
