//! What goes out on which way, without a socket.

use std::time::Instant;

use super::task::Task;
use super::*;
use crate::Transport;
use crate::transport::{Origin, Transports};

fn task() -> (Task, mpsc::Receiver<Arrival>, mpsc::UnboundedReceiver<Command>, Commands) {
    let (commands, orders) = mpsc::unbounded_channel();
    let (sender, arrivals) = mpsc::channel(8);
    let counters = Arc::new(Counters::default());
    let weak = commands.downgrade();
    (
        Task::new(config(), Transports::captured(), counters, sender, weak),
        arrivals,
        orders,
        commands,
    )
}

#[tokio::test]
async fn a_call_by_a_connection_is_answered_by_it_once() {
    for transport in [Transport::Tcp, Transport::Tls] {
        let (mut task, mut arrivals, mut orders, _commands) = task();
        let origin = Origin::stream(transport, "127.0.0.1:40000".parse().unwrap(), 7);
        let now = Instant::now();
        let invite = format!(
            "INVITE sip:alice@example.com SIP/2.0\r\n\
             Via: SIP/2.0/{} 127.0.0.1:5070;rport;branch=z9hG4bK1\r\n\
             From: <sip:bob@example.com>;tag=b\r\nTo: <sip:alice@example.com>\r\n\
             Call-ID: 1\r\nCSeq: 1 INVITE\r\nContact: <sip:bob@127.0.0.1:5070>\r\n\
             Content-Type: application/sdp\r\n\r\n{OFFER}",
            transport.in_via()
        );
        task.handle_datagram(invite.as_bytes(), origin, now);
        let incoming = call(&mut arrivals).await;
        incoming.control.ring();
        incoming.control.refuse(Answer::new(486));
        while let Ok(command) = orders.try_recv() {
            task.handle_command(command, now);
        }
        while let Some(at) = task.timers.next() {
            task.handle_deadlines(at);
        }
        let mut statuses = Vec::new();
        for (to, bytes) in task.transports.sent().drain(..) {
            assert_eq!((to.transport, to.connection), (transport, origin.connection));
            // The way to take should the connection be gone (RFC 3261 §18.2.2).
            assert_eq!(to.source, "127.0.0.1:5070".parse().unwrap());
            let Ok(Some(Message::Response(response))) = read_datagram(&bytes) else { panic!() };
            if response.status == 180 {
                let contact = format!("<sip:192.0.2.1:5060;transport={transport}>");
                assert_eq!(response.headers.get("Contact"), Some(contact.as_str()));
            }
            statuses.push(response.status);
        }
        assert_eq!(statuses, [100, 180, 486]);
        assert!(task.server.is_empty());
    }
}
