// Says to emcc that the host has these, which its own JavaScript has not: they become imports of the module `env`.
// Nothing of this file is in the guest, and no glue is made.
mergeInto(LibraryManager.library, {
  __syscall_setsockopt: function () {},
  __syscall_shutdown: function () {},
  sigaction: function () {},
});
