// Runs a component that jco has transpiled to JavaScript and core modules (precompile.mjs), with jco's shims as its WASI
// host.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { callEntryPoint, instantiate } from './component.mjs';
import { causeOf } from './causes.mjs';
import { checkImports, importsNewer } from './imports.mjs';
import { CellEnd } from './protocol.mjs';
import { configureShims, watchTransfers } from './shims.mjs';
import { ENTRY, hostShims } from './transpile.mjs';
import { uncaught } from './uncaught.mjs';

export async function run(spec, log, packages, transpiled) {
  log.executionPath('jco');
  log.stage('compile', { cached: true });
  log.stage('link');
  const found = hostShims(packages);
  const translated = readFileSync(join(transpiled, 'guest.js'), 'utf8');
  checkImports(translated, found);
  const isNewer = importsNewer(translated);
  await configureShims(spec, found, isNewer);
  const explained = isNewer ? watchTransfers() : (end) => end;

  // Core modules are compiled concurrently, so one may be refused while another is awaited.
  const failed = uncaught();
  log.stage('instantiate');
  const entry = pathToFileURL(join(transpiled, ENTRY)).href;
  const { guest } = await instantiate(translated, () => Promise.race([import(entry), failed]));

  // The shim's `exit` ends the process, so this is the last chance to report.
  process.on('exit', (code) => log.end({ kind: 'exit', code }));
  try {
    if (spec.entry.http) await serve(spec.entry.http.port, guest, found, log, failed);
    else await (log.stage('run'), callEntryPoint(spec, guest, log, failed));
  } catch (error) {
    throw explained(error);
  }
}

/** Serves until the process is ended, like `jco serve`, with the server of the shim that the handler uses. */
async function serve(port, guest, { 2: older, 3: newer }, log, failed) {
  const exported = (name) => Object.entries(guest).find(([export_]) => export_.startsWith(`${name}@`))?.[1];
  const handler = guest.incomingHandler ?? exported('wasi:http/incoming-handler');
  const ofNewer = exported('wasi:http/handler');
  if (!handler && !ofNewer) throw new CellEnd('missing-export', { name: 'wasi:http/incoming-handler' });
  const server = handler
    ? await serverOf(older, 'HTTPServer', handler)
    : await serverOf(newer, 'HttpServer', { handle: (request) => respond(ofNewer, request) });
  const told = new Promise((resolve) => process.on('SIGTERM', resolve));
  log.stage('run');
  try {
    await Promise.race([server.listen(port, '127.0.0.1'), failed]);
    await Promise.race([told, failed]);
  } catch (error) {
    throw error instanceof CellEnd ? error : new CellEnd(...causeOf(error, 'run'));
  }
}

async function serverOf(shim, name, handler) {
  const { [name]: Server } = await import(`${shim}/http.js`);
  if (typeof Server !== 'function') throw new CellEnd('not-attempted', { subject: 'http-handler', message: `jco's shim has no ${name}` });
  return new Server(handler);
}

/** jco's code returns the response or throws; the server of the WASI 0.3 shim expects a result. */
async function respond(handler, request) {
  try {
    return { tag: 'ok', val: await handler.handle(request) };
  } catch (error) {
    if (error?.constructor?.name !== 'ComponentError') throw error;
    return { tag: 'err', val: error.payload };
  }
}
