;; A library with one function for its host. `double` stays private.
(module
  (func $double (param $n i32) (result i32)
    (i32.mul (local.get $n) (i32.const 2)))
  (func $answer (export "answer") (param $n i32) (result i32)
    (call $double (call $double (local.get $n)))))
