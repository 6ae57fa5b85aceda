// A component by jco: translated once into JavaScript and core modules, with preview2-shim as its WASI host.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { End } from './protocol.mjs';
import { thrown } from './causes.mjs';

export async function run(spec, log, packages) {
  if (spec.entry !== 'command') {
    throw new End('unsupported', { what: 'component-calls', message: 'through jco the lab runs commands only' });
  }
  const dir = join(spec.compiled ?? join(dirname(spec.observation), 'jco'), 'jco');
  const main = join(dir, 'guest.js');
  log.stage('compile', existsSync(main) ? { cached: true } : {});
  if (!existsSync(main)) await translate(spec, packages, dir);

  log.stage('link');
  const shim = join(packages, '@bytecodealliance/preview2-shim/dist/nodejs');
  const load = (name) => import(pathToFileURL(join(shim, name)).href);
  await prepare(spec, load);

  log.stage('instantiate');
  const guest = await instantiated(() => import(pathToFileURL(main).href));

  // The shim's `exit` ends the process: this is the last that the driver hears.
  process.on('exit', (code) => log.end({ kind: 'exit', code }));
  log.stage('run');
  const command = guest.run ?? guest['wasi:cli/run@0.2.0'];
  if (typeof command?.run !== 'function') throw new End('no-export', { name: 'wasi:cli/run' });
  try {
    await command.run();
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
    writeFileSync(path, bytes);
  }
}

/** What the guest may see of the machine: nothing but what the cell gives. */
async function prepare(spec, load) {
  const cli = await load('cli.js');
  cli._setArgs?.(spec.args);
  cli._setEnv?.(spec.env);
  const filesystem = await load('filesystem.js');
  filesystem._setPreopens?.(Object.fromEntries(spec.dirs.map((dir) => [dir.guest, dir.host])));
}

/** Runs the import that instantiates; a name that the shim lacks is a syntax error of the module. */
async function instantiated(make) {
  try {
    return await make();
  } catch (error) {
    const lacking = /does not provide an export named '([^']+)'|Cannot find (?:module|package) '([^']+)'/.exec(error?.message ?? '');
    if (lacking) throw new End('missing-import', { module: '', name: lacking[1] ?? lacking[2], ty: '', missing: 0 });
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
