;; Needs the proposal "tail-call" and no other.
;; A million calls, each the last act of its caller. Ordinary calls that deep use up the stack;
;; a tail call replaces its caller's frame, so these need no more stack than one.
(module
  (type $step (func (param i64 i64) (result i64)))
  (table 1 funcref)
  (elem (i32.const 0) $sum_indirect)

  ;; 1 + 2 + … + n, added to $total.
  (func $sum (export "sum") (type $step) (param $n i64) (param $total i64) (result i64)
    (if (i64.eqz (local.get $n)) (then (return (local.get $total))))
    (return_call $sum
      (i64.sub (local.get $n) (i64.const 1))
      (i64.add (local.get $total) (local.get $n))))

  ;; Two functions that call each other: is $n even?
  (func $even (export "even") (param $n i32) (result i32)
    (if (i32.eqz (local.get $n)) (then (return (i32.const 1))))
    (return_call $odd (i32.sub (local.get $n) (i32.const 1))))
  (func $odd (param $n i32) (result i32)
    (if (i32.eqz (local.get $n)) (then (return (i32.const 0))))
    (return_call $even (i32.sub (local.get $n) (i32.const 1))))

  ;; The same sum through a table: return_call_indirect.
  (func $sum_indirect (export "sum_indirect") (type $step) (param $n i64) (param $total i64) (result i64)
    (if (i64.eqz (local.get $n)) (then (return (local.get $total))))
    (return_call_indirect (type $step)
      (i64.sub (local.get $n) (i64.const 1))
      (i64.add (local.get $total) (local.get $n))
      (i32.const 0))))
