//! Whole calls, event by event, with exactly what Ringpost does.

use std::time::Duration;

use ringpost_call::{Action, Event, Policy};
use ringpost_model::{Notify, Outcome, Stage, Why};

use crate::{MESSAGE, QUIET, SHORT, World, policy, secs};

fn missed(why: Why, stage: Stage) -> Action {
    Action::End(Outcome::MissedCall(why), stage)
}

fn voice_mail(why: Why) -> Action {
    Action::End(Outcome::VoiceMail(why), Stage::Recording)
}

fn silent(why: Why, stage: Stage) -> Action {
    Action::End(Outcome::Silent(why), stage)
}

fn ringing() -> Policy {
    Policy { answer_after: secs(15), ..policy() }
}

#[test]
fn a_message_is_left() {
    let mut world = World::new(policy());
    assert_eq!(world.drain(), [Action::Answer]);
    assert_eq!(world.pass(secs(1)), [], "no sound before the ACK");
    assert_eq!(world.send(Event::Acknowledged), []);
    assert_eq!(world.pass(Duration::from_millis(299)), []);
    assert_eq!(world.pass(Duration::from_millis(1)), [Action::Play]);
    assert_eq!(world.call.stage(), Stage::Greeting);
    assert_eq!(world.send(Event::PromptFinished), [Action::StartRecording]);
    assert_eq!(world.call.stage(), Stage::Recording);
    assert_eq!(world.send(Event::VoiceStarted), []);
    assert_eq!(world.pass(secs(8)), []);
    assert_eq!(world.send(Event::HungUp { elsewhere: false }), [Action::StopRecording]);
    assert!(!world.call.is_over(), "the sound is not safe yet");
    assert_eq!(world.send(MESSAGE), [voice_mail(Why::MessageLeft)]);
    assert!(world.call.is_over());
}

#[test]
fn ringpost_rings_first_where_it_is_asked_to() {
    let mut world = World::new(ringing());
    assert_eq!(world.drain(), [Action::Ring]);
    assert_eq!(world.call.stage(), Stage::Forwarded);
    assert_eq!(world.pass(Duration::from_millis(14_999)), []);
    assert_eq!(world.pass(Duration::from_millis(1)), [Action::Answer]);
}

#[test]
fn the_caller_gives_up_while_it_rings() {
    let cancelled = Event::Cancelled { elsewhere: false };
    let elsewhere = Event::Cancelled { elsewhere: true };
    let forwarded = Stage::Forwarded;
    let ended_elsewhere = silent(Why::AnsweredElsewhere, forwarded);
    let not_ours = silent(Why::NotOurs, forwarded);
    let table = [
        (Notify::Server, true, cancelled, missed(Why::Cancelled, forwarded)),
        (Notify::Server, false, cancelled, silent(Why::NotWanted, forwarded)),
        (Notify::Client, true, cancelled, not_ours),
        (Notify::Pbx, true, cancelled, not_ours),
        (Notify::Server, true, elsewhere, ended_elsewhere),
        (Notify::Client, true, elsewhere, ended_elsewhere),
        (Notify::Pbx, true, elsewhere, ended_elsewhere),
    ];
    for (notify, missed_calls, event, end) in table {
        let mut world = World::new(Policy { notify, missed_calls, ..ringing() });
        world.drain();
        assert_eq!(world.send(event), [end], "{notify} {missed_calls} {event:?}");
    }
}

#[test]
fn a_bye_while_it_rings_is_the_same_and_leaves_no_invite_open() {
    let mut world = World::new(ringing());
    world.drain();
    assert_eq!(
        world.send(Event::HungUp { elsewhere: false }),
        [Action::Refuse(487), missed(Why::Cancelled, Stage::Forwarded)]
    );
}

#[test]
fn a_hang_up_in_the_greeting_is_a_missed_call_in_every_deployment() {
    for notify in [Notify::Server, Notify::Client, Notify::Pbx] {
        let hung_up = Event::HungUp { elsewhere: false };
        let end = missed(Why::HungUpInGreeting, Stage::Greeting);
        let mut before_ack = World::new(Policy { notify, ..policy() });
        before_ack.drain();
        assert_eq!(before_ack.send(hung_up), [end], "{notify}");
        let mut after_ack = World::new(Policy { notify, ..policy() });
        after_ack.drain();
        after_ack.send(Event::Acknowledged);
        assert_eq!(after_ack.send(hung_up), [end], "{notify}");
        let mut playing = World::greeting(Policy { notify, ..policy() });
        assert_eq!(playing.send(hung_up), [end], "{notify}");
        let mut elsewhere = World::greeting(Policy { notify, ..policy() });
        assert_eq!(
            elsewhere.send(Event::HungUp { elsewhere: true }),
            [silent(Why::AnsweredElsewhere, Stage::Greeting)],
            "{notify}"
        );
    }
}

#[test]
fn keys_in_the_greeting_do_nothing() {
    let mut world = World::greeting(policy());
    for digit in ['#', '*', '1'] {
        assert_eq!(world.send(Event::Digit(digit)), []);
    }
    assert_eq!(world.send(Event::PromptFinished), [Action::StartRecording]);
}

#[test]
fn an_answer_that_nobody_acknowledges_ends_once() {
    let end = [Action::HangUp, missed(Why::NoAck, Stage::Greeting)];
    let mut told = World::new(policy());
    told.drain();
    assert_eq!(told.send(Event::NotAcknowledged), end);
    assert_eq!(told.send(Event::HungUp { elsewhere: false }), []);
    let mut untold = World::new(policy());
    untold.drain();
    assert_eq!(untold.pass(secs(60)), end, "and also when SIP says nothing");
}

#[test]
fn a_cancel_that_overtakes_the_answer_ends_a_call_that_was_not_answered() {
    let forwarded = Stage::Forwarded;
    let mut world = World::new(policy());
    world.drain();
    let given_up = world.send(Event::Cancelled { elsewhere: false });
    assert_eq!(given_up, [missed(Why::Cancelled, forwarded)]);
    let mut world = World::new(policy());
    world.drain();
    let elsewhere = Outcome::Silent(Why::AnsweredElsewhere);
    let answered_elsewhere = world.send(Event::Cancelled { elsewhere: true });
    assert_eq!(answered_elsewhere, [Action::End(elsewhere, forwarded)]);
}

#[test]
fn a_cancel_after_the_acknowledged_answer_has_no_effect() {
    let mut world = World::new(policy());
    world.drain();
    assert_eq!(world.send(Event::Acknowledged), []);
    assert_eq!(world.send(Event::Cancelled { elsewhere: false }), []);
    assert_eq!(world.send(Event::Deadline), [Action::Play]);
}

#[test]
fn the_hash_key_ends_the_recording_and_other_keys_do_not() {
    let mut world = World::recording(policy());
    world.send(Event::VoiceStarted);
    assert_eq!(world.send(Event::Digit('1')), []);
    assert_eq!(world.send(Event::Digit('#')), [Action::StopRecording, Action::HangUp]);
    assert_eq!(world.send(MESSAGE), [voice_mail(Why::MessageLeft)]);
}

#[test]
fn a_recording_that_is_no_message_is_a_missed_call() {
    let table = [
        (SHORT, true, missed(Why::TooShort, Stage::Recording)),
        (QUIET, true, missed(Why::NothingSaid, Stage::Recording)),
        (Event::RecordingLost, true, missed(Why::MediaFailed, Stage::Recording)),
        (SHORT, false, silent(Why::NotWanted, Stage::Recording)),
        (QUIET, false, silent(Why::NotWanted, Stage::Recording)),
        (MESSAGE, false, voice_mail(Why::MessageLeft)),
    ];
    for (event, missed_calls, end) in table {
        for notify in [Notify::Server, Notify::Client, Notify::Pbx] {
            let mut world = World::recording(Policy { notify, missed_calls, ..policy() });
            world.send(Event::HungUp { elsewhere: false });
            assert_eq!(world.send(event), [end], "{event:?} {notify} {missed_calls}");
        }
    }
}

#[test]
fn a_message_of_exactly_the_least_length_is_one() {
    let mut world = World::recording(policy());
    world.send(Event::HungUp { elsewhere: false });
    let least = Event::RecordingClosed { duration: secs(1), said: Duration::from_millis(300) };
    assert_eq!(world.send(least), [voice_mail(Why::MessageLeft)]);
}

#[test]
fn a_call_taken_back_while_recording_is_told_of_to_nobody() {
    let mut world = World::recording(policy());
    assert_eq!(world.send(Event::HungUp { elsewhere: true }), [Action::StopRecording]);
    assert_eq!(world.send(MESSAGE), [silent(Why::AnsweredElsewhere, Stage::Recording)]);
}

#[test]
fn the_server_stops() {
    let mut world = World::new(ringing());
    world.drain();
    assert_eq!(
        world.send(Event::ServerStopping),
        [Action::Refuse(503), silent(Why::Refused(503), Stage::Forwarded)]
    );
    let cut_off = [Action::HangUp, missed(Why::Interrupted, Stage::Greeting)];
    let mut world = World::new(policy());
    world.drain();
    assert_eq!(world.send(Event::ServerStopping), cut_off);
    assert_eq!(World::greeting(policy()).send(Event::ServerStopping), cut_off);
    let mut world = World::recording(policy());
    let stopped = [Action::StopRecording, Action::HangUp];
    assert_eq!(world.send(Event::ServerStopping), stopped);
    assert_eq!(world.send(Event::ServerStopping), []);
    assert_eq!(world.send(MESSAGE), [voice_mail(Why::Interrupted)]);
}

#[test]
fn media_fails() {
    let mut world = World::new(ringing());
    world.drain();
    assert_eq!(
        world.send(Event::MediaFailed),
        [Action::Refuse(503), silent(Why::Refused(503), Stage::Forwarded)]
    );
    assert_eq!(
        World::greeting(policy()).send(Event::MediaFailed),
        [Action::HangUp, missed(Why::MediaFailed, Stage::Greeting)]
    );
    let mut world = World::recording(policy());
    assert_eq!(world.send(Event::MediaFailed), [Action::StopRecording, Action::HangUp]);
    assert_eq!(world.send(MESSAGE), [voice_mail(Why::MediaFailed)], "what was said is not lost");
    let mut world = World::recording(policy());
    assert_eq!(
        world.send(Event::RecordingLost),
        [Action::HangUp, missed(Why::MediaFailed, Stage::Recording)]
    );
    let mut world = World::recording(policy());
    assert_eq!(
        world.send(MESSAGE),
        [Action::HangUp, voice_mail(Why::MediaFailed)],
        "a recording that closed itself"
    );
}
