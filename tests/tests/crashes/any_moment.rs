//! A thousand calls, two hundred at once, each at some moment of its life when
//! kill -9 comes; after the restart every one of them has become the one thing
//! that its moment asks for.
//!
//! Lives and kills are dealt by chance from a seed, which is printed;
//! `RINGPOST_SEED` sets it.

mod house;
mod lives;
mod oracle;

use std::time::Duration;

use ringpost_tests::load::{CallPlan, Kind, Load};
use ringpost_tests::waiting;

use house::{House, Weather, plan};
use lives::{Chance, Lives};

/// Calls of a round.
const AT_ONCE: usize = 200;

#[test]
fn a_thousand_calls_and_none_is_lost() {
    let seed = std::env::var("RINGPOST_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or(20_070_901);
    println!("lives and kills of RINGPOST_SEED={seed}");
    let mut house = House::open();
    let rounds = [Weather::Fair, Weather::Slow, Weather::Down, Weather::Rough, Weather::Down];
    for (round, weather) in (0_u32..).zip(rounds) {
        let lives = Lives::deal(&mut Chance::new(seed, round.into()), AT_ONCE);
        house.round(round, weather, lives);
    }
    // Another restart tells nobody again.
    let told = house.sink.taken().len();
    house.server.kill_and_restart();
    waiting::pass(Duration::from_secs(1));
    assert_eq!(house.sink.taken().len(), told);
    house.check(0..u32::MAX);
}

#[test]
fn two_hundred_calls_while_the_mail_server_is_down() {
    let mut house = House::open();
    house.sink.down();
    let frames = |at: usize| if at.is_multiple_of(4) { 20 } else { 160 };
    let calls = (0..AT_ONCE)
        .map(|at| CallPlan {
            kind: Kind::Spoken { frames: frames(at) },
            begin: Duration::from_millis(at as u64 * 10),
        })
        .collect();
    let outcome = Load::start(plan(house.server.sip(), calls, 1)).finish();
    assert_eq!(outcome.faults(), Vec::<String>::new());
    house.sink.up();
    house.expect_calls(&outcome, None);
    house.settle();
    house.check(0..u32::MAX);
    assert_eq!(house.sink.taken().len(), 1 + AT_ONCE, "one mail for each");
}
