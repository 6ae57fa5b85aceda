;; Turns the lowest byte into a signed number: 255 becomes -1. Written with an instruction of 2018, `sign-extension`.
(module
  (func (export "signed") (param $n i32) (result i32)
    (i32.extend8_s (local.get $n))))
