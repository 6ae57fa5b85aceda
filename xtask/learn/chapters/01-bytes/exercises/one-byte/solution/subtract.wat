;; Subtracts.
(module binary
  "\00asm"         ;; 0000: magic
  "\01\00\00\00"   ;; 0004: version
  "\01"            ;; 0008: section 1, type
  "\07"            ;; 0009: section size
  "\01"            ;; 000a: number of types
  "\60"            ;; 000b: a function
  "\02\7f\7f"      ;; 000c: 2 parameters: i32 i32
  "\01\7f"         ;; 000f: 1 result: i32
  "\03"            ;; 0011: section 3, function
  "\02"            ;; 0012: section size
  "\01"            ;; 0013: number of functions
  "\00"            ;; 0014: function 0 is of type 0
  "\07"            ;; 0015: section 7, export
  "\07"            ;; 0016: section size
  "\01"            ;; 0017: number of exports
  "\03" "add"      ;; 0018: length and name
  "\00\00"         ;; 001c: function 0
  "\0a"            ;; 001e: section 10, code
  "\09"            ;; 001f: section size
  "\01"            ;; 0020: number of bodies
  "\07"            ;; 0021: body size
  "\00"            ;; 0022: no locals
  "\20\00"         ;; 0023: local.get 0
  "\20\01"         ;; 0025: local.get 1
  "\6b"            ;; 0027: i32.sub
  "\0b"            ;; 0028: end
)
