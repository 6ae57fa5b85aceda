// The files of jco's WASI shims: what the transpiled code of a component may import.

/** The packages of WASI that a shim provides, each in a file of its own. */
export const WORLDS = ['cli', 'clocks', 'filesystem', 'http', 'io', 'random', 'sockets'];

/** The folders of the shims' browser builds, by the minor version of WASI. */
export function browserShims(packages) {
  return Object.fromEntries([2, 3].map((minor) => [minor, `${packages}/@bytecodealliance/preview${minor}-shim/dist/browser`]));
}

/** The URLs of all files in these folders. */
export function shimFiles(shims) {
  return new Set(Object.values(shims).flatMap((shim) => WORLDS.map((world) => `${shim}/${world}.js`)));
}
