//! The generator against a phone system of a few lines.

use super::*;

#[test]
fn quantiles_are_those_of_the_times() {
    let mut times = Histogram::default();
    for millis in 1..=100 {
        times.add(Duration::from_millis(millis));
    }
    assert_eq!(times.total(), 100);
    assert_eq!(times.quantile(0.5).as_millis(), 50);
    assert_eq!(times.quantile(1.0), Duration::from_millis(100));
}
