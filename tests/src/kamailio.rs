//! Kamailio as a phone system's front end: a proxy that reaches Ringpost by TLS
//! with a certificate of its own, or a registrar that asks for a password.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::authority::Files;
use crate::process::Process;
use crate::sip::{Line, Message};
use crate::{packages, ports, waiting};

const STARTS: Duration = Duration::from_secs(30);
/// Whom the registrar knows.
pub const USER: &str = "voicemail";
/// That one's password.
pub const PASSWORD: &str = "registrar-secret";

/// A running Kamailio.
pub struct Kamailio {
    kamailio: Process,
    udp: SocketAddr,
    tls: SocketAddr,
    _folder: TempDir,
}

impl Kamailio {
    /// A proxy that hands every call from UDP to `server` by TLS, shows `own`, and
    /// wants a certificate that `trusted` vouches for. It stays in the dialog.
    pub fn front_end(server: SocketAddr, own: &Files, trusted: &Path) -> Self {
        let route = format!(
            "  if (is_method(\"INVITE\")) record_route();\n\
             \x20 $du = \"sip:{server};transport=tls\";\n  t_relay();\n"
        );
        Self::start(&route, "", Some((own, trusted)))
    }

    /// A registrar and proxy for [`USER`], who has to prove the password by
    /// digest with `algorithm` (`MD5` or `SHA-256`).
    pub fn registrar(algorithm: &str) -> Self {
        let route = format!(
            "  if (is_method(\"REGISTER\")) {{\n\
             \x20   $var(password) = \"{PASSWORD}\";\n\
             \x20   if ($au != \"{USER}\" || !pv_auth_check(\"example.com\", \"$var(password)\", \"0\", \"0\")) {{\n\
             \x20     auth_challenge(\"example.com\", \"1\");\n      exit;\n    }}\n\
             \x20   save(\"location\");\n\
             \x20   xlog(\"L_WARN\", \"saved\\n\");\n    exit;\n  }}\n\
             \x20 if (!lookup(\"location\")) {{ sl_send_reply(\"404\", \"Not Found\"); exit; }}\n\
             \x20 if (is_method(\"INVITE\")) record_route();\n  t_relay();\n"
        );
        let modules = format!(
            "loadmodule \"usrloc.so\"\nloadmodule \"registrar.so\"\nloadmodule \"auth.so\"\n\
             modparam(\"usrloc\", \"db_mode\", 0)\nmodparam(\"auth\", \"algorithm\", \"{algorithm}\")\n\
             modparam(\"registrar\", \"min_expires\", 1)\n"
        );
        Self::start(&route, &modules, None)
    }

    fn start(route: &str, modules: &str, tls: Option<(&Files, &Path)>) -> Self {
        packages::need(&["kamailio", "kamailio-tls-modules"]);
        let folder = tempfile::Builder::new().prefix("ringpost-kamailio-").tempdir().unwrap();
        let at = folder.path();
        let (udp, secure) = (ports::free_address(), ports::free_address());
        let mut further = modules.to_owned();
        if let Some((own, trusted)) = tls {
            let file = at.join("tls.cfg");
            fs::write(&file, tls_profiles(own, trusted)).unwrap();
            further.push_str(&format!(
                "enable_tls=yes\nlisten=tls:{secure}\nloadmodule \"tls.so\"\n\
                 modparam(\"tls\", \"config\", \"{}\")\n",
                file.display()
            ));
        }
        let config = at.join("kamailio.cfg");
        fs::write(&config, configuration(udp, &further, route)).unwrap();
        let mut command = Command::new("kamailio");
        command.args(["-DD", "-E", "-m", "32", "-M", "8", "-f"]).arg(&config);
        command.arg("-Y").arg(at).arg("-P").arg(at.join("pid")).current_dir(at);
        let kamailio = Process::start("kamailio", &mut command);
        let mut started = Self { kamailio, udp, tls: secure, _folder: folder };
        started.wait();
        started
    }

    /// Where it takes calls by UDP.
    pub fn udp(&self) -> SocketAddr {
        self.udp
    }

    /// Where it listens for TLS.
    pub fn tls(&self) -> SocketAddr {
        self.tls
    }

    /// Its words.
    pub fn log(&self) -> String {
        self.kamailio.lines().join("\n")
    }

    fn wait(&mut self) {
        let up = waiting::patiently(STARTS, || {
            let mut line = Line::to(self.udp);
            let request = Message::request("OPTIONS", &format!("sip:{}", self.udp))
                .with("Via", line.via())
                .with("From", "<sip:harness@example.com>;tag=up")
                .with("To", format!("<sip:{}>", self.udp))
                .with("Call-ID", Line::token("up"))
                .with("CSeq", "1 OPTIONS")
                .with("Max-Forwards", "70");
            let answer = line.ask(&request, Duration::from_millis(400), |status| status == 200);
            (answer.is_some() || !self.kamailio.is_running()).then_some(answer.is_some())
        });
        assert_eq!(up, Some(true), "kamailio does not answer:\n{}", self.log());
    }
}

impl Drop for Kamailio {
    fn drop(&mut self) {
        // Its children follow a main process that ends in order.
        self.kamailio.terminate();
        let gone = || (!self.kamailio.is_running()).then_some(());
        let _ = waiting::patiently(Duration::from_secs(10), gone);
        if std::thread::panicking() {
            eprintln!("kamailio's words:\n{}", self.log());
        }
    }
}

fn configuration(udp: SocketAddr, further: &str, route: &str) -> String {
    format!(
        "#!KAMAILIO\ndebug=2\nlog_stderror=yes\nfork=yes\nchildren=1\ntcp_children=1\n\
         auto_aliases=no\ndns=no\nrev_dns=no\ntcp_connect_timeout=5\nlisten=udp:{udp}\n\
         loadmodule \"pv.so\"\nloadmodule \"tm.so\"\nloadmodule \"sl.so\"\nloadmodule \"rr.so\"\n\
         loadmodule \"textops.so\"\n\
         loadmodule \"siputils.so\"\nloadmodule \"maxfwd.so\"\nloadmodule \"xlog.so\"\n\
         modparam(\"tm\", \"fr_timer\", 5000)\nmodparam(\"rr\", \"enable_double_rr\", 1)\n\
         {further}\
         request_route {{\n\
         \x20 xlog(\"L_WARN\", \"$rm from $proto:$si:$sp to $ru\\n\");\n\
         \x20 if (!mf_process_maxfwd_header(\"10\")) {{ sl_send_reply(\"483\", \"Too Many Hops\"); exit; }}\n\
         \x20 if (is_method(\"OPTIONS\") && uri==myself) {{ sl_send_reply(\"200\", \"OK\"); exit; }}\n\
         \x20 if (is_method(\"CANCEL\")) {{ if (t_check_trans()) t_relay(); exit; }}\n\
         \x20 if (has_totag()) {{\n\
         \x20   if (loose_route()) {{ t_relay(); exit; }}\n\
         \x20   if (is_method(\"ACK\")) {{ if (t_check_trans()) t_relay(); exit; }}\n\
         \x20   sl_send_reply(\"404\", \"Not here\");\n    exit;\n  }}\n{route}}}\n"
    )
}

fn tls_profiles(own: &Files, trusted: &Path) -> String {
    let files = format!(
        "method = TLSv1.2+\nprivate_key = {}\ncertificate = {}\nca_list = {}\n\
         verify_certificate = yes\n",
        own.key.display(),
        own.certificate.display(),
        trusted.display()
    );
    format!(
        "[server:default]\n{files}require_certificate = no\n\n[client:default]\n{files}require_certificate = yes\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::Authority;
    use crate::sip::options;

    #[test]
    fn it_starts_as_either() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new("Test Authority");
        let own = authority.vouches_for(&["proxy.example.com"]).write(folder.path(), "proxy");
        let trusted = authority.write(folder.path());
        let front_end = Kamailio::front_end(ports::free_address(), &own, &trusted);
        let registrar = Kamailio::registrar("MD5");
        assert_eq!(options(registrar.udp(), "nobody").status(), Some(404));
        // Nobody listens where it would hand the request to.
        assert!(options(front_end.udp(), "alice").status().is_some_and(|status| status >= 400));
    }
}
