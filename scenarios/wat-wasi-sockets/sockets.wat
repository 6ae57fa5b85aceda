;; Calls each of WASI 0.1's four socket functions on descriptors that are no sockets, and prints
;; what the host answers. An answer is an error number in any case; the question is which:
;;
;;     sock_accept on 3: errno=57       the answer itself, one line a call
;;     lab: accept-errno ok              every answer says "this descriptor is not for that"
;;     lab: accept-errno errno=52 sock_accept
;;                                      an answer says something else: 52 (ENOSYS) and 58 (ENOTSUP)
;;                                      mean that the function is only there by name
;;     lab: accept-errno wrong TEXT      it claims success, on a descriptor that is no socket
;;
;; The arguments are the numbers of the descriptors to try.
(module
  ;; A host that lacks one of these does not run the module at all: that is an answer too.
  ;; descriptor, flags, where to put the new descriptor
  (import "wasi_snapshot_preview1" "sock_accept" (func $sock_accept (param i32 i32 i32) (result i32)))
  ;; descriptor, iovecs, their number, flags, where to put the length, where to put flags
  (import "wasi_snapshot_preview1" "sock_recv" (func $sock_recv (param i32 i32 i32 i32 i32 i32) (result i32)))
  ;; descriptor, iovecs, their number, flags, where to put the length
  (import "wasi_snapshot_preview1" "sock_send" (func $sock_send (param i32 i32 i32 i32 i32) (result i32)))
  ;; descriptor, which side: 1 receiving, 2 sending, 3 both
  (import "wasi_snapshot_preview1" "sock_shutdown" (func $sock_shutdown (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))

  ;; -- memory -----------------------------------------------------------------------------------
  ;; 0x00  iovec for printing                       0x1000  $pointers to the arguments
  ;; 0x10  $iovec of the socket functions           0x2000  $line, the line being printed
  ;; 0x20  $out: where the host puts results        0x3000  $strings: the arguments
  ;; 0x40  the 16 bytes that $iovec means           0x100   texts, each ends with a zero byte
  (memory (export "memory") 1)
  (global $iovec i32 (i32.const 0x10))
  (global $out i32 (i32.const 0x20))
  (global $pointers i32 (i32.const 0x1000))
  (global $line i32 (i32.const 0x2000))
  (global $strings i32 (i32.const 0x3000))
  (data (i32.const 0x10) "\40\00\00\00\10\00\00\00")

  ;; A capability's name, and 16 bytes behind it the function's: see $function.
  (data (i32.const 0x100) "accept-errno\00")        (global $accept i32 (i32.const 0x100))
  (data (i32.const 0x110) "sock_accept\00")
  (data (i32.const 0x120) "recv-errno\00")          (global $recv i32 (i32.const 0x120))
  (data (i32.const 0x130) "sock_recv\00")
  (data (i32.const 0x140) "send-errno\00")          (global $send i32 (i32.const 0x140))
  (data (i32.const 0x150) "sock_send\00")
  (data (i32.const 0x160) "shutdown-errno\00")      (global $shutdown i32 (i32.const 0x160))
  (data (i32.const 0x170) "sock_shutdown\00")
  (data (i32.const 0x200) " on \00")               (global $on i32 (i32.const 0x200))
  (data (i32.const 0x210) ": errno=\00")           (global $answers i32 (i32.const 0x210))
  (data (i32.const 0x220) "lab: \00")              (global $lab i32 (i32.const 0x220))
  (data (i32.const 0x230) " ok\00")                (global $ok i32 (i32.const 0x230))
  (data (i32.const 0x240) " errno=\00")            (global $errno i32 (i32.const 0x240))
  (data (i32.const 0x250) " \00")                  (global $space i32 (i32.const 0x250))
  (data (i32.const 0x260) "\n\00")                 (global $newline i32 (i32.const 0x260))
  (data (i32.const 0x270) " wrong it claims success\00")
                                                   (global $wrong i32 (i32.const 0x270))
  (data (i32.const 0x290) "give the numbers of descriptors as arguments\00")
                                                   (global $usage i32 (i32.const 0x290))

  (global $line_end (mut i32) (i32.const 0x2000))

  ;; The function's name that belongs to a capability's.
  (func $function (param $name i32) (result i32)
    (i32.add (local.get $name) (i32.const 16)))

  ;; -- printing ---------------------------------------------------------------------------------
  ;; Adds a text to the line.
  (func $put (param $text i32)
    (local $byte i32)
    (block $done
      (loop $next
        (local.set $byte (i32.load8_u (local.get $text)))
        (br_if $done (i32.eqz (local.get $byte)))
        (i32.store8 (global.get $line_end) (local.get $byte))
        (global.set $line_end (i32.add (global.get $line_end) (i32.const 1)))
        (local.set $text (i32.add (local.get $text) (i32.const 1)))
        (br $next))))

  ;; Adds a number, in decimal, to the line.
  (func $put_number (param $n i32)
    (if (i32.ge_u (local.get $n) (i32.const 10))
      (then (call $put_number (i32.div_u (local.get $n) (i32.const 10)))))
    (i32.store8 (global.get $line_end)
      (i32.add (i32.const 48) (i32.rem_u (local.get $n) (i32.const 10))))
    (global.set $line_end (i32.add (global.get $line_end) (i32.const 1))))

  ;; Prints the line and starts a new one. Without a way to print there is nothing left to say.
  (func $end_line
    (call $put (global.get $newline))
    (i32.store (i32.const 0) (global.get $line))
    (i32.store (i32.const 4) (i32.sub (global.get $line_end) (global.get $line)))
    (if (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (global.get $out))
      (then unreachable))
    (global.set $line_end (global.get $line)))

  ;; -- arguments --------------------------------------------------------------------------------
  ;; How many there are, the program's own name included.
  (func $read_args (result i32)
    (if (call $args_sizes_get (global.get $out) (i32.add (global.get $out) (i32.const 4)))
      (then unreachable))
    (if (call $args_get (global.get $pointers) (global.get $strings))
      (then unreachable))
    (i32.load (global.get $out)))

  ;; The argument at $index as a number; stops at the first byte that is no digit.
  (func $argument (param $index i32) (result i32)
    (local $at i32)
    (local $digit i32)
    (local $n i32)
    (local.set $at
      (i32.load (i32.add (global.get $pointers) (i32.mul (local.get $index) (i32.const 4)))))
    (block $done
      (loop $next
        (local.set $digit (i32.sub (i32.load8_u (local.get $at)) (i32.const 48)))
        (br_if $done (i32.gt_u (local.get $digit) (i32.const 9)))
        (local.set $n (i32.add (i32.mul (local.get $n) (i32.const 10)) (local.get $digit)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (local.get $n))

  ;; -- the four functions -----------------------------------------------------------------------
  ;; Calls the one that belongs to $name. Returns its errno.
  (func $call (param $name i32) (param $fd i32) (result i32)
    (if (i32.eq (local.get $name) (global.get $accept))
      (then (return (call $sock_accept (local.get $fd) (i32.const 0) (global.get $out)))))
    (if (i32.eq (local.get $name) (global.get $recv))
      (then
        (return
          (call $sock_recv
            (local.get $fd) (global.get $iovec) (i32.const 1) (i32.const 0)
            (global.get $out) (i32.add (global.get $out) (i32.const 4))))))
    (if (i32.eq (local.get $name) (global.get $send))
      (then
        (return
          (call $sock_send (local.get $fd) (global.get $iovec) (i32.const 1) (i32.const 0) (global.get $out)))))
    (call $sock_shutdown (local.get $fd) (i32.const 2)))

  ;; Whether an errno is what a host says that knows the function but not this descriptor for it:
  ;; 8 no such descriptor, 28 invalid argument, 57 no socket, 76 a right is lacking.
  (func $is_an_answer (param $errno i32) (result i32)
    (i32.or
      (i32.or (i32.eq (local.get $errno) (i32.const 8)) (i32.eq (local.get $errno) (i32.const 28)))
      (i32.or (i32.eq (local.get $errno) (i32.const 57)) (i32.eq (local.get $errno) (i32.const 76)))))

  ;; Calls one function on every descriptor given; prints each answer, then the one line for all.
  (func $check (param $name i32) (param $args i32)
    (local $index i32)
    (local $answer i32)
    (local $refusal i32)
    (local $claims_success i32)
    (local.set $index (i32.const 1))
    (loop $next
      (local.set $answer (call $call (local.get $name) (call $argument (local.get $index))))
      (call $put (call $function (local.get $name)))
      (call $put (global.get $on))
      (call $put_number (call $argument (local.get $index)))
      (call $put (global.get $answers))
      (call $put_number (local.get $answer))
      (call $end_line)
      (if (i32.eqz (local.get $answer))
        (then (local.set $claims_success (i32.const 1)))
        (else
          (if (i32.eqz (call $is_an_answer (local.get $answer)))
            (then (local.set $refusal (local.get $answer))))))
      (local.set $index (i32.add (local.get $index) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $index) (local.get $args))))

    (call $put (global.get $lab))
    (call $put (local.get $name))
    (if (local.get $claims_success)
      (then (call $put (global.get $wrong)))
      (else
        (if (local.get $refusal)
          (then
            (call $put (global.get $errno))
            (call $put_number (local.get $refusal))
            (call $put (global.get $space))
            (call $put (call $function (local.get $name))))
          (else (call $put (global.get $ok))))))
    (call $end_line))

  (func (export "_start")
    (local $args i32)
    (local.set $args (call $read_args))
    (if (i32.lt_u (local.get $args) (i32.const 2))
      (then
        (call $put (global.get $usage))
        (call $end_line)
        (call $proc_exit (i32.const 2))))
    (call $check (global.get $accept) (local.get $args))
    (call $check (global.get $recv) (local.get $args))
    (call $check (global.get $send) (local.get $args))
    (call $check (global.get $shutdown) (local.get $args))))
