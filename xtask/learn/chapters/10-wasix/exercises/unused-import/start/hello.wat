;; Prints a line. It could open a socket, but never does.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasix_32v1" "sock_open" (func $sock_open (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (global $wants_socket i32 (i32.const 0))
  (data (i32.const 0) "\10\00\00\00\12\00\00\00")
  (data (i32.const 16) "hello everywhere!\n")
  (func (export "_start")
    (if (global.get $wants_socket)
      (then (drop (call $sock_open (i32.const 1) (i32.const 1) (i32.const 6) (i32.const 100)))))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
