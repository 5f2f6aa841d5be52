//! What the caller hears.

use ringpost_tests::server::Server;
use ringpost_tests::settings::Settings;
use ringpost_tests::sip::{Call, Invite, Packet};
use ringpost_tests::sound::level;

#[test]
fn the_greeting_comes_300_ms_after_the_ack_and_is_heard_whole() {
    let server = Server::start(Settings::new());
    let mut call = Call::place(server.sip(), &Invite::to("alice"));
    call.answered();
    let greeting = call.hears_greeting();
    // How late it may come is the machine's affair; early it may not come.
    assert!((290..5000).contains(&greeting.after.as_millis()), "after {:?}", greeting.after);
    assert!((2000..=6000).contains(&greeting.length.as_millis()), "lasts {:?}", greeting.length);
    let packets = &greeting.packets;
    assert!(packets.windows(2).all(|pair| {
        let (one, next) = (&pair[0], &pair[1]);
        // A sender that comes too late leaves ticks out and none of the sound.
        let pace = next.timestamp.wrapping_sub(one.timestamp);
        next.sequence == one.sequence.wrapping_add(1)
            && (160..8000 * 60).contains(&pace)
            && pace % 160 == 0
            && next.source == one.source
    }));
    let quiet = longest_quiet(packets);
    assert!(quiet <= 15, "{} ms of quiet inside the greeting", quiet * 20);
    let sound: Vec<i16> = packets.iter().flat_map(Packet::samples).collect();
    assert!(level(&sound) > -35.0, "{} dBFS", level(&sound));
    call.hangs_up();
    server.mails("alice", 1);
}

/// Packets of quiet in a row between the first and the last loud one.
fn longest_quiet(packets: &[Packet]) -> usize {
    let loud: Vec<usize> = (0..packets.len()).filter(|&at| packets[at].is_loud()).collect();
    loud.windows(2).map(|pair| pair[1] - pair[0] - 1).max().unwrap_or(0)
}
