//! The mail of a record, with the sound of its recording.

use std::io::ErrorKind;

use ringpost_composer::{Returning, Sound, Telling, compose, compose_return};
use ringpost_delivery::{Claim, ClaimKind};
use ringpost_media::MediaError;
use ringpost_model::{CallRecord, CallerIdentity, Mail, Outcome, Subscriber};

use crate::config::Settings;

/// Writes the mail of a claim. The error is a sentence for the operator.
pub fn write(
    settings: &Settings,
    claim: &Claim,
    identity: &CallerIdentity,
) -> Result<Mail, String> {
    match &claim.kind {
        ClaimKind::Telling => compose_for(settings, &claim.record, identity, &claim.recipient),
        ClaimKind::Return { recipient, reason, attempts, at } => {
            let original = compose_for(settings, &claim.record, identity, recipient)?;
            compose_return(
                &settings.letterhead,
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

/// Writes the notification or voice mail of a call for one recipient, and reads
/// its recording for that. The error is a sentence for the operator.
pub fn compose_for(
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
            match ringpost_media::attachment(&file, settings.sound) {
                Ok(bytes) => Some(Sound { bytes, content_type: "audio/wav", extension: "wav" }),
                Err(error) if is_gone(&error) => {
                    tracing::error!(call = %record.id, %error, "a recording is gone or damaged; the mail goes out and says so");
                    None
                }
                Err(error) => return Err(error.to_string()),
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
