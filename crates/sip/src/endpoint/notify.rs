//! Message waiting (RFC 3842), told without being asked.

use std::time::Instant;

use tokio::sync::oneshot;

use super::draft::{Contact, Draft, Sender};
use super::new_call_id;
use super::outgoing::RequestError;
use super::sending::Wanted;
use super::task::Task;
use crate::dialog::Tag;
use crate::wire::{Method, Uri};
use crate::{Credentials, Hop};

/// How many voice messages wait, for one telephone or phone system.
#[derive(Debug, Clone)]
pub struct MessageWaiting {
    /// SIP URI of who is told: Request-URI and To.
    pub uri: String,
    /// URI of the account that the messages are in: From, and Message-Account.
    pub account: String,
    /// Messages that nobody has heard yet.
    pub new: u32,
    /// Messages that were heard and kept.
    pub old: u32,
    /// Where it is sent to; `None`: where `uri` leads (RFC 3263).
    pub destination: Option<Hop>,
    /// What a challenge is answered by.
    pub credentials: Option<Credentials>,
}

impl Task {
    /// Sends a NOTIFY that belongs to no subscription. Its Subscription-State is
    /// `terminated`: there is none that could be refreshed, and telephones keep
    /// their lamp as it was told last.
    pub(super) fn notify_message_waiting(
        &mut self,
        waiting: MessageWaiting,
        done: oneshot::Sender<Result<u16, RequestError>>,
        now: Instant,
    ) {
        let tag = Tag::random();
        match draft(&waiting, tag) {
            Ok(draft) => self.send_outside(tag, draft, Wanted::Status(done), now),
            Err(error) => {
                let _gone = done.send(Err(error));
            }
        }
    }
}

fn draft(waiting: &MessageWaiting, tag: Tag) -> Result<Draft, RequestError> {
    let MessageWaiting { uri, account, .. } = waiting;
    let call_id = new_call_id();
    let sender = Sender { name: None, uri: Some(account), tag, call_id };
    let mut draft = Draft::new(Method::NOTIFY, uri, uri, sender)?;
    draft.contact = Contact::Here;
    draft.header("Event", "message-summary");
    draft.header("Subscription-State", "terminated;reason=noresource");
    draft.credentials = waiting.credentials.clone();
    draft.destination = waiting.destination;
    let account = Uri::read(account).map_err(|_| RequestError::InvalidUri)?;
    let summary = summary(account.as_str(), waiting.new, waiting.old);
    draft.body("application/simple-message-summary", summary.into_bytes());
    Ok(draft)
}

/// The body (RFC 3842 §5.2). None of the messages is marked as urgent.
fn summary(account: &str, new: u32, old: u32) -> String {
    let waiting = if new > 0 { "yes" } else { "no" };
    format!(
        "Messages-Waiting: {waiting}\r\nMessage-Account: {account}\r\n\
         Voice-Message: {new}/{old} (0/0)\r\n"
    )
}
