// Runs one cell in a worker of workerd. The driver (xtask/drivers/workerd) has made the module, its glue and what a host
// layer consists of modules of the worker, which workerd calls once.
//
//   a component               jco's translation of it, with its shim of WASI 0.2 (jco.mjs)
//   glue beside the module    its own JavaScript loads it (glue.mjs)
//   anything else             plain WebAssembly, or WASI 0.1 by Cloudflare's package where the column has it (core.mjs)

import { CellEnd } from '../protocol.mjs';
import { Log, captureConsole } from './report.mjs';

export default {
  async test() {
    const log = new Log();
    captureConsole();
    try {
      const { default: spec } = await import('../cell.json');
      const { default: module } = await import('../module.bin');
      const bytes = new Uint8Array(module);
      const way = spec.component ? import('./jco.mjs') : spec.glue ? import('./glue.mjs') : import('./core.mjs');
      await (await way).run(spec, log, bytes);
      log.end({ kind: 'returned' });
    } catch (error) {
      log.end(error instanceof CellEnd ? error.cause : { kind: 'engine-error', message: String(error?.stack ?? error) });
    }
  },
};
