//! `[[subscriber]]`: from keys to the people Ringpost answers for.

use ringpost_lookup::DialPlan;
use ringpost_model::{E164, Subscriber};
use ringpost_sip::check_uri;

use super::settings::WaitingSettings;
use super::values::{language_or, span, zone};
use super::{Config, Mistake, SubscriberKeys};

/// Reads all of them; mistakes go to the list.
pub(super) fn read(
    config: &Config,
    plan: &DialPlan,
    mistakes: &mut Vec<Mistake>,
) -> Vec<Subscriber> {
    let subscribers: Vec<Subscriber> = config
        .subscriber
        .iter()
        .enumerate()
        .map(|(index, keys)| one(config, keys, index, plan, mistakes))
        .collect();
    duplicates(&subscribers, mistakes);
    subscribers
}

fn one(
    config: &Config,
    keys: &SubscriberKeys,
    index: usize,
    plan: &DialPlan,
    mistakes: &mut Vec<Mistake>,
) -> Subscriber {
    let at = |key: &str| format!("subscriber.{index}.{key}");
    if keys.user.is_empty() || keys.user.contains(['@', ':', ' ', '/']) {
        mistakes.push(Mistake::new(
            at("user"),
            "the user part of the SIP URI is wanted, such as \"alice\", without @ and domain",
        ));
    }
    let mail = keys.mail.addresses();
    if mail.is_empty() {
        mistakes.push(Mistake::new(
            at("mail"),
            "who shall get the mail? write mail = \"alice@example.com\"",
        ));
    }
    for address in mail.iter().filter(|address| !is_address(address)) {
        mistakes.push(Mistake::new(at("mail"), no_address(address)));
    }
    let number = keys.number.as_deref().and_then(|text| {
        let number = E164::parse(text).ok().or_else(|| plan.number(text));
        if number.is_none() {
            mistakes.push(Mistake::new(
                at("number"),
                format!("\"{text}\" is no telephone number; write it as \"+14255550101\""),
            ));
        }
        number
    });
    if let Some(extension) = &keys.extension {
        let digits = usize::from(config.dial_plan.extension_digits);
        let numeric = extension.bytes().all(|byte| byte.is_ascii_digit());
        if !numeric || extension.len() != digits {
            mistakes.push(Mistake::new(
                at("extension"),
                format!(
                    "\"{extension}\" is not {digits} digits, as dial_plan.extension_digits wants"
                ),
            ));
        }
    }
    let notify = keys.notify.parse().unwrap_or_else(|error| {
        mistakes.push(Mistake::new(at("notify"), format!("\"{}\": {error}", keys.notify)));
        Default::default()
    });
    let time_zone = keys.time_zone.as_ref().unwrap_or(&config.mail.time_zone);
    if keys.time_zone.is_some() {
        zone(&at("time_zone"), time_zone, mistakes);
    }
    if let Some(language) = &keys.language {
        language_or(&at("language"), language, mistakes);
    }
    Subscriber {
        user: keys.user.clone(),
        name: keys.name.clone(),
        mail,
        number,
        extension: keys.extension.clone(),
        time_zone: time_zone.clone(),
        language: keys.language.clone().unwrap_or_else(|| config.mail.language.clone()),
        notify,
        missed_calls: keys.missed_calls,
        answer_after: keys
            .answer_after_seconds
            .map(|seconds| span(&at("answer_after_seconds"), seconds, mistakes)),
    }
}

/// Whose endpoints are told of waiting messages (RFC 3842).
pub(super) fn message_waiting(
    config: &Config,
    mistakes: &mut Vec<Mistake>,
) -> Vec<WaitingSettings> {
    let mut all = Vec::new();
    for (index, keys) in config.subscriber.iter().enumerate() {
        let mut endpoints: Vec<String> = Vec::new();
        for uri in keys.message_waiting.addresses() {
            if !is_endpoint(&uri) {
                mistakes.push(Mistake::new(
                    format!("subscriber.{index}.message_waiting"),
                    format!("\"{uri}\" is no SIP URI; write it as \"sip:alice@192.0.2.20:5060\""),
                ));
            } else if let Err(error) = check_uri(&uri) {
                let key = format!("subscriber.{index}.message_waiting");
                mistakes.push(Mistake::new(key, error.to_string()));
            } else if !endpoints.contains(&uri) {
                endpoints.push(uri);
            }
        }
        if !endpoints.is_empty() {
            all.push(WaitingSettings { user: keys.user.clone(), endpoints });
        }
    }
    all
}

/// Whether `text` is a SIP URI that a request can be sent to as it stands. It
/// becomes the Request-URI and part of a body: nothing in it may end a line.
fn is_endpoint(text: &str) -> bool {
    let rest = text.strip_prefix("sip:").or_else(|| text.strip_prefix("sips:"));
    rest.is_some_and(|rest| {
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        !host.is_empty()
            && !host.starts_with([':', ';', '?'])
            && host.starts_with('[') == host.contains(']')
            && rest.is_ascii()
            && !rest.starts_with('@')
            && !rest.contains(|c: char| c.is_whitespace() || c.is_control() || "<>\"".contains(c))
    })
}

/// Two subscribers must not share what a caller dials.
fn duplicates(subscribers: &[Subscriber], mistakes: &mut Vec<Mistake>) {
    for (index, later) in subscribers.iter().enumerate() {
        for (before, earlier) in subscribers.iter().enumerate().take(index) {
            let mut both = |key: &str, shared: bool| {
                if shared {
                    mistakes.push(Mistake::new(
                        format!("subscriber.{index}.{key}"),
                        format!(
                            "the same {key} as subscriber {} (\"{}\"); a call could be for either",
                            before + 1,
                            earlier.user
                        ),
                    ));
                }
            };
            both("user", !later.user.is_empty() && later.user.eq_ignore_ascii_case(&earlier.user));
            both("number", later.number.is_some() && later.number == earlier.number);
            both("extension", later.extension.is_some() && later.extension == earlier.extension);
        }
    }
}

/// Whether `text` is an addr-spec that a mail server would look at.
pub(super) fn is_address(text: &str) -> bool {
    text.rsplit_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.is_empty()
            && text.len() <= 254
            && !domain.starts_with('.')
            && !text.contains(|c: char| c.is_whitespace() || c.is_control() || "<>,;\"".contains(c))
            && !local.contains('@')
    })
}

pub(super) fn no_address(text: &str) -> String {
    format!("\"{text}\" is no mail address; write it as \"alice@example.com\"")
}
