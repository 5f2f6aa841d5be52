//! `ringpost demo`: a server on embedded defaults, three calls, three mails.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use ringpost_directory::Contacts;
use ringpost_media::Prompt;
use ringpost_sip::{Hop, OutgoingInfo};
use tokio::time::{Instant, sleep};

use super::Failure;
use crate::config;
use crate::serve::{Running, new_id, start};
use crate::test_caller::{HangUp, TestCall, TestCaller};

/// How long the three mails may take.
const PATIENCE: Duration = Duration::from_secs(20);

const ALICE: &str = "alice@example.com";
const CONTACTS: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Bob Example\r\nORG:Example Ltd\r\n\
                   TEL;TYPE=WORK:+1 (425) 555-0142\r\nEMAIL:bob@example.com\r\nEND:VCARD\r\n\
                   BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Carol Example\r\n\
                   TEL;TYPE=CELL:+1 (425) 555-0144\r\nEND:VCARD\r\n";

#[derive(Debug, Args)]
pub struct Options {
    /// Where the server keeps its state and the mails; left out: a fresh folder for temporary files
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
}

pub async fn run(options: Options) -> Result<(), Failure> {
    crate::log::start("error", false);
    let dir = match options.dir {
        Some(dir) => std::path::absolute(dir)?,
        None => std::env::temp_dir().join(format!("ringpost-demo-{}", new_id())),
    };
    let text = configuration(&dir);
    let settings = config::parse(Path::new("the demo's configuration"), &text)?;
    std::fs::create_dir_all(&dir)
        .map_err(|error| format!("{} cannot be made: {error}", dir.display()))?;
    let contacts = Contacts::open(&settings.people_db(), settings.plan.clone()).await?;
    contacts.import("alice", CONTACTS.as_bytes()).await?;
    drop(contacts);

    let folder = dir.join("mail").join(ALICE);
    let before = mails(&folder);
    let running = start(settings).await?;
    let addresses = running.sip_addresses();
    let destination = *addresses.first().ok_or("the server listens nowhere")?;
    println!("A server for alice runs at sip:alice@{}; three calls come in.", destination.addr);
    let called = call(destination).await;
    let shown = match called {
        Ok(()) => show(&running, &folder, &before).await,
        Err(error) => Err(error),
    };
    running.stop().await;
    shown?;
    println!("The mails lie in {}; any mail client opens them.", dir.join("mail").display());
    Ok(())
}

fn configuration(dir: &Path) -> String {
    let dir = dir.display().to_string().replace('\\', "\\\\").replace('"', "\\\"");
    format!(
        "[sip]\nlisten = [\"udp:127.0.0.1:0\"]\n\
         [state]\ndir = \"{dir}\"\n\
         [http]\nlisten = \"\"\n\
         [[subscriber]]\nuser = \"alice\"\nname = \"Alice Example\"\nmail = \"{ALICE}\"\n\
         number = \"+14255550101\"\nextension = \"1001\"\ntime_zone = \"America/Los_Angeles\"\n"
    )
}

/// The three calls, one after the other.
async fn call(destination: Hop) -> Result<(), Failure> {
    let caller = TestCaller::start(destination, None).await?;
    let uri = format!("sip:alice@{}", destination.addr);

    println!("1. The phones ring, the caller gives up: the phone system reports it by SIP INFO.");
    let status = caller
        .inform(OutgoingInfo {
            destination: Some(destination),
            uri: uri.clone(),
            from: "sip:frontend@example.com".into(),
            call_id: None,
            content_type: "application/ms-rtc-usernotification+xml".into(),
            headers: Vec::new(),
            body: report().into_bytes(),
            credentials: None,
        })
        .await?;
    if status != 200 {
        return Err(format!("the report was answered with {status}").into());
    }

    println!("2. A call is answered; the caller hangs up in the greeting.");
    let message = Arc::new(Prompt::default_greeting());
    let test_call = |from: &str, hang_up| TestCall {
        destination,
        uri: uri.clone(),
        from: from.to_owned(),
        from_name: None,
        message: message.clone(),
        hang_up,
        after: Duration::from_millis(500),
        credentials: None,
    };
    let quiet = |_: &str| {};
    caller.place(test_call("sip:+14255550143@example.com", HangUp::Greeting), quiet).await?;

    println!("3. A call is answered; the caller leaves a message after the beep.");
    caller.place(test_call("sip:+14255550142@example.com", HangUp::Recording), quiet).await?;
    caller.close().await;
    Ok(())
}

/// What Office Communications Server would say of a call that rang and stopped.
fn report() -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<UserNotification>\
         <User>sip:alice@example.com</User><Event type=\"missed\"/>\
         <From>sip:+14255550144@example.com</From><CallId>{}@example.com</CallId>\
         </UserNotification>",
        new_id()
    )
}

/// Waits for the three mails and prints a line for each.
async fn show(running: &Running, folder: &Path, before: &[PathBuf]) -> Result<(), Failure> {
    let until = Instant::now() + PATIENCE;
    let mails = || -> Vec<PathBuf> {
        mails(folder).into_iter().filter(|mail| !before.contains(mail)).collect()
    };
    loop {
        let counts = running.journal().counts().await?;
        if counts.queued == 0 && mails().len() >= 3 {
            break;
        }
        if Instant::now() > until {
            return Err(format!("only {} of three mails arrived", mails().len()).into());
        }
        sleep(Duration::from_millis(20)).await;
    }
    println!();
    let mut shown: Vec<(String, String)> = mails()
        .into_iter()
        .filter_map(|file| {
            let text = std::fs::read_to_string(&file).ok()?;
            let kind = match header(&text, "Content-Class").as_str() {
                "voice-ca" => "Voice mail ",
                _ => "Missed call",
            };
            let line = format!("{kind}  \"{}\"  {}", header(&text, "Subject"), file.display());
            Some((header(&text, "Message-ID"), line))
        })
        .collect();
    // Ids sort by time.
    shown.sort();
    for (_, line) in shown {
        println!("{line}");
    }
    println!();
    Ok(())
}

fn mails(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder.join("new"))
        .map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())).collect())
        .unwrap_or_default()
}

/// One header field of a mail that we wrote ourselves, unfolded.
fn header(text: &str, name: &str) -> String {
    let mut value = String::new();
    let mut inside = false;
    for line in text.lines().take_while(|line| !line.is_empty()) {
        if line.starts_with([' ', '\t']) {
            if inside {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else {
            inside =
                line.split_once(':').is_some_and(|(field, _)| field.eq_ignore_ascii_case(name));
            if inside {
                value = line.split_once(':').map_or("", |(_, value)| value).trim().to_owned();
            }
        }
    }
    value
}
