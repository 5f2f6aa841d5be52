//! The sink against clients of several habits.

use std::io::{BufRead, BufReader};

use super::*;

const SOON: Duration = Duration::from_secs(5);

struct Client {
    stream: TcpStream,
    replies: BufReader<TcpStream>,
}

impl Client {
    fn new(sink: &MailSink) -> Self {
        let stream = TcpStream::connect(sink.address).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        let mut client = Self { replies: BufReader::new(stream.try_clone().unwrap()), stream };
        assert!(client.reply().starts_with("220 "));
        client
    }

    fn says(&mut self, words: &[u8]) {
        self.stream.write_all(words).unwrap();
    }

    fn reply(&mut self) -> String {
        let mut line = String::new();
        self.replies.read_line(&mut line).unwrap();
        line
    }
}

#[test]
fn mails_are_taken_one_by_one_and_in_groups() {
    let sink = MailSink::start(Keep::All);
    let mut client = Client::new(&sink);
    client.says(b"EHLO me\r\n");
    let offers: Vec<String> = (0..4).map(|_| client.reply()).collect();
    assert!(offers.contains(&"250-PIPELINING\r\n".to_owned()) && offers[3].starts_with("250 "));
    client.says(b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n");
    assert_eq!([client.reply(), client.reply()], ["250 fine\r\n", "250 fine\r\n"]);
    assert!(client.reply().starts_with("354"));
    let body = vec![b'x'; 300_000];
    let head = b"From: \"sip:load-000017@example.com\" <v@example.com>\r\n\r\n..\r\n";
    client.says(head);
    client.says(&body);
    // The end in pieces, and the next group behind it at once.
    client.says(b"\r\n");
    client.says(b".\r");
    client.says(b"\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n");
    assert_eq!(client.reply(), "250 taken\r\n");
    assert!(client.reply().starts_with("250") && client.reply().starts_with("250"));
    assert!(client.reply().starts_with("354"));
    client.says(b"Subject: none\r\n\r\n.\r\nQUIT\r\n");
    assert_eq!([client.reply(), client.reply()], ["250 taken\r\n", "221 bye\r\n"]);
    assert!(sink.wait(2, SOON));
    let mails = sink.take();
    assert_eq!([mails[0].call, mails[1].call], [Some(17), None]);
    assert_eq!(mails[0].size, head.len() + body.len() + 2);
    assert!(mails[0].bytes.ends_with(b"xxx\r\n"));
    assert_eq!(mails[1].bytes, b"Subject: none\r\n\r\n");
    assert_eq!((sink.count(), sink.connections()), (0, 1));
}

#[test]
fn what_was_not_to_be_kept_is_not() {
    let sink = MailSink::start(Keep::Nothing);
    let mut client = Client::new(&sink);
    client.says(b"DATA\r\n");
    assert!(client.reply().starts_with("354"));
    client.says(b"X: load-000003\r\n\r\n.\r\n");
    assert_eq!(client.reply(), "250 taken\r\n");
    let mails = sink.take();
    assert_eq!((mails[0].call, mails[0].bytes.len()), (Some(3), 0));
    assert!(!sink.wait(1, Duration::ZERO));
}
