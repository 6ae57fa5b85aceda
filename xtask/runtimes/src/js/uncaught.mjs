// Uncaught errors, in hosts with Node's `process`.

/** Rejects with the first uncaught error. */
export function uncaught() {
  return new Promise((_, reject) => {
    process.on('uncaughtException', reject);
    process.on('unhandledRejection', reject);
  });
}
