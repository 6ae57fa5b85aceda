;; The listing of many introductions: 41 bytes of a module, and 5 bytes that correct its sizes.
;; Each comment begins with the offset that the byte has in the finished module; a FIXUP names the offset of its guess.
(module binary
  "\00asm"         ;; 0000: magic
  "\01\00\00\00"   ;; 0004: version
  "\01"            ;; 0008: section 1, type
  "\00"            ;; 0009: section size (guess)
  "\01"            ;; 000a: number of types
  "\60"            ;; 000b: a function
  "\02\7f\7f"      ;; 000c: 2 parameters: i32 i32
  "\01\7f"         ;; 000f: 1 result: i32
  "\07"            ;; 0009: FIXUP section size
  "\03"            ;; 0011: section 3, function
  "\00"            ;; 0012: section size (guess)
  "\01"            ;; 0013: number of functions
  "\00"            ;; 0014: function 0 is of type 0
  "\02"            ;; 0012: FIXUP section size
  "\07"            ;; 0015: section 7, export
  "\00"            ;; 0016: section size (guess)
  "\01"            ;; 0017: number of exports
  "\03" "add"      ;; 0018: length and name
  "\00\00"         ;; 001c: function 0
  "\07"            ;; 0016: FIXUP section size
  "\0a"            ;; 001e: section 10, code
  "\00"            ;; 001f: section size (guess)
  "\01"            ;; 0020: number of bodies
  "\00"            ;; 0021: body size (guess)
  "\00"            ;; 0022: no locals
  "\20\00"         ;; 0023: local.get 0
  "\20\01"         ;; 0025: local.get 1
  "\6a"            ;; 0027: i32.add
  "\0b"            ;; 0028: end
  "\07"            ;; 0021: FIXUP body size
  "\09"            ;; 001f: FIXUP section size
)
