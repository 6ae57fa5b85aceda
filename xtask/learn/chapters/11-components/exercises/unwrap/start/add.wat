;; A component around a core module. It exports `add` with types of the component model.
(component
  (core module $code
    (func (export "add") (param i32 i32) (result i32)
      local.get 0
      local.get 1
      i32.add))
  (core instance $instance (instantiate $code))
  (func (export "add") (param "a" s32) (param "b" s32) (result s32)
    (canon lift (core func $instance "add"))))
