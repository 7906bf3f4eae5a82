//! Changes inputs a little, the same way every time.

/// Words that parsers of package archives act upon.
const WORDS: &[&[u8]] = &[
    b"..",
    b"/",
    b"\0",
    b"\n",
    b"\n\n",
    b"\n ",
    b": ",
    b"-----BEGIN PGP SIGNED MESSAGE-----",
    b"- -",
    b"99999999999999999999",
    b"-1",
    b"0",
    b"(>= ",
    b"|",
    b",",
    b":any",
    b"[",
    b"<!",
    b"~",
    b"%",
    b"\xff\xff\xff\xff",
    b"\xf0\x9f\xa6\x80",
    b"Package:",
    b"SHA256:",
    b"`\n",
    b"ustar",
];

/// Inputs of more bytes only take time.
const MAX_BYTES: usize = 1 << 16;

pub(crate) struct Mutator {
    seeds: Vec<Vec<u8>>,
    state: u64,
}

impl Mutator {
    /// The name decides all numbers.
    pub(crate) fn new(name: &str, seeds: Vec<Vec<u8>>) -> Self {
        let mix = |state: u64, byte: u8| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Self { seeds, state: name.bytes().fold(0xcbf2_9ce4_8422_2325, mix) | 1 }
    }

    pub(crate) fn next_input(&mut self) -> Vec<u8> {
        let seed = self.below(self.seeds.len());
        let mut input = self.seeds[seed].clone();
        for _ in 0..=self.below(6) {
            self.change(&mut input);
        }
        input.truncate(MAX_BYTES.max(self.seeds[seed].len()));
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len() + 1);
        let length = self.below(64).min(input.len() - at);
        match self.below(8) {
            0 if length > 0 => input[at] ^= 1 << self.below(8),
            1 if length > 0 => input[at] = u8::try_from(self.below(256)).unwrap_or_default(),
            2 => drop(input.drain(at..at + length)),
            3 => {
                let piece = input[at..at + length].to_vec();
                input.splice(at..at, piece.repeat(1 + self.below(40)));
            }
            4 => input.truncate(at),
            5 => {
                let other = self.below(self.seeds.len());
                let start = self.below(self.seeds[other].len() + 1);
                let piece = self.seeds[other][start..].to_vec();
                input.splice(at..at + length, piece);
            }
            _ => {
                let word = self.below(WORDS.len());
                let replaced = self.below(2) * length.min(WORDS[word].len());
                input.splice(at..at + replaced, WORDS[word].iter().copied());
            }
        }
    }

    /// A number below `bound`, by xorshift.
    fn below(&mut self, bound: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state >> 16).unwrap_or_default() % bound.max(1)
    }
}
