;; Prints the file notes.txt of its directory. It asks for a path that no host allows.
(module
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 100) "/data/notes.txt")
  (func (export "_start") (local $errno i32)
    (local.set $errno
      (call $open
        (i32.const 3)                  ;; the directory: the first preopen
        (i32.const 0)                  ;; follow no links
        (i32.const 100) (i32.const 15) ;; the path, and its length
        (i32.const 0)
        (i64.const 2) (i64.const 0)    ;; the right to read, and nothing to inherit
        (i32.const 0)
        (i32.const 0)))                ;; the new descriptor goes to address 0
    ;; An errno other than 0 becomes the exit code.
    (if (local.get $errno) (then (call $exit (local.get $errno))))
    ;; Reads up to 4096 bytes to address 1024, and prints as many as it read.
    (i32.store (i32.const 8) (i32.const 1024))
    (i32.store (i32.const 12) (i32.const 4096))
    (drop (call $read (i32.load (i32.const 0)) (i32.const 8) (i32.const 1) (i32.const 16)))
    (i32.store (i32.const 12) (i32.load (i32.const 16)))
    (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 20)))))
