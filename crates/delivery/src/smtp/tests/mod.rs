//! The courier against a scripted server: what the server does, and what the
//! outbox is told of it.

mod encryption;
mod replies;
mod server;
mod transfer;

use std::time::Duration;

use ringpost_model::{Envelope, Mail, TlsPolicy, TlsSettings, Verdict};

use self::server::Server;
use super::{SmtpCourier, SmtpSettings};
use crate::Courier;

fn settings(server: &Server) -> SmtpSettings {
    SmtpSettings {
        host: server.address.ip().to_string(),
        port: server.address.port(),
        implicit_tls: false,
        starttls: TlsPolicy::Opportunistic,
        tls: TlsSettings::default(),
        credentials: None,
        helo: Some("ringpost.example.com".into()),
        timeout: Duration::from_secs(20),
    }
}

fn courier(server: &Server) -> SmtpCourier {
    SmtpCourier::new(settings(server))
}

fn mail(recipient: &str, body: &str) -> Mail {
    Mail {
        envelope: Envelope {
            sender: Some("voicemail@example.com".into()),
            recipient: recipient.into(),
        },
        message: format!("Message-ID: <1@example.com>\r\n\r\n{body}\r\n").into_bytes(),
    }
}

async fn deliver(courier: &mut SmtpCourier, recipient: &str, body: &str) -> Verdict {
    courier.deliver(mail(recipient, body)).await
}

#[track_caller]
fn delivered(verdict: &Verdict) {
    assert!(
        matches!(verdict, Verdict::Delivered { reply } if reply.starts_with("250")),
        "{verdict:?}"
    );
}

#[track_caller]
fn try_again(verdict: &Verdict, words: &str) {
    assert!(
        matches!(verdict, Verdict::TryAgain { reason } if reason.contains(words)),
        "{verdict:?}"
    );
}

#[track_caller]
fn refused(verdict: &Verdict, words: &str) {
    assert!(
        matches!(verdict, Verdict::Refused { reason } if reason.contains(words)),
        "{verdict:?}"
    );
}
