;; Needs the proposal "exceptions" in its standard form: try_table, throw, throw_ref and exnref, as in
;; WebAssembly 3.0. (Some toolchains still emit the legacy form, with try, catch and rethrow: other instructions for the
;; same feature.)
(module
  (tag $error (param i32))

  (func $fail_if_odd (param $n i32)
    (if (i32.and (local.get $n) (i32.const 1))
      (then (throw $error (local.get $n)))))

  ;; n when even; 1000 + n, taken from the exception, when odd.
  (func (export "caught") (param $n i32) (result i32)
    (block $handler (result i32)
      (try_table (catch $error $handler)
        (call $fail_if_odd (local.get $n)))
      (return (local.get $n)))
    (i32.const 1000)
    i32.add)

  ;; Catches whatever comes, throws the same exception again, and catches that outside.
  (func (export "thrown_again") (param $n i32) (result i32)
    (block $outer (result i32)
      (try_table (catch $error $outer)
        (block $inner (result exnref)
          (try_table (catch_all_ref $inner)
            (call $fail_if_odd (local.get $n)))
          (return (local.get $n)))
        throw_ref)
      unreachable)
    (i32.const 2000)
    i32.add))
