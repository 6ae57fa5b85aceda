// What a JavaScript engine itself defines for a module, where whoever compiles it asks for that: the functions of
// `wasm:js-string`, and string constants (imported globals whose name is the string).
// https://github.com/WebAssembly/js-string-builtins

const STRINGS = 'wasm:js-string';
/** Where toolchains import constants from, unless they are told otherwise. */
const USUAL = ['_', "'"];

/**
 * The options that an embedder of `module` compiles it with; `undefined` where it needs none. `types` tells which
 * imports are constants. A module name is theirs only where nothing else is imported from it.
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
