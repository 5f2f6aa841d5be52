//! `ringpost check`: says what is wrong before a caller finds out.

mod ways;

use std::fmt::Display;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::SystemTime;

use ringpost_delivery::{Journal, SmtpCourier};
use ringpost_directory::{Contacts, LdapSource};
use ringpost_sip::Transport;

use self::ways::ways;
use super::Failure;
use crate::config::{self, MailTransport, Settings};
use crate::file_limit;
use crate::serve::greetings;
use crate::state_folder::{StateError, StateFolder, refuse_foreign_root};

/// What was found, told as it is found.
struct Findings {
    problems: usize,
}

impl Findings {
    fn good(&self, what: &str, said: impl std::fmt::Display) {
        println!("ok       {what}: {said}");
    }

    fn warning(&self, what: &str, said: impl std::fmt::Display) {
        println!("warning  {what}: {said}");
    }

    fn problem(&mut self, what: &str, said: impl std::fmt::Display) {
        self.problems += 1;
        println!("problem  {what}: {said}");
    }
}

pub async fn run(file: &Path) -> Result<(), Failure> {
    let settings = config::read(file)?;
    crate::log::start("error", false);
    let mut findings = Findings { problems: 0 };
    findings.good(
        "configuration",
        format!("{}, {} subscribers", file.display(), settings.subscribers.all().len()),
    );
    for warning in &settings.warnings {
        findings.warning("configuration", warning);
    }
    if let Some(warning) = file_limit::warning(settings.limits.calls) {
        findings.warning("limits", warning);
    }
    if let Err(sentence) = refuse_foreign_root(&settings.state_dir) {
        // Nothing further: it would leave root's files there.
        findings.problem("state", sentence);
        return Err("one problem; see above".into());
    }
    let running = state(&settings, &mut findings).await;
    ports(&settings, running, &mut findings);
    certificates(&settings, &mut findings);
    ways(&settings, &mut findings).await;
    personal_greetings(&settings, &mut findings);
    mail(&settings, &mut findings).await;
    directory(&settings, &mut findings).await;
    match findings.problems {
        0 => {
            println!("everything is in order");
            Ok(())
        }
        1 => Err("one problem; see above".into()),
        more => Err(format!("{more} problems; see above").into()),
    }
}

/// Returns whether a server runs on the folder.
async fn state(settings: &Settings, findings: &mut Findings) -> bool {
    let dir = settings.state_dir.display();
    let Ok(metadata) = std::fs::metadata(&settings.state_dir) else {
        findings.warning("state", format!("{dir} does not exist yet; ringpost serve will make it"));
        return false;
    };
    if metadata.mode() & 0o077 != 0 {
        findings.warning(
            "state",
            format!("{dir} can be read by others; chmod 700 keeps messages private"),
        );
    }
    let held = match StateFolder::take(&settings.state_dir) {
        Ok(lock) => Some(lock),
        Err(StateError::Locked(_)) => {
            findings.good("state", format!("{dir} is in use by a running ringpost"));
            return true;
        }
        Err(error) => {
            findings.problem("state", error);
            return false;
        }
    };
    match Journal::open(crate::serve::journal_settings(settings)).await {
        Ok(journal) => {
            match journal.probe().await {
                Ok(()) => {
                    findings.good("state", format!("{dir} is writable, the journal takes commits"))
                }
                Err(error) => findings.problem("state", error),
            }
            if let Ok(counts) = journal.counts().await
                && counts.queued > 0
            {
                findings.warning("state", format!("mails that wait to be sent: {}", counts.queued));
            }
            journal.close().await;
        }
        Err(error) => findings.problem("state", error),
    }
    match Contacts::open(&settings.people_db(), settings.plan.clone()).await {
        Ok(_) => findings.good("contacts", settings.people_db().display()),
        Err(error) => findings.problem("contacts", error),
    }
    drop(held);
    false
}

fn certificates(settings: &Settings, findings: &mut Findings) {
    let (files, now) = (&settings.sip_tls, SystemTime::now());
    let Some(certificate) = &files.certificate else { return };
    match files.check(now).and_then(|()| files.expiry_warning(now)) {
        Ok(None) => findings.good("sip.tls", certificate.display()),
        Ok(Some(warning)) => findings.warning("sip.tls", warning),
        Err(error) => findings.problem("sip.tls", error),
    }
}

fn ports(settings: &Settings, running: bool, findings: &mut Findings) {
    for hop in &settings.sip_listen {
        let bound = if hop.transport == Transport::Udp {
            UdpSocket::bind(hop.addr).map(drop)
        } else {
            TcpListener::bind(hop.addr).map(drop)
        };
        port("sip.listen", hop, bound, running, findings);
    }
    if let Some(address) = settings.http {
        let bound = TcpListener::bind(address).map(drop);
        port("http.listen", &address, bound, running, findings);
    }
    let any = settings.media_address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let free = settings.media_ports.clone().any(|port| UdpSocket::bind((any, port)).is_ok());
    let range = format!("{}-{}", settings.media_ports.start(), settings.media_ports.end());
    if free {
        findings.good("media.ports", range);
    } else {
        findings.problem("media.ports", format!("no port of {range} can be bound"));
    }
    if let Some(address) = settings.media_address {
        match UdpSocket::bind(SocketAddr::new(address, 0)) {
            Ok(_) => findings.good("media.address", address),
            Err(error) if error.kind() == ErrorKind::AddrNotAvailable => findings.problem(
                "media.address",
                format!("{address} is no address of this machine; name one that is, or leave the key out"),
            ),
            Err(error) => findings.problem("media.address", error),
        }
    }
}

fn port(
    what: &str,
    address: &dyn Display,
    bound: std::io::Result<()>,
    running: bool,
    findings: &mut Findings,
) {
    match bound {
        Ok(()) => findings.good(what, format!("{address} is free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse && running => {
            findings
                .good(what, format!("{address} is in use, as it should be while ringpost runs"));
        }
        Err(error) if error.kind() == ErrorKind::AddrInUse => findings.problem(
            what,
            format!("{address} is in use by another program; stop it or choose another port"),
        ),
        Err(error) => findings.problem(what, format!("{address}: {error}")),
    }
}

fn personal_greetings(settings: &Settings, findings: &mut Findings) {
    for subscriber in settings.subscribers.all() {
        let file = greetings::file_of(&settings.greetings(), &subscriber.user);
        if !file.exists() {
            continue;
        }
        match greetings::load(&file) {
            Ok(_) => findings.good("greeting", file.display()),
            Err(reason) => findings.problem("greeting", format!("{}: {reason}", file.display())),
        }
    }
}

async fn mail(settings: &Settings, findings: &mut Findings) {
    match (&settings.transport, &settings.smtp) {
        (MailTransport::Smtp { host, port, .. }, Some(smtp)) => {
            match SmtpCourier::probe(smtp).await {
                Ok(greeting) => findings.good("mail.transport", greeting),
                Err(fault) => findings.problem("mail.transport", format!("{host}:{port}: {fault}")),
            }
        }
        (MailTransport::Maildir { root }, _)
            if root.starts_with(&settings.state_dir) && !settings.state_dir.exists() =>
        {
            findings.good("mail.transport", "Maildir folders under the state folder");
        }
        (MailTransport::Maildir { root }, _) => match std::fs::create_dir_all(root) {
            Ok(()) => {
                findings.good("mail.transport", format!("Maildir folders in {}", root.display()))
            }
            Err(error) => {
                findings.problem("mail.transport", format!("{}: {error}", root.display()))
            }
        },
        (MailTransport::Smtp { .. }, None) => {}
    }
}

async fn directory(settings: &Settings, findings: &mut Findings) {
    let Some(ldap) = &settings.ldap else { return };
    match LdapSource::new(ldap.clone(), settings.plan.clone()) {
        Ok(source) => match source.probe().await {
            Ok(said) => findings.good("directory", said),
            Err(error) => findings.problem("directory", error),
        },
        Err(error) => findings.problem("directory", error),
    }
}
