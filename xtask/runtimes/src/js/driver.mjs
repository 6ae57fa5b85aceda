// Runs one cell in a JavaScript host (Node, Deno, Bun), without dependencies of its own.
//
// Started as `HOST driver.mjs run SPEC.json [--packages node_modules] [--component FOLDER] [--session]` or
// `HOST driver.mjs info`. In a session it runs the cell again for each line on stdin.
// How a module is run depends on what it is and what came with it, as its author would choose:
//   glue beside it            its own JavaScript loads it (glue.mjs)
//   a component               as jco transpiled it into FOLDER (jco.mjs), if the column has jco
//   imports of WASI 0.1       node:wasi (core.mjs)
//   anything else             plain WebAssembly (core.mjs)
// Exit code 0 means that the last event was written, 70 that the specification is invalid.

import { spawnSync } from 'node:child_process';
import { readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Log } from './log.mjs';
import { CellEnd, PROTOCOL_VERSION, causeOfThrown } from './protocol.mjs';
import { specification } from './specification.mjs';

const HOST = globalThis.Deno ? 'deno' : globalThis.Bun ? 'bun' : 'node';
const VERSION = globalThis.Deno?.version.deno ?? globalThis.Bun?.version ?? process.versions.node;
const MODES = [HOST, `${HOST}+jco`];
const EXIT_INVALID_SPEC = 70;

async function main(args) {
  if (args.length === 1 && args[0] === 'info') {
    const info = { protocol: PROTOCOL_VERSION, engine: HOST, version: VERSION, modes: MODES };
    writeSync(1, `${JSON.stringify(info)}\n`);
    return;
  }
  const isSession = args.at(-1) === '--session';
  const [verb, path, ...options] = isSession ? args.slice(0, -1) : args;
  const { packages, component, ...unknown } = optionsByName(options);
  if (verb !== 'run' || !path || Object.keys(unknown).length) {
    throw new Error('usage: driver.mjs info | driver.mjs run SPEC.json [--packages DIR] [--component DIR] [--session]');
  }
  if (isSession) {
    const { runJobs } = await import('./session.mjs');
    await runJobs(async (name) => runCell(specificationOfMode(path), packages, component && join(component, name)));
  } else {
    const spec = specificationOfMode(path);
    if (restartWithSwitches(spec)) return;
    await runCell(spec, packages, component);
  }
  // Anything that the guest left running (timers, sockets, workers) must not delay the end of the cell.
  process.exit(0);
}

function specificationOfMode(path) {
  const spec = specification(path);
  if (!MODES.includes(spec.mode)) throw new Error(`no mode \`${spec.mode}\`; there is ${MODES.join(', ')}`);
  return spec;
}

async function runCell(spec, packages, component) {
  const log = new Log(spec.events);
  let cause = { kind: 'returned' };
  try {
    await run(spec, log, packages, component);
  } catch (error) {
    cause = causeOfThrown(error);
  }
  log.end(cause);
}

/** JavaScriptCore reads its options from the environment at startup: if they are not set yet, restart the process. */
function restartWithSwitches({ switches = [], events }) {
  const options = switches.map((option) => option.split('=')).filter(([name]) => name.startsWith('BUN_JSC_'));
  if (options.every(([name, value]) => process.env[name] === value)) return false;
  const env = { ...process.env, ...Object.fromEntries(options) };
  // Events go to a descriptor that this process inherited.
  const pipe = Number(/^\/dev\/fd\/(\d+)$/.exec(events)?.[1] ?? 2);
  const stdio = Array.from({ length: pipe + 1 }, (_, fd) => (fd < 3 || fd === pipe ? fd : 'ignore'));
  const { status, signal } = spawnSync(process.execPath, [...process.execArgv, ...process.argv.slice(1)], { env, stdio });
  if (signal) process.kill(process.pid, signal);
  process.exitCode = status ?? EXIT_INVALID_SPEC;
  return true;
}

/** Options with their values: `--name value`. */
function optionsByName(options) {
  const pairs = options.flatMap((name, at) => (at % 2 ? [] : [[name.replace(/^--/, ''), options[at + 1]]]));
  return Object.fromEntries(pairs);
}

async function run(spec, log, packages, transpiled) {
  log.stage('load');
  const bytes = load(spec.module);
  const component = bytes.length >= 8 && bytes.readUInt32BE(0) === 0x0061736d && bytes.readUInt16LE(6) === 1;
  // Each path is loaded only if it is taken, because a module costs a millisecond or two.
  if (component && transpiled) return (await import('./jco.mjs')).run(spec, log, packages, transpiled);
  // Without jco, the host refuses a component.
  if (spec.glue) return (await import('./glue.mjs')).run(spec, log, bytes);
  return (await import('./core.mjs')).run(spec, log, bytes);
}

function load(path) {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new CellEnd('engine-error', { message: `failed to read ${path}: ${error.message}` });
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  writeSync(2, `driver.mjs: ${error.message}\n`);
  process.exitCode = EXIT_INVALID_SPEC;
}
