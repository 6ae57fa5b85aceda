;; Copies a word of 8 letters into a field of 4, next to a price. Nothing traps, and the price is wrong.
(module
  (memory 1)
  (data (i32.const 0) "overflow")      ;; 0..8: the word
  (data (i32.const 16) "____")         ;; 16..20: a field of 4 bytes
  (data (i32.const 20) "\64\00\00\00") ;; 20..24: a price, 100
  (func (export "price") (result i32)
    (i64.store (i32.const 16) (i64.load (i32.const 0)))
    (i32.load (i32.const 20))))
