//! Which answer wins: from what every source said to one identity.

use std::time::Duration;

use ringpost_model::{CallerIdentity, CallerName, Card, NameOrigin, Person};

use crate::spelling::Spelling;
use crate::{CallerId, SourceFault, clean, shown};

/// What one source said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The source's name for operators.
    pub source: String,
    /// What a name from it counts as.
    pub origin: NameOrigin,
    /// How long it took.
    pub took: Duration,
    /// The people it knows; a source over the deadline has a fault.
    pub result: Result<Vec<Person>, SourceFault>,
}

/// Who rang, as decided, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The identity.
    pub identity: CallerIdentity,
    /// No source failed: asking again would say the same.
    pub complete: bool,
    /// One line for each source, and one for the network's display name.
    pub because: Vec<String>,
}

/// Decides who rang: the directory's name before the contacts', the display
/// name of the network last. A source that knows several different people by
/// one number gives no name at all.
pub fn choose(caller: &CallerId, answers: &[Answer]) -> Choice {
    let complete = answers.iter().all(|answer| answer.result.is_ok());
    let mut because = Vec::new();
    if caller.withheld {
        because.push("the caller asked not to be named: nobody is asked or shown".to_owned());
        let identity = CallerIdentity { withheld: true, ..CallerIdentity::default() };
        return Choice { identity, complete, because };
    }
    let mut chosen: Option<(CallerName, Card)> = None;
    for origin in [NameOrigin::Directory, NameOrigin::Contacts, NameOrigin::Network] {
        for answer in answers.iter().filter(|answer| answer.origin == origin) {
            let verdict = weigh(answer, &mut chosen);
            let took = answer.took.as_millis();
            because.push(format!(
                "{} ({origin}, {took} ms): {verdict}",
                answer.source,
                origin = origin.as_str()
            ));
        }
    }
    because.extend(display_name(caller, &mut chosen));
    let (name, card) = match chosen {
        Some((name, card)) => (Some(name), Some(card).filter(|card| *card != Card::default())),
        None => (None, None),
    };
    Choice { identity: identity(caller, name, card), complete, because }
}

fn identity(caller: &CallerId, name: Option<CallerName>, card: Option<Card>) -> CallerIdentity {
    let number_shown = match &caller.number {
        Some(number) => Some(shown(number)),
        None => Some(caller.raw.clone()).filter(|raw| !raw.is_empty()),
    };
    // Digits that the dial plan cannot place are a number all the same.
    let by_number = caller.number.is_some()
        || caller.extension.is_some()
        || Spelling::read(&caller.raw).is_some();
    CallerIdentity {
        raw: caller.raw.clone(),
        withheld: false,
        number: caller.number.clone(),
        number_shown,
        extension: caller.extension.clone(),
        sip_uri: caller.sip_uri.clone().filter(|_| !by_number),
        name,
        card,
    }
}

/// Takes the answer's person where there is exactly one, or says why not.
fn weigh(answer: &Answer, chosen: &mut Option<(CallerName, Card)>) -> String {
    let people = match &answer.result {
        Ok(people) => people,
        Err(fault) => return format!("no answer: {fault}"),
    };
    let named: Vec<(String, &Person)> =
        people.iter().filter_map(|person| Some((clean::line(&person.name)?, person))).collect();
    let Some(((text, first), others)) = named.split_first() else {
        return if people.is_empty() {
            "knows nobody by that".to_owned()
        } else {
            "knows somebody by that, without a name".to_owned()
        };
    };
    let stranger = others.iter().find(|(other, person)| {
        person.id != first.id && !same_person((text, &first.card), (other, &person.card))
    });
    if let Some((other, _)) = stranger {
        return format!("{text} and {other} both have it: no name is taken from here");
    }
    let card =
        others.iter().fold(first.card.clone(), |card, (_, person)| filled(card, &person.card));
    match chosen {
        None => {
            *chosen = Some((CallerName { text: text.clone(), origin: answer.origin }, card));
            format!("{text}: taken")
        }
        Some((name, known)) if same_person((&name.text, known), (text, &card)) => {
            *known = filled(std::mem::take(known), &card);
            format!("{text}: the same person")
        }
        Some((name, _)) => {
            format!("{text}: not taken beside {} ({})", name.text, name.origin.as_str())
        }
    }
}

/// One person is one name, or one mail address.
fn same_person(a: (&str, &Card), b: (&str, &Card)) -> bool {
    let mail = |card: &Card| card.mail.as_deref().map(str::to_lowercase).filter(|m| !m.is_empty());
    a.0.to_lowercase() == b.0.to_lowercase()
        || mail(a.1).is_some_and(|address| Some(address) == mail(b.1))
}

/// A card with its gaps filled from another of the same person.
fn filled(card: Card, from: &Card) -> Card {
    Card {
        title: card.title.or_else(|| from.title.clone()),
        company: card.company.or_else(|| from.company.clone()),
        phones: if card.phones.is_empty() { from.phones.clone() } else { card.phones },
        mail: card.mail.or_else(|| from.mail.clone()),
        im: card.im.or_else(|| from.im.clone()),
    }
}

/// The network's own name, where nobody vouches for a better one.
fn display_name(caller: &CallerId, chosen: &mut Option<(CallerName, Card)>) -> Option<String> {
    let text = caller.display_name.as_deref().and_then(clean::line)?;
    let verdict = if let Some((name, _)) = chosen {
        format!("not taken beside {} ({})", name.text, name.origin.as_str())
    } else if !is_name(&text, caller) {
        "not taken, it is no name".to_owned()
    } else {
        let name = CallerName { text: text.clone(), origin: NameOrigin::Network };
        *chosen = Some((name, Card::default()));
        "taken, unverified".to_owned()
    };
    Some(format!("display name of the call, {text}: {verdict}"))
}

/// Words that gateways put where they have no name.
const NO_NAMES: [&str; 9] = [
    "anonymous",
    "private",
    "restricted",
    "unavailable",
    "unknown",
    "unknown caller",
    "unknown number",
    "withheld",
    "asterisk",
];

/// Not the number, extension or address once more, and no placeholder.
fn is_name(text: &str, caller: &CallerId) -> bool {
    let address = caller.sip_uri.as_deref();
    let lower = text.to_lowercase();
    let repeats = [address, address.and_then(|uri| uri.split_once(':')).map(|(_, rest)| rest)]
        .into_iter()
        .flatten()
        .any(|known| known.to_lowercase() == lower);
    let is_uri = ["sip:", "sips:", "tel:"].iter().any(|scheme| lower.starts_with(scheme));
    text.chars().any(char::is_alphabetic)
        && !repeats
        && !is_uri
        && !NO_NAMES.contains(&lower.as_str())
}

#[cfg(test)]
mod tests;
