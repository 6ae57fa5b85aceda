;; Leaves its text in its memory, where a page finds it:
;;   new TextDecoder().decode(new Uint8Array(memory.buffer, text(), length()))
(module
  (memory (export "memory") 1)
  (data (i32.const 16) "hello from the page")
  (func (export "text") (result i32) (i32.const 16))
  (func (export "length") (result i32) (i32.const 19)))
