//! baresip as a caller: it plays a WAV from the answer on, writes down what it
//! hears, and hangs up at the end of the WAV.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::process::Process;
use crate::sound::{RATE, read_wav, write_wav};
use crate::{packages, ports};

/// What baresip shall do.
pub struct Baresip {
    uri: String,
    transport: &'static str,
    encryption: Option<&'static str>,
    certificate: Option<String>,
    credentials: String,
    sound: Vec<i16>,
}

/// What came of it.
pub struct Heard {
    /// The sound that baresip decoded.
    pub sound: Vec<i16>,
    /// Its words.
    pub log: String,
}

impl Baresip {
    /// Calls `user` at a server, by UDP.
    pub fn to(server: SocketAddr, user: &str) -> Self {
        let uri = format!("sip:{user}@{server}");
        let (encryption, certificate) = (None, None);
        let (credentials, sound) = (String::new(), Vec::new());
        Self { uri, transport: "udp", encryption, certificate, credentials, sound }
    }

    /// By TLS; baresip does not look at the server's certificate.
    #[must_use]
    pub fn over_tls(mut self) -> Self {
        self.transport = "tls";
        self
    }

    /// Knowing that password.
    #[must_use]
    pub fn with_password(mut self, user: &str, password: &str) -> Self {
        self.credentials = format!(";auth_user={user};auth_pass={password}");
        self
    }

    /// Showing this certificate and key, one behind the other in PEM.
    #[must_use]
    pub fn showing(mut self, pem: String) -> Self {
        self.certificate = Some(pem);
        self
    }

    /// With nothing but encrypted sound, its keys in SDP (`srtp-mand`), or where
    /// the server wants it (`srtp`).
    #[must_use]
    pub fn encrypts(mut self, how: &'static str) -> Self {
        self.encryption = Some(how);
        self
    }

    /// From so long after the answer it speaks that.
    #[must_use]
    pub fn speaks(mut self, after: Duration, speech: &[i16]) -> Self {
        let quiet = (after.as_secs_f64() * RATE as f64) as usize;
        self.sound = vec![0; quiet];
        self.sound.extend_from_slice(speech);
        // The stream is cut off where the file ends.
        self.sound.extend([0; RATE / 4]);
        self
    }

    /// Calls and waits for the end of the call.
    pub fn run(&self) -> Heard {
        packages::need(&["baresip-core"]);
        let folder = tempfile::Builder::new().prefix("ringpost-baresip-").tempdir().unwrap();
        self.configure(folder.path());
        let mut command = Command::new("baresip");
        command.arg("-f").arg(folder.path());
        command.args(["-e", &format!("/dial {};transport={}", self.uri, self.transport)]);
        command.env("HOME", folder.path());
        let mut baresip = Process::start("baresip", &mut command);
        let length = Duration::from_secs_f64(self.sound.len() as f64 / RATE as f64);
        baresip.line("that the call is over", length + Duration::from_secs(40), |line| {
            line.contains("terminated") || line.contains("session closed")
        });
        baresip.terminate();
        let _ = baresip.ended(Duration::from_secs(10));
        let log = baresip.lines().join("\n").replace('\r', "\n");
        Heard { sound: heard(folder.path()), log }
    }

    fn configure(&self, folder: &Path) {
        let at = folder.display();
        let speech = folder.join("speech.wav");
        fs::write(&speech, write_wav(&self.sound)).unwrap();
        // It listens for TLS one port higher.
        let port = ports::free_run();
        let certificate = self.certificate.as_ref().map(|pem| {
            let file = folder.join("certificate.pem");
            fs::write(&file, pem).unwrap();
            format!("sip_certificate {}\n", file.display())
        });
        let modules: String = MODULES.iter().map(|name| format!("module {name}.so\n")).collect();
        let config = format!(
            "poll_method epoll\nsip_listen 127.0.0.1:{port}\nnet_interface 127.0.0.1\n{}\
             audio_player aubridge,nil\naudio_source aufile,{}\n\
             ausrc_srate 8000\nauplay_srate 8000\nausrc_channels 1\nauplay_channels 1\n\
             audio_buffer 20-160\nrtp_ports 16100-19900\nsnd_path {at}\n\
             module_path /usr/lib/baresip/modules\n{modules}module_app menu.so\n\
             module_tmp account.so\n",
            certificate.unwrap_or_default(),
            speech.display(),
        );
        let encryption = self.encryption.map(|how| format!(";mediaenc={how}")).unwrap_or_default();
        let account = format!(
            "<sip:+14255550142@127.0.0.1;transport={}>;regint=0;audio_codecs=PCMA/8000/1{encryption}{}\n",
            self.transport, self.credentials
        );
        for (file, text) in [
            ("config", config.as_str()),
            ("accounts", &account),
            ("contacts", ""),
            // It reads the file to its end, line break and all.
            ("uuid", "01234567-89ab-4def-8123-456789abcdef"),
        ] {
            fs::write(folder.join(file), text).unwrap();
        }
    }
}

const MODULES: [&str; 6] = ["g711", "aufile", "aubridge", "sndfile", "srtp", "uuid"];

/// What sndfile wrote of the decoded stream.
fn heard(folder: &Path) -> Vec<i16> {
    let files = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    let mut of = files.filter(|file| file.to_string_lossy().ends_with("-dec.wav"));
    let Some(file) = of.next() else { return Vec::new() };
    read_wav(&fs::read(file).unwrap()).map(|wav| wav.samples).unwrap_or_default()
}
