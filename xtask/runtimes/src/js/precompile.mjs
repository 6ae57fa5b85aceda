// Transpiles a component before its host starts it:
// `HOST precompile.mjs SPEC.json INTO --packages DIR --for page|worker|host [EXPORT]... [--session]`.
// EXPORT is an export that the cell calls. In a session it transpiles another component for each line on stdin, which names
// the folder in INTO.
//
// The output imports packages from `/packages` in a page, whose driver serves them there; from `../packages` in a worker;
// and from where they are installed on a host with files. A separate process transpiles, because the output is run as
// JavaScript: a guest must not be able to change it. Exit codes: 0 done, 1 the observation says why not, 70 invalid arguments.

import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { Log } from './log.mjs';
import { CellEnd } from './protocol.mjs';
import { browserShims } from './shim_files.mjs';
import { specification } from './specification.mjs';
import { hostShims, transpile } from './transpile.mjs';

// A page must not block: where the shim has to wait, it returns a promise, and the guest's stack is suspended until it
// is resolved (JavaScript Promise Integration). These functions may wait, according to the documentation, or because
// the body of a response arrives as a stream; the guest's own streams never do.
const INPUT = ['blocking-read', 'blocking-skip'];
const OUTPUT = ['blocking-flush', 'blocking-splice', 'blocking-write-and-flush', 'blocking-write-zeroes-and-flush'];
const PAGE = {
  nodejsCompat: false,
  asyncMode: 'jspi',
  asyncImports: [
    'wasi:io/poll#poll',
    'wasi:io/poll#[method]pollable.block',
    ...INPUT.map((name) => `wasi:io/streams#[method]input-stream.${name}`),
    ...OUTPUT.map((name) => `wasi:io/streams#[method]output-stream.${name}`),
  ],
};

/** How to transpile for each kind of host: where the shims are, and jco's options for these exported functions. */
const HOSTS = {
  page: { shims: () => browserShims('/packages'), options: (exports) => ({ ...PAGE, asyncExports: exports }) },
  worker: {
    shims: () => browserShims('../packages'),
    // A worker cannot compile core modules that are embedded as base64, so each becomes a file.
    options: (exports) => ({ ...PAGE, asyncExports: exports, base64Cutoff: 0 }),
  },
  host: { shims: hostShims, options: () => ({}) },
};

async function main(args) {
  const isSession = args.at(-1) === '--session';
  const [path, into, option, packages, purpose, name, ...exports] = isSession ? args.slice(0, -1) : args;
  const host = HOSTS[name];
  if (!path || !into || option !== '--packages' || !packages || purpose !== '--for' || !host) {
    throw new Error(`usage: precompile.mjs SPEC.json INTO --packages DIR --for ${Object.keys(HOSTS).join('|')} [EXPORT]... [--session]`);
  }
  const job = (spec, into) => transpile(spec.module, packages, into, host.shims(packages), host.options(['wasi:cli/run#run', ...exports]));
  if (isSession) {
    const { runJobs } = await import('./session.mjs');
    return runJobs(async (folder) => job(specification(path), join(into, folder)));
  }
  const spec = specification(path);
  try {
    await job(spec, into);
  } catch (error) {
    if (!(error instanceof CellEnd)) throw error;
    const log = new Log(spec.events);
    log.stage('compile');
    log.end(error.cause);
    process.exitCode = 1;
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  writeSync(2, `precompile.mjs: ${error.stack ?? error}\n`);
  process.exitCode = 70;
}
