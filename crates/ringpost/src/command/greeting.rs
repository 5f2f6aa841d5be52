//! `ringpost greeting set USER FILE`

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;

use clap::Subcommand;
use ringpost_media::Prompt;

use super::Failure;
use crate::config::Settings;
use crate::serve::greetings::file_of;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Give a subscriber a greeting of his own; the beep is put behind it
    Set {
        /// User part of the subscriber's SIP URI
        user: String,
        /// A WAV file of any rate
        file: PathBuf,
    },
    /// Go back to the built-in greeting
    Remove {
        /// User part of the subscriber's SIP URI
        user: String,
    },
}

pub fn run(settings: Settings, command: Command) -> Result<(), Failure> {
    let (Command::Set { user, .. } | Command::Remove { user }) = &command;
    let Some(subscriber) = settings.subscribers.by_user(user) else {
        return Err(format!("there is no subscriber \"{user}\" in the configuration").into());
    };
    let folder = settings.greetings();
    let target = file_of(&folder, &subscriber.user);
    match command {
        Command::Set { user, file } => {
            let bytes = fs::read(&file)
                .map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
            let prompt =
                Prompt::from_wav(&bytes).map_err(|error| format!("{}: {error}", file.display()))?;
            if prompt.duration() > settings.limits.greeting {
                return Err(format!(
                    "the greeting is {:.0} s long; limits.greeting_seconds allows {:.0} s",
                    prompt.duration().as_secs_f64(),
                    settings.limits.greeting.as_secs_f64()
                )
                .into());
            }
            fs::create_dir_all(&folder)
                .map_err(|error| format!("{}: {error}", folder.display()))?;
            // Whole or not at all: a running server may read it at any moment.
            let unfinished = target.with_extension("new");
            let mut out = File::create(&unfinished)?;
            out.write_all(&bytes)?;
            out.sync_all()?;
            fs::rename(&unfinished, &target)?;
            File::open(&folder)?.sync_all()?;
            println!(
                "callers of {user} hear {} ({:.1} s) from the next call on",
                file.display(),
                prompt.duration().as_secs_f64()
            );
        }
        Command::Remove { user } => match fs::remove_file(&target) {
            Ok(()) => {
                println!("callers of {user} hear the built-in greeting from the next call on")
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                println!("{user} has no greeting of his own");
            }
            Err(error) => return Err(error.into()),
        },
    }
    Ok(())
}
