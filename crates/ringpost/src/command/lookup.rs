//! `ringpost lookup NUMBER --for USER`

use clap::Args;
use ringpost_model::{CallerIdentity, Party};

use super::Failure;
use crate::config::Settings;
use crate::serve::{people, sources};

#[derive(Debug, Args)]
pub struct Options {
    /// A number, an extension or a SIP URI, as the phone system would send it
    number: String,
    /// User part of the subscriber who was called: contacts are his own
    #[arg(long = "for", value_name = "USER")]
    subscriber: String,
}

pub async fn run(settings: Settings, options: Options) -> Result<(), Failure> {
    let Some(subscriber) = settings.subscribers.by_user(&options.subscriber) else {
        return Err(format!(
            "there is no subscriber \"{}\" in the configuration",
            options.subscriber
        )
        .into());
    };
    let sources = sources(&settings).await?;
    let choice = people::identify(
        &sources,
        &settings.plan,
        &party(&options.number),
        &subscriber.user,
        settings.lookup_deadline,
    )
    .await;
    println!("{}", who(&choice.identity));
    for line in &choice.because {
        println!("  {line}");
    }
    Ok(())
}

/// A caller as the command line names him.
fn party(text: &str) -> Party {
    let mut party = Party::from_user(text);
    for scheme in ["sip:", "sips:", "tel:"] {
        if let Some(rest) = text.strip_prefix(scheme) {
            party.uri = Some(text.to_owned());
            let rest = rest.split(';').next().unwrap_or(rest);
            let (user, host) = match rest.split_once('@') {
                Some((user, host)) => (user, Some(host.to_owned())),
                None => (rest, None),
            };
            party.user = Some(user.to_owned());
            party.host = host;
        }
    }
    party
}

fn who(identity: &CallerIdentity) -> String {
    let number = identity.number_shown.as_deref().unwrap_or(&identity.raw);
    match &identity.name {
        _ if identity.withheld => "a withheld number: nobody is asked".to_owned(),
        Some(name) => format!("{} ({number}), says the {}", name.text, name.origin.as_str()),
        None => format!("{number}: nobody knows a name"),
    }
}
