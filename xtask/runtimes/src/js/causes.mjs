// What JavaScript throws, as causes of the protocol. Nobody else reads an error's message.

import { CellEnd } from './protocol.mjs';

/** Runs `f`; whatever it throws ends the cell with its cause. */
export function runGuest(host, stage, f) {
  let result;
  try {
    result = f();
  } catch (error) {
    if (error instanceof CellEnd) throw error;
    throw host.exit === undefined ? new CellEnd(...causeOf(error, stage)) : new CellEnd('exit', { code: host.exit });
  }
  if (host.exit !== undefined) throw new CellEnd('exit', { code: host.exit });
  return result;
}

export function causeOf(error, stage) {
  const message = words(error);
  const ended = (trap, message) => ['trap', { trap, message, ...location(error) }];
  if (error instanceof WebAssembly.RuntimeError) return ended(trap(message), message);
  if (error instanceof WebAssembly.Exception) return ended('uncaught-exception', 'the guest threw an exception that nobody caught');
  // SpiderMonkey's is neither a RuntimeError nor a RangeError.
  const overflow = (error instanceof RangeError && message.includes('call stack')) || /^too much recursion/.test(message);
  if (overflow) return ended('stack-overflow', message);
  // What a translation of jco's asks of a host for calls that are asynchronous in the component.
  if (/WebAssembly\.(Suspending|promising) is not a/.test(message)) return ['unsupported', { feature: 'jspi', message }];
  const refusal = hostRefusal(message);
  if (refusal) return ['host-refused', { refusal, message }];
  // JavaScriptCore has no kind of its own for a memory or a table that it could not allocate.
  const refusedSize = error instanceof RangeError || /couldn't create (Table|Memory)/i.test(message);
  if (refusedSize && stage === 'instantiate') return ['resource-limit', { message }];
  return ['host-error', { message }];
}

/**
 * Where the guest was: the innermost frame of V8's stack, `at NAME (wasm://wasm/HASH:wasm-function[3]:0x65)`, or
 * SpiderMonkey's, `NAME@URL:wasm-function[3]:0x65`. JavaScriptCore says no more of its frames than that they are there,
 * and Deno writes 0 for each index.
 */
function location(error) {
  const frame = /^(?:\s+at (?:(.+) \()?wasm:|(.*)@).*:wasm-function\[(\d+)\]:0x([0-9a-f]+)/m.exec(error?.stack ?? '');
  if (!frame) return {};
  const [, v8, other, index, offset] = frame;
  const name = v8 ?? other;
  return {
    location: {
      ...(name && !/^(<anonymous>|wasm-function\[)/.test(name) && { function: name }),
      ...(!globalThis.Deno && { index: Number(index) }),
      offset: parseInt(offset, 16),
    },
  };
}

/** What node:wasi says of a guest that it does not take: Node's, Deno's and Bun's words. */
function hostRefusal(message) {
  const words = [
    [/instance\.exports\._initialize" property must be undefined/, 'two-entry-points'],
    [/instance\.exports\.memory"?( property)? must be a WebAssembly\.Memory/, 'no-memory'],
  ];
  return words.find(([pattern]) => pattern.test(message))?.[1];
}

/** An error's message without the source text that JavaScriptCore adds to it, and without the address of the lab's page. */
function words(error) {
  const message = String(error?.message ?? error).replace(/ \(evaluating '.*'\)$/s, '');
  return globalThis.location?.origin ? message.replaceAll(globalThis.location.origin, '') : message;
}

/**
 * No engine gives its traps a code, only words: V8's `messages.h`, JavaScriptCore's `WasmExceptionType.h`,
 * SpiderMonkey's `js.msg`.
 */
function trap(message) {
  const words = [
    [/unreachable/i, 'unreachable'],
    // SpiderMonkey's `index out of bounds` may be a table's as well.
    [/memory access out of bounds|data segment.* out of bounds|Out of bounds memory|segment writes outside of memory|^index out of bounds/, 'memory-out-of-bounds'],
    [/table.* out of bounds|element segment.* out of bounds|Out of bounds (table|call_indirect)|out of bounds table/, 'table-out-of-bounds'],
    [/divide by zero|remainder by zero|division by zero/i, 'division-by-zero'],
    [/divide result unrepresentable|integer overflow/i, 'integer-overflow'],
    [/float unrepresentable|Out of bounds Trunc|invalid conversion to integer/, 'bad-conversion'],
    // One message for both; newer versions of V8 tell them apart.
    [/null function or function signature mismatch|signature mismatch|signature that does not match/, 'bad-signature'],
    [/null (function|pointer|reference)|call to null/, 'null-reference'],
    [/unaligned/i, 'unaligned-atomic'],
    [/illegal cast|bad cast/, 'cast-failure'],
  ];
  return words.find(([pattern]) => pattern.test(message))?.[1] ?? 'other';
}

/** A module that the engine refused. */
export function refusal(error) {
  // A valid module that asks for more than the engine allows at all.
  if (/larger than implementation limit/.test(error.message)) return new CellEnd('resource-limit', { message: words(error) });
  const offset = /@\+(\d+)|at byte (\d+)|at offset (\d+)/.exec(error.message)?.slice(1).find(Boolean);
  return new CellEnd('rejected', { message: words(error), ...(offset && { offset: Number(offset) }) });
}
