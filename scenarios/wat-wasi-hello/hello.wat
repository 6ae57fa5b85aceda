;; Prints one line through WASI 0.1, the interface that older documents call "preview 1".
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param $fd i32) (param $iovs i32) (param $iovs_len i32) (param $written i32) (result i32)))

  ;; The host reads the text out of the guest's memory, so the memory must be exported under this name.
  (memory (export "memory") 1)

  ;; 0..8: one iovec, which says where the text is and how long: pointer 16, length 23, both little-endian.
  ;; 8..12: here the host puts the number of bytes that it wrote.
  (data (i32.const 0) "\10\00\00\00\17\00\00\00")
  (data (i32.const 16) "hello from WebAssembly\n")

  ;; A command's entry point. It returns nothing; returning at all means exit code 0.
  (func (export "_start")
    (call $fd_write
      (i32.const 1)    ;; descriptor 1: stdout
      (i32.const 0)    ;; the list of iovecs
      (i32.const 1)    ;; its length
      (i32.const 8))   ;; where to put the count
    ;; fd_write returns an errno: 0 is success. Anything else must not look like one.
    if
      unreachable
    end))
