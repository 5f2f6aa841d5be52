//! sipp with the scenarios of `tests/peers/`, which hold these words of ours:
//!
//! - `@OUTSIDE@` and `@INSIDE@`: the header lines of a request outside and
//!   inside a dialog, but CSeq and what follows from the body;
//! - `@SENDRECV@`, `@SENDONLY@`, `@INACTIVE@`: the end of the header and SDP with
//!   that direction; `@EMPTY@`: the end of the header and no body;
//! - `@GREETING@`, `@SPEECH@`, `@LENGTH@`, `@MORE@`, `@MORE_LENGTH@`: how long the
//!   greeting is heard, files of raw A-law and how long they last;
//! - what [`Sipp::with`] sets.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::process::Process;
use crate::sound::{Law, RATE, encode};
use crate::{binary, packages, ports};

/// What sipp shall do.
pub struct Sipp {
    scenario: &'static str,
    user: String,
    caller: String,
    greeting: Duration,
    speech: Vec<i16>,
    more: Vec<i16>,
    calls: usize,
    tcp: bool,
    words: Vec<(&'static str, String)>,
    patience: Duration,
}

const OUTSIDE: &str = "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      From: <sip:[caller]@example.com>;tag=[pid]sipp[call_number]
      To: <sip:[service]@example.com>
      Call-ID: [call_id]
      Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>
      Max-Forwards: 70";
const SOUND: &str = "Content-Type: application/sdp
      Content-Length: [len]

      v=0
      o=sipp 53655765 @VERSION@ IN IP[local_ip_type] [local_ip]
      s=-
      c=IN IP[media_ip_type] [media_ip]
      t=0 0
      m=audio [rtpstream_audio_port] RTP/AVP 8
      a=rtpmap:8 PCMA/8000
      a=ptime:20
      a=";

impl Sipp {
    /// Runs `tests/peers/SCENARIO.xml` once against `user`. Installs sipp where it
    /// is missing, before anybody waits for its call.
    pub fn scenario(scenario: &'static str, user: &str) -> Self {
        packages::need(&["sip-tester"]);
        Self {
            scenario,
            user: user.into(),
            caller: "+14255550199".into(),
            greeting: Duration::ZERO,
            speech: Vec::new(),
            more: Vec::new(),
            calls: 1,
            tcp: false,
            words: Vec::new(),
            patience: Duration::from_secs(60),
        }
    }

    /// As that caller.
    #[must_use]
    pub fn caller(mut self, caller: &str) -> Self {
        self.caller = caller.into();
        self
    }

    /// After so long since its ACK it speaks that.
    #[must_use]
    pub fn speaks(mut self, after: Duration, speech: &[i16]) -> Self {
        self.greeting = after;
        self.speech = speech.to_vec();
        self
    }

    /// Later in the scenario it speaks that.
    #[must_use]
    pub fn speaks_again(mut self, speech: &[i16]) -> Self {
        self.more = speech.to_vec();
        self
    }

    /// Over TCP.
    #[must_use]
    pub fn over_tcp(mut self, tcp: bool) -> Self {
        self.tcp = tcp;
        self
    }

    /// `@WORD@` of the scenario is that.
    #[must_use]
    pub fn with(mut self, word: &'static str, value: &str) -> Self {
        self.words.push((word, value.into()));
        self
    }

    /// So many calls, all at once.
    #[must_use]
    pub fn calls(mut self, calls: usize) -> Self {
        self.calls = calls;
        self
    }

    /// Runs to the end; fails with sipp's words unless every call went as the
    /// scenario says.
    pub fn run(&self, server: SocketAddr) {
        let (folder, mut sipp) = self.start(server);
        let status = sipp.ended(self.patience + Duration::from_secs(10));
        let errors = fs::read_to_string(folder.path().join("errors")).unwrap_or_default();
        assert!(
            status.success(),
            "sipp {}: {status}\n{errors}\n{}",
            self.scenario,
            sipp.lines().into_iter().rev().take(40).rev().collect::<Vec<_>>().join("\n")
        );
    }

    fn start(&self, server: SocketAddr) -> (TempDir, Process) {
        let folder = tempfile::Builder::new().prefix("ringpost-sipp-").tempdir().unwrap();
        let source = binary::workspace().join("tests/peers").join(self.scenario);
        let text = fs::read_to_string(source.with_extension("xml")).expect("the scenario");
        let text = self.in_full(text, folder.path());
        let scenario = folder.path().join("scenario.xml");
        fs::write(&scenario, text).unwrap();
        let mut command = Command::new("sipp");
        self.arguments(&mut command, server, folder.path(), &scenario);
        let sipp = Process::start("sipp", &mut command);
        (folder, sipp)
    }

    fn in_full(&self, mut text: String, folder: &Path) -> String {
        for (file, length, sound) in
            [("@SPEECH@", "@LENGTH@", &self.speech), ("@MORE@", "@MORE_LENGTH@", &self.more)]
        {
            let path = folder.join(format!("{}.alaw", file.trim_matches('@').to_lowercase()));
            fs::write(&path, encode(Law::A, sound)).unwrap();
            // The thread that streams runs behind the one that hangs up.
            let span = sound.len() * 1000 / RATE + 250;
            text = text.replace(file, &path.display().to_string());
            text = text.replace(length, &span.to_string());
        }
        let inside =
            OUTSIDE.replace("example.com>\n      Call", "example.com>[peer_tag_param]\n      Call");
        text = text.replace("@GREETING@", &self.greeting.as_millis().to_string());
        text = text.replace("@OUTSIDE@", OUTSIDE).replace("@INSIDE@", &inside);
        text = text.replace("@EMPTY@", "Content-Length: 0\n");
        for (word, value) in &self.words {
            text = text.replace(&format!("@{word}@"), value);
        }
        // Each description of a session is a version of its own (RFC 3264 §8).
        for direction in ["SENDRECV", "SENDONLY", "INACTIVE"] {
            let word = format!("@{direction}@");
            let sound = format!("{SOUND}{}", direction.to_lowercase());
            text = text.replace(&word, &sound);
        }
        let mut version = 1;
        while text.contains("@VERSION@") {
            text = text.replacen("@VERSION@", &version.to_string(), 1);
            version += 1;
        }
        text
    }

    fn arguments(&self, command: &mut Command, server: SocketAddr, folder: &Path, scenario: &Path) {
        let calls = self.calls.to_string();
        let port = ports::free().to_string();
        // sipp binds a pair for sound and one for video, though its echo is not used.
        let media = ports::free_run().to_string();
        command.current_dir(folder).arg(server.to_string()).arg("-sf").arg(scenario);
        command.args(["-s", &self.user, "-key", "caller", &self.caller]);
        command.args(["-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", &port]);
        command.args(["-t", if self.tcp { "t1" } else { "u1" }]);
        command.args(["-mp", &media, "-rtp_payload", "8"]);
        command.args(["-m", &calls, "-l", &calls, "-r", &calls, "-nostdin", "-nd"]);
        command.args(["-auth_uri", &format!("{}@{server}", self.user)]);
        command.args(["-trace_err", "-error_file", "errors", "-timeout_error"]);
        command.args(["-timeout", &format!("{}s", self.patience.as_secs())]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::answering::Answering;
    use crate::sound::{align, speech};

    #[test]
    fn it_leaves_a_message_whose_sound_arrives_whole() {
        let said = speech(2.0, 5);
        let sipp = Sipp::scenario("message", "alice")
            .caller("+14255550142")
            .speaks(Duration::from_millis(1500), &said);
        let answering = Answering::start(Duration::ZERO);
        sipp.run(answering.address());
        let call = answering.ended();
        assert!(call.invite.header("From").unwrap().contains("+14255550142"));
        assert!(call.invite.start.contains("sip:alice@"));
        let found = align(&said, &call.heard);
        assert!(found.correlation > 0.999 && found.overlap == said.len(), "{found:?}");
    }

    #[test]
    fn it_hangs_up_in_the_greeting() {
        let sipp = Sipp::scenario("hang_up_in_greeting", "alice");
        let answering = Answering::start(Duration::ZERO);
        sipp.run(answering.address());
        let call = answering.ended();
        assert_eq!(call.ended_by, "BYE");
        assert!(call.heard.is_empty());
    }

    #[test]
    fn it_cancels_while_ringing() {
        let sipp = Sipp::scenario("cancel_while_ringing", "alice");
        let answering = Answering::start(Duration::from_secs(5));
        sipp.run(answering.address());
        assert_eq!(answering.ended().ended_by, "CANCEL");
    }
}
