;; Needs the proposal "multi-memory" and no other: two memories, the same address in both.
(module
  (memory $left 1)
  (memory $right 1)
  (data (memory $right) (i32.const 0) "\07")

  ;; Writes 10 to the left memory at address 0, where the right one has 7: both must stay apart.
  (func (export "apart") (result i32)
    (i32.store8 $left (i32.const 0) (i32.const 10))
    (i32.sub
      (i32.load8_u $left (i32.const 0))
      (i32.load8_u $right (i32.const 0))))

  ;; Copies one number over.
  (func (export "across") (param $x i64) (result i64)
    (i64.store $left (i32.const 8) (local.get $x))
    (i64.store $right (i32.const 16) (i64.load $left (i32.const 8)))
    (i64.load $right (i32.const 16)))

  ;; Each grows alone: left to 3 pages, right stays at 1, so 31.
  (func (export "sizes") (result i32)
    (drop (memory.grow $left (i32.const 2)))
    (i32.add
      (i32.mul (memory.size $left) (i32.const 10))
      (memory.size $right))))
