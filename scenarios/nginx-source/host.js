// Says to emcc that the host has `sigaction`: it becomes the import env.sigaction, and no glue is made.
mergeInto(LibraryManager.library, { sigaction: function () {} });
