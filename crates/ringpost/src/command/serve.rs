//! `ringpost serve`

use ringpost_sip::Hop;
use tokio::signal::unix::{SignalKind, signal};

use super::Failure;
use crate::config::{MailTransport, Settings};
use crate::{file_limit, log, serve, service_ready};

/// Runs the server until SIGTERM or SIGINT.
pub async fn run(settings: Settings) -> Result<(), Failure> {
    log::start(&settings.log_level, settings.log_json);
    // Before anything is bound, so that an early SIGTERM ends in order too.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    if rustix::process::geteuid().is_root() {
        tracing::warn!(
            "running as root; deploy/ringpost.service shows how to run as a user of its own"
        );
    }
    file_limit::raise();
    if let Some(warning) = file_limit::warning(settings.limits.calls) {
        tracing::warn!("{warning}");
    }
    let mail = match &settings.transport {
        MailTransport::Smtp { host, port, .. } => format!("{host}:{port}"),
        MailTransport::Maildir { root } => root.display().to_string(),
    };
    let subscribers = settings.subscribers.all().len();
    let mut running = serve::start(settings).await?;
    let sip: Vec<String> = running.sip_addresses().iter().map(Hop::to_string).collect();
    let http = running.http_address().map_or("none".to_owned(), |address| address.to_string());
    println!(
        "ringpost is ready: sip {}, http {http}, mail to {mail}, {subscribers} subscribers",
        sip.join(" ")
    );
    service_ready::notify("READY=1");
    let broken = loop {
        tokio::select! {
            _ = terminate.recv() => break None,
            _ = interrupt.recv() => break None,
            _ = hang_up.recv() => running.reload_certificates(),
            part = running.broken() => break Some(part),
        }
    };
    service_ready::notify("STOPPING=1");
    running.stop().await;
    match broken {
        None => Ok(()),
        Some(part) => Err(format!("{part} ended by itself; the log says why").into()),
    }
}
