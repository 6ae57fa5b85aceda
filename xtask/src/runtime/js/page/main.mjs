// Runs one cell in a page. The driver (xtask/drivers/browser) has read the module and opened this page.
//
//   glue beside the module    its own JavaScript loads it (glue.mjs)
//   anything else             plain WebAssembly, or WASI 0.1 by the polyfill where the column has it (core.mjs)

import { End } from '../protocol.mjs';
import { Log, captureConsole } from './report.mjs';

const log = new Log();

const ended = (error) => {
  log.end(error instanceof End ? error.cause : { kind: 'engine-error', message: String(error?.stack ?? error) });
};

try {
  captureConsole();
  const [cell, module] = await Promise.all([fetch('/cell.json'), fetch('/module.wasm')]);
  const [spec, bytes] = [await cell.json(), new Uint8Array(await module.arrayBuffer())];
  const { run } = await (spec.glue ? import('./glue.mjs') : import('./core.mjs'));
  await run(spec, log, bytes);
  log.end({ kind: 'returned' });
} catch (error) {
  ended(error);
}
