;; Turns the lowest byte into a signed number: 255 becomes -1. Shifts it to the top and back, as compilers once did.
(module
  (func (export "signed") (param $n i32) (result i32)
    (i32.shr_s
      (i32.shl (local.get $n) (i32.const 24))
      (i32.const 24))))
