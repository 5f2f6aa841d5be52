//! What written numbers mean in several countries.

use proptest::prelude::*;

use super::*;

fn plan(country: &str, extension_digits: u8) -> DialPlan {
    DialPlan::new(country, extension_digits).unwrap()
}

fn number(plan: &DialPlan, raw: &str) -> Option<String> {
    plan.number(raw).map(|number| number.as_str().to_owned())
}

#[test]
fn one_american_number_in_all_its_spellings() {
    let plan = plan("US", 4);
    for raw in [
        "+14255550142",
        "+1 425 555 0142",
        "+1 (425) 555-0142",
        "(425) 555-0142",
        "425-555-0142",
        "425.555.0142",
        "425 / 555 0142",
        "4255550142",
        "14255550142",
        "1 (425) 555-0142",
        "01114255550142",
        "011 1 425 555 0142",
        "0014255550142",
        "00 1 425 555 0142",
        "tel:+1-425-555-0142",
        "tel:+14255550142;ext=242",
        "tel:4255550142;phone-context=+1",
        "tel:5550142;phone-context=+1425",
        "sip:+14255550142@gw.example.com;user=phone",
        "sip:4255550142@10.0.0.7:5060;transport=udp",
        "sips:%2B14255550142@example.com",
        "+14255550142@example.com",
        "425 555 0142 x242",
        "425 555 0142 ext. 242",
        "\u{202a}+1 (425) 555\u{2011}0142\u{202c}",
        "\t+1\u{a0}425\u{a0}555\u{a0}0142 ",
    ] {
        assert_eq!(number(&plan, raw).as_deref(), Some("+14255550142"), "{raw}");
        let expected = E164::parse("+14255550142").unwrap();
        assert!(plan.same_number(raw, &expected), "{raw}");
        assert_eq!(plan.extension(raw), None, "{raw}");
    }
}

#[test]
fn numbers_are_read_as_their_country_dials_them() {
    let table = [
        // Germany: trunk 0, lengths vary.
        ("DE", "030 23125042", Some("+493023125042")),
        ("DE", "(030) 2312-5042", Some("+493023125042")),
        ("DE", "+49 (0)30 23125042", Some("+493023125042")),
        ("DE", "0049 30 23125042", Some("+493023125042")),
        ("DE", "0014255550142", Some("+14255550142")),
        ("DE", "0171 3920012", Some("+491713920012")),
        ("DE", "7001", None),
        ("DE", "0", None),
        ("DE", "110", None),
        // United Kingdom, numbers set aside for drama.
        ("GB", "020 7946 0123", Some("+442079460123")),
        ("GB", "+44 (0)20 7946 0123", Some("+442079460123")),
        ("GB", "07700 900123", Some("+447700900123")),
        ("gb", "00442079460123", Some("+442079460123")),
        // Italy keeps its zero.
        ("IT", "06 12345678", Some("+390612345678")),
        ("IT", "+39 06 12345678", Some("+390612345678")),
        // France: one length.
        ("FR", "01 99 00 12 34", Some("+33199001234")),
        ("FR", "0033 1 99 00 12 34", Some("+33199001234")),
        // Australia dials 0011 abroad.
        ("AU", "0011 1 425 555 0142", Some("+14255550142")),
        ("AU", "(02) 5550 1234", Some("+61255501234")),
        // Japan.
        ("JP", "03-1234-5678", Some("+81312345678")),
        // The United States.
        ("US", "425 555 0142", Some("+14255550142")),
        ("US", "800 555 0199", Some("+18005550199")),
        ("US", "1234567890", Some("+11234567890")),
        ("US", "7125550123", Some("+17125550123")),
        ("US", "5550142", None),
        ("US", "911", None),
        ("US", "1001", None),
        ("US", "0142", None),
        ("US", "+1 5550142", None),
        ("US", "+49 30 23125042", Some("+493023125042")),
        ("US", "+44 20 7946 0123", Some("+442079460123")),
        ("US", "011 44 20 7946 0123", Some("+442079460123")),
        ("CA", "604 555 0142", Some("+16045550142")),
        // What is no number at all.
        ("US", "", None),
        ("US", "+", None),
        ("US", "+0", None),
        ("US", "00", None),
        ("US", "000000000000", None),
        ("US", "+7001", None),
        ("US", "alice", None),
        ("US", "bob42", None),
        ("US", "sip:alice@example.com", None),
        ("US", "sip:192.168.100.25", None),
        ("US", "anonymous", None),
        ("US", "+12345678901234567890", None),
        ("US", "12345678901234567890", None),
        ("US", "4255550142, 4255550143", None),
    ];
    for (country, raw, expected) in table {
        assert_eq!(number(&plan(country, 4), raw).as_deref(), expected, "{country}: {raw}");
    }
}

#[test]
fn extensions_have_the_length_of_the_plan() {
    let table: [(u8, &str, Option<&str>); 19] = [
        (4, "1001", Some("1001")),
        (4, " 1001 ", Some("1001")),
        (4, "0042", Some("0042")),
        (4, "sip:1001@pbx.example.com", Some("1001")),
        (4, "tel:1001;phone-context=example.com", Some("1001")),
        (4, "1001@pbx.example.com", Some("1001")),
        (4, "+1001", None),
        (4, "10.0.1", None),
        (4, "100", None),
        (4, "10012", None),
        (4, "x1001", None),
        (4, "alice", None),
        (4, "tel:0142;phone-context=+1425555", None),
        (4, "+14255550142;ext=1001", None),
        (3, "242", Some("242")),
        (5, "10012", Some("10012")),
        (7, "5550142", Some("5550142")),
        (0, "", None),
        (0, "1001", None),
    ];
    for (digits, raw, expected) in table {
        assert_eq!(plan("US", digits).extension(raw).as_deref(), expected, "{digits}: {raw}");
    }
}

#[test]
fn full_width_digits_are_digits() {
    let wide = |text: &str| -> String {
        text.chars().map(|c| char::from_u32(u32::from(c) + 0xFEE0).unwrap()).collect()
    };
    let us = plan("US", 4);
    for raw in ["+14255550142", "4255550142", "(425)555-0142", "425.555.0142", "0014255550142"] {
        assert_eq!(number(&us, &wide(raw)).as_deref(), Some("+14255550142"), "{}", wide(raw));
    }
    assert_eq!(us.extension(&wide("1001")).as_deref(), Some("1001"));
    assert_eq!(number(&plan("JP", 4), &wide("03-1234-5678")).as_deref(), Some("+81312345678"));
    // Katakana writes the long vowel where a dash was meant.
    assert_eq!(
        number(&plan("JP", 4), "03\u{30FC}1234\u{30FC}5678").as_deref(),
        Some("+81312345678")
    );
}

#[test]
fn an_extension_is_not_made_a_number() {
    for country in ["DE", "AT", "US", "FI", "SE", "NL"] {
        for raw in ["7001", "1001", "0001", "9999", "123456"] {
            let digits = u8::try_from(raw.len()).unwrap();
            assert_eq!(number(&plan(country, digits), raw), None, "{country}: {raw}");
        }
    }
}

#[test]
fn the_same_number_is_the_same_by_number() {
    let table = [
        ("US", "+1 (425) 555-0142", "+14255550142", true),
        ("US", "tel:+14255550142;ext=242", "+14255550142", true),
        ("US", "425.555.0143", "+14255550142", false),
        ("US", "555-0142", "+14255550142", false),
        ("US", "0142", "+14255550142", false),
        ("US", "x242", "+14255550142", false),
        ("DE", "030 23125042", "+493023125042", true),
        ("DE", "030/2312 50 42", "+493023125042", true),
        ("DE", "030 231250429", "+493023125042", false),
        ("DE", "4255550142", "+14255550142", false),
        ("DE", "001 425 555 0142", "+14255550142", true),
        ("US", "030 23125042", "+493023125042", false),
        ("US", "+49 30 23125042", "+493023125042", true),
        // Numbers that cannot be are the same when they are written the same.
        ("US", "+7001", "+7001", true),
        ("US", "+999 123 456", "+999123456", true),
        ("US", "Bob", "+14255550142", false),
        ("US", "", "+14255550142", false),
    ];
    for (country, a, b, expected) in table {
        let b = E164::parse(b).unwrap();
        assert_eq!(plan(country, 4).same_number(a, &b), expected, "{country}: {a} and {b}");
    }
}

#[test]
fn a_plan_that_cannot_be_says_what_to_write() {
    for country in ["", "U", "USA", "XX", "ZZ", "1", "ÜS", "001", "++"] {
        let error = DialPlan::new(country, 4).unwrap_err().to_string();
        assert!(error.contains(&format!("\"{country}\"")), "{country}: {error}");
        assert!(error.contains("ISO 3166"), "{country}: {error}");
    }
    let error = DialPlan::new("US", 11).unwrap_err().to_string();
    assert!(error.starts_with("11 digits are too many"), "{error}");
    assert!(DialPlan::new(" us ", 10).is_ok());
}

proptest! {
    /// Any text is read, and what comes of it is a number that is itself.
    #[test]
    fn no_text_is_too_strange(raw in "\\PC{0,40}", country in prop::sample::select(vec!["US", "DE", "IT"])) {
        let plan = plan(country, 4);
        let _ = plan.extension(&raw);
        if let Some(number) = plan.number(&raw) {
            prop_assert!(plan.same_number(&raw, &number));
        }
    }

    /// However a number is spelled, it stays itself.
    #[test]
    fn separators_change_nothing(
        raw in r"\+?[0-9]{3,14}",
        separator in prop::sample::select(vec![" ", "-", "\u{a0}", "\u{2011}", "\u{200b}"]),
        country in prop::sample::select(vec!["US", "DE", "GB", "JP"]),
    ) {
        let plan = plan(country, 4);
        let spread: String = raw.chars().map(|c| format!("{c}{separator}")).collect();
        prop_assert_eq!(plan.number(&raw), plan.number(&spread));
        prop_assert_eq!(plan.extension(&raw), plan.extension(&spread));
    }
}
