// Converts JavaScript errors to causes of the protocol. Nothing else parses error messages.

import { CellEnd } from './protocol.mjs';

export function causeOf(error, stage) {
  const message = messageOf(error);
  const trapCause = (trap, message) => ['trap', { trap, message, ...location(error) }];
  if (error instanceof WebAssembly.RuntimeError) return trapCause(trap(message), message);
  if (error instanceof WebAssembly.Exception) return trapCause('uncaught-exception', 'the guest threw an exception that nobody caught');
  // SpiderMonkey's error is neither a RuntimeError nor a RangeError.
  const overflow = (error instanceof RangeError && message.includes('call stack')) || /^too much recursion/.test(message);
  if (overflow) return trapCause('stack-overflow', message);
  // Code from jco needs this host feature for calls that are asynchronous in the component.
  if (/WebAssembly\.(Suspending|promising) is not a/.test(message)) return ['unsupported', { feature: 'jspi', message }];
  const refusal = hostRefusal(message);
  if (refusal) return ['host-refused', { refusal, message }];
  // JavaScriptCore has no error class for a memory or table that it could not allocate.
  const refusedSize = error instanceof RangeError || /couldn't create (Table|Memory)/i.test(message);
  if (refusedSize && stage === 'instantiate') return ['resource-limit', { message }];
  return ['host-error', { message }];
}

/**
 * The guest's location: the innermost frame of V8's stack, `at NAME (wasm://wasm/HASH:wasm-function[3]:0x65)`, or of
 * SpiderMonkey's, `NAME@URL:wasm-function[3]:0x65`. JavaScriptCore gives no details of its frames, and Deno writes 0
 * for each index.
 */
function location(error) {
  const frame = /^(?:\s+at (?:(.+) \()?wasm:|(.*)@).*:wasm-function\[(\d+)\]:0x([0-9a-f]+)/m.exec(error?.stack ?? '');
  if (!frame) return {};
  const [, v8, other, index, offset] = frame;
  const name = v8 ?? other;
  return {
    location: {
      ...(name && !/^(<anonymous>|wasm-function\[)/.test(name) && { function_name: name }),
      ...(!globalThis.Deno && { function_index: Number(index) }),
      offset: parseInt(offset, 16),
    },
  };
}

/** A refusal by node:wasi, recognized from the messages of Node, Deno and Bun. */
function hostRefusal(message) {
  const patterns = [
    [/instance\.exports\._initialize" property must be undefined/, 'two-entry-points'],
    [/instance\.exports\.memory"?( property)? must be a WebAssembly\.Memory/, 'no-memory'],
  ];
  return patterns.find(([pattern]) => pattern.test(message))?.[1];
}

/**
 * An error's message without the source text that JavaScriptCore appends, and without the address of the lab's page.
 */
function messageOf(error) {
  const message = String(error?.message ?? error).replace(/ \(evaluating '.*'\)$/s, '');
  return globalThis.location?.origin ? message.replaceAll(globalThis.location.origin, '') : message;
}

/**
 * The kind of a trap. Engines give traps no code, only a message: see V8's `messages.h`, JavaScriptCore's
 * `WasmExceptionType.h`, SpiderMonkey's `js.msg`.
 */
function trap(message) {
  const patterns = [
    [/unreachable/i, 'unreachable'],
    // SpiderMonkey uses `index out of bounds` for tables as well.
    [/memory access out of bounds|data segment.* out of bounds|Out of bounds memory|segment writes outside of memory|^index out of bounds/, 'memory-out-of-bounds'],
    [/table.* out of bounds|element segment.* out of bounds|Out of bounds (table|call_indirect)|out of bounds table/, 'table-out-of-bounds'],
    [/divide by zero|remainder by zero|division by zero/i, 'division-by-zero'],
    [/divide result unrepresentable|integer overflow/i, 'integer-overflow'],
    [/float unrepresentable|Out of bounds Trunc|invalid conversion to integer/, 'bad-conversion'],
    // One message for both; newer versions of V8 distinguish them.
    [/null function or function signature mismatch|signature mismatch|signature that does not match/, 'bad-signature'],
    [/null (function|pointer|reference)|call to null/, 'null-reference'],
    [/unaligned/i, 'unaligned-atomic'],
    [/illegal cast|bad cast/, 'cast-failure'],
  ];
  return patterns.find(([pattern]) => pattern.test(message))?.[1] ?? 'other';
}

/** The cause if the engine refused a module. */
export function refusal(error) {
  // A valid module that exceeds the engine's limits.
  if (/larger than implementation limit/.test(error.message)) return new CellEnd('resource-limit', { message: messageOf(error) });
  const offset = /@\+(\d+)|at byte (\d+)|at offset (\d+)/.exec(error.message)?.slice(1).find(Boolean);
  return new CellEnd('rejected', { message: messageOf(error), ...(offset && { offset: Number(offset) }) });
}
