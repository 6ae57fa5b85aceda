;; Needs the proposal "memory64" and no other: addresses and sizes of this memory are 64-bit.
;; It starts with one page, so that it costs no more than any other: what is tested is the
;; instructions, not the machine's memory.
(module
  (memory i64 1 4)

  ;; Stores a number at a 64-bit address and reads it back.
  (func $store_and_load (export "store_and_load") (param $address i64) (param $x i64) (result i64)
    (i64.store (local.get $address) (local.get $x))
    (i64.load (local.get $address)))

  ;; memory.grow and memory.size take and give 64-bit numbers: one page becomes three.
  (func $grow (export "grow") (result i64)
    (if (i64.eq (memory.size) (i64.const 1)) (then (drop (memory.grow (i64.const 2)))))
    (memory.size))

  ;; The same with an address that only the grown memory has.
  (func (export "grow_and_use") (param $address i64) (param $x i64) (result i64)
    (drop (call $grow))
    (call $store_and_load (local.get $address) (local.get $x))))
