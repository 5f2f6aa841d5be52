//! Days of calls, each of them a few seconds long: what is old leaves nothing
//! behind, and the second time costs no more than the first.

use std::time::Duration;

use ringpost_tests::long_run::House;

const DAY: Duration = Duration::from_secs(4);
const HUNDREDS: usize = 4;

#[test]
fn nothing_grows_with_the_number_of_calls() {
    let mut house = House::open(DAY);
    let mut rested = Vec::new();
    for outage in [Duration::ZERO, Duration::from_secs(1), Duration::ZERO] {
        let told = house.calls(HUNDREDS, DAY, outage, |_| ());
        assert_eq!(told.faults, Vec::<String>::new());
        rested.push(house.forget());
    }
    println!("{}", ringpost_tests::long_run::Sample::HEAD);
    for sample in &rested {
        println!("{sample}");
    }
    assert_eq!(rested[2].grown_since(&rested[0]), Vec::<String>::new());
}
