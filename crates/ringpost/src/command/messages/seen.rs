//! `ringpost messages seen ID…` and `ringpost messages seen --for USER`. A
//! running server sees it in the outbox within a second or two.

use ringpost_delivery::{Heard, Journal, Seen};
use ringpost_model::Outcome;

use super::{Failure, find, say};
use crate::config::Settings;
use crate::serve::now;

/// These voice mails. All are looked for before the first is noted.
pub(super) async fn each(journal: &Journal, ids: &[String]) -> Result<(), Failure> {
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let record = find(journal, id).await?.record;
        if !matches!(record.outcome, Outcome::VoiceMail(_)) {
            return Err(format!("{} is no voice mail: there is nothing to hear", record.id).into());
        }
        found.push(record.id);
    }
    let mut all: Vec<Seen> = Vec::new();
    for id in found {
        let Some(seen) = journal.seen(Heard::One(id), now()).await? else {
            return Err("it has just been swept away".into());
        };
        match all.iter_mut().find(|known| known.subscriber == seen.subscriber) {
            Some(known) => {
                known.changed += seen.changed;
                known.waiting = seen.waiting;
            }
            None => all.push(seen),
        }
    }
    all.iter().try_for_each(tell)
}

/// All of one subscriber.
pub(super) async fn all_of(
    settings: &Settings,
    journal: &Journal,
    user: String,
) -> Result<(), Failure> {
    let is_known = settings.subscribers.by_user(&user).is_some();
    let waiting = journal.waiting(&user).await?;
    if !is_known && waiting.new + waiting.old == 0 {
        return Err(format!(
            "there is no subscriber \"{user}\" in the configuration, and no voice mail for one"
        )
        .into());
    }
    match journal.seen(Heard::AllOf(user), now()).await? {
        Some(seen) => tell(&seen),
        None => Ok(()),
    }
}

fn tell(seen: &Seen) -> Result<(), Failure> {
    let what = match seen.changed {
        0 => "nothing was new".to_owned(),
        1 => "one voice mail is noted as seen".to_owned(),
        more => format!("{more} voice mails are noted as seen"),
    };
    let waiting = seen.waiting;
    say(&format!("{what}; {} has {} new and {} seen", seen.subscriber, waiting.new, waiting.old))
}
