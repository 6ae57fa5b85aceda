// WASI 0.1 by @bjorn3/browser_wasi_shim: arguments, environment, streams, and directories held in memory. What a guest
// writes to a directory stays in the page.

import { CellEnd } from '../protocol.mjs';
import { fromBase64, guestArgs } from '../values.mjs';
import { stderr, stdin, stdout } from './report.mjs';
import { Directory, Fd, File, PreopenDirectory, WASI, wasi } from '/packages/@bjorn3/browser_wasi_shim/dist/index.js';

export function define(spec, host) {
  const env = Object.entries(spec.env).map(([name, value]) => `${name}=${value}`);
  const dirs = spec.dirs.map((dir) => new PreopenDirectory(dir.guest, entries(dir.tree)));
  const shim = new WASI(guestArgs(spec), env, [new Input(), new Output(stdout), new Output(stderr), ...dirs], { debug: false });
  // The shim ends the guest with an exception of its own; only this call distinguishes it from a failure.
  const proc_exit = (code) => {
    host.exit = code;
    throw new Error(`exit ${code}`);
  };
  host.imports.wasi_snapshot_preview1 = { ...shim.wasiImport, ...sockets(shim.wasiImport), proc_exit };
  host.attach = (instance) => {
    shim.inst = instance;
    host.memoryless = !(instance.exports.memory instanceof WebAssembly.Memory);
  };
}

/** For sockets, which a page lacks, the shim throws a string: that is its answer, not a trap of the guest. */
function sockets(imports) {
  const answer = (name, f) => (...args) => {
    try {
      return f(...args);
    } catch (error) {
      if (typeof error !== 'string') throw error;
      throw new CellEnd('unsupported', { feature: name, message: `browser_wasi_shim says \`${error}\`` });
    }
  };
  return Object.fromEntries(Object.entries(imports).filter(([name]) => name.startsWith('sock_')).map(([name, f]) => [name, answer(name, f)]));
}

/** A directory's entries as the driver lists them: a file is base64, a directory an object. */
function entries(tree) {
  const entry = (is) => (typeof is === 'string' ? new File(fromBase64(is)) : new Directory(entries(is)));
  return new Map(Object.entries(tree).map(([name, is]) => [name, entry(is)]));
}

/** A stream that is neither a file nor seekable. */
class Device extends Fd {
  fd_fdstat_get() {
    const fdstat = new wasi.Fdstat(wasi.FILETYPE_CHARACTER_DEVICE, 0);
    fdstat.fs_rights_base = BigInt(wasi.RIGHTS_FD_READ | wasi.RIGHTS_FD_WRITE);
    return { ret: 0, fdstat };
  }

  fd_filestat_get() {
    return { ret: 0, filestat: new wasi.Filestat(0n, wasi.FILETYPE_CHARACTER_DEVICE, 0n) };
  }
}

class Input extends Device {
  fd_read(size) {
    return { ret: 0, data: stdin(size) };
  }
}

class Output extends Device {
  #stream;

  constructor(stream) {
    super();
    this.#stream = stream;
  }

  fd_write(data) {
    this.#stream.write(data);
    return { ret: 0, nwritten: data.byteLength };
  }
}
