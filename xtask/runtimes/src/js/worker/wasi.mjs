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
      await wasi.start(withEmptyDirectories(spec, wasi, instance));
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

/** What `start` needs of the instance; before the guest, it makes the directories that no file in memory implies. */
function withEmptyDirectories(spec, wasi, { exports }) {
  const missing = spec.dirs.flatMap((dir, index) => emptyDirectories(dir.tree, '').map((path) => ({ fd: 3 + index, path })));
  if (missing.length === 0 || !exports.memory) return { exports };
  const _start = () => {
    const { path_create_directory } = wasi.wasiImport;
    for (const { fd, path } of missing) {
      // The call reads the path from the guest's memory, whose contents are restored afterwards.
      const name = new TextEncoder().encode(path || '.');
      const room = new Uint8Array(exports.memory.buffer, 0, Math.min(name.length, exports.memory.buffer.byteLength));
      const held = room.slice();
      if (held.length === name.length) room.set(name);
      const errno = held.length < name.length ? 'no memory for its name' : path_create_directory(fd, 0, name.length);
      room.set(held);
      if (errno) {
        const message = `workers-wasi does not make the directory \`${path || '.'}\`: ${errno}`;
        throw new CellEnd('unsupported', { feature: 'empty-directory', message });
      }
    }
    exports._start();
  };
  return { exports: { memory: exports.memory, _start } };
}

/** The paths of directories with no file below them, outermost first; the given one is the empty path. */
function emptyDirectories(tree, path) {
  const inner = Object.entries(tree).filter(([, is]) => typeof is !== 'string');
  const below = inner.flatMap(([name, is]) => emptyDirectories(is, path ? `${path}/${name}` : name));
  return hasFile(tree) ? below : [path, ...below];
}

function hasFile(tree) {
  return Object.values(tree).some((is) => typeof is === 'string' || hasFile(is));
}

function sink(stream) {
  return new WritableStream({ write: (bytes) => stream.write(bytes) });
}

/** The files below a directory, by full path. */
function files(path, tree) {
  const entries = Object.entries(tree).map(([name, is]) => (typeof is === 'string' ? { [`${path}/${name}`]: atob(is) } : files(`${path}/${name}`, is)));
  return Object.assign({}, ...entries);
}
