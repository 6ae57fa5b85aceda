;; The same module with the names that hosts of WASI know.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $a (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\10\00\00\00\13\00\00\00")
  (data (i32.const 16) "hello without glue\n")
  (func (export "_start")
    (drop (call $a (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
