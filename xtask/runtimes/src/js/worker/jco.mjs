// Runs a component in a worker, whose sockets the shim does not use.

import { refusal } from '../causes.mjs';
import { importsNewer } from '../imports.mjs';
import { runTranspiled } from '../jco_shared.mjs';
import { CellEnd } from '../protocol.mjs';
import { stderr, stdout } from './report.mjs';
import input from '../input.bin';
import translated from '../component.txt';
import * as cli from '../packages/@bytecodealliance/preview2-shim/dist/browser/cli.js';
import * as filesystem from '../packages/@bytecodealliance/preview2-shim/dist/browser/filesystem.js';

export function run(spec, log) {
  importCoreModules();
  return runTranspiled(spec, log, {
    translated: () => {
      if (!importsNewer(translated)) return translated;
      const message = "the lab has no way yet to give a worker preview3-shim, jco's host of WASI 0.3";
      throw new CellEnd('not-attempted', { subject: 'wasi-0.3', message });
    },
    load: () => import('../component/entry.js'),
    packages: '../packages',
    cli,
    filesystem,
    read: reader(new Uint8Array(input)),
    stdout,
    stderr,
  });
}

/** jco's output fetches its core modules and compiles them; a worker imports them instead, as a bundler would do. */
function importCoreModules() {
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

/** Reads `bytes` piece by piece. */
function reader(bytes) {
  let at = 0;
  return (size) => {
    if (at === bytes.length) return undefined;
    const piece = bytes.subarray(at, at + size);
    at += piece.length;
    return piece;
  };
}
