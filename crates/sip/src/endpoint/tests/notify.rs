//! Messages waiting, told to a telephone.

use super::*;

fn waiting(raw: &Raw, new: u32, old: u32) -> MessageWaiting {
    MessageWaiting {
        uri: format!("sip:1001@{}", raw.local),
        account: "sip:1001@pbx.example.com".to_owned(),
        new,
        old,
        destination: None,
        credentials: None,
    }
}

#[tokio::test]
async fn a_telephone_is_told_how_many_messages_wait() {
    let (endpoint, _arrivals) = bind().await;
    let raw = Raw::towards(&endpoint).await;
    for (new, old, word) in [(2, 8, "yes"), (0, 3, "no"), (0, 0, "no")] {
        let sender = endpoint.clone();
        let waiting = waiting(&raw, new, old);
        let told = tokio::spawn(async move { sender.notify_message_waiting(waiting).await });
        let notify = raw.incoming("NOTIFY").await;
        assert_eq!(notify.uri.as_str(), format!("sip:1001@{}", raw.local));
        let body = format!(
            "Messages-Waiting: {word}\r\nMessage-Account: sip:1001@pbx.example.com\r\n\
             Voice-Message: {new}/{old} (0/0)\r\n"
        );
        assert_eq!(String::from_utf8(notify.body.clone()).unwrap(), body);
        let header = |name: &str| notify.headers.get(name).unwrap();
        assert_eq!(header("Event"), "message-summary");
        assert_eq!(header("Content-Type"), "application/simple-message-summary");
        assert_eq!(header("Subscription-State"), "terminated;reason=noresource");
        assert_eq!(header("Contact"), format!("<sip:{}>", addr(&endpoint)));
        assert!(header("From").starts_with("<sip:1001@pbx.example.com>;tag="));
        raw.respond(&notify, 200, "", "").await;
        assert_eq!(soon(told).await.unwrap(), Ok(200));
    }
}

#[tokio::test]
async fn what_is_no_address_is_not_sent_to() {
    let (endpoint, _arrivals) = bind().await;
    let raw = Raw::towards(&endpoint).await;
    for (uri, account) in [("1001", "sip:1001@example.com"), ("sip:1001@192.0.2.1", "nobody")] {
        let wrong = MessageWaiting {
            uri: uri.to_owned(),
            account: account.to_owned(),
            ..waiting(&raw, 1, 0)
        };
        let told = soon(endpoint.notify_message_waiting(wrong)).await;
        assert_eq!(told, Err(RequestError::InvalidUri));
    }
}
