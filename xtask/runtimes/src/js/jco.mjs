// A component by jco: translated once into JavaScript and core modules, with preview2-shim as its WASI host.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { callEntryPoint, instantiate, checkImports, configure } from './component.mjs';
import { causeOf } from './causes.mjs';
import { CellEnd } from './protocol.mjs';
import { transpile } from './transpile.mjs';

export async function run(spec, log, packages) {
  log.executionPath('jco');
  // A pipe has no folder.
  const beside = spec.events.startsWith('/dev/') ? tmpdir() : dirname(spec.events);
  const dir = join(spec.code_cache ?? join(beside, 'jco'), 'jco');
  const main = join(dir, 'guest.js');
  // The translation imports the shim by its path: with the packages elsewhere it would run on another copy of
  // the shim than the one that is prepared below, with that one's defaults.
  const stamp = join(dir, 'packages');
  const cached = existsSync(main) && existsSync(stamp) && readFileSync(stamp, 'utf8') === packages;
  log.stage('compile', cached ? { cached } : {});
  const shim = join(packages, '@bytecodealliance/preview2-shim/dist/nodejs');
  if (!cached) {
    await transpile(spec.module, packages, dir, pathToFileURL(shim).href);
    writeFileSync(stamp, packages);
  }

  log.stage('link');
  checkImports(readFileSync(main, 'utf8'));
  await prepare(spec, (name) => import(pathToFileURL(join(shim, name)).href));

  // Core modules are compiled side by side, and a refusal of one may come while another is awaited.
  const failed = new Promise((_, reject) => {
    process.on('uncaughtException', reject);
    process.on('unhandledRejection', reject);
  });
  log.stage('instantiate');
  const guest = await instantiate(() => Promise.race([import(pathToFileURL(main).href), failed]));

  // The shim's `exit` ends the process: this is the last that the driver hears.
  process.on('exit', (code) => log.end({ kind: 'exit', code }));
  if (spec.entry.http) return serve(spec.entry.http.port, guest, shim, log, failed);
  log.stage('run');
  await callEntryPoint(spec, guest, log, failed);
}

/** Serves until the process is told to end, as `jco serve` does: by the shim's own server. */
async function serve(port, guest, shim, log, failed) {
  const name = 'wasi:http/incoming-handler';
  const handler = guest.incomingHandler ?? Object.entries(guest).find(([export_]) => export_.startsWith(`${name}@`))?.[1];
  if (typeof handler?.handle !== 'function') throw new CellEnd('missing-export', { name });
  const { HTTPServer } = await import(pathToFileURL(join(shim, 'http.js')).href);
  if (typeof HTTPServer !== 'function') throw new CellEnd('not-attempted', { subject: 'http-handler', message: 'this preview2-shim has no HTTPServer' });
  const told = new Promise((resolve) => process.on('SIGTERM', resolve));
  log.stage('run');
  new HTTPServer(handler).listen(port, '127.0.0.1');
  await Promise.race([told, failed]).catch((error) => {
    throw error instanceof CellEnd ? error : new CellEnd(...causeOf(error, 'run'));
  });
}

/** What the guest may see of the machine: nothing but what the cell gives. */
async function prepare(spec, load) {
  const cli = await load('cli.js');
  // Its defaults are the host's environment and the whole file system.
  configure(cli, '_setArgs', spec.args);
  configure(cli, '_setEnv', spec.env);
  configure(await load('filesystem.js'), '_setPreopens', Object.fromEntries((spec.dirs ?? []).map((dir) => [dir.guest, dir.host])));
  if (spec.network === 'none') await denyNetwork(load);
}

/** A cell without a network gets a shim that refuses to resolve names, to open sockets and to send requests. */
async function denyNetwork(load) {
  const deny = { 'sockets.js': ['_denyTcp', '_denyUdp', '_denyDnsLookup'], 'http.js': ['_denyHttp'] };
  for (const [file, names] of Object.entries(deny)) {
    const shim = await load(file);
    for (const name of names) {
      if (typeof shim[name] !== 'function') {
        throw new CellEnd('engine-error', { message: `preview2-shim has no ${name}: its default would give the guest the network` });
      }
      shim[name]();
    }
  }
}
