//! `ringpost contacts import USER FILE.vcf`

use std::path::PathBuf;

use clap::Subcommand;
use ringpost_directory::Contacts;

use super::Failure;
use crate::config::Settings;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read a vCard file into a subscriber's contacts; what is there already is brought up to date
    Import {
        /// User part of the subscriber's SIP URI
        user: String,
        /// vCard 2.1, 3.0 or 4.0, one or many
        file: PathBuf,
    },
}

pub async fn run(settings: Settings, command: Command) -> Result<(), Failure> {
    let Command::Import { user, file } = command;
    let Some(subscriber) = settings.subscribers.by_user(&user) else {
        return Err(format!("there is no subscriber \"{user}\" in the configuration").into());
    };
    let cards = std::fs::read(&file)
        .map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    std::fs::create_dir_all(&settings.state_dir)
        .map_err(|error| format!("{}: {error}", settings.state_dir.display()))?;
    let contacts = Contacts::open(&settings.people_db(), settings.plan.clone()).await?;
    let imported = contacts.import(&subscriber.user, &cards).await?;
    for unreadable in &imported.unreadable {
        eprintln!("left out: {unreadable}");
    }
    println!(
        "{} cards read, {} new contacts, {} brought up to date, {} left out",
        imported.read,
        imported.stored,
        imported.updated,
        imported.unreadable.len()
    );
    if imported.read == 0 {
        return Err(format!("{} holds no vCard", file.display()).into());
    }
    Ok(())
}
