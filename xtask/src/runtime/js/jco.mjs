// A component by jco: translated once into JavaScript and core modules, with preview2-shim as its WASI host.

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { End } from './protocol.mjs';
import { thrown } from './causes.mjs';

export async function run(spec, log, packages) {
  if (spec.entry !== 'command') {
    throw new End('unsupported', { what: 'component-calls', message: 'through jco the lab runs commands only' });
  }
  log.way('jco');
  const dir = join(spec.compiled ?? join(dirname(spec.observation), 'jco'), 'jco');
  const main = join(dir, 'guest.js');
  // The translation imports the shim by its path: with the packages elsewhere it would run on another copy of
  // the shim than the one that is prepared below, with that one's defaults.
  const stamp = join(dir, 'packages');
  const cached = existsSync(main) && existsSync(stamp) && readFileSync(stamp, 'utf8') === packages;
  log.stage('compile', cached ? { cached } : {});
  if (!cached) {
    await translate(spec, packages, dir);
    writeFileSync(stamp, packages);
  }

  log.stage('link');
  lacking(readFileSync(main, 'utf8'));
  const shim = join(packages, '@bytecodealliance/preview2-shim/dist/nodejs');
  const load = (name) => import(pathToFileURL(join(shim, name)).href);
  await prepare(spec, load);

  // Core modules are compiled side by side, and a refusal of one may come while another is awaited.
  const failed = new Promise((_, reject) => {
    process.on('uncaughtException', reject);
    process.on('unhandledRejection', reject);
  });
  log.stage('instantiate');
  const guest = await instantiated(() => Promise.race([import(pathToFileURL(main).href), failed]));

  // The shim's `exit` ends the process: this is the last that the driver hears.
  process.on('exit', (code) => log.end({ kind: 'exit', code }));
  log.stage('run');
  // The interface under its name, or under its name with its version.
  const command = guest.run ?? Object.entries(guest).find(([name]) => name.startsWith('wasi:cli/run@'))?.[1];
  if (typeof command?.run !== 'function') throw new End('no-export', { name: 'wasi:cli/run' });
  try {
    await Promise.race([command.run(), failed]);
  } catch (error) {
    throw ended(error);
  }
}

/** The translation, whole or not at all: its main file is written last. */
async function translate(spec, packages, dir) {
  const { transpile } = await import(pathToFileURL(join(packages, '@bytecodealliance/jco/dist/api.js')).href);
  const shim = pathToFileURL(join(packages, '@bytecodealliance/preview2-shim/dist/nodejs')).href;
  const worlds = ['cli', 'clocks', 'filesystem', 'http', 'io', 'random', 'sockets'];
  let made;
  try {
    made = await transpile(readFileSync(spec.module), {
      name: 'guest',
      noTypescript: true,
      noNodejsCompat: false,
      wasiShim: false,
      map: Object.fromEntries(worlds.map((world) => [`wasi:${world}/*`, `${shim}/${world}.js#*`])),
    });
  } catch (error) {
    throw new End('compile-failed', { message: `jco: ${error?.message ?? error}` });
  }
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
  const files = Object.entries(made.files).sort(([a], [b]) => Number(a.endsWith('guest.js')) - Number(b.endsWith('guest.js')));
  for (const [name, bytes] of files) {
    const path = join(dir, name);
    mkdirSync(dirname(path), { recursive: true });
    // In one step: a cell that is ended here must not leave half a file that the next one takes for whole.
    writeFileSync(`${path}.new`, bytes);
    renameSync(`${path}.new`, path);
  }
}

/** What the guest may see of the machine: nothing but what the cell gives. */
async function prepare(spec, load) {
  const cli = await load('cli.js');
  const filesystem = await load('filesystem.js');
  const dirs = Object.fromEntries((spec.dirs ?? []).map((dir) => [dir.guest, dir.host]));
  // Its defaults are the host's environment and the whole file system: a shim that has these functions no
  // longer, or under other names, must not run a guest.
  for (const [where, name, value] of [
    [cli, '_setArgs', spec.args],
    [cli, '_setEnv', spec.env],
    [filesystem, '_setPreopens', dirs],
  ]) {
    if (typeof where[name] !== 'function') {
      throw new End('engine-error', { message: `preview2-shim has no ${name}: its defaults would give the guest the host` });
    }
    where[name](value);
  }
  if (spec.network === 'none') await denyNetwork(load);
}

/** A cell without a network gets a shim that refuses to resolve names and to open sockets. */
async function denyNetwork(load) {
  const sockets = await load('sockets.js');
  for (const name of ['_denyTcp', '_denyUdp', '_denyDnsLookup']) {
    if (typeof sockets[name] !== 'function') {
      throw new End('engine-error', { message: `preview2-shim has no ${name}: its default would give the guest the network` });
    }
    sockets[name]();
  }
}

/** Interfaces that are none of the shim's stay as imports under their own names: hosts differ in what they say of those. */
function lacking(translated) {
  const imports = [...translated.matchAll(/^import\s+(.+?)\s+from\s+['"]([^'"]+)['"]/gm)];
  const missing = imports.filter(([, , from]) => !/^(file:|node:|\.)/.test(from));
  if (!missing.length) return;
  const [[, names, module]] = missing;
  const name = /[\w$]+/.exec(names)?.[0] ?? '';
  throw new End('missing-import', { module, name, ty: '', missing: missing.length });
}

/** Runs the import that instantiates; a name that the shim lacks is a syntax error of the module, or undefined. */
async function instantiated(make) {
  try {
    return await make();
  } catch (error) {
    const words = /does not provide an export named '([^']+)'|Cannot find (?:module|package) '([^']+)'|undefined local import '([^']+)'/;
    const name = words.exec(error?.message ?? '')?.slice(1).find(Boolean);
    if (name) throw new End('missing-import', { module: '', name, ty: '', missing: 1 });
    throw error instanceof WebAssembly.CompileError ? new End('refused', { message: error.message }) : ended(error, 'instantiate');
  }
}

/** preview2-shim ends a command by throwing its exit code. */
function ended(error, stage = 'run') {
  if (error?.exitError === true || error?.constructor?.name === 'ComponentExit') return new End('exit', { code: error.code ?? 0 });
  // `run` that returned an error is an exit with 1.
  if (error?.constructor?.name === 'ComponentError') return new End('exit', { code: 1 });
  return new End(...thrown(error, stage));
}
