//! What several stories need.

use std::time::Duration;

use ringpost_tests::server::Server;
use ringpost_tests::settings::Subscriber;
use ringpost_tests::sip::{Call, Invite};

/// From the ACK to the end of the beep, as a first caller hears it; that call
/// is a missed call for `user`.
pub fn greeting_of(server: &Server, user: &str) -> Duration {
    let mut call = Call::place(server.sip(), &Invite::to(user));
    call.answered();
    let greeting = call.hears_greeting();
    call.hangs_up();
    greeting.after + greeting.length
}

/// One more subscriber, whose greeting is measured.
pub fn eve() -> Subscriber {
    Subscriber::new("eve", "+14255550105", "1005")
}

/// vCards that alice imports: one contact.
pub const CONTACTS: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Example;Hedy;;;\r\nFN:Hedy Example\r\n\
    TEL;TYPE=CELL:(425) 555-0151\r\nEMAIL:hedy@example.net\r\nORG:Example & Co\r\nEND:VCARD\r\n";
