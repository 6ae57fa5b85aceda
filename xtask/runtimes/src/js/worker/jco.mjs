// A component in a worker: jco translated it before (precompile.mjs), the build of its shim for browsers is its host.
// Directories are held in memory; sockets a worker has of its own, and the shim none of them.

import { callEntryPoint, configure, instantiate } from '../component.mjs';
import { refusal } from '../causes.mjs';
import { checkImports, importsNewer } from '../imports.mjs';
import { CellEnd } from '../protocol.mjs';
import { stderr, stdout } from './report.mjs';
import input from '../input.bin';
import translated from '../component.txt';
import * as cli from '../packages/@bytecodealliance/preview2-shim/dist/browser/cli.js';
import * as filesystem from '../packages/@bytecodealliance/preview2-shim/dist/browser/filesystem.js';

export async function run(spec, log) {
  log.executionPath('jco');
  log.stage('compile', { cached: true });
  log.stage('link');
  if (importsNewer(translated)) {
    const message = "the lab has no way yet to give a worker preview3-shim, jco's host of WASI 0.3";
    throw new CellEnd('not-attempted', { subject: 'wasi-0.3', message });
  }
  checkImports(translated);
  configure(cli, '_setArgs', spec.args);
  configure(cli, '_setEnv', spec.env);
  configure(cli, '_setStdin', { blockingRead: reader(new Uint8Array(input)) });
  configure(cli, '_setStdout', output(stdout));
  configure(cli, '_setStderr', output(stderr));
  configure(filesystem, '_setPreopens', Object.fromEntries(spec.dirs.map((dir) => [dir.guest, entry(dir.tree)])));
  importModules();

  const failed = new Promise((_, reject) => {
    addEventListener('unhandledrejection', (event) => (event.preventDefault(), reject(event.reason)));
  });
  log.stage('instantiate');
  const guest = await instantiate(translated, () => Promise.race([import('../component/guest.js'), failed]));
  log.stage('run');
  await callEntryPoint(spec, guest, log, failed);
}

/** The translation fetches its core modules and compiles them; a worker imports them, as a bundler would have it. */
function importModules() {
  const { fetch } = globalThis;
  globalThis.fetch = async (what, ...more) => (what instanceof URL && what.protocol === 'file:' ? what : fetch(what, ...more));
  WebAssembly.compileStreaming = async (fetched) => {
    const { pathname } = await fetched;
    try {
      return (await import(`../component/${pathname.split('/').pop()}`)).default;
    } catch (error) {
      throw refusal(error);
    }
  };
}

/** Nothing more to come is an error of the stream, which the shim throws too. */
function reader(bytes) {
  let at = 0;
  return (size) => {
    if (at === bytes.length) throw { tag: 'closed' };
    const read = bytes.subarray(at, at + Number(size));
    at += read.length;
    return read;
  };
}

function output(stream) {
  return { write: (bytes) => stream.write(bytes), flush: () => {}, blockingFlush: () => {} };
}

/** A directory's entries as the driver lists them: a file is base64, a directory an object. */
function entry(is) {
  if (typeof is === 'string') return { source: Uint8Array.from(atob(is), (c) => c.charCodeAt(0)) };
  return { dir: Object.fromEntries(Object.entries(is).map(([name, inner]) => [name, entry(inner)])) };
}
