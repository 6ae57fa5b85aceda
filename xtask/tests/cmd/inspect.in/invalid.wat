(module (func (export "_start") drop))
