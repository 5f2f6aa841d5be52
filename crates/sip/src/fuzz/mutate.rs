//! Mutation with some sense of what SIP is made of: bits, bytes and pieces, but
//! also lines, numbers and the words that readers look for.

use super::chance::Chance;

/// No datagram is longer.
const LONGEST: usize = 65_535;

/// Words that mean something somewhere, and signs that open what may not close.
const TOKENS: [&str; 64] = [
    "\r\n",
    "\n",
    "\r",
    "\r\n\r\n",
    "\r\n ",
    "\t",
    "\0",
    " ",
    "\"",
    "\\",
    "\\\"",
    "<",
    ">",
    "<>",
    ";",
    ";;",
    ",",
    ",,",
    ":",
    "::",
    "=",
    "==",
    "@",
    "?",
    "&",
    "%",
    "%00",
    "%41",
    "%zz",
    "[",
    "]",
    "[::1]",
    "[:::1.2.3.4]",
    "*",
    "/",
    "|",
    "sip:",
    "sips:",
    "tel:",
    "SIP/2.0",
    "SIP/2.0/UDP ",
    "v:",
    "f:",
    "t:",
    "i:",
    "l:",
    "m:",
    "x:",
    "Content-Length: ",
    "CSeq: ",
    "Via: ",
    "From: ",
    ";branch=z9hG4bK",
    ";rport",
    ";received=",
    ";tag=",
    ";lr",
    "m=audio ",
    "a=rtpmap:",
    "a=crypto:1 ",
    "RTP/SAVP",
    "Digest ",
    "\u{feff}",
    "\u{202e}",
];

/// Numbers at the limits of what they are read into.
const NUMBERS: [&str; 18] = [
    "0",
    "00",
    "-1",
    "+1",
    "1e9",
    "127",
    "128",
    "255",
    "256",
    "32768",
    "65535",
    "65536",
    "2147483647",
    "2147483648",
    "4294967295",
    "4294967296",
    "18446744073709551616",
    "99999999999999999999999999999999999999999999999999",
];

/// Makes the next input: a seed with one to six changes.
pub(super) fn next(input: &mut Vec<u8>, seeds: &[Vec<u8>], chance: &mut Chance) {
    input.clear();
    let seed: &Vec<u8> = chance.of(seeds);
    input.extend_from_slice(seed);
    for _ in 0..=chance.below(6) {
        change(input, seeds, chance);
        input.truncate(LONGEST);
    }
}

fn change(input: &mut Vec<u8>, seeds: &[Vec<u8>], chance: &mut Chance) {
    let at = chance.below(input.len() + 1);
    match chance.below(12) {
        0 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << chance.below(8);
            }
        }
        1 => {
            if let Some(byte) = input.get_mut(at) {
                *byte = chance.byte();
            }
        }
        2 => {
            let end = input.len().min(at + chance.below(24));
            input.drain(at..end);
        }
        3 => input.truncate(at),
        4 | 5 => insert(input, at, chance.of(&TOKENS).as_bytes()),
        6 => number(input, at, chance),
        7 => repeat(input, at, chance),
        // A piece of another one, in place of a piece of this.
        8 => {
            let other = chance.of(seeds);
            let from = chance.below(other.len() + 1);
            let to = other.len().min(from + chance.below(200));
            let end = input.len().min(at + chance.below(200));
            input.splice(at..end, other[from..to].iter().copied());
        }
        9 => {
            let (begin, end) = line(input, at);
            input.drain(begin..end);
        }
        // A line of another one, or of its own, as one more line.
        10 => {
            let (begin, _) = line(input, at);
            let other = if chance.once_in(2) { chance.of(seeds) } else { &*input };
            let (from, to) = line(other, chance.below(other.len() + 1));
            let piece = other[from..to].to_vec();
            insert(input, begin, &piece);
        }
        _ => {
            let (begin, end) = line(input, at);
            let moved: Vec<u8> = input.drain(begin..end).collect();
            let (to, _) = line(input, chance.below(input.len() + 1));
            insert(input, to, &moved);
        }
    }
}

fn insert(input: &mut Vec<u8>, at: usize, piece: &[u8]) {
    input.splice(at..at, piece.iter().copied());
}

/// Begin and end of the line around that place, its line end within.
fn line(bytes: &[u8], at: usize) -> (usize, usize) {
    let end_of_line = |byte: &u8| *byte == b'\n';
    let begin = bytes[..at].iter().rposition(end_of_line).map_or(0, |end| end + 1);
    let end = bytes[at..].iter().position(end_of_line).map_or(bytes.len(), |end| at + end + 1);
    (begin, end)
}

/// Another number in place of the next one.
fn number(input: &mut Vec<u8>, at: usize, chance: &mut Chance) {
    let Some(begin) = input[at..].iter().position(u8::is_ascii_digit).map(|found| at + found)
    else {
        return;
    };
    let digits = input[begin..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let other = chance.of(&NUMBERS).bytes();
    input.splice(begin..begin + digits, other);
}

/// A piece many times over; now and then as often as a datagram holds it.
fn repeat(input: &mut Vec<u8>, at: usize, chance: &mut Chance) {
    let end = input.len().min(at + 1 + chance.below(16));
    let piece = if chance.once_in(2) {
        chance.of(&TOKENS).as_bytes().to_vec()
    } else {
        input[at..end].to_vec()
    };
    let room = if chance.once_in(500) { LONGEST } else { 1 + chance.below(600) };
    let times = room / piece.len().max(1);
    insert(input, at, &piece.repeat(times));
}
