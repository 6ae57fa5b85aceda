
// The lab's reader, a WebAssembly module, in a worker, so that the page stays responsive.
"use strict";
let reader;

// Copies byte arrays into the reader, one after another.
const give = (...parts) => {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const at = reader.input(length) >>> 0;
  if (at === 0 && length) throw new Error("the file does not fit into the browser's memory");
  const room = new Uint8Array(reader.memory.buffer, at, length);
  let offset = 0;
  for (const part of parts) {
    room.set(part, offset);
    offset += part.length;
  }
};

const taken = (length) => {
  const bytes = new Uint8Array(reader.memory.buffer, reader.output() >>> 0, length >>> 0);
  return JSON.parse(new TextDecoder().decode(bytes));
};

const start = async ({ wasm, profiles }) => {
  const bytes = Uint8Array.from(atob(wasm), (c) => c.charCodeAt(0));
  const { instance } = await WebAssembly.instantiate(bytes, {});
  reader = instance.exports;
  give(new TextEncoder().encode(profiles));
  const { error } = taken(reader.profiles());
  if (error) throw new Error(`the profiles: ${error}`);
};

const answer = async ({ file }) => {
  const contents = new Uint8Array(await file.arrayBuffer());
  const begun = performance.now();
  const name = new TextEncoder().encode(file.name);
  give(name, contents);
  return { answer: taken(reader.answer(name.length)), ms: performance.now() - begun };
};

onmessage = async ({ data }) => {
  try {
    postMessage(data.wasm ? { ready: (await start(data), true) } : await answer(data));
  } catch (error) {
    postMessage({ error: error instanceof WebAssembly.RuntimeError || error instanceof RangeError ? `the reader stopped: ${error.message}` : error.message });
  }
};
