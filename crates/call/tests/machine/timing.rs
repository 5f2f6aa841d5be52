//! The limits, and quiet.

use std::time::Duration;

use ringpost_call::{Action, Event, Policy};
use ringpost_model::{Outcome, Stage, Why};

use crate::{MESSAGE, World, policy, secs};

const FINISHED: [Action; 2] = [Action::StopRecording, Action::HangUp];

#[test]
fn a_greeting_without_end_is_cut_off() {
    let mut world = World::greeting(policy());
    assert_eq!(world.pass(Duration::from_millis(299_999)), []);
    let end = Action::End(Outcome::MissedCall(Why::MediaFailed), Stage::Greeting);
    assert_eq!(world.pass(Duration::from_millis(1)), [Action::HangUp, end]);
}

#[test]
fn a_recording_ends_at_its_limit() {
    let mut world = World::recording(policy());
    world.send(Event::VoiceStarted);
    assert_eq!(world.pass(secs(1199)), []);
    assert_eq!(world.pass(secs(1)), FINISHED);
    let end = Action::End(Outcome::VoiceMail(Why::MessageLeft), Stage::Recording);
    assert_eq!(world.send(MESSAGE), [end]);
}

#[test]
fn a_call_ends_at_its_limit_counted_from_the_answer() {
    let limits = Policy { answer_after: secs(60), call: secs(30), ..policy() };
    let mut world = World::recording(limits.clone());
    world.send(Event::VoiceStarted);
    assert_eq!(world.pass(secs(29)), [], "ringing does not count, the pause does");
    assert_eq!(world.pass(secs(1)), FINISHED);
    let mut world = World::greeting(limits);
    let end = Action::End(Outcome::MissedCall(Why::MediaFailed), Stage::Greeting);
    assert_eq!(world.pass(secs(30)), [Action::HangUp, end]);
}

#[test]
fn quiet_ends_a_recording() {
    let mut world = World::recording(policy());
    assert_eq!(world.pass(Duration::from_millis(4999)), []);
    assert_eq!(world.pass(Duration::from_millis(1)), FINISHED, "nothing was ever said");

    let mut world = World::recording(policy());
    world.pass(secs(4));
    world.send(Event::VoiceStarted);
    assert_eq!(world.pass(secs(100)), [], "speech is not quiet");
    world.send(Event::VoiceStopped);
    assert_eq!(world.pass(secs(4)), []);
    world.send(Event::VoiceStopped);
    assert_eq!(world.pass(secs(1)), FINISHED, "said twice it is no longer");
}

#[test]
fn a_voice_that_began_in_the_greeting_is_heard_in_the_recording() {
    let mut world = World::greeting(policy());
    world.send(Event::VoiceStarted);
    world.send(Event::PromptFinished);
    assert_eq!(world.pass(secs(60)), []);
    world.send(Event::VoiceStopped);
    assert_eq!(world.pass(secs(5)), FINISHED);
}

#[test]
fn quiet_does_not_count_while_the_caller_holds() {
    let mut world = World::recording(policy());
    world.pass(secs(3));
    world.send(Event::Held);
    world.send(Event::VoiceStopped);
    assert_eq!(world.pass(secs(600)), []);
    world.send(Event::Resumed);
    assert_eq!(world.pass(secs(4)), []);
    assert_eq!(world.pass(secs(1)), FINISHED);

    let mut world = World::recording(policy());
    world.send(Event::VoiceStarted);
    world.send(Event::Held);
    assert_eq!(world.pass(secs(1200)), FINISHED, "the limit counts all the same");

    let mut world = World::greeting(policy());
    world.send(Event::Held);
    world.send(Event::PromptFinished);
    assert_eq!(world.pass(secs(60)), [], "held before the beep");
    world.send(Event::Resumed);
    assert_eq!(world.pass(secs(5)), FINISHED);
}

#[test]
fn without_a_limit_for_it_quiet_ends_nothing() {
    let mut world = World::recording(Policy { silence: Duration::ZERO, ..policy() });
    assert_eq!(world.pass(secs(1199)), []);
}

#[test]
fn sound_that_never_gets_safe_is_lost_and_the_call_told_of() {
    let mut world = World::recording(policy());
    world.send(Event::HungUp { elsewhere: false });
    assert_eq!(world.pass(Duration::from_millis(59_999)), []);
    let end = Action::End(Outcome::MissedCall(Why::MediaFailed), Stage::Recording);
    assert_eq!(world.pass(Duration::from_millis(1)), [end]);
    assert_eq!(world.send(MESSAGE), []);
}

#[test]
fn a_deadline_that_comes_early_is_no_deadline() {
    let mut world = World::recording(policy());
    let now = world.now;
    world.call.handle(Event::Deadline, now);
    assert_eq!(world.drain(), []);
}

#[test]
fn limits_beyond_all_time_are_taken() {
    let endless = Policy {
        answer_after: Duration::MAX,
        greeting_delay: Duration::MAX,
        greeting: Duration::MAX,
        recording: Duration::MAX,
        call: Duration::MAX,
        silence: Duration::MAX,
        ..policy()
    };
    let mut world = World::recording(endless);
    assert!(world.call.deadline().is_some());
    assert_eq!(world.send(Event::Digit('#')), FINISHED);
}

#[test]
fn without_a_pause_the_greeting_begins_with_the_ack() {
    let mut world = World::new(Policy { greeting_delay: Duration::ZERO, ..policy() });
    world.drain();
    assert_eq!(world.send(Event::Acknowledged), [Action::Play]);
}
