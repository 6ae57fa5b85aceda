;; A library that nobody can call.
(module
  (func $double (param $n i32) (result i32)
    (i32.mul (local.get $n) (i32.const 2)))
  (func $answer (param $n i32) (result i32)
    (call $double (call $double (local.get $n)))))
