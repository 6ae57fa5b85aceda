// Runs one cell in Node: the JavaScript side of the protocol in `xtask/cell`, without dependencies.
//
// Started as `node --no-warnings [V8 flags] node.mjs run SPEC.json` (the flag keeps Node's own "WASI is
// an experimental feature" out of the guest's stderr) or `node node.mjs probe`. A module that imports
// WASI 0.1 gets `node:wasi`, any other plain WebAssembly: what the author of a page or a script has.
// Exit code 0 means that the last event was written, 70 that the specification is unusable.

import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

const PROTOCOL = 2;
const MODES = ['node'];
const EXIT_UNUSABLE = 70;
const NAMESPACES = { wasi_snapshot_preview1: 'preview1', wasi_unstable: 'unstable' };

/** Thrown to end the cell; `cause` is a `Cause` of the protocol. */
class End {
  constructor(kind, fields = {}) {
    this.cause = { kind, ...fields };
  }
}

/** Appends events to the observation, each in one write, so that a kill leaves whole lines. */
class Log {
  #fd;
  #began = process.hrtime.bigint();

  constructor(path) {
    this.#fd = openSync(path, 'a');
  }

  write(event) {
    writeSync(this.#fd, `${JSON.stringify(event)}\n`);
  }

  stage(stage) {
    this.write({ event: 'stage', stage, micros: this.#micros() });
  }

  end(cause) {
    this.write({ event: 'end', cause, micros: this.#micros() });
    closeSync(this.#fd);
  }

  #micros() {
    return Number((process.hrtime.bigint() - this.#began) / 1000n);
  }
}

// ---- the command line

function main(args) {
  if (args.length === 1 && args[0] === 'probe') {
    const probe = { protocol: PROTOCOL, engine: 'node', version: process.versions.node, modes: MODES };
    writeSync(1, `${JSON.stringify(probe)}\n`);
    return;
  }
  if (args.length !== 2 || args[0] !== 'run') throw new Error('usage: node.mjs probe | node.mjs run SPEC.json');
  const spec = JSON.parse(readFileSync(args[1], 'utf8'));
  if (spec.protocol !== PROTOCOL) throw new Error(`protocol ${spec.protocol}, this driver speaks ${PROTOCOL}`);
  if (!MODES.includes(spec.mode)) throw new Error(`no mode \`${spec.mode}\`; there is ${MODES.join(', ')}`);
  return runSpec(spec, new Log(spec.observation));
}

async function runSpec(spec, log) {
  let cause = { kind: 'returned' };
  try {
    await run(spec, log);
  } catch (error) {
    cause = error instanceof End ? error.cause : { kind: 'engine-error', message: String(error?.stack ?? error) };
  }
  log.end(cause);
}

// ---- the stages

async function run(spec, log) {
  log.stage('load');
  const bytes = load(spec.module);
  log.stage('compile');
  const module = compile(bytes);
  const types = new Types(bytes);

  log.stage('link');
  if (spec.sockets?.length) {
    throw new End('unsupported', { what: 'preopened-socket', message: 'node:wasi has no option for a listening socket' });
  }
  const host = await link(spec, module, types);

  log.stage('instantiate');
  const instance = guarded(host, 'instantiate', () => new WebAssembly.Instance(module, host.imports));

  log.stage('run');
  if (spec.entry === 'command') command(host, instance);
  else calls(spec.entry.calls, host, instance, types, log);
}

function load(path) {
  let bytes;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new End('engine-error', { message: `failed to read ${path}: ${error.message}` });
  }
  // The version field of a component holds layer 1.
  if (bytes.length >= 8 && bytes.readUInt32BE(0) === 0x0061736d && bytes.readUInt16LE(6) === 1) {
    throw new End('no-components', { message: 'V8 has no component model: it runs core modules' });
  }
  return bytes;
}

function compile(bytes) {
  try {
    return new WebAssembly.Module(bytes);
  } catch (error) {
    const offset = /@\+(\d+)/.exec(error.message)?.[1];
    throw new End('refused', { message: error.message, ...(offset && { offset: Number(offset) }) });
  }
}

/** The import object, or the end of the cell when something is missing in it. */
async function link(spec, module, types) {
  const wanted = WebAssembly.Module.imports(module);
  const namespace = Object.keys(NAMESPACES).find((name) => wanted.some((i) => i.module === name));
  const host = { wasi: undefined, exit: undefined, imports: {} };
  if (namespace) {
    // Loaded only where needed: it costs a few milliseconds.
    const { WASI } = await import('node:wasi');
    host.wasi = new WASI({
      version: NAMESPACES[namespace],
      args: spec.args ?? [],
      env: spec.env ?? {},
      preopens: Object.fromEntries((spec.dirs ?? []).map((dir) => [dir.guest, dir.host])),
      returnOnExit: true,
    });
    // `start` gives 0 for a guest that returned and for one that asked to exit with 0; only the call tells.
    const { proc_exit: procExit, ...rest } = host.wasi.wasiImport;
    const exit = (code) => {
      host.exit = code;
      return procExit(code);
    };
    host.imports[namespace] = { ...rest, proc_exit: exit };
  }
  const missing = wanted.filter((i) => host.imports[i.module]?.[i.name] === undefined);
  if (missing.length) {
    const { module: from, name, kind } = missing[0];
    const ty = kind === 'function' ? types.text(types.imported(from, name)) : kind;
    throw new End('missing-import', { module: from, name, ty, missing: missing.length });
  }
  const other = wanted.find((i) => i.kind !== 'function');
  if (other) {
    const message = `the module imports a ${other.kind}, node:wasi has a function`;
    throw new End('import-type-mismatch', { module: other.module, name: other.name, message });
  }
  return host;
}

function command(host, instance) {
  const start = callable(instance, '_start');
  guarded(host, 'run', () => (host.wasi ? host.wasi.start(instance) : start()));
}

function calls(list, host, instance, types, log) {
  const { memory, _initialize: initialize } = instance.exports;
  if (host.wasi) {
    // `initialize` refuses an instance that has `_start` too, which says nothing about the export that
    // is to be called: so it is shown what it needs, the memory and the initializer.
    const exports = { memory, ...(initialize && { _initialize: initialize }) };
    guarded(host, 'run', () => host.wasi.initialize({ exports }));
  } else if (typeof initialize === 'function') {
    guarded(host, 'run', initialize);
  }
  for (const { export: name, args = [] } of list) {
    const f = callable(instance, name);
    const type = types.exported(name);
    const given = args.map(split);
    if (given.length !== type.params.length || given.some(([ty], i) => ty !== short(type.params[i]))) {
      const message = `export \`${name}\` is ${types.text(type)}; the cell calls it with (${args.join(', ')})`;
      throw new End('engine-error', { message });
    }
    const returned = guarded(host, 'run', () => f(...given.map(toJs)));
    const results = type.results.length > 1 ? [...returned] : type.results.length ? [returned] : [];
    log.write({ event: 'called', export: name, results: results.map((v, i) => toText(v, type.results[i])) });
  }
}

function callable(instance, name) {
  const found = instance.exports[name];
  if (typeof found !== 'function') throw new End('no-export', { name });
  return found;
}

// ---- what JavaScript throws

/** Runs `f`; whatever it throws ends the cell with its cause. */
function guarded(host, stage, f) {
  let result;
  try {
    result = f();
  } catch (error) {
    throw host.exit === undefined ? new End(...thrown(error, stage)) : new End('exit', { code: host.exit });
  }
  if (host.exit !== undefined) throw new End('exit', { code: host.exit });
  return result;
}

function thrown(error, stage) {
  const message = String(error?.message ?? error);
  if (error instanceof WebAssembly.RuntimeError) return ['trap', { trap: trap(message), message }];
  if (error instanceof WebAssembly.Exception) {
    return ['trap', { trap: 'uncaught-exception', message: 'the guest threw an exception that nobody caught' }];
  }
  if (error instanceof RangeError && message.includes('call stack')) return ['trap', { trap: 'stack-overflow', message }];
  if (error instanceof RangeError && stage === 'instantiate') return ['resource-limit', { message }];
  return ['host-error', { message }];
}

/** V8 gives its traps no code, only these words (its `messages.h`). */
function trap(message) {
  const words = [
    [/unreachable/, 'unreachable'],
    [/memory access out of bounds|data segment.* out of bounds/, 'memory-out-of-bounds'],
    [/table.* out of bounds|element segment.* out of bounds/, 'table-out-of-bounds'],
    [/divide by zero|remainder by zero/, 'division-by-zero'],
    [/divide result unrepresentable/, 'integer-overflow'],
    [/float unrepresentable/, 'bad-conversion'],
    // One message for both; newer versions of V8 tell them apart.
    [/null function or function signature mismatch|signature mismatch/, 'bad-signature'],
    [/null (function|pointer|reference)/, 'null-reference'],
    [/unaligned/, 'unaligned-atomic'],
    [/illegal cast/, 'cast-failure'],
  ];
  return words.find(([pattern]) => pattern.test(message))?.[1] ?? 'other';
}

// ---- values, as the engines written in Rust print them

function split(text) {
  const at = text.indexOf(':');
  return [text.slice(0, at), text.slice(at + 1)];
}

/** The type as `Value` names it: all references are one. */
function short(type) {
  return /^([if](32|64)|v128)$/.test(type) ? type : 'ref';
}

function toJs([type, text]) {
  switch (type) {
    case 'i64': return BigInt(text);
    case 'v128': throw new End('host-error', { message: 'a v128 cannot cross to JavaScript' });
    case 'ref': return null;
    default: return { nan: NaN, inf: Infinity, '-inf': -Infinity }[text] ?? Number(text);
  }
}

function toText(value, type) {
  switch (short(type)) {
    case 'i32': return `i32:${value | 0}`;
    case 'i64': return `i64:${BigInt.asIntN(64, value)}`;
    case 'ref': return value === null ? 'ref:null' : 'ref:non-null';
    default: return `${type}:${float(value, type)}`;
  }
}

/** The shortest digits that give the same number, never with an exponent: what Rust prints. */
function float(value, type) {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  let number = Math.abs(value);
  if (type === 'f32') {
    for (let digits = 1; digits <= 9; digits++) {
      const shorter = Number(number.toPrecision(digits));
      if (Math.fround(shorter) === number) {
        number = shorter;
        break;
      }
    }
  }
  const [mantissa, exponent = '0'] = String(number).split('e');
  const [whole, fraction = ''] = mantissa.split('.');
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return sign + digits.padEnd(point, '0');
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

// ---- the types of functions, which JavaScript does not tell

/** Reads the type, import, function and export sections of a module that V8 has accepted. */
class Types {
  #bytes;
  #at = 8;
  #types = [];
  #functions = [];
  #imports = new Map();
  #exports = new Map();

  constructor(bytes) {
    this.#bytes = bytes;
    const readers = {
      1: () => this.#many(() => this.#recursion()),
      2: () => this.#many(() => this.#import()),
      3: () => this.#many(() => this.#functions.push(this.#u32())),
      7: () => this.#many(() => this.#export()),
    };
    while (this.#at < bytes.length) {
      const id = this.#byte();
      const end = this.#u32() + this.#at;
      readers[id]?.();
      this.#at = end;
    }
  }

  exported(name) {
    return this.#types[this.#functions[this.#exports.get(name)]];
  }

  imported(module, name) {
    return this.#types[this.#imports.get(`${module}\0${name}`)];
  }

  text({ params, results }) {
    const list = results.length === 1 ? results[0] : `(${results.join(', ')})`;
    return `func (${params.join(', ')})${results.length ? ` -> ${list}` : ''}`;
  }

  #byte() {
    return this.#bytes[this.#at++];
  }

  // Heap types are signed and of 33 bits, sizes of a 64-bit memory of 64; numbers hold what occurs.
  #u32() {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  #many(read) {
    return Array.from({ length: this.#u32() }, () => read());
  }

  #name() {
    const length = this.#u32();
    this.#at += length;
    return this.#bytes.toString('utf8', this.#at - length, this.#at);
  }

  #valueType() {
    const byte = this.#byte();
    const names = { 0x7f: 'i32', 0x7e: 'i64', 0x7d: 'f32', 0x7c: 'f64', 0x7b: 'v128', 0x70: 'funcref', 0x6f: 'externref' };
    if (byte === 0x63 || byte === 0x64) this.#u32();
    return names[byte] ?? 'ref';
  }

  #recursion() {
    if (this.#bytes[this.#at] !== 0x4e) return this.#subType();
    this.#at++;
    return this.#many(() => this.#subType());
  }

  #subType() {
    if (this.#bytes[this.#at] === 0x50 || this.#bytes[this.#at] === 0x4f) {
      this.#at++;
      this.#many(() => this.#u32());
    }
    const form = this.#byte();
    if (form === 0x60) {
      this.#types.push({ params: this.#many(() => this.#valueType()), results: this.#many(() => this.#valueType()) });
      return;
    }
    // A struct or an array. The packed types i8 and i16 are one byte as well, then comes mutability.
    const field = () => (this.#valueType(), this.#byte());
    if (form === 0x5f) this.#many(field);
    else field();
    this.#types.push(undefined);
  }

  #import() {
    const key = `${this.#name()}\0${this.#name()}`;
    const limits = () => {
      const flags = this.#byte();
      this.#u32();
      if (flags & 1) this.#u32();
      if (flags & 8) this.#u32();
    };
    const kinds = [
      () => {
        const type = this.#u32();
        this.#functions.push(type);
        this.#imports.set(key, type);
      },
      () => (this.#valueType(), limits()),
      limits,
      () => (this.#valueType(), this.#byte()),
      () => (this.#byte(), this.#u32()),
    ];
    kinds[this.#byte()]();
  }

  #export() {
    const name = this.#name();
    const kind = this.#byte();
    const index = this.#u32();
    if (kind === 0) this.#exports.set(name, index);
  }
}

try {
  await main(process.argv.slice(2));
  process.exitCode = 0;
} catch (error) {
  writeSync(2, `node.mjs: ${error.message}\n`);
  process.exitCode = EXIT_UNUSABLE;
}
