//! A hostile guest: its memory is full of data that the host's functions accept, and its exports lie, fail and call the
//! host again.

use wasmlab_host_emscripten::{Config, Guest, Host, Termination};

use crate::guest::{MemoryGuest, SECRET};
use crate::rng::Rng;
use crate::shapes::Import;

/// Where data is prepared; each area has room for 256 items, 256 bytes apart.
const PATHS: u32 = 1 << 16;
const ADDRESSES: u32 = 2 << 16;
const IOVECS: u32 = 3 << 16;
const MESSAGES: u32 = 4 << 16;
const TIMES: u32 = 5 << 16;
const SETS: u32 = 6 << 16;
const POLLS: u32 = 7 << 16;
const WORDS: u32 = 8 << 16;
const ARGUMENTS: u32 = 9 << 16;
const HANDLERS: u32 = 10 << 16;
/// Buffers start here.
const BUFFERS: u32 = 11 << 16;

const NAMES: &[&str] = &[
    "",
    ".",
    "..",
    "/",
    "/guest",
    "/guest/",
    "file",
    "new",
    "new2",
    "sub",
    "sub/",
    "sub/x",
    "inside",
    "inside/x",
    "loop",
    "loop/x",
    "a",
    "b",
    "a/b",
    "a/b/c",
    "to-folder",
    "to-folder/secret",
    "to-secret",
    "to-nothing",
    "up",
    "up/secret",
    "up/new",
    "top",
    "top/etc/passwd",
    "sub/up-secret",
    "../other/secret",
    "../other/new",
    "/guest/../other/secret",
    "/etc/passwd",
    "../../../../../../etc/passwd",
    "sub/../../other/secret",
    "/dev/null",
    "/dev/urandom",
    "/dev/stdout",
    "/proc/self/environ",
    "new/../../other/secret",
    "./new",
    "//guest//file",
    "localhost",
    "127.0.0.1",
    "::1",
    "80",
    "wasm",
    "PATH",
    "%Y-%m-%d %H:%M:%S %%",
    "file/",
    "a/../..",
    "\u{fc}",
    "other",
    "../other",
];

pub struct Hostile {
    guest: MemoryGuest,
    pub rng: Rng,
    /// Calls from within calls.
    pub nested: u64,
    within: u32,
    planted: bool,
    /// Imports to call from within a call: `raise`, `sigprocmask`, `getenv`, ….
    again: Vec<wasmlab_host_emscripten::HostFunction>,
}

impl Hostile {
    pub fn new(config: Config, rng: Rng) -> Self {
        let mut guest = MemoryGuest::new(config);
        guest.host.set_max_wait(std::time::Duration::from_millis(1));
        Self { guest, rng, nested: 0, within: 0, planted: false, again: Vec::new() }
    }

    fn put(&mut self, at: u32, words: &[u32]) {
        for (index, word) in (0..).zip(words) {
            self.guest.put(at + index * 4, &word.to_le_bytes());
        }
    }

    /// The address of an item in an area.
    fn planted(&mut self, place: u32) -> u32 {
        place + self.rng.below(256) as u32 * 256
    }

    fn buffer(&mut self) -> u32 {
        let room = self.guest.memory.len() as u64 - u64::from(BUFFERS);
        BUFFERS + self.rng.below(room) as u32
    }

    /// Fills the areas; repeated in part from time to time, because calls overwrite them.
    pub fn plant(&mut self, imports: &[Import], ports: [u16; 2]) {
        if self.again.is_empty() {
            self.again = imports.iter().map(|import| import.function).collect();
        }
        let all = !std::mem::replace(&mut self.planted, true);
        for slot in 0..if all { 256 } else { 1 } {
            let slot = if all { slot } else { self.rng.below(256) as u32 };
            self.plant_one(slot * 256, ports);
        }
    }

    fn plant_one(&mut self, at: u32, ports: [u16; 2]) {
        let name = self.rng.pick(NAMES);
        self.guest.put(PATHS + at, name.as_bytes());
        self.guest.put(PATHS + at + name.len() as u32, &[0]);
        let port = self.rng.pick(&[ports[0], ports[1], ports[0], 0, 22]).to_be_bytes();
        let ip = self.rng.pick(&[[127, 0, 0, 1], [127, 0, 0, 1], [0, 0, 0, 0], [10, 0, 0, 1], [255, 255, 255, 255]]);
        let family = self.rng.pick(&[2_u8, 2, 2, 10, 1, 0]);
        self.guest.put(ADDRESSES + at, &[family, 0, port[0], port[1], ip[0], ip[1], ip[2], ip[3]]);
        self.guest.put(ADDRESSES + at + 8, &[0; 20]);
        self.guest.put(ADDRESSES + at + 23, &[1]);
        for index in 0..8 {
            let (base, len) = (self.argument('b') as u32, self.argument('n') as u32);
            self.put(IOVECS + at + index * 8, &[base, len]);
            let (fd, events) = (self.argument('f') as u32, self.rng.next() as u32);
            self.put(POLLS + at + index * 8, &[fd, events]);
        }
        let (name, iovecs) = (self.rng.pick(&[0, ADDRESSES]), self.planted(IOVECS));
        let control = self.rng.pick(&[0, 0, 0, 16]);
        let count = self.rng.below(9) as u32;
        self.put(MESSAGES + at, &[name, 16, iovecs, count, 0, control, 0]);
        let (seconds, rest) = (self.rng.pick(&[0, 0, 0, 1, 1_000_000, u32::MAX]), self.rng.wild() as u32);
        let rest = self.rng.pick(&[0, 1_000, rest]);
        self.put(TIMES + at, &[seconds, rest, seconds, rest]);
        let (low, high) = (self.rng.next() as u32 & 0xffff, self.rng.pick(&[0, 0, u32::MAX]));
        self.put(SETS + at, &[low, 0, high]);
        let word = self.rng.pick(&[16, 28, 128, 4, 0, u32::MAX]);
        self.put(WORDS + at, &[word, word, word]);
        let (handler, flags) = (self.rng.pick(&[0, 1, 2, 77, 77, 77]), self.rng.pick(&[0, 4]));
        self.put(HANDLERS + at, &[handler, 0, 0]);
        self.put(HANDLERS + at + 132, &[flags]);
    }

    /// An argument of the kind that the letter `kind` selects; sometimes of any kind.
    fn argument(&mut self, kind: char) -> i64 {
        if self.rng.one_of(24) {
            return self.rng.wild();
        }
        match kind {
            'p' => self.planted(PATHS).into(),
            'f' if self.rng.one_of(12) => self.rng.below(1100) as i64 - 20,
            'f' => self.rng.below(24) as i64,
            'd' if self.rng.one_of(2) => -100,
            'd' => self.rng.below(24) as i64,
            'b' if self.rng.one_of(40) => self.guest.memory.len() as i64 - self.rng.below(200) as i64,
            'b' | 'l' if self.rng.one_of(3) => self.planted(WORDS).into(),
            'b' => self.buffer().into(),
            'n' if self.rng.one_of(30) => self.guest.memory.len() as i64,
            'n' => self.rng.below(1_500) as i64,
            'a' => self.planted(ADDRESSES).into(),
            'k' => self.rng.pick(&[16, 16, 28, 28, 2, 15, 128, 129]),
            'l' => self.planted(WORDS).into(),
            'v' => self.planted(IOVECS).into(),
            'c' => self.rng.below(9) as i64,
            'm' => self.planted(MESSAGES).into(),
            't' => self.planted(TIMES).into(),
            's' if self.rng.one_of(3) => 0,
            's' => self.planted(SETS).into(),
            'q' => self.planted(POLLS).into(),
            'o' => {
                let access = self.rng.below(4) as i64;
                access
                    | self.rng.pick(&[0, 0, 0o100, 0o102, 0o300, 0o1000, 0o1102, 0o2000, 0o4000, 0o200_000, 0o400_000])
            }
            'w' if self.rng.one_of(2) => 0o644,
            'w' => self.planted(WORDS).into(),
            'g' => self.rng.below(66) as i64,
            'h' => self.planted(HANDLERS).into(),
            '.' => self.rng.pick(&[0, 0, 1, 1, 2, 2, 3, 4, 6, 10, 42, 0x22, 0x40, 0x541b, 0x5421, 1030, 0o777, 2049]),
            _ => self.rng.wild(),
        }
    }

    pub fn arguments(&mut self, import: &Import) -> Vec<i64> {
        if self.rng.one_of(16) {
            return (0..self.rng.below(8)).map(|_| self.rng.wild()).collect();
        }
        let args: Vec<i64> = import.shape.chars().map(|kind| self.argument(kind)).collect();
        let args =
            if args.is_empty() { vec![self.argument('b'), self.argument('n'), self.argument('p')] } else { args };
        if !import.varargs {
            return args;
        }
        let at = self.planted(ARGUMENTS);
        let mut words: Vec<u32> = args.iter().map(|arg| *arg as u32).collect();
        // socketcall: a number and the address of its arguments.
        if import.shape == ".l" {
            let further = self.planted(ARGUMENTS);
            let number = 1 + self.rng.below(18) as u32;
            words = vec![number, further];
            let shape = [
                "...", "fak", "fak", "f.", "fbl", "fbl", "fbl", "...b", "fbn.", "fbn.", "fbn.ak", "fbn.bl", "f.",
                "f..bn", "f..bl", "fm.", "fm.", "fbl.",
            ][number as usize - 1];
            let args: Vec<u32> = shape.chars().map(|kind| self.argument(kind) as u32).collect();
            self.put(further, &args);
        }
        self.put(at, &words);
        vec![0, if self.rng.one_of(32) { self.rng.wild() } else { at.into() }]
    }

    /// Makes the call; returns whether it succeeded.
    pub fn make(&mut self, import: &Import, args: &[i64]) -> bool {
        self.within = 0;
        let before = self.guest.memory.len();
        let result = import.function.call(self, args);
        assert!(self.guest.memory.len() >= before);
        self.guest.called.clear();
        match result {
            Ok(value) if import.module == "env" => value as i32 >= 0,
            Ok(value) => value == 0,
            Err(_) => false,
        }
    }

    /// Checks that no data from outside the directory has reached the memory.
    pub fn check(&self) {
        let secret = SECRET.as_bytes();
        let first = secret[0];
        let mut rest = self.guest.memory.as_slice();
        while let Some(at) = rest.iter().position(|byte| *byte == first) {
            assert!(!rest[at..].starts_with(secret), "the guest has read what it was not given");
            rest = &rest[at + 1..];
        }
    }
}

impl Guest for Hostile {
    fn host(&mut self) -> &mut Host {
        self.guest.host()
    }

    fn memory(&self) -> &[u8] {
        &self.guest.memory
    }

    fn memory_mut(&mut self) -> &mut [u8] {
        &mut self.guest.memory
    }

    fn grow(&mut self, pages: u32) -> bool {
        self.guest.grow(pages)
    }

    fn call(&mut self, export: &str, args: &[i32]) -> Result<Option<i32>, Termination> {
        // Within a call: a handler or an allocator that calls the host.
        if self.within < 200 && self.rng.one_of(3) {
            self.within += 1;
            self.nested += 1;
            let import = self.rng.pick(&self.again.clone());
            let args = [self.argument('p'), self.argument('b'), self.argument('n'), self.argument('b')];
            import.call(self, &args)?;
        }
        match self.rng.below(16) {
            0 => Ok(Some(self.rng.wild() as i32)),
            1 => Ok(None),
            2 => Err(Termination::MissingExport(export.to_owned())),
            _ => self.guest.call(export, args),
        }
    }
}
