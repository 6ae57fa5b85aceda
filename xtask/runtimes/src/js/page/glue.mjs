// A module with the JavaScript that its toolchain wrote for it, in the host that it was written for.

import { End } from '../protocol.mjs';
import { thrown } from '../causes.mjs';
import { aborted, isExit, kind, otherHost, started, watch } from '../watch.mjs';
import { stderr, stdout } from './report.mjs';

export async function run(spec, log, bytes) {
  if (spec.entry !== 'command') {
    throw new End('not-attempted', { subject: 'calls-through-glue', message: 'glue runs a program; it has no general way to call an export' });
  }
  const source = await (await fetch(`/guest/${spec.glue}`)).text();
  const way = kind(spec.glue, source);
  log.executionPath(`glue:${way}`);
  const life = watch(log);
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
    await Promise.race([WAYS[way](spec, bytes, life), failed]);
  } catch (error) {
    throw error instanceof End ? error : new End(...thrown(error, 'run'));
  }
}

const WAYS = { emscripten, 'wasm-bindgen': bindgen, assemblyscript, go, php };

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
function emscripten(spec, bytes, life) {
  return new Promise((_, reject) => {
    const [thisProgram, ...args] = spec.args;
    life.over = (code) => reject(new End('exit', { code }));
    globalThis.Module = {
      thisProgram,
      arguments: args,
      wasmBinary: bytes,
      print: (line) => stdout.print(line),
      printErr: (line) => stderr.print(line),
      preRun: [() => Object.assign(globalThis.ENV ?? {}, spec.env)],
      quit: (code, error) => {
        if (!life.asleep) life.over(code);
        throw error;
      },
      onAbort: (what) => reject(aborted(what)),
    };
    script(spec.glue).catch(reject);
  });
}

/** An ES module whose default export instantiates the module and calls what is marked as its start. */
async function bindgen(spec, bytes) {
  const glue = await import(`/guest/${spec.glue}`);
  if (typeof glue.default !== 'function') {
    throw new End('not-attempted', { subject: 'glue', message: 'wasm-bindgen made it for another host than the web: use --target web' });
  }
  await glue.default({ module_or_path: bytes });
}

/** An ES module that fetches the module beside it and calls its start, or gives a function that does. */
async function assemblyscript(spec, bytes) {
  await started(() => import(`/guest/${spec.glue}`), bytes);
}

/** Go's wasm_exec.js defines a class; in a page it prints to the console. */
async function go(spec, bytes) {
  await script(spec.glue);
  const go = new globalThis.Go();
  go.argv = spec.args;
  go.env = { ...spec.env };
  let exit;
  go.exit = (code) => (exit = code);
  const { instance } = await WebAssembly.instantiate(bytes, go.importObject);
  await go.run(instance);
  if (exit !== undefined) throw new End('exit', { code: exit });
}

/**
 * Emscripten's script within a function `init`, which takes the settings and starts nothing by itself. Its authors
 * mean it for a bundler, which makes an address of the module that it imports; the module is given to it here.
 */
async function php(spec, bytes) {
  const source = await (await fetch(`/guest/${spec.glue}`)).text();
  if (!/RuntimeName === 'WEB'/.test(source)) {
    throw otherHost(spec.glue, 'no code for a page: PHP for pages is another build, @php-wasm/web');
  }
  const bundled = source.replace(/^import (\w+) from '[^']*\.wasm';$/m, "const $1 = 'given';");
  const { init } = await import(URL.createObjectURL(new Blob([bundled], { type: 'text/javascript' })));
  return new Promise((resolve, reject) => {
    const module = init('WEB', {
      wasmBinary: bytes,
      ENV: { ...spec.env },
      // What PHP prints comes as bytes, what its libraries print by themselves as lines.
      onStdout: (bytes) => stdout.write(bytes),
      onStderr: (bytes) => stderr.write(bytes),
      print: (line) => stdout.print(line),
      printErr: (line) => stderr.print(line),
      quit: (code, error) => {
        reject(new End('exit', { code }));
        throw error;
      },
      onAbort: (what) => reject(aborted(what)),
      onRuntimeInitialized: () => {
        // Not before `init` has returned what it made.
        setTimeout(() => runPhp(spec, module).then(resolve, (error) => isExit(error) || reject(error)));
      },
    });
  });
}

/** A page has no files: the script is put into the interpreter's own. */
async function runPhp(spec, { FS, ccall }) {
  FS.mkdir('/guest');
  FS.chdir('/guest');
  const [, script, ...args] = spec.args;
  FS.writeFile(script, new Uint8Array(await (await fetch(`/guest/${script}`)).arrayBuffer()));
  // `-n`: no php.ini of anybody's.
  for (const arg of ['php', '-n', script, ...args]) ccall('wasm_add_cli_arg', null, ['string'], [arg]);
  await ccall('run_cli', null, [], [], { async: true });
}
