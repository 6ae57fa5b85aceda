// A module with the JavaScript that its toolchain wrote for it, in a worker. Where glue takes a module, it is given the one
// that the worker imports; glue that compiles bytes itself is refused by workerd.

import { CellEnd } from '../protocol.mjs';
import { causeOf, refusal } from '../causes.mjs';
import { emscriptenSettings, runBindgen, runGo } from '../glue_shared.mjs';
import { isExit, runAssemblyScript, toolchainOf, watchWebAssembly } from '../watch.mjs';
import { stderr, stdout } from './report.mjs';

export async function run(spec, log, bytes) {
  if (spec.entry !== 'command') {
    throw new CellEnd('not-attempted', { subject: 'calls-through-glue', message: 'glue runs a program; it has no general way to call an export' });
  }
  const { default: source } = await import('../glue.txt');
  const toolchain = toolchainOf(spec.glue, source);
  log.executionPath(`glue:${toolchain}`);
  const module = await imported();
  const guest = watchWebAssembly(log);
  // Glue throws from callbacks and promises too: wherever it comes from, the first error ends the cell.
  const failed = new Promise((_, reject) => {
    const stop = (event, error) => {
      event.preventDefault();
      if (!isExit(error)) reject(error);
    };
    addEventListener('error', (event) => stop(event, event.error ?? event.message));
    addEventListener('unhandledrejection', (event) => stop(event, event.reason));
  });
  try {
    await Promise.race([RUNNERS[toolchain](spec, module, bytes, guest), failed]);
  } catch (error) {
    throw error instanceof CellEnd ? error : ended(error);
  }
}

async function imported() {
  try {
    return (await import('../module.wasm')).default;
  } catch (error) {
    throw refusal(error);
  }
}

function ended(error) {
  if (!/code generation disallowed/i.test(error?.message)) return new CellEnd(...causeOf(error, 'run'));
  const message = `the glue compiles the module itself, and a worker may only import one: ${error.message}`;
  return new CellEnd('unsupported', { feature: 'compile-at-run-time', message });
}

const RUNNERS = { emscripten, 'wasm-bindgen': bindgen, assemblyscript, kotlin, go, php };

const load = (spec) => import(`../guest/${spec.glue}`);

/** A script that takes its settings from a global `Module` and runs `main` by itself. */
function emscripten(spec, module, bytes, guest) {
  return new Promise((_, reject) => {
    const host = {
      print: (line) => stdout.print(line),
      printErr: (line) => stderr.print(line),
      // At once, which suits glue of either kind: one that waits for the instance, and one that does not.
      instantiateWasm: (imports, done) => {
        const instance = new WebAssembly.Instance(module, imports);
        const exports = guest.dynamic ? instance.exports : noting(instance.exports);
        done({ exports }, module);
        return exports;
      },
    };
    globalThis.Module = emscriptenSettings(spec, bytes, guest, reject, host);
    load(spec).catch((error) => isExit(error) || reject(error));
  });
}

/** Exports whose functions note what they returned or exited with: a worker's glue is a module, and keeps its variables. */
function noting(exports) {
  const note = (call) => {
    const noted = (...args) => {
      try {
        return (noted.exitCode = call(...args));
      } catch (error) {
        if (isExit(error)) noted.exitCode = error.status;
        throw error;
      }
    };
    return noted;
  };
  return Object.fromEntries(Object.entries(exports).map(([name, value]) => [name, typeof value === 'function' ? note(value) : value]));
}

async function bindgen(spec, module) {
  await runBindgen(await load(spec), module);
}

/** An ES module that compiles the module beside it, or gives a function that takes one. */
async function assemblyscript(spec, module) {
  await runAssemblyScript(() => load(spec), module);
}

/** ES modules that import each other, the first of which compiles the module beside it. */
async function kotlin(spec) {
  await load(spec);
}

/** Go's wasm_exec.js prints to the console. */
async function go(spec, module) {
  await load(spec);
  await runGo(spec, module);
}

function php() {
  throw new CellEnd('not-attempted', { subject: 'glue', message: 'PHP has builds for Node and for pages; the lab has no way yet to run one in a worker' });
}
