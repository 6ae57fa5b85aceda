;; Waits on memory for a moment. An engine allows that only on a memory that other threads can have.
(module
  (memory 1 1)
  (func (export "wait") (result i32)
    (memory.atomic.wait32
      (i32.const 0)      ;; the address
      (i32.const 0)      ;; the value that should be there
      (i64.const 1000))) ;; how long to wait, nanoseconds
)
