//! A few couriers, lent to one mail each.

use std::sync::{Mutex, PoisonError};

use ringpost_delivery::{Courier, MaildirCourier, SmtpCourier};
use ringpost_model::{Mail, Verdict};
use tokio::sync::Semaphore;

use crate::config::{MailTransport, Settings};

pub struct Couriers {
    idle: Mutex<Vec<Box<dyn Courier>>>,
    places: Semaphore,
}

impl Couriers {
    pub fn new(settings: &Settings) -> Self {
        Self { places: Semaphore::new(settings.couriers), idle: Mutex::default() }
    }

    /// Hands one mail over as soon as there is a place. It is written then and
    /// not before: of all mails that wait, only as many as there are couriers
    /// lie in memory. A courier that broke with its mail is not put back; the
    /// next is made anew.
    pub async fn deliver(
        &self,
        settings: &Settings,
        write: impl FnOnce() -> Result<Mail, String>,
    ) -> Verdict {
        let Ok(_place) = self.places.acquire().await else {
            return Verdict::TryAgain { reason: "the server is stopping".into() };
        };
        let mail = match write() {
            Ok(mail) => mail,
            Err(reason) => return Verdict::TryAgain { reason },
        };
        let idle = self.idle().pop();
        let mut courier = idle.unwrap_or_else(|| courier(settings));
        let verdict = courier.deliver(mail).await;
        self.idle().push(courier);
        verdict
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Box<dyn Courier>>> {
        // Whole after every statement that could panic.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
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
