//! linphonec as a caller: it plays a WAV, writes another one of what it hears,
//! and does what it is told on its standard input.

use std::fs;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::process::Process;
use crate::sound::{RATE, write_wav};
use crate::{packages, ports, waiting};

const PATIENCE: Duration = Duration::from_secs(40);

/// A running linphonec.
pub struct Linphone {
    linphonec: Process,
    folder: TempDir,
}

impl Linphone {
    /// Starts it; it is +1 425 555 0143.
    pub fn start() -> Self {
        Self::start_with("+14255550143", "")
    }

    /// The same, knowing that password. It looks for one under its own name, and
    /// so it takes that of the user.
    pub fn start_with_password(user: &str, password: &str, realm: &str) -> Self {
        let further = format!(
            "[auth_info_0]\nusername={user}\nuserid={user}\npasswd={password}\nrealm={realm}\n"
        );
        Self::start_with(user, &further)
    }

    fn start_with(user: &str, further: &str) -> Self {
        packages::need(&["linphone-cli"]);
        let folder = tempfile::Builder::new().prefix("ringpost-linphone-").tempdir().unwrap();
        let port = ports::free();
        let audio = ports::free_run();
        // Without this folder for its database it opens no socket, and says nothing.
        fs::create_dir_all(folder.path().join(".local/share/linphone")).unwrap();
        let config = format!(
            "[sip]\nsip_port={port}\nsip_tcp_port={port}\nsip_tls_port=0\nbind_address=127.0.0.1\n\
             guess_hostname=0\nuse_ipv6=0\nipv6_migration_done=1\n\
             contact=\"Dietmar\" <sip:{user}@127.0.0.1>\n\
             [rtp]\naudio_rtp_port={audio}\n\
             [video]\nenabled=0\ncapture=0\ndisplay=0\nautomatically_initiate=0\n{further}"
        );
        let file = folder.path().join("linphonerc");
        fs::write(&file, config).unwrap();
        let mut command = Command::new("linphonec");
        command.arg("-c").arg(&file).env("HOME", folder.path()).current_dir(folder.path());
        let mut linphonec = Process::start_listening("linphonec", &mut command);
        linphonec.tell("soundcard use files");
        linphonec.line("that it uses files", PATIENCE, |line| line.contains("Using wav files"));
        Self { linphonec, folder }
    }

    /// A whole call: from so long after the answer it speaks, then it hangs up;
    /// what it heard.
    pub fn leaves_message(&mut self, uri: &str, after: Duration, speech: &[i16]) -> Vec<i16> {
        let [speaks, hears] = ["speaks.wav", "hears.wav"].map(|name| self.folder.path().join(name));
        let mut sound = vec![0; (after.as_secs_f64() * RATE as f64) as usize];
        sound.extend_from_slice(speech);
        // It would begin again.
        sound.extend([0; RATE * 10]);
        fs::write(&speaks, write_wav(&sound)).unwrap();
        self.linphonec.tell(&format!("play {}", speaks.display()));
        self.linphonec.tell(&format!("record {}", hears.display()));
        self.linphonec.tell(&format!("call {uri}"));
        let established = |line: &str| line.contains("Media streams established");
        self.linphonec.line("that sound flows", PATIENCE, established);
        let said = Duration::from_secs_f64(speech.len() as f64 / RATE as f64);
        waiting::pass(after + said + Duration::from_millis(500));
        self.linphonec.tell("terminate");
        let ended = |line: &str| line.contains("ended (");
        self.linphonec.line("that the call is over", PATIENCE, ended);
        self.linphonec.tell("quit");
        let _ = self.linphonec.ended(PATIENCE);
        written(&fs::read(hears).unwrap())
    }
}

/// Its WAV is PCM of 16 bit as it was told; the header counts a little more
/// than there is.
fn written(wav: &[u8]) -> Vec<i16> {
    let sound = wav.get(44..).unwrap_or_default();
    sound.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
}
