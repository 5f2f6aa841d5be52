//! The user notification in the forms in which it may come.

use super::*;

const WHOLE: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<!-- an invented notification -->
<UserNotification xmlns="http://schemas.example.com/um">
  <User>sip:alice@example.com</User>
  <EumProxyAddress>EUM:1001;phone-context=dialplan.example.com</EumProxyAddress>
  <Time>2026-03-14T15:09:26Z</Time>
  <Template>RtcDefault</Template>
  <Event type="missed">
    <CallId>abc@10.0.0.7</CallId>
    <From>sip:+14255550142@example.com;user=phone</From>
    <Subject>Lunch &amp; more</Subject>
    <Priority>normal</Priority>
    <ConversationID>conv-1</ConversationID>
  </Event>
</UserNotification>"#;

fn read_str(text: &str) -> Result<Report, ReportError> {
    read(text.as_bytes())
}

fn in_root(inner: &str) -> Report {
    read_str(&format!("<UserNotification>{inner}</UserNotification>")).unwrap()
}

fn raw(party: &Option<ringpost_model::Party>) -> &str {
    party.as_ref().map_or("-", |party| party.raw())
}

#[test]
fn a_whole_notification_is_read() {
    let report = read_str(WHOLE).unwrap();
    assert_eq!(raw(&report.called), "alice");
    assert_eq!(raw(&report.caller), "+14255550142");
    assert_eq!(report.call_id.as_deref(), Some("abc@10.0.0.7"));
    assert_eq!(report.identifiers, ["abc@10.0.0.7", "conv-1"]);
    assert_eq!(report.time.unwrap().as_secs(), 1_773_500_966);
    assert!(report.missed && !report.elsewhere);
}

#[test]
fn namespace_order_depth_and_unknown_elements_do_not_matter() {
    let report = read_str(
        r#"<n:UserNotification xmlns:n="urn:x" xmlns:m="urn:y"><m:New><m:Deep a="1">
             <m:From><![CDATA["Bob <Bobby> Example" <sip:bob@example.com>]]></m:From></m:Deep></m:New>
           <n:callID> abc </n:callID><n:ConversationId>abc</n:ConversationId>
           <n:Event m:Type='MISSED'/><n:user>1001</n:user></n:UserNotification>"#,
    )
    .unwrap();
    assert_eq!(raw(&report.called), "1001");
    assert_eq!(raw(&report.caller), "bob");
    assert_eq!(report.caller.unwrap().display_name.as_deref(), Some("Bob <Bobby> Example"));
    assert_eq!(report.identifiers, ["abc"]);
    assert!(report.missed);
}

#[test]
fn the_event_is_an_attribute_or_an_element_or_a_text_or_missed() {
    let table = [
        ("", true, false),
        ("<Event/>", true, false),
        ("<Event type=\"missed\"/>", true, false),
        ("<Event>missed</Event>", true, false),
        ("<Event> Missed </Event>", true, false),
        ("<Event><Subject>hello</Subject></Event>", true, false),
        ("<Event><Type>missed</Type></Event>", true, false),
        ("<Event><type>answered</type><Subject>missed</Subject></Event>", false, false),
        ("<Event type=\"missed\"><Type>answered</Type></Event>", true, false),
        ("<Type>answered</Type><Event/>", true, false),
        ("<Event type=\"answered\"/>", false, false),
        ("<Event type=\"answered\">missed</Event>", false, false),
        ("<Event>voicemail</Event>", false, false),
        ("<Event id=\"missed\">forwarded</Event>", false, false),
        ("<Event type=\"answered-elsewhere\"/>", false, true),
    ];
    for (inner, missed, elsewhere) in table {
        let report = in_root(inner);
        assert_eq!((report.missed, report.elsewhere), (missed, elsewhere), "{inner}");
    }
}

#[test]
fn the_caller_is_from_then_caller_id_then_target() {
    let table = [
        ("<Target>t</Target><CallerId>c</CallerId><From>f</From>", "f"),
        ("<Target>t</Target><CallerId>+1 425 555 0142</CallerId>", "+1 425 555 0142"),
        ("<Target>t</Target><From/>", "t"),
        ("<From>&lt;sip:bob@example.com&gt;</From>", "bob"),
        ("<From>&#43;1425&#x35;550142</From>", "+14255550142"),
        ("<From>first</From><From>second</From>", "first"),
        ("<From></From><From>second</From>", "second"),
        ("", "-"),
    ];
    for (inner, expected) in table {
        assert_eq!(raw(&in_root(inner).caller), expected, "{inner}");
    }
    let withheld = in_root("<From>sip:anonymous@anonymous.invalid</From><CallerId>1</CallerId>");
    assert!(withheld.caller.unwrap().withheld, "a number beside it does not name him");
}

#[test]
fn everything_may_be_missing_and_a_bad_time_costs_only_the_time() {
    let report = in_root("");
    assert_eq!((report.caller, report.called, report.time), (None, None, None));
    assert!(report.missed && report.identifiers.is_empty());
    let report = in_root("<Time>yesterday</Time><User>alice</User>");
    assert_eq!(report.time, None);
    assert_eq!(raw(&report.called), "alice");
}

#[test]
fn other_encodings_are_read() {
    let text = "<UserNotification><From>\"Zoë\" &lt;1001&gt;</From></UserNotification>";
    let name = |body: &[u8]| read(body).unwrap().caller.unwrap().display_name;
    let latin1: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    assert_eq!(name(text.as_bytes()).as_deref(), Some("Zoë"));
    assert_eq!(name(&latin1).as_deref(), Some("Zoë"));
    assert_eq!(name(format!("\u{feff}{text}").as_bytes()).as_deref(), Some("Zoë"));
    let little = [0xfeff_u16].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes);
    assert_eq!(name(&little.collect::<Vec<u8>>()).as_deref(), Some("Zoë"));
    let big = [0xfeff_u16].into_iter().chain(text.encode_utf16()).flat_map(u16::to_be_bytes);
    assert_eq!(name(&big.collect::<Vec<u8>>()).as_deref(), Some("Zoë"));
}

#[test]
fn line_breaks_in_a_value_do_not_stay() {
    let report = in_root("<CallId>a&#13;&#10;b</CallId><From>\"Bob&#10;X\" &lt;1001&gt;</From>");
    assert_eq!(report.call_id.as_deref(), Some("a  b"));
    assert_eq!(report.caller.unwrap().display_name.as_deref(), Some("Bob X"));
}

#[test]
fn what_cannot_be_read_says_why() {
    let deep = format!("<UserNotification>{}", "<a>".repeat(100));
    let long = format!("<UserNotification><User>{}</User></UserNotification>", "a".repeat(2000));
    let bomb = "<!DOCTYPE r [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]>\
                <UserNotification><User>&b;</User></UserNotification>";
    let table = [
        ("alice missed a call", "no UserNotification"),
        ("<html><body>hello</body></html>", "no UserNotification"),
        ("<!-- nothing -->", "no UserNotification"),
        ("<UserNotification><User>alice</User>", "ends before"),
        ("<UserNotification><User>alice</UserNotification>", "no well-formed XML"),
        ("<UserNotification></UserNotification></x>", "no well-formed XML"),
        ("<UserNotification", "no well-formed XML"),
        ("<UserNotification><User>&nobody;</User></UserNotification>", "entity"),
        ("<UserNotification><User>&#xD800;</User></UserNotification>", "entity"),
        (bomb, "entity"),
        ("<UserNotification><Event type=\"&x;\"/></UserNotification>", "the type of Event"),
        ("<UserNotification><Event type=missed/></UserNotification>", "an attribute of Event"),
        (deep.as_str(), "nested deeper"),
        (long.as_str(), "user is longer than"),
    ];
    for (text, expected) in table {
        let error = read_str(text).unwrap_err();
        assert!(matches!(error, ReportError::Unreadable { .. }), "{text}");
        assert!(error.to_string().contains(expected), "{text}: {error}");
        assert!(!error.to_string().contains("alice"), "no content in {error}");
    }
}
