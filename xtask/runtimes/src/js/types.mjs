// The types of a module's functions, which the JavaScript API does not provide.

/** Reads the type, import, function and export sections of a module that V8 has accepted. */
export class Types {
  #bytes;
  #at = 8;
  #types = [];
  #functions = [];
  #imports = new Map();
  #exports = new Map();
  #constants = new Set();

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

  /** Whether the import is an immutable global of a string type. */
  isStringConstant(module, name) {
    return this.#constants.has(`${module}\0${name}`);
  }

  text({ params, results }) {
    const list = results.length === 1 ? results[0] : `(${results.join(', ')})`;
    return `func (${params.join(', ')})${results.length ? ` -> ${list}` : ''}`;
  }

  #byte() {
    return this.#bytes[this.#at++];
  }

  // Heap types are signed 33-bit numbers, sizes of 64-bit memories have 64 bits; JavaScript numbers suffice in
  // practice.
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
    return new TextDecoder().decode(this.#bytes.subarray(this.#at - length, this.#at));
  }

  #valueType() {
    const byte = this.#byte();
    const names = { 0x7f: 'i32', 0x7e: 'i64', 0x7d: 'f32', 0x7c: 'f64', 0x7b: 'v128', 0x70: 'funcref', 0x6f: 'externref' };
    if (byte === 0x63 || byte === 0x64) this.#u32();
    return names[byte] ?? 'ref';
  }

  /** Whether `externref`, `(ref extern)` or `(ref null extern)` follows. */
  #isExternal() {
    const [first, second] = this.#bytes.subarray(this.#at, this.#at + 2);
    return first === 0x6f || ((first === 0x63 || first === 0x64) && second === 0x6f);
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
    // A struct or array. The packed types i8 and i16 are also one byte, followed by the mutability.
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
      () => {
        const external = this.#isExternal();
        this.#valueType();
        if (this.#byte() === 0 && external) this.#constants.add(key);
      },
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
