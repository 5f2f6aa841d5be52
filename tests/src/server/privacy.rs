//! No phone number, name or address in the log at info or above.

use crate::directory;
use crate::settings::Settings;

/// What the log of a server with these settings may not hold.
pub fn of(settings: &Settings) -> Vec<String> {
    let mut secrets = vec![directory::PASSWORD.to_owned(), "+14255550199".to_owned()];
    for subscriber in &settings.subscribers {
        for text in [&subscriber.name, &subscriber.mail, &subscriber.number] {
            secrets.extend(spellings(text));
        }
        secrets.push(format!("sip:{}@", subscriber.user));
    }
    secrets.extend(spellings("+14255550199"));
    secrets
}

/// A secret as it is, and a number in the forms that people write.
pub fn spellings(secret: &str) -> Vec<String> {
    let digits: String = secret.chars().filter(char::is_ascii_digit).collect();
    if digits.len() < 7 {
        return vec![secret.to_owned()];
    }
    let line = digits.split_at(digits.len() - 4).1;
    let office = &digits[digits.len() - 7..digits.len() - 4];
    vec![secret.to_owned(), digits.clone(), format!("{office}-{line}"), format!("{office}{line}")]
}

/// Fails on the first line that holds a secret, whatever its case. Debug and
/// trace may say more.
pub fn check(log: &[String], secrets: &[String]) {
    for line in log {
        let plain = without_colours(line);
        if plain.contains("DEBUG") || plain.contains("TRACE") {
            continue;
        }
        let lower = plain.to_lowercase();
        for secret in secrets {
            assert!(
                !lower.contains(&secret.to_lowercase()),
                "{secret:?} stands in the log: {plain}"
            );
        }
    }
}

fn without_colours(line: &str) -> String {
    let mut plain = String::new();
    let mut escaped = false;
    for letter in line.chars() {
        match letter {
            '\u{1b}' => escaped = true,
            'm' if escaped => escaped = false,
            _ if escaped => {}
            _ => plain.push(letter),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_in_any_spelling() {
        let secrets = of(&Settings::new());
        check(&["INFO call answered call=0193 took=12ms".into()], &secrets);
        for leak in [
            "INFO from +1 (425) 555-0199",
            "WARN caller=14255550199",
            "\u{1b}[32mINFO\u{1b}[0m to=ALICE@example.com",
            "ERROR Bob Example is busy",
            "INFO ldap-secret",
        ] {
            let caught = std::panic::catch_unwind(|| check(&[leak.to_owned()], &secrets));
            assert!(caught.is_err(), "{leak}");
        }
        check(&["DEBUG from +14255550199".into()], &secrets);
    }
}
