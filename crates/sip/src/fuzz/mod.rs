//! Hostile input by chance: the messages of `crates/sip/messages`, mutated, for
//! every reader of bytes that come from outside.
//!
//! `cargo test -p ringpost-sip fuzz` tries [`INPUTS`] on each target, always the
//! same ones. `RINGPOST_FUZZ_INPUTS` and `RINGPOST_FUZZ_SEED` ask for more and for
//! others, see docs/hardening.md.

mod chance;
mod corpus;
mod digest;
mod framing;
mod growth;
mod mutate;
mod sdp;
mod uris;
mod wire;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use chance::Chance;

/// Inputs for each target where the environment asks for no other number.
const INPUTS: u64 = 10_000;
const SEED: u64 = 0x52_69_6e_67_70_6f_73_74;
/// From so many inputs on, the memory of the process is watched. With fewer, the
/// tests beside this one move it more.
const WATCHED: u64 = 1_000_000;
/// Growth of the resident memory after the first tenth, in KiB.
const GROWTH: u64 = 8 * 1024;

/// Tries mutations of the seeds on the target, which panics where something does
/// not hold; the input that did it is then shown.
fn fuzz(name: &str, seeds: &[Vec<u8>], mut target: impl FnMut(&[u8], &mut Chance)) {
    let asked = |variable| std::env::var(variable).ok().map(|text| text.parse().unwrap());
    let inputs = asked("RINGPOST_FUZZ_INPUTS").unwrap_or(INPUTS);
    let seed = asked("RINGPOST_FUZZ_SEED").unwrap_or(SEED);
    let mut chance = Chance::new(seed, name);
    let mut memory = Memory::default();
    let mut input = Vec::new();
    let start = Instant::now();
    for index in 0..inputs {
        mutate::next(&mut input, seeds, &mut chance);
        let tried = catch_unwind(AssertUnwindSafe(|| target(&input, &mut chance)));
        assert!(tried.is_ok(), "{name}, seed {seed}, input {index}: b\"{}\"", input.escape_ascii());
        if inputs >= WATCHED && (index + 1) % (inputs / 100) == 0 {
            memory.note((index + 1) / (inputs / 100));
        }
    }
    if inputs >= WATCHED {
        let each_second = inputs as f64 / start.elapsed().as_secs_f64();
        let Memory { start, middle, end, peak } = memory;
        println!(
            "{name}: {inputs} inputs of seed {seed}, {each_second:.0} a second; resident \
             {start} KiB after a tenth, {middle} in the middle, {end} at the end, {peak} at most"
        );
        assert!(peak < start + GROWTH, "{name}: memory is not flat");
    }
}

/// Resident memory of the process in KiB.
#[derive(Default)]
struct Memory {
    start: u64,
    middle: u64,
    end: u64,
    peak: u64,
}

impl Memory {
    fn note(&mut self, percent: u64) {
        let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
        let resident = pages.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4;
        match percent {
            10 => self.start = resident,
            50 => self.middle = resident,
            100 => self.end = resident,
            _ => {}
        }
        if percent >= 10 {
            self.peak = self.peak.max(resident);
        }
    }
}
