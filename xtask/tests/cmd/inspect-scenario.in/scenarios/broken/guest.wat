(module (nonsense))
