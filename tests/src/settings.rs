//! The configuration of one test's server.

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::authority::Files;
use crate::directory::{self, Directory};
use crate::ports;

/// Where a server listens.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    /// SIP over UDP, and over TCP where that is set.
    pub sip: SocketAddr,
    /// SIP over TLS where that is set.
    pub tls: SocketAddr,
    /// HTTP.
    pub http: SocketAddr,
}

impl Addresses {
    /// Free ones on loopback.
    pub fn free() -> Self {
        let [sip, tls, http] = [(); 3].map(|()| ports::free_address());
        Self { sip, tls, http }
    }
}

/// One called user.
#[derive(Debug, Clone)]
pub struct Subscriber {
    /// User part of the SIP URI.
    pub user: String,
    /// As shown to people.
    pub name: String,
    /// Where the mails go.
    pub mail: String,
    /// E.164.
    pub number: String,
    /// Short number.
    pub extension: String,
    /// `server`, `client` or `pbx`.
    pub notify: &'static str,
    /// Whether notifications are wanted.
    pub missed_calls: bool,
}

impl Subscriber {
    /// `user@example.com` with a number and extension of its own.
    pub fn new(user: &str, number: &str, extension: &str) -> Self {
        let mut name = user.to_owned();
        if let Some(first) = name.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        Self {
            user: user.into(),
            name: format!("{name} Example"),
            mail: format!("{user}@example.com"),
            number: number.into(),
            extension: extension.into(),
            notify: "server",
            missed_calls: true,
        }
    }

    /// With another deployment.
    #[must_use]
    pub fn notify(mut self, notify: &'static str) -> Self {
        self.notify = notify;
        self
    }

    /// Wants no notification.
    #[must_use]
    pub fn without_missed_calls(mut self) -> Self {
        self.missed_calls = false;
        self
    }
}

/// What a test sets; the rest stays as Ringpost has it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Called users.
    pub subscribers: Vec<Subscriber>,
    transport: Option<String>,
    limits: Vec<(&'static str, u32)>,
    directory: Option<(String, PathBuf)>,
    peers: &'static str,
    tcp: bool,
    tls: bool,
    ipv6: bool,
    tables: Vec<String>,
    further: Vec<(&'static str, String)>,
    media: IpAddr,
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

impl Settings {
    /// alice and bob with notifications by the server, mail into Maildirs.
    pub fn new() -> Self {
        Self {
            subscribers: vec![
                Subscriber::new("alice", "+14255550101", "1001"),
                Subscriber::new("bob", "+14255550102", "1002"),
            ],
            transport: None,
            limits: Vec::new(),
            directory: None,
            peers: "127.0.0.0/8",
            tcp: false,
            tls: false,
            ipv6: false,
            tables: Vec::new(),
            further: Vec::new(),
            media: Ipv4Addr::LOCALHOST.into(),
        }
    }

    /// Only these may call.
    #[must_use]
    pub fn peers(mut self, network: &'static str) -> Self {
        self.peers = network;
        self
    }

    /// Listens on TCP as well.
    #[must_use]
    pub fn over_tcp(mut self) -> Self {
        self.tcp = true;
        self
    }

    /// Listens on the same ports of ::1 as well; sound goes where the caller is.
    #[must_use]
    pub fn over_ipv6(mut self) -> Self {
        self.ipv6 = true;
        self
    }

    /// Listens on TLS as well, with this certificate; certificates of others are
    /// trusted when that authority vouches for them.
    #[must_use]
    pub fn over_tls(mut self, own: &Files, authority: &Path) -> Self {
        self.tls = true;
        self.line("sip.tls", format!("certificate = \"{}\"", own.certificate.display()))
            .line("sip.tls", format!("key = \"{}\"", own.key.display()))
            .line("sip.tls", format!("ca = \"{}\"", authority.display()))
    }

    /// Sound comes and goes at that address of this machine, whose ports nobody else
    /// uses; that of all others is 127.0.0.1.
    #[must_use]
    pub fn media_at(mut self, address: IpAddr) -> Self {
        self.media = address;
        self
    }

    /// A table of its own, such as `[[sip.peer]]` with its lines.
    #[must_use]
    pub fn table(mut self, text: impl Into<String>) -> Self {
        self.tables.push(text.into());
        self
    }

    /// One more called user.
    #[must_use]
    pub fn subscriber(mut self, subscriber: Subscriber) -> Self {
        self.subscribers.push(subscriber);
        self
    }

    /// Mail goes to that server, `smtp://…`.
    #[must_use]
    pub fn mail(mut self, transport: &str) -> Self {
        self.transport = Some(transport.into());
        self
    }

    /// A key of `[limits]`.
    #[must_use]
    pub fn limit(mut self, key: &'static str, value: u32) -> Self {
        self.limits.push((key, value));
        self
    }

    /// Any other line of a section, such as `audio = "pcm"` in `mail`.
    #[must_use]
    pub fn line(mut self, section: &'static str, line: impl Into<String>) -> Self {
        self.further.push((section, line.into()));
        self
    }

    /// Callers are looked up there, over an encrypted connection.
    #[must_use]
    pub fn secure_directory(mut self, directory: &Directory, start_tls: bool) -> Self {
        let url = if start_tls { directory.url() } else { directory.secure_url() };
        self.directory = Some((url, directory.password_file()));
        self.line("directory", format!("starttls = {start_tls}"))
            .line("directory", format!("ca_file = \"{}\"", directory.ca_file().display()))
    }

    /// Callers are looked up there.
    #[must_use]
    pub fn directory(mut self, directory: &Directory) -> Self {
        self.directory = Some((directory.url(), directory.password_file()));
        self
    }

    /// Where the mails of `user` lie when no transport is set.
    pub fn maildir(&self, folder: &Path, user: &str) -> PathBuf {
        folder.join("mail").join(format!("{user}@example.com"))
    }

    /// The configuration file.
    pub fn to_toml(&self, folder: &Path, at: Addresses) -> String {
        let default = format!("maildir:{}", folder.join("mail").display());
        let transport = self.transport.clone().unwrap_or(default);
        let further = |section: &str| -> String {
            let of = self.further.iter().filter(|(name, _)| *name == section);
            of.map(|(_, line)| format!("{line}\n")).collect()
        };
        let mut listen = vec![format!("udp:{}", at.sip)];
        listen.extend(self.tcp.then(|| format!("tcp:{}", at.sip)));
        listen.extend(self.tls.then(|| format!("tls:{}", at.tls)));
        let mut peers = vec![self.peers];
        let mut media = format!("address = \"{}\"\n", self.media);
        if self.ipv6 {
            let further: Vec<String> =
                listen.iter().map(|hop| hop.replace("127.0.0.1", "[::1]")).collect();
            listen.extend(further);
            peers.push("::1");
            media.clear();
        }
        let mut text = format!(
            "[sip]\nlisten = {listen:?}\npeers = {peers:?}\n{}\n[sip.tls]\n{}\n\
             [media]\n{media}ports = \"20000-29999\"\n\n\
             [state]\ndir = \"{}\"\n{}\n\
             [mail]\ntransport = \"{transport}\"\nfrom = \"voicemail@example.com\"\n\
             postmaster = \"postmaster@example.com\"\n{}\n\
             [dial_plan]\ncountry = \"US\"\nextension_digits = 4\n\n\
             [http]\nlisten = \"{}\"\n\n[limits]\n",
            further("sip"),
            further("sip.tls"),
            folder.join("state").display(),
            further("state"),
            further("mail"),
            at.http,
        );
        for (key, value) in &self.limits {
            let _ = writeln!(text, "{key} = {value}");
        }
        if let Some((url, password_file)) = &self.directory {
            let _ = writeln!(
                text,
                "\n[directory]\nurl = \"{url}\"\nbase = \"{}\"\nbind_dn = \"{}\"\n\
                 password_file = \"{}\"\ntimeout_seconds = 2\n{}",
                directory::BASE,
                directory::BIND_DN,
                password_file.display(),
                further("directory")
            );
        }
        for subscriber in &self.subscribers {
            let _ = writeln!(
                text,
                "\n[[subscriber]]\nuser = \"{}\"\nname = \"{}\"\nmail = \"{}\"\nnumber = \"{}\"\n\
                 extension = \"{}\"\ntime_zone = \"America/Los_Angeles\"\nlanguage = \"en\"\n\
                 notify = \"{}\"\nmissed_calls = {}",
                subscriber.user,
                subscriber.name,
                subscriber.mail,
                subscriber.number,
                subscriber.extension,
                subscriber.notify,
                subscriber.missed_calls
            );
        }
        for table in &self.tables {
            let _ = writeln!(text, "\n{table}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_toml_with_what_was_set() {
        let settings = Settings::new()
            .limit("answer_after_seconds", 4)
            .over_tcp()
            .table("[[sip.peer]]\nname = \"pbx\"")
            .line("mail", "audio = \"pcm\"")
            .subscriber(Subscriber::new("carl", "+14255550103", "1003").notify("pbx"));
        let at = SocketAddr::from(([127, 0, 0, 1], 5060));
        let at = Addresses { sip: at, tls: at, http: at };
        let table: toml::Table = settings.to_toml(Path::new("/x"), at).parse().unwrap();
        assert_eq!(table["limits"]["answer_after_seconds"].as_integer(), Some(4));
        assert_eq!(table["mail"]["audio"].as_str(), Some("pcm"));
        assert_eq!(table["subscriber"][2]["notify"].as_str(), Some("pbx"));
        assert_eq!(table["subscriber"][2]["name"].as_str(), Some("Carl Example"));
        assert_eq!(table["sip"]["listen"][0].as_str(), Some("udp:127.0.0.1:5060"));
        assert_eq!(table["sip"]["listen"][1].as_str(), Some("tcp:127.0.0.1:5060"));
        assert_eq!(table["sip"]["peer"][0]["name"].as_str(), Some("pbx"));
    }
}
