//! Figures as people read them.

use std::path::Path;
use std::time::Duration;

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
}

/// A program in a line of its own.
pub fn short(binary: &Path) -> String {
    let parts: Vec<_> = binary.iter().map(|part| part.to_string_lossy()).collect();
    let from = parts.len().saturating_sub(3);
    parts[from..].join("/")
}
