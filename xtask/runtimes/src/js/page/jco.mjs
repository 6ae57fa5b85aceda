// Runs a component in a page: jco has transpiled it (precompile.mjs), and the browser builds of jco's shims are its
// host. The WASI 0.3 shim builds on that of 0.2, which is prepared for both. As with the WASI 0.1 polyfill, directories
// are held in memory, and there are no sockets.

import { callEntryPoint, instantiate, configure } from '../component.mjs';
import { checkImports } from '../imports.mjs';
import { stderr, stdin, stdout } from './report.mjs';
import * as cli from '/packages/@bytecodealliance/preview2-shim/dist/browser/cli.js';
import * as filesystem from '/packages/@bytecodealliance/preview2-shim/dist/browser/filesystem.js';

export async function run(spec, log) {
  log.executionPath('jco');
  log.stage('compile', { cached: true });
  log.stage('link');
  const translated = await (await fetch('/component/guest.js')).text();
  checkImports(translated);
  configure(cli, '_setArgs', spec.args);
  configure(cli, '_setEnv', spec.env);
  configure(cli, '_setStdin', { blockingRead: input });
  configure(cli, '_setStdout', output(stdout));
  configure(cli, '_setStderr', output(stderr));
  configure(filesystem, '_setPreopens', Object.fromEntries(spec.dirs.map((dir) => [dir.guest, entry(dir.tree)])));

  const failed = new Promise((_, reject) => {
    addEventListener('unhandledrejection', (event) => (event.preventDefault(), reject(event.reason)));
  });
  log.stage('instantiate');
  const guest = await instantiate(translated, () => Promise.race([import('/component/guest.js'), failed]));
  log.stage('run');
  await callEntryPoint(spec, guest, log, failed);
}

/** End of input is an error of the stream, which the shim throws too. */
function input(size) {
  const bytes = stdin(Number(size));
  if (!bytes.length) throw { tag: 'closed' };
  return bytes;
}

function output(stream) {
  return { write: (bytes) => stream.write(bytes), flush: () => stream.flush(), blockingFlush: () => stream.flush() };
}

/** A directory's entries as the driver lists them: a file is base64, a directory an object. */
function entry(is) {
  if (typeof is === 'string') return { source: Uint8Array.from(atob(is), (c) => c.charCodeAt(0)) };
  return { dir: Object.fromEntries(Object.entries(is).map(([name, inner]) => [name, entry(inner)])) };
}
