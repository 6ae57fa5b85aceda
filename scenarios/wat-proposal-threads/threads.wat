;; Needs the proposal "threads" and no other: a shared memory and atomic instructions.
;; The proposal has no instruction that starts a thread (that is the host's part), so one thread
;; is enough to use all that it has.
;;
;; Each function has numbers of its own, so that each can be called on an instance of its own.
(module
  ;; A shared memory must say how far it may grow.
  (memory 1 1 shared)
  ;; Little-endian: 5 at address 4, 9 at addresses 8 and 12.
  (data (i32.const 4) "\05\00\00\00\09\00\00\00\09\00\00\00")

  ;; Adds to a counter at address 0 and returns what it was before.
  (func (export "add") (param $n i32) (result i32)
    (i32.atomic.rmw.add (i32.const 0) (local.get $n)))

  ;; Replaces a number only when it is what was expected; returns what it was.
  (func (export "replace") (param $expected i32) (param $new i32) (result i32)
    (i32.atomic.rmw.cmpxchg (i32.const 4) (local.get $expected) (local.get $new)))

  (func (export "get") (result i32)
    atomic.fence
    (i32.atomic.load (i32.const 8)))

  ;; Wakes whoever waits for address 12, and returns how many: nobody does.
  (func (export "wake") (result i32)
    (memory.atomic.notify (i32.const 12) (i32.const -1)))

  ;; Waits, no time at all, for the number to change from $expected.
  ;; 1: it was something else already; 2: the time was up.
  (func (export "wait") (param $expected i32) (result i32)
    (memory.atomic.wait32 (i32.const 12) (local.get $expected) (i64.const 0))))
