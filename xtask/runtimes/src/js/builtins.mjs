// Builtins that a JavaScript engine defines for a module if its embedder asks for them: the functions of
// `wasm:js-string`, and string constants (imported globals whose name is the string).
// https://github.com/WebAssembly/js-string-builtins

const STRINGS = 'wasm:js-string';
/** Module names from which toolchains import constants by default. */
const USUAL = ['_', "'"];

/**
 * The options to compile `module` with; `undefined` if it needs none. `types` tells which imports are constants. A
 * module name counts as theirs only if nothing else is imported from it.
 */
export function options(module, types) {
  const wanted = WebAssembly.Module.imports(module);
  const builtins = wanted.some((i) => i.module === STRINGS);
  const isConstant = (i) => i.kind === 'global' && types.isStringConstant(i.module, i.name);
  const ofConstants = (from) => wanted.filter((i) => i.module === from).every(isConstant);
  const names = [...new Set(wanted.map((i) => i.module))].filter(ofConstants);
  const constants = USUAL.find((name) => names.includes(name)) ?? (builtins ? names[0] : undefined);
  if (!builtins && constants === undefined) return undefined;
  return { ...(builtins && { builtins: ['js-string'] }), ...(constants !== undefined && { importedStringConstants: constants }) };
}
