;; Should print "hello, host" and a line break. All is well.
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))

  (memory (export "memory") 1)

  ;; 0..8: one piece: its address, 16, and its length.
  (data (i32.const 0) "\10\00\00\00\0c\00\00\00")
  (data (i32.const 16) "hello, host\n")

  (func (export "_start")
    (call $fd_write
      (i32.const 1)    ;; stdout
      (i32.const 0)    ;; the list of pieces
      (i32.const 1)    ;; its length
      (i32.const 8))   ;; where to put the number of bytes written
    drop))
