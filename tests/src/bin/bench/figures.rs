//! Figures as people read them.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::options::Options;

static FAILED: AtomicBool = AtomicBool::new(false);

/// Milliseconds.
pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The time that this share of them (0 to 1) does not go beyond.
pub fn quantile(times: &[Duration], share: f64) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let at = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len().max(1));
    sorted.get(at - 1).copied().unwrap_or_default()
}

/// Median and p99 in ms.
pub fn both(times: &[Duration]) -> [f64; 2] {
    [0.5, 0.99].map(|share| ms(quantile(times, share)))
}

/// The one in the middle.
pub fn median(numbers: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = numbers.into_iter().collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// Says what went wrong, the first few of it.
pub fn complain(faults: &[String]) {
    for fault in faults.iter().take(5) {
        println!("  FAILED: {fault}");
    }
    if faults.len() > 5 {
        println!("  FAILED: … and {} more", faults.len() - 5);
    }
    if !faults.is_empty() {
        FAILED.store(true, Ordering::Relaxed);
    }
}

/// Whether anything went wrong so far.
pub fn failed() -> bool {
    FAILED.load(Ordering::Relaxed)
}

/// The end of a path, by which programs are told apart.
pub fn short(binary: &Path) -> String {
    let parts: Vec<_> = binary.iter().map(|part| part.to_string_lossy()).collect();
    let from = parts.len().saturating_sub(3);
    parts[from..].join("/").replace("//", "/")
}

/// Runs `round` so many times for each program, in turns; what the rounds of the
/// first gave, then those of the second.
pub fn in_turns<T>(
    options: &Options,
    rounds: usize,
    mut round: impl FnMut(&Path) -> T,
) -> Vec<Vec<T>> {
    let binaries = options.binaries();
    let mut results: Vec<Vec<T>> = binaries.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for (results, binary) in results.iter_mut().zip(&binaries) {
            if binaries.len() > 1 {
                println!("{}", short(binary));
            }
            results.push(round(binary));
        }
    }
    results
}
