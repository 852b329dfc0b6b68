//! Several pieces in one file, so that a person can read and write it: `r0…`, a line with `--`, `c3…`.
//!
//! No length stands anywhere: a fuzzer that puts a byte into one piece leaves the others as they are.

/// Between two pieces.
const SEAM: &[u8] = b"\n--\n";

/// Pieces that are looked at; what follows is part of the last one.
const MOST: usize = 64;

/// One piece of a file.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// Its first byte, a letter or a digit: what is done with the rest. Each target has its own words.
    pub what: u8,
    /// Its second byte, of which the last three bits count: how long it is waited afterwards, from 0 to 7.
    pub wait: usize,
    /// The rest.
    pub bytes: &'a [u8],
}

/// The pieces of a file, in order. One of fewer than two bytes is none.
pub fn pieces(mut file: &[u8]) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    while !file.is_empty() {
        let seam = if found.len() + 1 < MOST { file.windows(SEAM.len()).position(|window| window == SEAM) } else { None };
        let (piece, rest) = match seam {
            Some(at) => (&file[..at], &file[at + SEAM.len()..]),
            None => (file, &[][..]),
        };
        if let [what, wait, bytes @ ..] = piece {
            found.push(Piece { what: *what, wait: usize::from(wait & 7), bytes });
        }
        file = rest;
    }
    found
}
