// Runs a module with the JavaScript that its toolchain generated, in the host it was generated for.

import { CellEnd } from '../protocol.mjs';
import { causeOf } from '../causes.mjs';
import { emscriptenSettings, runBindgen, runGo, runPhp } from '../glue_shared.mjs';
import { askAndWatch, isExit, otherHost, runAssemblyScript, runKotlin, toolchainOf } from '../watch.mjs';
import { stderr, stdout } from './report.mjs';

export async function run(spec, log, bytes) {
  if (spec.entry !== 'command') {
    throw new CellEnd('not-attempted', { subject: 'calls-through-glue', message: 'glue runs a program; it has no general way to call an export' });
  }
  const source = await (await fetch(`/guest/${spec.glue}`)).text();
  const toolchain = toolchainOf(spec.glue, source);
  log.executionPath(`glue:${toolchain}`);
  const guest = await askAndWatch(log, bytes);
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
    await Promise.race([RUNNERS[toolchain](spec, bytes, source, guest), failed]);
  } catch (error) {
    throw error instanceof CellEnd ? error : new CellEnd(...causeOf(error, 'run'));
  }
}

const RUNNERS = { emscripten, 'wasm-bindgen': bindgen, assemblyscript, kotlin, go, php };

/** Adds a classic script to the page, as a page's author would. */
function script(name) {
  return new Promise((resolve, reject) => {
    const element = document.createElement('script');
    element.onload = resolve;
    element.onerror = () => reject(new Error(`${name} cannot be loaded`));
    element.src = `/guest/${name}`;
    document.body.append(element);
  });
}

/** A script that takes its settings from a global `Module` and runs `main` by itself. */
function emscripten(spec, bytes, _, guest) {
  return new Promise((_, reject) => {
    const output = { print: (line) => stdout.print(line), printErr: (line) => stderr.print(line) };
    globalThis.Module = emscriptenSettings(spec, bytes, guest, reject, output);
    script(spec.glue).catch(reject);
  });
}

async function bindgen(spec, bytes) {
  await runBindgen(await import(`/guest/${spec.glue}`), bytes);
}

/** An ES module that fetches the module beside it and calls its start function, or returns a function that does. */
async function assemblyscript(spec, bytes) {
  await runAssemblyScript(() => import(`/guest/${spec.glue}`), bytes);
}

/** ES modules that import each other, the first of which fetches the module beside it. */
async function kotlin(spec) {
  await runKotlin(() => import(`/guest/${spec.glue}`));
}

/** In a page Go's wasm_exec.js prints to the console. */
async function go(spec, bytes) {
  await script(spec.glue);
  await runGo(spec, bytes);
}

/**
 * PHP's script is meant for a bundler, which turns its import of the module into a URL; here it gets the module
 * directly.
 */
async function php(spec, bytes, source) {
  if (!/RuntimeName === 'WEB'/.test(source)) {
    throw otherHost(spec.glue, 'no code for a page: PHP for pages is another build, @php-wasm/web');
  }
  const bundled = source.replace(/^import (\w+) from '[^']*\.wasm';$/m, "const $1 = 'given';");
  const { init } = await import(URL.createObjectURL(new Blob([bundled], { type: 'text/javascript' })));
  // A page has no files, so the script is put into the interpreter's file system.
  const addFiles = async (FS) => {
    FS.chdir('/guest');
    const [, script] = spec.args;
    FS.writeFile(script, new Uint8Array(await (await fetch(`/guest/${script}`)).arrayBuffer()));
    return spec.args.slice(1);
  };
  await runPhp(init, 'WEB', spec, bytes, addFiles, {
    // PHP's output arrives as bytes, the output of its libraries as lines.
    onStdout: (bytes) => stdout.write(bytes),
    onStderr: (bytes) => stderr.write(bytes),
    print: (line) => stdout.print(line),
    printErr: (line) => stderr.print(line),
  });
}
