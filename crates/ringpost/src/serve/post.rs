//! From the outbox to the mail server: claim, look the caller up, compose,
//! hand over, settle.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use ringpost_composer::{Returning, Sound, Telling, compose, compose_return};
use ringpost_delivery::{Claim, ClaimKind, Courier, MaildirCourier, SmtpCourier};
use ringpost_media::MediaError;
use ringpost_model::{CallRecord, CallerIdentity, Mail, Outcome, Subscriber, Verdict};
use tokio::sync::{Mutex, Semaphore, watch};
use tokio::task::{Id, JoinSet};

use super::node::{Node, now};
use super::people;
use crate::config::{MailTransport, Settings};

/// Mails looked up and composed at once; the couriers are fewer.
const IN_HAND: usize = 64;

/// How long the outbox is left alone when nothing is due and nobody calls:
/// another process (`ringpost messages retry`) may have made something due.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// A few couriers, lent to one mail each.
struct Couriers {
    idle: Mutex<Vec<Box<dyn Courier>>>,
    places: Semaphore,
}

impl Couriers {
    fn new(settings: &Settings) -> Self {
        Self { places: Semaphore::new(settings.couriers), idle: Mutex::default() }
    }

    /// Hands one mail over as soon as there is a place. A courier that broke
    /// with its mail is not put back; the next is made anew.
    async fn deliver(&self, settings: &Settings, mail: &Mail) -> Verdict {
        let Ok(_place) = self.places.acquire().await else {
            return Verdict::TryAgain { reason: "the server is stopping".into() };
        };
        let idle = self.idle.lock().await.pop();
        let mut courier = idle.unwrap_or_else(|| courier(settings));
        let verdict = courier.deliver(mail).await;
        self.idle.lock().await.push(courier);
        verdict
    }
}

fn courier(settings: &Settings) -> Box<dyn Courier> {
    match (&settings.transport, &settings.smtp) {
        (MailTransport::Maildir { root }, _) => Box::new(MaildirCourier::new(root.clone())),
        (MailTransport::Smtp { .. }, Some(smtp)) => Box::new(SmtpCourier::new(smtp.clone())),
        // `Settings` makes both together; a Maildir under the state folder loses nothing.
        (MailTransport::Smtp { .. }, None) => {
            Box::new(MaildirCourier::new(settings.state_dir.join("mail")))
        }
    }
}

/// How long a claimed mail may stay in hand: longer than the slowest mail
/// server keeps the last of the mails in hand waiting.
pub fn lease(settings: &Settings) -> Duration {
    let each = settings.smtp.as_ref().map_or(Duration::from_secs(60), |smtp| smtp.timeout);
    let turns = IN_HAND.div_ceil(settings.couriers.max(1)) + 1;
    let turns = u32::try_from(turns).unwrap_or(u32::MAX);
    settings.lookup_deadline + each * turns + Duration::from_secs(600)
}

/// Runs until `finish` turns true and what was in hand is settled.
pub async fn run(node: Arc<Node>, mut finish: watch::Receiver<bool>) {
    let couriers = Arc::new(Couriers::new(&node.settings));
    let work = node.journal.work();
    let mut in_hand = JoinSet::new();
    let mut claims: HashMap<Id, Arc<Claim>> = HashMap::new();
    loop {
        let mut woken = std::pin::pin!(work.notified());
        woken.as_mut().enable();
        let room = IN_HAND.saturating_sub(in_hand.len());
        let mut next = node.journal.next_due().await.unwrap_or_default();
        if room > 0 && !*finish.borrow() && next.is_some_and(|due| due <= now()) {
            match node.journal.claim(now(), room).await {
                Ok(due) => {
                    for claim in due {
                        let claim = Arc::new(claim);
                        let task =
                            in_hand.spawn(bring(node.clone(), couriers.clone(), claim.clone()));
                        claims.insert(task.id(), claim);
                    }
                    next = node.journal.next_due().await.unwrap_or_default();
                }
                Err(error) => tracing::error!(%error, "the outbox cannot be claimed from"),
            }
        }
        if *finish.borrow() && in_hand.is_empty() {
            return;
        }
        let wait = match next {
            Some(due) if in_hand.len() < IN_HAND => {
                due.since(now()).clamp(Duration::from_millis(20), LOOK_AGAIN)
            }
            _ => LOOK_AGAIN,
        };
        tokio::select! {
            () = woken => {}
            Some(joined) = in_hand.join_next_with_id() => match joined {
                Ok((task, ())) => {
                    claims.remove(&task);
                }
                Err(broken) => {
                    metrics::counter!("ringpost_panics_total").increment(1);
                    if let Some(claim) = claims.remove(&broken.id()) {
                        let reason = "the mail broke inside the server; see its log".into();
                        let verdict = Verdict::TryAgain { reason };
                        in_hand.spawn(settle(node.clone(), claim, verdict));
                    }
                }
            },
            _ = finish.wait_for(|finish| *finish), if !*finish.borrow() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

async fn bring(node: Arc<Node>, couriers: Arc<Couriers>, claim: Arc<Claim>) {
    let (identity, complete) = identify(&node, &claim).await;
    let verdict = match write(&node, &claim, &identity).await {
        Ok(mail) => couriers.deliver(&node.settings, &mail).await,
        Err(reason) => {
            tracing::error!(call = %claim.record.id, reason, "a mail could not be written");
            Verdict::TryAgain { reason }
        }
    };
    // The answer of a complete lookup is worth keeping only when it is needed again.
    if matches!(verdict, Verdict::TryAgain { .. })
        && complete
        && claim.identity.is_none()
        && let Err(error) = node.journal.keep_identity(&claim.record.id, &identity).await
    {
        tracing::warn!(call = %claim.record.id, %error, "a caller's name was not kept; it is looked up again");
    }
    settle(node, claim, verdict).await;
}

/// Notes what became of a mail, again and again while the disk is full: a mail
/// that was taken must not be sent once more because of that.
async fn settle(node: Arc<Node>, claim: Arc<Claim>, verdict: Verdict) {
    let word = match &verdict {
        Verdict::Delivered { .. } => "delivered",
        Verdict::TryAgain { .. } => "try-again",
        Verdict::Refused { .. } => "refused",
    };
    metrics::counter!("ringpost_mails_total", "verdict" => word).increment(1);
    let call = &claim.record.id;
    let mut stopping = node.stopping.clone();
    let mut wait = Duration::from_millis(500);
    loop {
        let stops = *stopping.borrow();
        match node.journal.settle(&claim, &verdict, now()).await {
            Ok(settled) => {
                node.notes.mailed(&claim, &verdict, &settled);
                let took = now().since(claim.record.ended).as_millis();
                tracing::info!(%call, verdict = word, attempt = claim.attempts + 1, ?settled, took_ms = took, "mail");
                return;
            }
            Err(error) => {
                tracing::error!(%call, verdict = word, %error, "what became of a mail could not be noted; trying again");
            }
        }
        if stops {
            tracing::error!(%call, verdict = word, "stopped before it could be noted; the mail may be sent once more with the same Message-ID");
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = stopping.wait_for(|stop| *stop) => {}
        }
        wait = (wait * 2).min(Duration::from_secs(10));
    }
}

async fn identify(node: &Node, claim: &Claim) -> (CallerIdentity, bool) {
    if let Some(identity) = &claim.identity {
        return (identity.clone(), true);
    }
    let user = claim.record.subscriber.as_ref().map_or("", |subscriber| &subscriber.user);
    let settings = &node.settings;
    let choice = people::identify(
        &node.sources,
        &settings.plan,
        &claim.record.caller,
        user,
        settings.lookup_deadline,
    )
    .await;
    node.notes.identified(&claim.record, &choice);
    (choice.identity, choice.complete)
}

/// Writes the mail of a claim. The error is a sentence for the operator.
async fn write(node: &Node, claim: &Claim, identity: &CallerIdentity) -> Result<Mail, String> {
    match &claim.kind {
        ClaimKind::Telling => {
            compose_for(&node.settings, &claim.record, identity, &claim.recipient).await
        }
        ClaimKind::Return { recipient, reason, attempts, at } => {
            let original = compose_for(&node.settings, &claim.record, identity, recipient).await?;
            compose_return(
                &node.settings.letterhead,
                Returning {
                    record: &claim.record,
                    recipient,
                    reason,
                    attempts: *attempts,
                    at: *at,
                    original: &original.message,
                },
            )
            .map_err(|error| error.to_string())
        }
    }
}

/// Writes the notification or voice mail of a call for one recipient. The error
/// is a sentence for the operator.
pub async fn compose_for(
    settings: &Settings,
    record: &CallRecord,
    identity: &CallerIdentity,
    recipient: &str,
) -> Result<Mail, String> {
    let nobody = nobody();
    let subscriber = record.subscriber.as_ref().unwrap_or(&nobody);
    let sound = match (record.outcome, &record.recording) {
        (Outcome::VoiceMail(_), Some(recording)) => {
            let file = settings.recordings().join(&recording.file);
            let kind = settings.sound;
            match tokio::task::spawn_blocking(move || ringpost_media::attachment(&file, kind)).await
            {
                Ok(Ok(bytes)) => Some(Sound { bytes, content_type: "audio/wav", extension: "wav" }),
                Ok(Err(error)) if is_gone(&error) => {
                    tracing::error!(call = %record.id, %error, "a recording is gone or damaged; the mail goes out and says so");
                    None
                }
                Ok(Err(error)) => return Err(error.to_string()),
                Err(_) => return Err("a recording could not be made ready for the mail".into()),
            }
        }
        _ => None,
    };
    let telling = Telling { record, subscriber, identity, recipient, sound };
    compose(&settings.letterhead, telling).map_err(|error| error.to_string())
}

/// Whether no later attempt could read it either. Too many open files or a disk
/// that does not answer may be over the next time.
fn is_gone(error: &MediaError) -> bool {
    match error {
        MediaError::Wav(_) => true,
        MediaError::File { source, .. } => matches!(
            source.kind(),
            ErrorKind::NotFound | ErrorKind::InvalidData | ErrorKind::UnexpectedEof
        ),
        _ => false,
    }
}

fn nobody() -> Subscriber {
    Subscriber {
        user: String::new(),
        name: String::new(),
        mail: Vec::new(),
        number: None,
        extension: None,
        time_zone: "UTC".into(),
        language: "en".into(),
        notify: Default::default(),
        missed_calls: true,
        answer_after: None,
    }
}
