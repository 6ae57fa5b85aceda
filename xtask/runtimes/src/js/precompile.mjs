// Transpiles a component for a page or a worker, before its driver starts it:
// `HOST precompile.mjs SPEC.json INTO --packages DIR [--below FOLDER]`.
//
// The output imports packages from `/packages`, where the page's driver serves them, or from FOLDER/packages in a
// worker. Exit codes: 0 done, 1 the observation says why not, 70 invalid arguments.

import { readFileSync, writeSync } from 'node:fs';
import { Log } from './log.mjs';
import { CellEnd, PROTOCOL_VERSION } from './protocol.mjs';
import { transpile } from './transpile.mjs';

const shims = (folder) =>
  Object.fromEntries([2, 3].map((minor) => [minor, `${folder}/packages/@bytecodealliance/preview${minor}-shim/dist/browser`]));

// A page must not block: where the shim has to wait, it returns a promise, and the guest's stack is suspended until it
// is resolved (JavaScript Promise Integration). These functions may wait, according to the documentation, or because
// the body of a response arrives as a stream; the guest's own streams never do.
const INPUT = ['blocking-read', 'blocking-skip'];
const OUTPUT = ['blocking-flush', 'blocking-splice', 'blocking-write-and-flush', 'blocking-write-zeroes-and-flush'];
const OPTIONS = {
  nodejsCompat: false,
  asyncMode: 'jspi',
  asyncImports: [
    'wasi:io/poll#poll',
    'wasi:io/poll#[method]pollable.block',
    ...INPUT.map((name) => `wasi:io/streams#[method]input-stream.${name}`),
    ...OUTPUT.map((name) => `wasi:io/streams#[method]output-stream.${name}`),
  ],
};

async function main([path, into, option, packages, below, folder = '']) {
  if (!path || !into || option !== '--packages' || !packages || (below && (below !== '--below' || !folder))) {
    throw new Error('usage: precompile.mjs SPEC.json INTO --packages DIR [--below FOLDER]');
  }
  const spec = JSON.parse(readFileSync(path, 'utf8'));
  if (spec.protocol !== PROTOCOL_VERSION) throw new Error(`protocol ${spec.protocol}, this driver speaks ${PROTOCOL_VERSION}`);
  try {
    const called = (spec.entry?.calls ?? []).map((call) => call.export);
    await transpile(spec.module, packages, into, shims(folder), {
      ...OPTIONS,
      asyncExports: ['wasi:cli/run#run', ...called],
      // A worker cannot compile core modules that are embedded as base64, so each becomes a file.
      ...(below && { base64Cutoff: 0 }),
    });
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
