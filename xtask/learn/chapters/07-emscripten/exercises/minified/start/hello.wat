;; A module as Emscripten's -O3 leaves it: short names, which only the glue of the same build knows.
;; The glue is lost. It said: a.a is fd_write of WASI, g is the memory, h begins the program.
(module
  (import "a" "a" (func $a (param i32 i32 i32 i32) (result i32)))
  (memory (export "g") 1)
  (data (i32.const 0) "\10\00\00\00\13\00\00\00")
  (data (i32.const 16) "hello without glue\n")
  (func (export "h")
    (drop (call $a (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
