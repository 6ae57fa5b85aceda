// WASI 0.1 by @cloudflare/workers-wasi: arguments, environment, streams, and directories held in memory. It runs
// commands only, and passes on what the guest prints after the guest has ended.

import { CellEnd } from '../protocol.mjs';
import { guestArgs } from '../values.mjs';
import { stderr, stdout } from './report.mjs';
import input from '../input.bin';
import { ProcessExit, WASI } from '../packages/@cloudflare/workers-wasi/dist/index.mjs';

export function define(spec, host) {
  if (spec.entry !== 'command') {
    const message = 'workers-wasi starts commands only: it has no call that gives it the memory of another module';
    throw new CellEnd('not-attempted', { subject: 'calls-with-wasi', message });
  }
  const fs = Object.assign({}, ...spec.dirs.map((dir) => files(dir.guest.replace(/\/$/, ''), dir.tree)));
  let wasi, full;
  try {
    wasi = make(spec, fs);
  } catch (error) {
    if (!/No more free space/.test(error?.message)) throw error;
    full = error;
    // Continue without files, so that missing imports are still found.
    wasi = make(spec, {});
  }
  host.imports.wasi_snapshot_preview1 = wasi.wasiImport;
  host.start = async (instance) => {
    if (full) {
      const message = `the files in memory of workers-wasi have no room for the guest's directory: ${full.message.split('\n')[0]}`;
      throw new CellEnd('unsupported', { feature: 'directory-size', message });
    }
    try {
      await wasi.start(instance);
    } catch (error) {
      if (error instanceof ProcessExit) throw new CellEnd('exit', { code: error.code });
      throw error;
    }
  };
}

function make(spec, fs) {
  return new WASI({
    args: guestArgs(spec),
    env: spec.env,
    preopens: spec.dirs.map((dir) => dir.guest),
    fs,
    stdin: new Blob([input]).stream(),
    stdout: sink(stdout),
    stderr: sink(stderr),
  });
}

function sink(stream) {
  return new WritableStream({ write: (bytes) => stream.write(bytes) });
}

/** The files below a directory, by full path. */
function files(path, tree) {
  const entries = Object.entries(tree).map(([name, is]) => (typeof is === 'string' ? { [`${path}/${name}`]: atob(is) } : files(`${path}/${name}`, is)));
  return Object.assign({}, ...entries);
}
