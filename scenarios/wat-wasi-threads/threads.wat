;; Starts four threads by wasi-threads, waits until each has added its share to a counter, and checks the sum.
;;
;; The host's part is one function, `wasi.thread-spawn`. A thread is a second instance of this module, made
;; by the host with the same memory, in which `wasi_thread_start` is called. So all that threads share has to
;; lie in the memory: globals and tables are each instance's own.
(module
  ;; Takes a number for the new thread's start function; returns the thread's id, or less than 0.
  (import "wasi" "thread-spawn" (func $thread_spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))

  ;; The memory is imported: the host makes it once and gives it to every instance. It is exported too,
  ;; since WASI's functions look for it there.
  (import "env" "memory" (memory 1 1 shared))
  (export "memory" (memory 0))

  ;; -- memory -----------------------------------------------------------------------------------
  ;; 0x00 counter: the sum of what the threads added     0x20 iovec for printing
  ;; 0x04 done: how many threads have ended              0x30 where fd_write puts the length
  ;; 0x08 this instance's global, seen from a thread     0x100 texts
  (global $threads i32 (i32.const 4))
  ;; Each instance has one of its own: the main thread sets it, and no other thread may see that.
  (global $own (mut i32) (i32.const 0))
  ;; Passive: the data of an active segment would be written again by every thread's instance.
  (data $spawned "lab: thread-spawn ok\n")                     ;; 21 bytes
  (data $refused "lab: thread-spawn refused wasi.thread-spawn answers less than 0\n") ;; 64 bytes
  (data $joined "lab: thread-join ok\n")                       ;; 20 bytes
  (data $late "lab: thread-join wrong the threads did not end within 5 s\n") ;; 58 bytes
  (data $shared "lab: thread-memory ok\n")                     ;; 22 bytes
  (data $sum "lab: thread-memory wrong the sum is not 100\n")  ;; 44 bytes
  (data $apart "lab: thread-globals ok\n")                     ;; 23 bytes
  (data $mixed "lab: thread-globals wrong a thread sees the main thread's global\n") ;; 65 bytes

  ;; What the host calls in a new thread.
  (func (export "wasi_thread_start") (param $id i32) (param $n i32)
    ;; 10 * n, one by one: without atomic instructions some would be lost.
    (local $left i32)
    (local.set $left (i32.mul (local.get $n) (i32.const 10)))
    (loop $next
      (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $next (local.get $left)))
    (drop (i32.atomic.rmw.or (i32.const 8) (global.get $own)))
    (drop (i32.atomic.rmw.add (i32.const 4) (i32.const 1)))
    (drop (memory.atomic.notify (i32.const 4) (i32.const -1))))

  (func (export "_start")
    (local $n i32)
    (local $done i32)
    (global.set $own (i32.const 1))
    (local.set $n (i32.const 1))
    (loop $next
      (if (i32.lt_s (call $thread_spawn (local.get $n)) (i32.const 0))
        (then
          (memory.init $refused (i32.const 0x100) (i32.const 0) (i32.const 64))
          (call $print (i32.const 64))
          (call $proc_exit (i32.const 1))))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $next (i32.le_u (local.get $n) (global.get $threads))))
    (memory.init $spawned (i32.const 0x100) (i32.const 0) (i32.const 21))
    (call $print (i32.const 21))

    ;; Sleeps until the number of ended threads changes, until it is the number of threads.
    (block $all
      (loop $wait
        (local.set $done (i32.atomic.load (i32.const 4)))
        (br_if $all (i32.eq (local.get $done) (global.get $threads)))
        ;; 2: five seconds have passed.
        (if (i32.eq (memory.atomic.wait32 (i32.const 4) (local.get $done) (i64.const 5000000000)) (i32.const 2))
          (then
            (memory.init $late (i32.const 0x100) (i32.const 0) (i32.const 58))
            (call $print (i32.const 58))
            (call $proc_exit (i32.const 1))))
        (br $wait)))
    (memory.init $joined (i32.const 0x100) (i32.const 0) (i32.const 20))
    (call $print (i32.const 20))

    ;; 10 + 20 + 30 + 40
    (if (i32.eq (i32.atomic.load (i32.const 0)) (i32.const 100))
      (then
        (memory.init $shared (i32.const 0x100) (i32.const 0) (i32.const 22))
        (call $print (i32.const 22)))
      (else
        (memory.init $sum (i32.const 0x100) (i32.const 0) (i32.const 44))
        (call $print (i32.const 44))))
    (if (i32.atomic.load (i32.const 8))
      (then
        (memory.init $mixed (i32.const 0x100) (i32.const 0) (i32.const 65))
        (call $print (i32.const 65)))
      (else
        (memory.init $apart (i32.const 0x100) (i32.const 0) (i32.const 23))
        (call $print (i32.const 23)))))

  ;; Prints the first bytes at 0x100.
  (func $print (param $length i32)
    (i32.store (i32.const 0x20) (i32.const 0x100))
    (i32.store (i32.const 0x24) (local.get $length))
    (if (call $fd_write (i32.const 1) (i32.const 0x20) (i32.const 1) (i32.const 0x30))
      (then (call $proc_exit (i32.const 2))))))
