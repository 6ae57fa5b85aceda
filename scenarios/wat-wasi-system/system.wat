;; Uses what WASI 0.1 offers an ordinary program, checks every answer, and prints one line each:
;;
;;     lab: NAME ok                     it works, and the value is right
;;     lab: NAME errno=N FUNCTION       this function refused with this error number
;;     lab: NAME wrong TEXT             it claimed success, and the value is wrong
;;
;; The scenario gives it the arguments `one` and `two words`, the variable GREETING=hello, and a
;; folder /data with the file seed.txt in it. It ends with exit code 7.
(module
  ;; -- imports: every function returns an errno, 0 for success ---------------------------------
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_dir_name" (func $fd_prestat_dir_name (param i32 i32 i32) (result i32)))
  ;; directory, lookup flags, path, its length, open flags, rights, inherited rights, flags, where to put the descriptor
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_rename" (func $path_rename (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file" (func $path_unlink_file (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir" (func $fd_readdir (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))

  ;; -- memory -----------------------------------------------------------------------------------
  ;; 0x0000  $iovec: pointer and length of one buffer        0x1000  $buffer, 4096 bytes
  ;; 0x0008  $out: where the host puts one or two results    0x2000  $pointers to arguments or variables
  ;; 0x0100  texts, each ends with a zero byte               0x3000  $line, the line being printed
  ;;                                                         0x4000  $strings: arguments or variables
  (memory (export "memory") 1)
  (global $iovec i32 (i32.const 0x0000))
  (global $out i32 (i32.const 0x0008))
  (global $buffer i32 (i32.const 0x1000))
  (global $buffer_size i32 (i32.const 0x1000))
  (global $pointers i32 (i32.const 0x2000))
  (global $line i32 (i32.const 0x3000))
  (global $strings i32 (i32.const 0x4000))

  (data (i32.const 0x100) "args\00")               (global $args i32 (i32.const 0x100))
  (data (i32.const 0x110) "env\00")                (global $env i32 (i32.const 0x110))
  (data (i32.const 0x120) "file-write\00")         (global $file-write i32 (i32.const 0x120))
  (data (i32.const 0x130) "file-read\00")          (global $file-read i32 (i32.const 0x130))
  (data (i32.const 0x140) "dir-list\00")           (global $dir-list i32 (i32.const 0x140))
  (data (i32.const 0x150) "rename\00")             (global $rename i32 (i32.const 0x150))
  (data (i32.const 0x160) "delete\00")             (global $delete i32 (i32.const 0x160))
  (data (i32.const 0x170) "clock-monotonic\00")    (global $clock-monotonic i32 (i32.const 0x170))
  (data (i32.const 0x180) "clock-realtime\00")     (global $clock-realtime i32 (i32.const 0x180))
  (data (i32.const 0x190) "random\00")             (global $random i32 (i32.const 0x190))
  (data (i32.const 0x1a0) "exit-code\00")          (global $exit-code i32 (i32.const 0x1a0))

  (data (i32.const 0x200) "args_sizes_get\00")     (global $fn_args_sizes_get i32 (i32.const 0x200))
  (data (i32.const 0x220) "args_get\00")           (global $fn_args_get i32 (i32.const 0x220))
  (data (i32.const 0x240) "environ_sizes_get\00")  (global $fn_environ_sizes_get i32 (i32.const 0x240))
  (data (i32.const 0x260) "environ_get\00")        (global $fn_environ_get i32 (i32.const 0x260))
  (data (i32.const 0x280) "clock_time_get\00")     (global $fn_clock_time_get i32 (i32.const 0x280))
  (data (i32.const 0x2a0) "random_get\00")         (global $fn_random_get i32 (i32.const 0x2a0))
  (data (i32.const 0x2c0) "fd_prestat_get\00")     (global $fn_fd_prestat_get i32 (i32.const 0x2c0))
  (data (i32.const 0x2e0) "path_open\00")          (global $fn_path_open i32 (i32.const 0x2e0))
  (data (i32.const 0x300) "path_rename\00")        (global $fn_path_rename i32 (i32.const 0x300))
  (data (i32.const 0x320) "path_unlink_file\00")   (global $fn_path_unlink_file i32 (i32.const 0x320))
  (data (i32.const 0x340) "fd_read\00")            (global $fn_fd_read i32 (i32.const 0x340))
  (data (i32.const 0x360) "fd_write\00")           (global $fn_fd_write i32 (i32.const 0x360))
  (data (i32.const 0x380) "fd_readdir\00")         (global $fn_fd_readdir i32 (i32.const 0x380))

  (data (i32.const 0x400) "lab: \00")              (global $lab i32 (i32.const 0x400))
  (data (i32.const 0x410) " ok\00")                (global $ok i32 (i32.const 0x410))
  (data (i32.const 0x420) " errno=\00")            (global $errno i32 (i32.const 0x420))
  (data (i32.const 0x430) " wrong \00")            (global $wrong i32 (i32.const 0x430))
  (data (i32.const 0x440) " \00")                  (global $space i32 (i32.const 0x440))
  (data (i32.const 0x450) "\n\00")                 (global $newline i32 (i32.const 0x450))

  (data (i32.const 0x500) "/data\00")              (global $data i32 (i32.const 0x500))
  (data (i32.const 0x510) "seed.txt\00")           (global $seed.txt i32 (i32.const 0x510))
  (data (i32.const 0x520) "lab.txt\00")            (global $lab.txt i32 (i32.const 0x520))
  (data (i32.const 0x530) "renamed.txt\00")        (global $renamed.txt i32 (i32.const 0x530))
  (data (i32.const 0x540) "one\00")                (global $one i32 (i32.const 0x540))
  (data (i32.const 0x550) "two words\00")          (global $two_words i32 (i32.const 0x550))
  (data (i32.const 0x560) "GREETING=hello\00")     (global $greeting i32 (i32.const 0x560))
  (data (i32.const 0x570) "seed\n\00")             (global $seed_content i32 (i32.const 0x570))
  (data (i32.const 0x580) "written by the lab's guest\n\00")
                                                   (global $lab_content i32 (i32.const 0x580))

  (data (i32.const 0x600) "not the arguments given\00")       (global $w_args i32 (i32.const 0x600))
  (data (i32.const 0x630) "no GREETING=hello\00")             (global $w_env i32 (i32.const 0x630))
  (data (i32.const 0x660) "content differs\00")               (global $w_content i32 (i32.const 0x660))
  (data (i32.const 0x690) "a file is not listed\00")          (global $w_list i32 (i32.const 0x690))
  (data (i32.const 0x6c0) "the old name still opens\00")      (global $w_still i32 (i32.const 0x6c0))
  (data (i32.const 0x6f0) "the clock went back\00")           (global $w_back i32 (i32.const 0x6f0))
  (data (i32.const 0x720) "it is not after 2024\00")          (global $w_past i32 (i32.const 0x720))
  (data (i32.const 0x750) "two draws are equal\00")           (global $w_draws i32 (i32.const 0x750))
  (data (i32.const 0x780) "not all bytes were written\00")    (global $w_short i32 (i32.const 0x780))

  ;; The function that was called last, for the line that reports its error.
  (global $called (mut i32) (i32.const 0))
  ;; The descriptor of /data, and where the line being printed ends.
  (global $dir (mut i32) (i32.const -1))
  (global $line_end (mut i32) (i32.const 0x3000))

  ;; -- texts ------------------------------------------------------------------------------------
  (func $length (param $text i32) (result i32)
    (local $end i32)
    (local.set $end (local.get $text))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (i32.load8_u (local.get $end))))
        (local.set $end (i32.add (local.get $end) (i32.const 1)))
        (br $next)))
    (i32.sub (local.get $end) (local.get $text)))

  ;; Whether $n bytes at $a and at $b are the same.
  (func $same (param $a i32) (param $b i32) (param $n i32) (result i32)
    (block $differ
      (loop $next
        (if (i32.eqz (local.get $n)) (then (return (i32.const 1))))
        (br_if $differ (i32.ne (i32.load8_u (local.get $a)) (i32.load8_u (local.get $b))))
        (local.set $a (i32.add (local.get $a) (i32.const 1)))
        (local.set $b (i32.add (local.get $b) (i32.const 1)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $next)))
    (i32.const 0))

  ;; Whether the text at $a, up to and with its zero byte, is $b.
  (func $equal (param $a i32) (param $b i32) (result i32)
    (call $same (local.get $a) (local.get $b) (i32.add (call $length (local.get $b)) (i32.const 1))))

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

  ;; Writes $n bytes at $from to the descriptor, in one call; the count comes back at $out.
  (func $write (param $fd i32) (param $from i32) (param $n i32) (result i32)
    (i32.store (global.get $iovec) (local.get $from))
    (i32.store offset=4 (global.get $iovec) (local.get $n))
    (call $fd_write (local.get $fd) (global.get $iovec) (i32.const 1) (global.get $out)))

  ;; Prints the line and starts a new one. Without a way to print there is nothing left to say.
  (func $end_line
    (call $put (global.get $newline))
    (if (call $write (i32.const 1) (global.get $line) (i32.sub (global.get $line_end) (global.get $line)))
      (then unreachable))
    (global.set $line_end (global.get $line)))

  (func $say_ok (param $name i32)
    (call $put (global.get $lab))
    (call $put (local.get $name))
    (call $put (global.get $ok))
    (call $end_line))

  (func $say_wrong (param $name i32) (param $what i32)
    (call $put (global.get $lab))
    (call $put (local.get $name))
    (call $put (global.get $wrong))
    (call $put (local.get $what))
    (call $end_line))

  ;; If $n is an error, prints it, with the function that was called last, and returns 1.
  (func $refused (param $name i32) (param $n i32) (result i32)
    (if (i32.eqz (local.get $n)) (then (return (i32.const 0))))
    (call $put (global.get $lab))
    (call $put (local.get $name))
    (call $put (global.get $errno))
    (call $put_number (local.get $n))
    (call $put (global.get $space))
    (call $put (global.get $called))
    (call $end_line)
    (i32.const 1))

  ;; -- files ------------------------------------------------------------------------------------
  ;; WASI has no "current directory": a program looks through the descriptors that its host opened
  ;; for it, from 3 on, for the name it wants. Wasmer's command line opens only the root, and shows the
  ;; directory below it. Sets $dir; returns an errno.
  (func $find_dir (result i32)
    (local $fd i32)
    (local $root i32)
    (local $error i32)
    (local $length i32)
    (global.set $called (global.get $fn_fd_prestat_get))
    (local.set $fd (i32.const 3))
    (loop $next
      ;; $out: a tag, 0 for a directory; then the length of its name.
      (local.set $error (call $fd_prestat_get (local.get $fd) (global.get $out)))
      (if (local.get $error)
        (then
          (if (i32.eqz (local.get $root)) (then (return (local.get $error))))
          (return (call $find_below (local.get $root)))))
      ;; Names are compared as wasi-libc does, without the leading slash: wasmer calls it "data".
      (local.set $length (i32.load offset=4 (global.get $out)))
      (if (i32.or (i32.eq (local.get $length) (i32.const 5)) (i32.eq (local.get $length) (i32.const 4)))
        (then
          (drop (call $fd_prestat_dir_name (local.get $fd) (global.get $buffer) (local.get $length)))
          (if (call $same
                (global.get $buffer)
                (i32.add (global.get $data) (i32.sub (i32.const 5) (local.get $length)))
                (local.get $length))
            (then
              (global.set $dir (local.get $fd))
              (return (i32.const 0))))))
      (if (i32.eq (local.get $length) (i32.const 1))
        (then
          (drop (call $fd_prestat_dir_name (local.get $fd) (global.get $buffer) (local.get $length)))
          (if (i32.eq (i32.load8_u (global.get $buffer)) (i32.const 0x2f (; "/" ;)))
            (then (local.set $root (local.get $fd))))))
      (local.set $fd (i32.add (local.get $fd) (i32.const 1)))
      (br $next))
    unreachable)

  ;; Opens "data" below a directory: every right but that to write to the directory itself. Sets $dir; returns an errno.
  (func $find_below (param $root i32) (result i32)
    (local $error i32)
    (global.set $called (global.get $fn_path_open))
    (local.set $error
      (call $path_open
        (local.get $root) (i32.const 0)
        (i32.add (global.get $data) (i32.const 1)) (i32.const 4)
        (i32.const 2 (; a directory ;))
        (i64.const 0x1fffffbf) (i64.const 0x1fffffff) (i32.const 0)
        (global.get $out)))
    (if (i32.eqz (local.get $error)) (then (global.set $dir (i32.load (global.get $out)))))
    (local.get $error))

  ;; Opens a file in $dir; its descriptor comes back at $out. Returns an errno.
  (func $open (param $path i32) (param $open_flags i32) (param $rights i64) (result i32)
    (global.set $called (global.get $fn_path_open))
    (call $path_open
      (global.get $dir) (i32.const 0)
      (local.get $path) (call $length (local.get $path))
      (local.get $open_flags)
      (local.get $rights) (i64.const 0) (i32.const 0)
      (global.get $out)))

  ;; Whether a file in $dir can be opened for reading. (Right 2 is fd_read.)
  (func $opens (param $path i32) (result i32)
    (if (call $open (local.get $path) (i32.const 0) (i64.const 2)) (then (return (i32.const 0))))
    (drop (call $fd_close (i32.load (global.get $out))))
    (i32.const 1))

  ;; Reads a file and prints what is amiss under $name; returns 1 when nothing is.
  (func $file_holds (param $name i32) (param $path i32) (param $content i32) (result i32)
    (local $fd i32)
    (local $error i32)
    (if (call $refused (local.get $name) (call $open (local.get $path) (i32.const 0) (i64.const 2)))
      (then (return (i32.const 0))))
    (local.set $fd (i32.load (global.get $out)))
    (i32.store (global.get $iovec) (global.get $buffer))
    (i32.store offset=4 (global.get $iovec) (global.get $buffer_size))
    (global.set $called (global.get $fn_fd_read))
    (local.set $error (call $fd_read (local.get $fd) (global.get $iovec) (i32.const 1) (global.get $out)))
    (drop (call $fd_close (local.get $fd)))
    (if (call $refused (local.get $name) (local.get $error)) (then (return (i32.const 0))))
    (if (i32.eq (i32.load (global.get $out)) (call $length (local.get $content)))
      (then
        (if (call $same (global.get $buffer) (local.get $content) (call $length (local.get $content)))
          (then (return (i32.const 1))))))
    (call $say_wrong (local.get $name) (global.get $w_content))
    (i32.const 0))

  ;; Whether a listing of $n bytes in $buffer names $path. An entry is 24 bytes (its length of name
  ;; at 16) and then the name.
  (func $listed (param $path i32) (param $n i32) (result i32)
    (local $entry i32)
    (local $end i32)
    (local $name_length i32)
    (local.set $entry (global.get $buffer))
    (local.set $end (i32.add (global.get $buffer) (local.get $n)))
    (block $no_more
      (loop $next
        (br_if $no_more (i32.gt_u (i32.add (local.get $entry) (i32.const 24)) (local.get $end)))
        (local.set $name_length (i32.load offset=16 (local.get $entry)))
        (if (i32.eq (local.get $name_length) (call $length (local.get $path)))
          (then
            (if (call $same (i32.add (local.get $entry) (i32.const 24)) (local.get $path) (local.get $name_length))
              (then (return (i32.const 1))))))
        (local.set $entry
          (i32.add (local.get $entry) (i32.add (i32.const 24) (local.get $name_length))))
        (br $next)))
    (i32.const 0))

  ;; -- the capabilities -------------------------------------------------------------------------
  (func $check_args
    (global.set $called (global.get $fn_args_sizes_get))
    (if (call $refused (global.get $args)
          (call $args_sizes_get (global.get $out) (i32.add (global.get $out) (i32.const 4))))
      (then (return)))
    ;; Three: the program's own name, whatever the host calls it, then the two that were given.
    (if (i32.ne (i32.load (global.get $out)) (i32.const 3))
      (then (call $say_wrong (global.get $args) (global.get $w_args)) (return)))
    (global.set $called (global.get $fn_args_get))
    (if (call $refused (global.get $args) (call $args_get (global.get $pointers) (global.get $strings)))
      (then (return)))
    (if (call $equal (i32.load offset=4 (global.get $pointers)) (global.get $one))
      (then
        (if (call $equal (i32.load offset=8 (global.get $pointers)) (global.get $two_words))
          (then (call $say_ok (global.get $args)) (return)))))
    (call $say_wrong (global.get $args) (global.get $w_args)))

  (func $check_env
    (local $left i32)
    (local $pointer i32)
    (global.set $called (global.get $fn_environ_sizes_get))
    (if (call $refused (global.get $env)
          (call $environ_sizes_get (global.get $out) (i32.add (global.get $out) (i32.const 4))))
      (then (return)))
    (local.set $left (i32.load (global.get $out)))
    (global.set $called (global.get $fn_environ_get))
    (if (call $refused (global.get $env) (call $environ_get (global.get $pointers) (global.get $strings)))
      (then (return)))
    ;; A host may add variables of its own, so look through all of them.
    (local.set $pointer (global.get $pointers))
    (block $absent
      (loop $next
        (br_if $absent (i32.eqz (local.get $left)))
        (if (call $equal (i32.load (local.get $pointer)) (global.get $greeting))
          (then (call $say_ok (global.get $env)) (return)))
        (local.set $pointer (i32.add (local.get $pointer) (i32.const 4)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br $next)))
    (call $say_wrong (global.get $env) (global.get $w_env)))

  (func $check_file-write
    (local $fd i32)
    (local $error i32)
    (if (call $refused (global.get $file-write) (call $find_dir)) (then (return)))
    ;; Open flags 1 and 8: create, truncate. Right 64 is fd_write.
    (if (call $refused (global.get $file-write) (call $open (global.get $lab.txt) (i32.const 9) (i64.const 64)))
      (then (return)))
    (local.set $fd (i32.load (global.get $out)))
    (global.set $called (global.get $fn_fd_write))
    (local.set $error
      (call $write (local.get $fd) (global.get $lab_content) (call $length (global.get $lab_content))))
    (drop (call $fd_close (local.get $fd)))
    (if (call $refused (global.get $file-write) (local.get $error)) (then (return)))
    (if (i32.ne (i32.load (global.get $out)) (call $length (global.get $lab_content)))
      (then (call $say_wrong (global.get $file-write) (global.get $w_short)) (return)))
    (call $say_ok (global.get $file-write)))

  ;; Both the file that the host put there and the one that was just written.
  (func $check_file-read
    (if (i32.eqz (call $file_holds (global.get $file-read) (global.get $seed.txt) (global.get $seed_content)))
      (then (return)))
    (if (i32.eqz (call $file_holds (global.get $file-read) (global.get $lab.txt) (global.get $lab_content)))
      (then (return)))
    (call $say_ok (global.get $file-read)))

  (func $check_dir-list
    (global.set $called (global.get $fn_fd_readdir))
    (if (call $refused (global.get $dir-list)
          (call $fd_readdir
            (global.get $dir) (global.get $buffer) (global.get $buffer_size) (i64.const 0) (global.get $out)))
      (then (return)))
    (if (i32.eqz (call $listed (global.get $seed.txt) (i32.load (global.get $out))))
      (then (call $say_wrong (global.get $dir-list) (global.get $w_list)) (return)))
    (if (i32.eqz (call $listed (global.get $lab.txt) (i32.load (global.get $out))))
      (then (call $say_wrong (global.get $dir-list) (global.get $w_list)) (return)))
    (call $say_ok (global.get $dir-list)))

  (func $check_rename
    (global.set $called (global.get $fn_path_rename))
    (if (call $refused (global.get $rename)
          (call $path_rename
            (global.get $dir) (global.get $lab.txt) (call $length (global.get $lab.txt))
            (global.get $dir) (global.get $renamed.txt) (call $length (global.get $renamed.txt))))
      (then (return)))
    (if (call $opens (global.get $lab.txt))
      (then (call $say_wrong (global.get $rename) (global.get $w_still)) (return)))
    (if (i32.eqz (call $file_holds (global.get $rename) (global.get $renamed.txt) (global.get $lab_content)))
      (then (return)))
    (call $say_ok (global.get $rename)))

  ;; Deletes the host's file, which is there whether the steps before succeeded or not.
  (func $check_delete
    (global.set $called (global.get $fn_path_unlink_file))
    (if (call $refused (global.get $delete)
          (call $path_unlink_file (global.get $dir) (global.get $seed.txt) (call $length (global.get $seed.txt))))
      (then (return)))
    (if (call $opens (global.get $seed.txt))
      (then (call $say_wrong (global.get $delete) (global.get $w_still)) (return)))
    (call $say_ok (global.get $delete)))

  ;; Clock 1 has no fixed beginning and may stand still between two looks, but never goes back.
  (func $check_clock-monotonic
    (local $first i64)
    (global.set $called (global.get $fn_clock_time_get))
    (if (call $refused (global.get $clock-monotonic)
          (call $clock_time_get (i32.const 1) (i64.const 1) (global.get $out)))
      (then (return)))
    (local.set $first (i64.load (global.get $out)))
    (if (call $refused (global.get $clock-monotonic)
          (call $clock_time_get (i32.const 1) (i64.const 1) (global.get $out)))
      (then (return)))
    (if (i64.lt_u (i64.load (global.get $out)) (local.get $first))
      (then (call $say_wrong (global.get $clock-monotonic) (global.get $w_back)) (return)))
    (call $say_ok (global.get $clock-monotonic)))

  ;; Clock 0 counts nanoseconds since 1970; the number is the first moment of 2025, UTC.
  (func $check_clock-realtime
    (global.set $called (global.get $fn_clock_time_get))
    (if (call $refused (global.get $clock-realtime)
          (call $clock_time_get (i32.const 0) (i64.const 1) (global.get $out)))
      (then (return)))
    (if (i64.lt_u (i64.load (global.get $out)) (i64.const 1735689600000000000))
      (then (call $say_wrong (global.get $clock-realtime) (global.get $w_past)) (return)))
    (call $say_ok (global.get $clock-realtime)))

  ;; Two draws of 16 bytes: that they are equal by chance will not happen. Both buffers start as
  ;; the same bytes, so a host that fills in nothing is found out.
  (func $check_random
    (local $second i32)
    (local.set $second (i32.add (global.get $buffer) (i32.const 16)))
    (i64.store (global.get $buffer) (i64.const 0))
    (i64.store offset=8 (global.get $buffer) (i64.const 0))
    (i64.store (local.get $second) (i64.const 0))
    (i64.store offset=8 (local.get $second) (i64.const 0))
    (global.set $called (global.get $fn_random_get))
    (if (call $refused (global.get $random) (call $random_get (global.get $buffer) (i32.const 16)))
      (then (return)))
    (if (call $refused (global.get $random) (call $random_get (local.get $second) (i32.const 16)))
      (then (return)))
    (if (call $same (global.get $buffer) (local.get $second) (i32.const 16))
      (then (call $say_wrong (global.get $random) (global.get $w_draws)) (return)))
    (call $say_ok (global.get $random)))

  (func (export "_start")
    (call $check_args)
    (call $check_env)
    (call $check_file-write)
    (call $check_file-read)
    (call $check_dir-list)
    (call $check_rename)
    (call $check_delete)
    (call $check_clock-monotonic)
    (call $check_clock-realtime)
    (call $check_random)
    ;; Printed before the end; whether the code arrives is for the host to see.
    (call $say_ok (global.get $exit-code))
    (call $proc_exit (i32.const 7))
    unreachable))
