//! Registrations: in time, refused, silent, broken, taken back.

use super::outbound::challenges::challenge;
use super::outbound::{Wire, credentials};
use super::*;
use crate::transport::Origin;

const REGISTRAR: &str = "udp:192.0.2.1:5060";

fn wanted() -> Registration {
    Registration {
        registrar: "sip:192.0.2.1".to_owned(),
        address_of_record: "sip:ringpost@example.com".to_owned(),
        contact_user: "ringpost".to_owned(),
        credentials: credentials(),
        expires: Duration::from_secs(600),
        destination: None,
    }
}

fn register(wire: &mut Wire) -> RegistrationHandle {
    let handle = RegistrationHandle::new(wanted(), wire.commands.clone());
    wire.obey();
    handle
}

/// Registered for ten minutes.
fn registered(wire: &mut Wire) -> (RegistrationHandle, Request) {
    let handle = register(wire);
    let request = wire.sent_to(REGISTRAR);
    wire.answer(&request, 200, "Expires: 600\r\n");
    (handle, request)
}

fn expires(request: &Request) -> Option<&str> {
    request.headers.get("Expires")
}

#[tokio::test]
async fn it_registers_with_digest_and_refreshes_before_the_end() {
    let mut wire = Wire::new(config());
    let handle = register(&mut wire);
    let first = wire.sent_to(REGISTRAR);
    assert_eq!(first.uri.as_str(), "sip:192.0.2.1");
    assert_eq!(first.headers.get("To"), Some("<sip:ringpost@example.com>"));
    assert_eq!(first.headers.get("Contact"), Some("<sip:ringpost@192.0.2.1:5060>"));
    assert_eq!(expires(&first), Some("600"));
    assert_eq!(handle.state(), RegistrationState::Registering);
    wire.answer(&first, 401, &challenge("WWW-Authenticate", "n", ", algorithm=SHA-256"));
    let second = wire.sent_to(REGISTRAR);
    assert!(second.headers.get("Authorization").unwrap().contains("uri=\"sip:192.0.2.1\""));
    // Its own Contact counts, not that of others nor the header for all.
    let contacts = "Contact: <sip:other@192.0.2.7>;expires=30, <sip:ringpost@192.0.2.1:5060>;\
                    expires=100\r\nExpires: 20\r\n";
    wire.answer(&second, 200, contacts);
    let until = wire.now + Duration::from_secs(100);
    assert_eq!(handle.state(), RegistrationState::Registered { until });
    let (seconds, refresh) = wire.wait_for(REGISTRAR);
    assert!((80..=90).contains(&seconds), "{seconds}");
    assert_eq!(refresh.call_id(), first.call_id());
    assert_eq!(refresh.cseq().unwrap().0, second.cseq().unwrap().0 + 1);
    assert_eq!(expires(&refresh), Some("600"));
}

#[tokio::test]
async fn a_wrong_password_is_said_and_not_tried_again_and_again() {
    let mut wire = Wire::new(config());
    let handle = register(&mut wire);
    for nonce in ["one", "two"] {
        let request = wire.sent_to(REGISTRAR);
        wire.answer(&request, 401, &challenge("WWW-Authenticate", nonce, ""));
    }
    assert!(wire.sent().is_none());
    let refused = RegistrationState::Refused { status: 401, reason: "Whatever".to_owned() };
    assert_eq!(handle.state(), refused);
    let (seconds, _) = wire.wait_for(REGISTRAR);
    assert!((900..=1800).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn it_lasts_as_long_as_the_registrar_wants_at_least() {
    let mut wire = Wire::new(config());
    let handle = register(&mut wire);
    let first = wire.sent_to(REGISTRAR);
    wire.answer(&first, 423, "Min-Expires: 3600\r\n");
    let second = wire.sent_to(REGISTRAR);
    assert_eq!(expires(&second), Some("3600"));
    assert_eq!(second.cseq().unwrap().0, first.cseq().unwrap().0 + 1);
    // One that wants more and more has had its chance.
    for wanted in ["3600", "1", "999999", ""] {
        wire.answer(&second, 423, &format!("Min-Expires: {wanted}\r\n"));
        assert!(wire.sent().is_none(), "{wanted}");
    }
    let refused = RegistrationState::Refused { status: 423, reason: "Whatever".to_owned() };
    assert_eq!(handle.state(), refused);
}

#[tokio::test]
async fn a_registrar_that_is_gone_is_asked_less_and_less_until_it_is_back() {
    let mut wire = Wire::new(config());
    let (handle, _) = registered(&mut wire);
    let mut pauses = Vec::new();
    let mut failed = None;
    for _ in 0..9 {
        let (_, request) = wire.wait_for_new(REGISTRAR);
        pauses.extend(failed.map(|failed| wire.now - failed));
        while handle.state() != RegistrationState::Unreachable(RequestError::TimedOut)
            || wire.has_requests()
        {
            wire.jump().unwrap();
        }
        failed = Some(wire.now);
        drop(request);
    }
    for (pause, longest) in pauses.iter().zip([30, 60, 120, 240, 480, 960, 1800, 1800]) {
        let longest = Duration::from_secs(longest);
        assert!((longest / 2..=longest).contains(pause), "{pause:?} of {longest:?}");
    }
    let (_, request) = wire.wait_for_new(REGISTRAR);
    wire.answer(&request, 200, "");
    assert!(matches!(handle.state(), RegistrationState::Registered { .. }));
    // From then on the first failure counts as the first again.
    let (_, request) = wire.wait_for_new(REGISTRAR);
    wire.answer(&request, 500, "Retry-After: 100 (busy)\r\n");
    let before = wire.now;
    wire.wait_for_new(REGISTRAR);
    assert_eq!(wire.now - before, Duration::from_secs(100));
}

#[tokio::test]
async fn a_broken_connection_is_registered_anew() {
    let mut wire = Wire::new(config());
    let destination = Some("tcp:192.0.2.1:5060".parse().unwrap());
    let wanted = Registration { destination, ..wanted() };
    let _handle = RegistrationHandle::new(wanted, wire.commands.clone());
    wire.obey();
    let request = wire.sent_to("tcp:192.0.2.1:5060");
    let contact = "<sip:ringpost@192.0.2.1:5060;transport=tcp>";
    assert_eq!(request.headers.get("Contact"), Some(contact));
    let way = Origin::stream(crate::Transport::Tcp, "192.0.2.1:5060".parse().unwrap(), 7);
    wire.moved_to(&request, way);
    wire.answer(&request, 200, "Expires: 600\r\n");
    assert!(wire.task.outbound.listens_on(way.connection.unwrap()));
    wire.task.registrations_lost(way.connection.unwrap(), wire.now);
    let (seconds, _) = wire.wait_for("tcp:192.0.2.1:5060");
    assert_eq!(seconds, 5);
}

#[tokio::test]
async fn it_is_taken_back_when_nobody_wants_it_any_more() {
    for closed in [false, true] {
        let mut wire = Wire::new(config());
        let (handle, first) = registered(&mut wire);
        if closed {
            let (done, _) = oneshot::channel();
            wire.order(Command::Close(Duration::from_secs(5), done));
        } else {
            drop(handle);
            wire.obey();
        }
        let last = wire.sent_to(REGISTRAR);
        assert_eq!(expires(&last), Some("0"));
        assert_eq!(last.headers.get("Contact"), first.headers.get("Contact"));
        assert_eq!(last.cseq().unwrap().0, first.cseq().unwrap().0 + 1);
        assert!(!wire.task.outbound.is_quiet());
        wire.answer(&last, 200, "");
        assert!(wire.task.outbound.is_quiet());
        while wire.jump().is_some() {}
        assert!(wire.sent().is_none(), "it registered again");
    }
}

#[tokio::test]
async fn what_never_came_about_is_not_taken_back() {
    let mut wire = Wire::new(config());
    let handle = register(&mut wire);
    let request = wire.sent_to(REGISTRAR);
    drop(handle);
    wire.obey();
    wire.answer(&request, 403, "");
    assert!(wire.sent().is_none() && wire.task.outbound.is_quiet());
}

#[tokio::test]
async fn two_endpoints_keep_up_a_registration_over_the_wire() {
    let registrar = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let (endpoint, _arrivals) = bind().await;
    let local = registrar.local_addr().unwrap();
    let raw = Raw { socket: registrar, endpoint: addr(&endpoint), local };
    let registrar = format!("sip:{local}");
    let mut handle = endpoint.register(Registration { registrar, ..wanted() });
    let request = raw.incoming("REGISTER").await;
    let contact = format!("<sip:ringpost@{}>", addr(&endpoint));
    assert_eq!(request.headers.get("Contact"), Some(contact.as_str()));
    raw.respond(&request, 200, "Expires: 60\r\n", "").await;
    let state = soon(handle.changed()).await;
    assert!(matches!(state, Some(RegistrationState::Registered { .. })), "{state:?}");
    let closing = tokio::spawn(async move { endpoint.close(PATIENCE).await });
    let request = raw.incoming("REGISTER").await;
    assert_eq!(expires(&request), Some("0"));
    raw.respond(&request, 200, "", "").await;
    soon(closing).await.unwrap();
    assert_eq!(soon(handle.changed()).await, None);
}
