// Runs a component in a page or a worker: jco has transpiled it (precompile.mjs), and its host is the browser build of
// jco's WASI 0.2 shim, on which the WASI 0.3 shim builds. Directories are held in memory.

import { callEntryPoint, configure, instantiate } from './component.mjs';
import { checkImports } from './imports.mjs';
import { browserShims } from './shim_files.mjs';
import { fromBase64 } from './values.mjs';

/**
 * Runs a component with what its host provides:
 *   translated()               the text of jco's main file; may end the cell
 *   load()                     imports the entry file, which exports jco's main file as one object
 *   packages                   where the shims are, as jco's main file imports them
 *   cli, filesystem            modules of the shim
 *   read(size)                 at most `size` bytes of stdin; `undefined` at its end
 *   stdout, stderr             output streams
 */
export async function runTranspiled(spec, log, host) {
  log.executionPath('jco');
  log.stage('compile', { cached: true });
  log.stage('link');
  const translated = await host.translated();
  checkImports(translated, browserShims(host.packages));
  const { cli, filesystem } = host;
  configure(cli, '_setArgs', spec.args);
  configure(cli, '_setEnv', spec.env);
  configure(cli, '_setStdin', input(host.read));
  configure(cli, '_setStdout', output(host.stdout));
  configure(cli, '_setStderr', output(host.stderr));
  configure(filesystem, '_setPreopens', Object.fromEntries(spec.dirs.map((dir) => [dir.guest, entry(dir.tree)])));

  const failed = new Promise((_, reject) => {
    addEventListener('unhandledrejection', (event) => (event.preventDefault(), reject(event.reason)));
  });
  log.stage('instantiate');
  const { guest } = await instantiate(translated, () => Promise.race([host.load(), failed]));
  log.stage('run');
  await callEntryPoint(spec, guest, log, failed);
}

/** End of input is an error of the stream, which the shim throws too. */
function input(read) {
  const blockingRead = (size) => {
    const bytes = read(Number(size));
    if (!bytes) throw { tag: 'closed' };
    return bytes;
  };
  return { blockingRead };
}

function output(stream) {
  return { write: (bytes) => stream.write(bytes), flush: () => stream.flush(), blockingFlush: () => stream.flush() };
}

/** A directory's entries as the driver lists them: a file is base64, a directory an object. */
function entry(is) {
  if (typeof is === 'string') return { source: fromBase64(is) };
  return { dir: Object.fromEntries(Object.entries(is).map(([name, inner]) => [name, entry(inner)])) };
}
