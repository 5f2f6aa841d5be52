//! A real mail system: postfix takes mail by SMTP and hands it to dovecot by
//! LMTP; dovecot keeps it and serves it by IMAP. All on high ports of loopback,
//! in a folder of its own.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::certificates::Certificates;
use crate::letter::Letter;
use crate::process::{Process, run};
use crate::smtp::Client;
use crate::{imap, packages, ports, waiting};

/// Password of every mailbox, and of submission.
pub const PASSWORD: &str = "correct-horse";

const STARTS: Duration = Duration::from_secs(30);

/// The two daemons.
pub struct MailSystem {
    smtp: SocketAddr,
    imap: SocketAddr,
    certificates: Certificates,
    // Dropped in this order: daemons first, then what they write to.
    postfix: Option<Process>,
    dovecot: Process,
    folder: TempDir,
}

impl MailSystem {
    /// Starts both with mailboxes `user@example.com` for each of `users`.
    pub fn start(users: &[&str]) -> Self {
        Self::start_with(users, "permit_mynetworks, reject_unauth_destination", "no")
    }

    /// The same, but mail is taken only from who authenticates himself, and
    /// passwords are taken over TLS alone.
    pub fn start_for_the_known(users: &[&str]) -> Self {
        Self::start_with(users, "permit_sasl_authenticated, reject", "yes")
    }

    fn start_with(users: &[&str], restrictions: &str, only_tls: &str) -> Self {
        packages::need(&["postfix", "dovecot-imapd", "dovecot-lmtpd"]);
        let folder = tempfile::Builder::new().prefix("ringpost-mail-").tempdir().unwrap();
        // Both daemons change to users of their own.
        open(folder.path());
        let (smtp, imap) = (ports::free_address(), ports::free_address());
        let lmtp = ports::free_address();
        let dovecot = start_dovecot(folder.path(), users, imap, lmtp);
        let further = format!(
            "smtpd_recipient_restrictions = {restrictions}\nsmtpd_tls_auth_only = {only_tls}\n"
        );
        let certificates = configure_postfix(folder.path(), users, smtp, lmtp, &further);
        let mut system = Self { smtp, imap, certificates, postfix: None, dovecot, folder };
        system.start_postfix();
        waiting::until("dovecot's IMAP", STARTS, || {
            let user = format!("{}@example.com", users.first()?);
            imap::Imap::login(system.imap, &user, PASSWORD).map(drop)
        });
        system
    }

    /// As `mail.transport` names it.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.smtp)
    }

    /// Who vouches for postfix's certificate.
    pub fn ca_file(&self) -> &Path {
        &self.certificates.authority
    }

    /// Where postfix listens.
    pub fn smtp(&self) -> SocketAddr {
        self.smtp
    }

    /// Waits until `user@example.com` has at least `count` mails, read by IMAP.
    pub fn wait_inbox(&self, user: &str, count: usize, within: Duration) -> Vec<Letter> {
        let user = format!("{user}@example.com");
        imap::wait_inbox(self.imap, &user, PASSWORD, count, within)
    }

    /// What `user@example.com` has now, read by IMAP.
    pub fn inbox(&self, user: &str) -> Vec<Letter> {
        self.wait_inbox(user, 0, Duration::from_secs(10))
    }

    /// What both daemons wrote down.
    pub fn log(&self) -> String {
        let postfix = fs::read_to_string(self.folder.path().join("log/postfix.log"));
        format!("{}\n{}", postfix.unwrap_or_default(), self.dovecot.lines().join("\n"))
    }

    /// Ends postfix; dovecot stays.
    pub fn stop_postfix(&mut self) {
        if let Some(mut postfix) = self.postfix.take() {
            postfix.terminate();
            postfix.ended(Duration::from_secs(20));
        }
    }

    /// Starts postfix on the same port.
    pub fn start_postfix(&mut self) {
        let config = self.folder.path().join("postfix");
        // Makes the queue's folders. "start-fg" would put a shell between us
        // and the master, whose id is the one to end it by.
        run("postfix", ["-c".as_ref(), config.as_os_str(), "check".as_ref()]);
        let mut command = Command::new("/usr/lib/postfix/sbin/master");
        command.arg("-c").arg(&config).arg("-s");
        command.env("MAIL_CONFIG", &config).env("MAIL_LOGTAG", "postfix");
        self.postfix = Some(Process::start("postfix", &mut command));
        let seen = waiting::patiently(STARTS, || {
            let mut client = Client::connect(self.smtp)?;
            client.say("QUIT")
        });
        assert!(seen.is_some(), "postfix does not greet:\n{}", self.words());
    }

    fn words(&self) -> String {
        let said = self.postfix.as_ref().map(|postfix| postfix.lines().join("\n"));
        format!("{}\n{}", said.unwrap_or_default(), self.log())
    }
}

impl Drop for MailSystem {
    fn drop(&mut self) {
        // Its children follow a master that ends in order.
        if let Some(mut postfix) = self.postfix.take() {
            postfix.terminate();
            let gone = || (!postfix.is_running()).then_some(());
            let _ = waiting::patiently(Duration::from_secs(10), gone);
        }
        self.dovecot.terminate();
        let gone = || (!self.dovecot.is_running()).then_some(());
        let _ = waiting::patiently(Duration::from_secs(10), gone);
    }
}

fn start_dovecot(folder: &Path, users: &[&str], imap: SocketAddr, lmtp: SocketAddr) -> Process {
    let root = folder.join("dovecot");
    fs::create_dir_all(root.join("run")).unwrap();
    fs::create_dir_all(root.join("mail")).unwrap();
    run("chown", ["-R".as_ref(), "nobody:nogroup".as_ref(), root.join("mail").as_os_str()]);
    let people: String =
        users.iter().map(|user| format!("{user}@example.com:{{PLAIN}}{PASSWORD}\n")).collect();
    fs::write(root.join("users"), people).unwrap();
    let at = root.display();
    let (imap_port, lmtp_port) = (imap.port(), lmtp.port());
    let config = format!(
        "protocols = imap lmtp\nlisten = 127.0.0.1\nbase_dir = {at}/run\nstate_dir = {at}/run\n\
         log_path = /dev/stderr\nssl = no\ndisable_plaintext_auth = no\n\
         first_valid_uid = 1\nmail_location = maildir:{at}/mail/%u\n\
         passdb {{\n driver = passwd-file\n args = {at}/users\n}}\n\
         userdb {{\n driver = static\n args = uid=nobody gid=nogroup home={at}/mail/%u\n}}\n\
         service imap-login {{\n inet_listener imap {{\n port = {imap_port}\n }}\n \
         inet_listener imaps {{\n port = 0\n }}\n}}\n\
         service lmtp {{\n inet_listener lmtp {{\n address = 127.0.0.1\n port = {lmtp_port}\n }}\n}}\n\
         service auth {{\n unix_listener auth-postfix {{\n mode = 0666\n }}\n}}\n"
    );
    let file = root.join("dovecot.conf");
    fs::write(&file, config).unwrap();
    open(&root.join("run"));
    Process::start("dovecot", Command::new("dovecot").arg("-F").arg("-c").arg(&file))
}

fn configure_postfix(
    folder: &Path,
    users: &[&str],
    smtp: SocketAddr,
    lmtp: SocketAddr,
    further: &str,
) -> Certificates {
    let root = folder.join("postfix");
    for part in ["postfix", "queue", "data", "log"] {
        fs::create_dir_all(folder.join(part)).unwrap();
        open(&folder.join(part));
    }
    run("chown", ["postfix".as_ref(), folder.join("data").as_os_str()]);
    fs::set_permissions(folder.join("data"), fs::Permissions::from_mode(0o700)).unwrap();
    for part in ["postfix-files", "dynamicmaps.cf"] {
        let _ = fs::copy(Path::new("/etc/postfix").join(part), root.join(part));
    }
    let certificates = Certificates::make(&root, "mail.example.com");
    let mailboxes: String = users.iter().map(|user| format!("{user}@example.com x\n")).collect();
    fs::write(root.join("mailboxes"), mailboxes).unwrap();
    let at = folder.display();
    let lmtp_port = lmtp.port();
    let main = format!(
        "compatibility_level = 3.6\nqueue_directory = {at}/queue\ndata_directory = {at}/data\n\
         maillog_file = {at}/log/postfix.log\nmaillog_file_prefixes = {at}\n\
         myhostname = mail.example.com\nmydestination =\nmynetworks = 127.0.0.0/8\n\
         inet_interfaces = 127.0.0.1\ninet_protocols = ipv4\n\
         alias_maps =\nalias_database =\nlocal_recipient_maps =\n\
         virtual_mailbox_domains = example.com\nvirtual_mailbox_maps = texthash:{at}/postfix/mailboxes\n\
         virtual_transport = lmtp:inet:127.0.0.1:{lmtp_port}\n\
         {further}\
         smtpd_tls_cert_file = {certificate}\nsmtpd_tls_key_file = {key}\nsmtpd_tls_security_level = may\nsmtpd_tls_received_header = yes\n\
         smtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\nsmtpd_sasl_path = {at}/dovecot/run/auth-postfix\n\
         smtpd_peername_lookup = no\nsmtp_dns_support_level = disabled\n\
         minimal_backoff_time = 1s\nmaximal_backoff_time = 2s\nqueue_run_delay = 1s\n",
        key = certificates.key.display(),
        certificate = certificates.certificate.display(),
    );
    fs::write(root.join("main.cf"), main).unwrap();
    // Debian's services without chroot, and our port for smtpd.
    let mut master =
        format!("{smtp} inet n - n - - smtpd\npostlog unix-dgram n - n - 1 postlogd\n");
    for (name, kind, private, wake, limit, command) in SERVICES {
        master.push_str(&format!("{name} {kind} {private} - n {wake} {limit} {command}\n"));
    }
    fs::write(root.join("master.cf"), master).unwrap();
    certificates
}

/// Service, type, private, wake-up, process limit and program: what postfix
/// cannot do without.
const SERVICES: [(&str, &str, &str, &str, &str, &str); 15] = [
    ("pickup", "unix", "n", "60", "1", "pickup"),
    ("cleanup", "unix", "n", "-", "0", "cleanup"),
    ("qmgr", "unix", "n", "300", "1", "qmgr"),
    ("tlsmgr", "unix", "-", "1000?", "1", "tlsmgr"),
    ("rewrite", "unix", "-", "-", "-", "trivial-rewrite"),
    ("bounce", "unix", "-", "-", "0", "bounce"),
    ("defer", "unix", "-", "-", "0", "bounce"),
    ("trace", "unix", "-", "-", "0", "bounce"),
    ("verify", "unix", "-", "-", "1", "verify"),
    ("proxymap", "unix", "-", "-", "-", "proxymap"),
    ("error", "unix", "-", "-", "-", "error"),
    ("retry", "unix", "-", "-", "-", "error"),
    ("lmtp", "unix", "-", "-", "-", "lmtp"),
    ("anvil", "unix", "-", "-", "1", "anvil"),
    ("scache", "unix", "-", "-", "1", "scache"),
];

fn open(folder: &Path) {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_goes_in_by_smtp_and_comes_out_by_imap() {
        let mut system = MailSystem::start(&["alice", "bob"]);
        let mut client = Client::connect(system.smtp()).expect("a greeting");
        let hello = client.say("EHLO client.example.com").expect("a reply").1;
        for extension in ["STARTTLS", "SIZE", "8BITMIME"] {
            assert!(hello.contains(extension), "{hello}");
        }
        let mail =
            "From: a@example.com\r\nSubject: One\r\nMessage-ID: <1@example.com>\r\n\r\nHello\r\n.";
        let reply = client.send("a@example.com", "alice@example.com", mail).expect("a reply");
        assert_eq!(reply.0, 250, "{reply:?}");
        let refused = client.send("a@example.com", "nobody@example.com", mail).expect("a reply");
        assert_eq!(refused.0, 550, "{refused:?}");
        let letters = system.wait_inbox("alice", 1, Duration::from_secs(20));
        assert_eq!(letters.len(), 1, "{}", system.log());
        assert_eq!(
            (letters[0].subject.as_str(), letters[0].message_id.as_str()),
            ("One", "1@example.com")
        );
        assert!(system.inbox("bob").is_empty());
        assert_eq!(client.say("QUIT").expect("a reply").0, 221);
        system.stop_postfix();
        assert!(Client::connect(system.smtp()).is_none());
        system.start_postfix();
        assert_eq!(system.inbox("alice").len(), 1);
    }
}
