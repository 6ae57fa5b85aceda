(module (func $f (nonsense)))
