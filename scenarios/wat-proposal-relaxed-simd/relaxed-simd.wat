;; Needs the proposal "relaxed-simd" (which implies "simd") and no other.
;; Its instructions may differ between machines, but only for some operands. Each function here uses
;; operands for which every permitted behaviour gives the same result, so the result can be checked.
(module
  ;; a * b + c, rounded once or twice: with small integers both are exact.
  (func (export "multiply_add") (param $a f64) (param $b f64) (param $c f64) (result f64)
    (f64x2.extract_lane 1
      (f64x2.relaxed_madd
        (f64x2.splat (local.get $a))
        (f64x2.splat (local.get $b))
        (f64x2.splat (local.get $c)))))

  ;; Lanes chosen by index: only indexes from 16 on are left to the machine.
  (func (export "pick") (result i32)
    (i8x16.extract_lane_u 2
      (i8x16.relaxed_swizzle
        (v128.const i8x16 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25)
        (v128.const i8x16 15 14 13 12 11 10 9 8 7 6 5 4 3 2 1 0))))

  ;; A float to an integer: only NaN and numbers that do not fit are left to the machine.
  (func (export "truncate") (param $x f32) (result i32)
    (i32x4.extract_lane 3
      (i32x4.relaxed_trunc_f32x4_s (f32x4.splat (local.get $x))))))
