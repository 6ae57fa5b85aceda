// The guest's module. A worker does not compile WebAssembly from bytes; it imports a module of its configuration.

import { refusal } from '../causes.mjs';

export async function importModule() {
  try {
    return (await import('../module.wasm')).default;
  } catch (error) {
    throw refusal(error);
  }
}
