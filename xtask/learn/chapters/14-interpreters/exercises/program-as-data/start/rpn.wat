;; An interpreter of a language with digits, + and *. The program is the text at address 0, and ends with a zero byte.
;; A digit pushes its value; + and * take two values and push the result. The stack grows from address 256.
(module
  (memory 1)
  (data (i32.const 0) "12+3*")
  (func (export "run") (result i32) (local $at i32) (local $byte i32) (local $top i32)
    (local.set $top (i32.const 256))
    (loop $next
      (local.set $byte (i32.load8_u (local.get $at)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (if (local.get $byte)
        (then
          (if (i32.ge_u (local.get $byte) (i32.const 48)) ;; "0" and above
            (then
              (i32.store (local.get $top) (i32.sub (local.get $byte) (i32.const 48)))
              (local.set $top (i32.add (local.get $top) (i32.const 4))))
            (else
              (local.set $top (i32.sub (local.get $top) (i32.const 4)))
              (i32.store (i32.sub (local.get $top) (i32.const 4))
                (if (result i32) (i32.eq (local.get $byte) (i32.const 43)) ;; "+"
                  (then (i32.add
                    (i32.load (i32.sub (local.get $top) (i32.const 4))) (i32.load (local.get $top))))
                  (else (i32.mul
                    (i32.load (i32.sub (local.get $top) (i32.const 4))) (i32.load (local.get $top))))))))
          (br $next))))
    (i32.load (i32.const 256))))
