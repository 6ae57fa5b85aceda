;; Needs the proposal "simd" (fixed-width 128-bit vectors, part of WebAssembly 2.0) and no other.
;; Vectors stay inside: a JavaScript host cannot pass a v128 in or out, so only numbers cross.
(module
  (memory 1)
  (data (i32.const 0) "\01\00\00\00\02\00\00\00\03\00\00\00\04\00\00\00")

  ;; (1, 2, 3, 4) from memory times (x, x, x, x), then the four lanes added up: 10 * x.
  (func (export "weighted_sum") (param $x i32) (result i32)
    (local $v v128)
    (local.set $v (i32x4.mul (v128.load (i32.const 0)) (i32x4.splat (local.get $x))))
    (i32.add
      (i32.add (i32x4.extract_lane 0 (local.get $v)) (i32x4.extract_lane 1 (local.get $v)))
      (i32.add (i32x4.extract_lane 2 (local.get $v)) (i32x4.extract_lane 3 (local.get $v)))))

  ;; Two square roots at once: sqrt(x) + sqrt(4x) = 3 * sqrt(x).
  (func (export "roots") (param $x f64) (result f64)
    (local $v v128)
    (local.set $v
      (f64x2.sqrt
        (f64x2.mul (f64x2.splat (local.get $x)) (v128.const f64x2 1 4))))
    (f64.add (f64x2.extract_lane 0 (local.get $v)) (f64x2.extract_lane 1 (local.get $v))))

  ;; A byte shuffle: the bytes of a 64-bit number in the opposite order.
  (func (export "swap_bytes") (param $x i64) (result i64)
    (i64x2.extract_lane 0
      (i8x16.shuffle 7 6 5 4 3 2 1 0 0 0 0 0 0 0 0 0
        (i64x2.splat (local.get $x))
        (i64x2.splat (local.get $x))))))
