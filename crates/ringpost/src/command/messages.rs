//! `ringpost messages list|show|seen|retry|export`

mod seen;

use std::io::Write;
use std::path::PathBuf;

use clap::Subcommand;
use ringpost_delivery::{Journal, LedgerDetail, LedgerQuery, LedgerRow, MailState};
use ringpost_model::{Outcome, Timestamp};
use serde_json::Value;

use super::Failure;
use crate::config::Settings;
use crate::serve::{now, people, post, sources};
use crate::view;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// The ledger, newest first
    List {
        /// Only this subscriber's
        #[arg(long, value_name = "USER")]
        subscriber: Option<String>,
        /// Only those whose mail is waiting, returned or dead
        #[arg(long)]
        unsettled: bool,
        /// At most so many
        #[arg(long, default_value_t = 50)]
        limit: u32,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// One entry, with what the mail server said
    Show {
        /// Its id, or the beginning of it
        id: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Note that voice mails were heard: phones that show how many wait are told
    Seen {
        /// Their ids, or the beginning of each
        #[arg(required_unless_present = "subscriber", value_name = "ID")]
        ids: Vec<String>,
        /// All voice mails of this subscriber
        #[arg(long = "for", value_name = "USER", conflicts_with = "ids")]
        subscriber: Option<String>,
    },
    /// Try a waiting, returned or dead mail again now
    Retry {
        /// Its id, or the beginning of it
        id: String,
    },
    /// Write the mail as .eml
    Export {
        /// Its id, or the beginning of it
        id: String,
        /// Where to; left out: standard output
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

pub async fn run(settings: Settings, command: Command) -> Result<(), Failure> {
    let journal = Journal::open_existing(&settings.state_dir).await?;
    match command {
        Command::List { subscriber, unsettled, limit, json } => {
            if let Some(user) = subscriber.as_deref().filter(|_| !json)
                && settings.subscribers.by_user(user).is_none()
            {
                eprintln!("there is no subscriber \"{user}\" in the configuration now");
            }
            let query = LedgerQuery { subscriber, unsettled, limit, ..LedgerQuery::default() };
            list(&journal.ledger(query).await?, json)
        }
        Command::Show { id, json } => show(&find(&journal, &id).await?, json),
        Command::Seen { subscriber: Some(user), .. } => {
            seen::all_of(&settings, &journal, user).await
        }
        Command::Seen { ids, subscriber: None } => seen::each(&journal, &ids).await,
        Command::Retry { id } => {
            let detail = find(&journal, &id).await?;
            if detail.mails.is_empty() {
                return Err(no_mail(&detail));
            }
            match journal.retry(&detail.record.id, now()).await? {
                0 => {
                    Err("nothing to try again: its mails are delivered, or just being sent".into())
                }
                1 => say("one mail is due now; a running server sends it at once"),
                more => {
                    say(&format!("{more} mails are due now; a running server sends them at once"))
                }
            }
        }
        Command::Export { id, out } => {
            let detail = find(&journal, &id).await?;
            export(&settings, &detail, out).await
        }
    }
}

/// The entry with that id, or the only one that begins so.
async fn find(journal: &Journal, id: &str) -> Result<LedgerDetail, Failure> {
    if let Some(detail) = journal.show(id).await? {
        return Ok(detail);
    }
    let query = LedgerQuery { limit: 100_000, ..LedgerQuery::default() };
    let rows = journal.ledger(query).await?;
    let mut matching = rows.iter().filter(|row| !id.is_empty() && row.id.starts_with(id));
    match (matching.next(), matching.next()) {
        (Some(row), None) => {
            journal.show(&row.id).await?.ok_or_else(|| "it has just been swept away".into())
        }
        (Some(_), Some(_)) => {
            Err(format!("several entries begin with \"{id}\"; give more of it").into())
        }
        (None, _) => Err(format!("there is no entry \"{id}\"; see ringpost messages list").into()),
    }
}

fn list(rows: &[LedgerRow], json: bool) -> Result<(), Failure> {
    if json {
        return print_json(&Value::Array(rows.iter().map(view::ledger_row).collect()));
    }
    if rows.is_empty() {
        return say("nothing of that kind in the ledger");
    }
    for row in rows {
        let line = format!(
            "{}  {}  {:11}  {} from {}  {}",
            row.id,
            view::moment(row.ended),
            view::kind(row.outcome),
            row.subscriber.as_deref().unwrap_or("(nobody)"),
            if row.caller.is_empty() { "(withheld)" } else { &row.caller },
            state(row),
        );
        say(&line)?;
    }
    Ok(())
}

fn state(row: &LedgerRow) -> String {
    if row.mails.is_empty() {
        return format!("({})", view::why(row.outcome));
    }
    let mut words: Vec<&str> = row.mails.iter().map(|state: &MailState| state.as_str()).collect();
    words.dedup();
    if matches!(row.outcome, Outcome::VoiceMail(_)) {
        words.push(heard(row.seen_at));
    }
    words.join(", ")
}

/// Whether the subscriber has heard a voice mail.
fn heard(seen_at: Option<Timestamp>) -> &'static str {
    if seen_at.is_some() { "seen" } else { "new" }
}

fn show(detail: &LedgerDetail, json: bool) -> Result<(), Failure> {
    if json {
        return print_json(&view::ledger_detail(detail));
    }
    let record = &detail.record;
    say(&format!("{}: {}, {}", record.id, view::kind(record.outcome), view::why(record.outcome)))?;
    if let Some(subscriber) = &record.subscriber {
        let name = Some(format!(" ({})", subscriber.name)).filter(|_| !subscriber.name.is_empty());
        say(&format!("  called    {}{}", subscriber.user, name.unwrap_or_default()))?;
    }
    let caller = if record.caller.withheld { "withheld" } else { record.caller.raw() };
    say(&format!("  caller    {caller}"))?;
    say(&format!("  came      {}", view::moment(record.received)))?;
    say(&format!(
        "  ended     {}, in state {}",
        view::moment(record.ended),
        record.stage.number()
    ))?;
    say(&format!("  heard of  by {}, Call-ID {}", record.ear.as_str(), record.call_id))?;
    if let Some(recording) = &record.recording {
        say(&format!(
            "  recording {} ({:.1} s)",
            recording.file,
            recording.duration.as_secs_f64()
        ))?;
    }
    if matches!(record.outcome, Outcome::VoiceMail(_)) {
        let when = detail.seen_at.map(|at| format!(" ({})", view::moment(at)));
        say(&format!("  heard     {}{}", heard(detail.seen_at), when.unwrap_or_default()))?;
    }
    if let Some(other) = &detail.told_by {
        say(&format!("  told by   {other}, the same call"))?;
    }
    for mail in &detail.mails {
        let whose = if mail.is_return { "return of the mail to" } else { "mail to" };
        say(&format!(
            "  {whose} {}: {}, attempts: {}",
            mail.recipient,
            mail.state.as_str(),
            mail.attempts
        ))?;
        if let Some(next) = mail.next_at {
            if next > now() {
                say(&format!("    next attempt {}", view::moment(next)))?;
            } else {
                say("    due now, or just being sent")?;
            }
        }
        if let Some(said) = &mail.last_reason {
            say(&format!("    {said}"))?;
        }
    }
    Ok(())
}

async fn export(
    settings: &Settings,
    detail: &LedgerDetail,
    out: Option<PathBuf>,
) -> Result<(), Failure> {
    let record = &detail.record;
    let Some(subscriber) = record.subscriber.as_ref().filter(|_| record.outcome.is_told()) else {
        return Err(no_mail(detail));
    };
    let identity = match &detail.identity {
        Some(identity) => identity.clone(),
        None => {
            let sources = sources(settings).await?;
            let choice = people::identify(
                &sources,
                &settings.plan,
                &record.caller,
                &subscriber.user,
                settings.lookup_deadline,
            )
            .await;
            choice.identity
        }
    };
    let recipient = subscriber.mail.first().ok_or("it has no recipient")?;
    if let Some(recording) = &record.recording
        && matches!(record.outcome, Outcome::VoiceMail(_))
        && !settings.recordings().join(&recording.file).exists()
    {
        return Err("its recording has been let go: it is kept for a day after the delivery".into());
    }
    let mail = post::compose_for(settings, record, &identity, recipient)?;
    match out {
        None => std::io::stdout().lock().write_all(&mail.message)?,
        Some(file) => {
            std::fs::write(&file, &mail.message)
                .map_err(|error| format!("{} cannot be written: {error}", file.display()))?;
            say(&format!("written to {}", file.display()))?;
        }
    }
    Ok(())
}

fn no_mail(detail: &LedgerDetail) -> Failure {
    format!("no mail was made of it: {}", view::why(detail.record.outcome)).into()
}

/// One line; a reader that closed the pipe has seen enough.
fn say(line: &str) -> Result<(), Failure> {
    match writeln!(std::io::stdout().lock(), "{line}") {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        result => Ok(result?),
    }
}

fn print_json(value: &Value) -> Result<(), Failure> {
    say(&serde_json::to_string_pretty(value)?)
}
