// Runs a module with its glue in a page, as the page's author would.

import { emscriptenSettings, runGlue, runPhp, uncaughtEvent } from '../glue_shared.mjs';
import { checkAndWatch, otherHostEnd } from '../watch.mjs';
import { stderr, stdout } from './report.mjs';

export async function run(spec, log, bytes) {
  const source = await (await fetch(`/guest/${spec.glue}`)).text();
  await runGlue(spec, log, source, {
    prepare: async () => ({ guest: await checkAndWatch(log, bytes), module: bytes }),
    load: () => import(`/guest/${spec.glue}`),
    loadScript: () => script(spec.glue),
    runners: { emscripten, php },
    uncaught: uncaughtEvent,
  });
}

/** Adds a classic script to the page. */
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
function emscripten(spec, { module: bytes, guest }) {
  return new Promise((_, reject) => {
    const output = { print: (line) => stdout.print(line), printErr: (line) => stderr.print(line) };
    globalThis.Module = emscriptenSettings(spec, bytes, guest, reject, output);
    script(spec.glue).catch(reject);
  });
}

/**
 * PHP's script is meant for a bundler, which turns its import of the module into a URL; here it gets the module
 * directly.
 */
async function php(spec, { module: bytes, source }) {
  if (!/RuntimeName === 'WEB'/.test(source)) {
    throw otherHostEnd(spec.glue, 'no code for a page: PHP for pages is another build, @php-wasm/web');
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
