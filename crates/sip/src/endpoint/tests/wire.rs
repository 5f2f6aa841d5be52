//! A peer at the other end of a connection, which writes its messages by hand.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::Transport;
use crate::wire::content_length;

/// The peer.
pub(super) struct Wire<S> {
    pub(super) stream: S,
    pub(super) unread: Vec<u8>,
    /// The URI in its Contact.
    pub(super) contact: String,
    transport: Transport,
}

impl Wire<TcpStream> {
    pub(super) async fn towards(endpoint: &Endpoint) -> Self {
        Wire::new(TcpStream::connect(addr(endpoint)).await.unwrap(), Transport::Tcp)
    }
}

impl Wire<tokio_rustls::client::TlsStream<TcpStream>> {
    /// What the endpoint has shown.
    pub(super) fn certificate(&self) -> Vec<u8> {
        self.stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(super) fn new(stream: S, transport: Transport) -> Self {
        let contact = format!("sip:bob@127.0.0.1:9;transport={transport}");
        Wire { stream, unread: Vec::new(), contact, transport }
    }

    pub(super) fn request(&self, method: &str, branch: &str, cseq: u32) -> Draft {
        let via = self.transport.in_via();
        Draft {
            line: format!("{method} sip:alice@example.com SIP/2.0"),
            via: format!("SIP/2.0/{via} 127.0.0.1:9;rport;branch=z9hG4bK{branch}"),
            to: "<sip:alice@example.com>".to_owned(),
            call_id: branch.to_owned(),
            cseq: format!("{cseq} {method}"),
            more: format!("Contact: <{}>\r\n", self.contact),
            body: String::new(),
        }
    }

    pub(super) async fn send(&mut self, text: impl AsRef<[u8]>) {
        self.try_send(text).await.unwrap();
    }

    pub(super) async fn try_send(&mut self, text: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(text.as_ref()).await?;
        self.stream.flush().await
    }

    /// More bytes; `false`: the endpoint has closed the connection.
    pub(super) async fn read(&mut self) -> bool {
        let length = soon(self.stream.read_buf(&mut self.unread)).await;
        length.is_ok_and(|length| length > 0)
    }

    /// The next message; `None`: the endpoint has closed the connection.
    pub(super) async fn message(&mut self) -> Option<Message> {
        loop {
            let head = self.unread.windows(4).position(|end| end == b"\r\n\r\n").map(|at| at + 4);
            if let Some(head) = head {
                let body = content_length(&self.unread[..head]).unwrap().unwrap();
                if self.unread.len() >= head + body {
                    let bytes: Vec<u8> = self.unread.drain(..head + body).collect();
                    return read_datagram(&bytes).unwrap();
                }
            }
            if !self.read().await {
                return None;
            }
        }
    }

    pub(super) async fn response(&mut self) -> Response {
        match self.message().await {
            Some(Message::Response(response)) => response,
            other => panic!("no response but {other:?}"),
        }
    }

    pub(super) async fn incoming(&mut self, method: &str) -> Request {
        match self.message().await {
            Some(Message::Request(request)) if request.method.as_str() == method => request,
            other => panic!("no {method} but {other:?}"),
        }
    }

    pub(super) async fn ask(&mut self, draft: &Draft) -> Response {
        self.send(draft.text()).await;
        self.response().await
    }

    pub(super) async fn is_closed(&mut self) -> bool {
        self.message().await.is_none()
    }

    /// INVITE, 200, ACK.
    pub(super) async fn stand(
        &mut self,
        arrivals: &mut mpsc::Receiver<Arrival>,
    ) -> (IncomingCall, Response) {
        self.stand_as("call", arrivals).await
    }

    /// The same with that Call-ID.
    pub(super) async fn stand_as(
        &mut self,
        call_id: &str,
        arrivals: &mut mpsc::Receiver<Arrival>,
    ) -> (IncomingCall, Response) {
        let invite = self.request("INVITE", call_id, 1).body("application/sdp", OFFER);
        self.send(invite.text()).await;
        let mut incoming = call(arrivals).await;
        assert_eq!(self.response().await.status, 100);
        incoming.control.answer(rtp(6000));
        let ok = self.response().await;
        assert_eq!(ok.status, 200);
        self.send(self.request("ACK", "ack", 1).within(&ok).call_id(call_id).text()).await;
        assert_eq!(next(&mut incoming.signals).await, Some(Signal::Acknowledged));
        (incoming, ok)
    }

    /// A 200 to a request of the endpoint.
    pub(super) async fn accept(&mut self, request: &Request) {
        let header = |name: &str| request.headers.get(name).unwrap().to_owned();
        let text = format!(
            "SIP/2.0 200 OK\r\nVia: {}\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {}\r\n\
             Content-Length: 0\r\n\r\n",
            header("Via"),
            header("From"),
            header("To"),
            header("Call-ID"),
            header("CSeq"),
        );
        self.send(text).await;
    }
}
