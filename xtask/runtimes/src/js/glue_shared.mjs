// Runs a module with the JavaScript that its toolchain generated: Emscripten, wasm-bindgen, AssemblyScript, Kotlin, Go,
// PHP.
//
// The glue decides what is imported and when the guest runs. The lab only prepares what the glue expects from its host,
// and watches the WebAssembly API to see how far the module gets.

import { causeOf } from './causes.mjs';
import { CellEnd } from './protocol.mjs';
import { abortEnd, isExit, runAssemblyScript, runKotlin, toolchainOf } from './watch.mjs';

/**
 * Runs a module through its glue, whose text is `source`, in a host that provides:
 *   prepare()             asks the engine about the module and starts to watch it; returns what runners need beside the
 *                         source: the guest's state (`guest`), and what glue instantiates (`module`)
 *   load()                imports the glue as an ES module
 *   loadScript(source)    runs the glue as a classic script
 *   runners               the toolchains that need more than that, `emscripten` and `php` among them
 *   uncaught()            a promise that rejects with the first uncaught error
 *   explain(error)        optional: the end of a cell that the host refused
 */
export async function runGlue(spec, log, source, host) {
  if (spec.entry !== 'command') {
    throw new CellEnd('not-attempted', { subject: 'calls-through-glue', message: 'glue runs a program; it has no general way to call an export' });
  }
  const toolchain = toolchainOf(spec.glue.split('/').pop(), source);
  log.executionPath(`glue:${toolchain}`);
  const prepared = { source, ...(await host.prepare()) };
  // Glue throws from callbacks and promises too: wherever it comes from, the first error ends the cell.
  const failed = host.uncaught();
  try {
    await Promise.race([{ ...runnersOf(host), ...host.runners }[toolchain](spec, prepared), failed]);
  } catch (error) {
    throw error instanceof CellEnd ? error : (host.explain?.(error) ?? new CellEnd(...causeOf(error, 'run')));
  }
}

/** How to run glue that only has to be loaded. */
function runnersOf({ load, loadScript }) {
  return {
    'wasm-bindgen': async (spec, { module }) => runBindgen(await load(), module),
    // An ES module that loads the module beside it and calls its start function, or returns a function that does.
    assemblyscript: (spec, { module }) => runAssemblyScript(load, module),
    // ES modules that import each other, the first of which loads the module beside it.
    kotlin: () => runKotlin(load),
    go: async (spec, { module, source }) => {
      await loadScript(source);
      await runGo(spec, module);
    },
  };
}

/** Rejects with the first uncaught error of a page or a worker. */
export function uncaughtEvent() {
  return new Promise((_, reject) => {
    const stop = (event, error) => {
      event.preventDefault();
      if (!isExit(error)) reject(error);
    };
    addEventListener('error', (event) => stop(event, event.error ?? event.message));
    addEventListener('unhandledrejection', (event) => stop(event, event.reason));
  });
}

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
    // Glue of Emscripten 6 does not call `quit`. It keeps the exit code in a global variable; a program that goes on
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

/** An ES module whose default export instantiates the module, compiled or not, and calls its start function. */
async function runBindgen(glue, module) {
  if (typeof glue.default !== 'function') {
    throw new CellEnd('not-attempted', { subject: 'glue', message: 'wasm-bindgen made it for another host than the web: use --target web' });
  }
  await glue.default({ module_or_path: module });
}

/** Go's wasm_exec.js defines the class `Go`. */
async function runGo(spec, module) {
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
