//! Pseudo-random numbers from a seed: splitmix64.

pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// True with probability 1 in `n`.
    pub fn one_of(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    /// An unusual number: around 0, around a power of two, or any.
    pub fn wild(&mut self) -> i64 {
        let near = self.below(5) as i64 - 2;
        match self.below(4) {
            0 => near,
            1 => (1_i64 << self.below(33)) + near,
            2 => -(1_i64 << self.below(32)) + near,
            _ => i64::from(self.next() as i32),
        }
    }
}
