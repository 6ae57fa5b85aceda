// Runs one cell in a page. The driver (xtask/drivers/browser) has read the module and opened this page.
//
//   a component               its code from jco, with jco's WASI shims (jco.mjs)
//   glue beside the module    its own JavaScript loads it (glue.mjs)
//   anything else             plain WebAssembly, or WASI 0.1 by the polyfill if the column has it (core.mjs), in a
//                             worker of the page if the cell says so

import { causeOfThrown } from '../protocol.mjs';
import { captureConsole } from '../report_shared.mjs';
import { Log, stderr, stdout } from './report.mjs';

const log = new Log();

/** Runs this script again in a worker, which reports the end; waits for that, or for a failure of the worker itself. */
function inWorker() {
  return new Promise((_, reject) => {
    const worker = new Worker(import.meta.url, { type: 'module' });
    worker.onerror = (event) => reject(new Error(`the worker failed: ${event.message}`));
  });
}

try {
  captureConsole(stdout, stderr);
  const spec = await (await fetch('/cell.json')).json();
  if (spec.component) {
    await (await import('./jco.mjs')).run(spec, log);
  } else if (spec.switches.includes('new Worker()') && globalThis.document && !spec.glue) {
    await inWorker();
  } else {
    const bytes = new Uint8Array(await (await fetch('/module.wasm')).arrayBuffer());
    const { run } = await (spec.glue ? import('./glue.mjs') : import('./core.mjs'));
    await run(spec, log, bytes);
  }
  log.end({ kind: 'returned' });
} catch (error) {
  log.end(causeOfThrown(error));
}
