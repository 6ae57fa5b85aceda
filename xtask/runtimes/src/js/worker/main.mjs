// Runs one cell in a worker of workerd, which calls it once. The driver (xtask/drivers/workerd) has made the guest's
// files and the packages of the host layer modules of the worker.
//
//   a component               its code from jco, with jco's WASI 0.2 shim (jco.mjs)
//   glue beside the module    its own JavaScript loads it (glue.mjs)
//   anything else             plain WebAssembly, or WASI 0.1 by Cloudflare's package if the column has it (core.mjs)

import { causeOfThrown } from '../protocol.mjs';
import { captureConsole } from '../report_shared.mjs';
import { Log, stderr, stdout } from './report.mjs';

export default {
  async test() {
    const log = new Log();
    captureConsole(stdout, stderr);
    try {
      const { default: spec } = await import('../cell.json');
      const { default: module } = await import('../module.bin');
      const { run } = await (spec.component ? import('./jco.mjs') : spec.glue ? import('./glue.mjs') : import('./core.mjs'));
      await run(spec, log, new Uint8Array(module));
      log.end({ kind: 'returned' });
    } catch (error) {
      log.end(causeOfThrown(error));
    }
  },
};
