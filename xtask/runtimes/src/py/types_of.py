"""Reads the types of a module's functions. wasmtime's C API has none for `v128` and for references of the GC proposal,
and aborts the process when asked for one."""

VALUE_TYPES = {0x7F: "i32", 0x7E: "i64", 0x7D: "f32", 0x7C: "f64", 0x7B: "v128", 0x70: "funcref", 0x6F: "externref"}
KINDS = ["func", "table", "memory", "global", "tag"]
TYPE_SECTION, IMPORT_SECTION, FUNCTION_SECTION, EXPORT_SECTION = 1, 2, 3, 7


class Types:
    """The type, import, function and export sections of a module that wasmtime has accepted."""

    def __init__(self, binary):
        self._bytes = binary
        self._at = 8
        self._types = []
        self._functions = []
        self._exports = {}
        # Imports in order: module, name, kind, and the type of functions.
        self.imports = []
        sections = {
            TYPE_SECTION: lambda: self._many(self._recursion),
            IMPORT_SECTION: lambda: self._many(self._import),
            FUNCTION_SECTION: lambda: self._functions.extend(self._many(self._u32)),
            EXPORT_SECTION: lambda: self._many(self._export),
        }
        while self._at < len(binary):
            section, size = self._byte(), self._u32()
            end = self._at + size
            sections.get(section, lambda: None)()
            self._at = end

    def exported(self, name):
        """Parameters and results of the exported function."""
        return self._types[self._functions[self._exports[name]]]

    def _byte(self):
        self._at += 1
        return self._bytes[self._at - 1]

    # Heap types are signed 33-bit numbers; sizes of 64-bit memories have 64 bits.
    def _u32(self):
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def _many(self, read):
        return [read() for _ in range(self._u32())]

    def _name(self):
        size = self._u32()
        self._at += size
        return self._bytes[self._at - size : self._at].decode()

    def _value_type(self):
        byte = self._byte()
        if byte in (0x63, 0x64):
            self._u32()
        return VALUE_TYPES.get(byte, "ref")

    def _recursion(self):
        if self._bytes[self._at] != 0x4E:
            return self._sub_type()
        self._at += 1
        return self._many(self._sub_type)

    def _sub_type(self):
        if self._bytes[self._at] in (0x50, 0x4F):
            self._at += 1
            self._many(self._u32)
        form = self._byte()
        if form == 0x60:
            self._types.append((self._many(self._value_type), self._many(self._value_type)))
            return
        # A struct or an array, whose fields have a type and mutability, or a continuation of a function.
        if form == 0x5F:
            self._many(self._field)
        elif form == 0x5E:
            self._field()
        else:
            self._u32()
        self._types.append(None)

    def _field(self):
        self._value_type()
        self._byte()

    def _limits(self):
        flags = self._byte()
        self._u32()
        if flags & 1:
            self._u32()
        if flags & 8:
            self._u32()

    def _import(self):
        module, name, kind = self._name(), self._name(), KINDS[self._byte()]
        ty = None
        if kind == "func":
            index = self._u32()
            self._functions.append(index)
            ty = self._types[index]
        elif kind == "table":
            self._value_type()
            self._limits()
        elif kind == "memory":
            self._limits()
        elif kind == "global":
            self._field()
        else:
            self._byte()
            self._u32()
        self.imports.append((module, name, kind, ty))

    def _export(self):
        name, kind, index = self._name(), self._byte(), self._u32()
        if KINDS[kind] == "func":
            self._exports[name] = index
