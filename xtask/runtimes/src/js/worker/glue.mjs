// Runs a module with its glue in a worker. Glue that accepts a compiled module gets the one that the worker imports;
// glue that compiles bytes itself is refused by workerd.

import { emscriptenSettings, runGlue, uncaughtEvent } from '../glue_shared.mjs';
import { CellEnd } from '../protocol.mjs';
import { isExit, watchWebAssembly } from '../watch.mjs';
import { importModule } from './module.mjs';
import { stderr, stdout } from './report.mjs';

export async function run(spec, log, bytes) {
  const { default: source } = await import('../glue.txt');
  const load = () => import(`../guest/${spec.glue}`);
  await runGlue(spec, log, source, {
    prepare: async () => {
      const module = await importModule();
      return { module, guest: watchWebAssembly(log) };
    },
    load,
    loadScript: load,
    runners: { emscripten: (spec, prepared) => emscripten(spec, bytes, prepared, load), kotlin: load, php },
    uncaught: uncaughtEvent,
    explain,
  });
}

function explain(error) {
  if (!/code generation disallowed/i.test(error?.message)) return undefined;
  const message = `the glue compiles the module itself, and a worker may only import one: ${error.message}`;
  return new CellEnd('unsupported', { feature: 'compile-at-run-time', message });
}

/** A script that takes its settings from a global `Module` and runs `main` by itself. */
function emscripten(spec, bytes, { module, guest }, load) {
  return new Promise((_, reject) => {
    const host = {
      print: (line) => stdout.print(line),
      printErr: (line) => stderr.print(line),
      // Instantiates synchronously, which suits both glue that waits for the instance and glue that does not.
      instantiateWasm: (imports, done) => {
        const instance = new WebAssembly.Instance(module, imports);
        const exports = guest.dynamic ? instance.exports : recordingExits(instance.exports);
        done({ exports }, module);
        return exports;
      },
    };
    globalThis.Module = emscriptenSettings(spec, bytes, guest, reject, host);
    load().catch((error) => isExit(error) || reject(error));
  });
}

/**
 * Exports whose functions record the exit code that they returned or threw: in a worker, glue is a module, which keeps
 * its variables to itself.
 */
function recordingExits(exports) {
  const record = (call) => {
    const recorded = (...args) => {
      try {
        return (recorded.exitCode = call(...args));
      } catch (error) {
        if (isExit(error)) recorded.exitCode = error.status;
        throw error;
      }
    };
    return recorded;
  };
  return Object.fromEntries(Object.entries(exports).map(([name, value]) => [name, typeof value === 'function' ? record(value) : value]));
}

function php() {
  throw new CellEnd('not-attempted', { subject: 'glue', message: 'PHP has builds for Node and for pages; the lab has no way yet to run one in a worker' });
}
