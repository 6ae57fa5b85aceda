;; Needs the proposal "gc" (with what it builds on: typed function references and reference types).
;; Objects live in the host's heap, not in linear memory: this module has no memory at all.
(module
  (type $node (struct (field $value i64) (field $next (ref null $node))))
  (type $numbers (array (mut i32)))

  ;; Builds a linked list of n .. 1 and adds up its values.
  (func (export "list_sum") (param $n i64) (result i64)
    (local $list (ref null $node))
    (local $i i64)
    (local $sum i64)
    (loop $build
      (local.set $i (i64.add (local.get $i) (i64.const 1)))
      (local.set $list (struct.new $node (local.get $i) (local.get $list)))
      (br_if $build (i64.lt_u (local.get $i) (local.get $n))))
    (loop $walk
      (local.set $sum (i64.add (local.get $sum) (struct.get $node $value (local.get $list))))
      (local.set $list (struct.get $node $next (local.get $list)))
      (br_if $walk (i32.eqz (ref.is_null (local.get $list)))))
    (local.get $sum))

  ;; An array of n zeros, its last element set; length plus that element.
  (func (export "array") (param $n i32) (result i32)
    (local $array (ref null $numbers))
    (local.set $array (array.new_default $numbers (local.get $n)))
    (array.set $numbers (local.get $array) (i32.sub (local.get $n) (i32.const 1)) (i32.const 100))
    (i32.add
      (array.len (local.get $array))
      (array.get $numbers (local.get $array) (i32.sub (local.get $n) (i32.const 1)))))

  ;; One value of any type, asked what it is: 1 a small integer, 2 a node, 3 an array.
  (func $kind (param $x anyref) (result i32)
    (if (ref.test (ref i31) (local.get $x)) (then (return (i32.const 1))))
    (if (ref.test (ref $node) (local.get $x)) (then (return (i32.const 2))))
    (if (ref.test (ref $numbers) (local.get $x)) (then (return (i32.const 3))))
    (i32.const 0))
  (func (export "kinds") (result i32)
    (i32.add
      (i32.add
        (i32.mul (call $kind (ref.i31 (i32.const 5))) (i32.const 100))
        (i32.mul (call $kind (struct.new_default $node)) (i32.const 10)))
      (call $kind (array.new_default $numbers (i32.const 1)))))

  ;; Makes n lists that nobody keeps: a host that never collects needs memory for all of them.
  (func (export "garbage") (param $n i32) (result i32)
    (local $node (ref null $node))
    (loop $again
      (local.set $node (struct.new $node (i64.const 1) (struct.new_default $node)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again (local.get $n)))
    (i32.wrap_i64 (struct.get $node $value (local.get $node)))))
