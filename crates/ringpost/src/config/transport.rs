//! `mail.transport`: how mail leaves the house.

use std::path::PathBuf;

/// Where mail is handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailTransport {
    /// To a mail server.
    Smtp {
        /// Name or address.
        host: String,
        /// Port.
        port: u16,
        /// TLS from the first byte (RFC 8314).
        implicit_tls: bool,
    },
    /// Into Maildir folders, one for each recipient.
    Maildir {
        /// The folder above them.
        root: PathBuf,
    },
}

impl MailTransport {
    /// Reads `smtp://HOST:PORT`, `smtps://HOST:PORT`, `maildir:PATH`.
    ///
    /// # Errors
    /// The sentence that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("maildir:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() {
                return Err("a folder is missing; write maildir:/var/mail/ringpost".into());
            }
            return Ok(Self::Maildir { root: PathBuf::from(path) });
        }
        let (rest, implicit_tls, default_port) = if let Some(rest) = text.strip_prefix("smtp:") {
            (rest, false, 25)
        } else if let Some(rest) = text.strip_prefix("smtps:") {
            (rest, true, 465)
        } else {
            return Err(format!(
                "\"{text}\" is no transport; write smtp://HOST:PORT, smtps://HOST:PORT or maildir:PATH"
            ));
        };
        let authority = rest.strip_prefix("//").unwrap_or(rest).trim_end_matches('/');
        if authority.contains('@') {
            return Err(
                "no user or password belongs here; use mail.user and mail.password_file".into()
            );
        }
        let (host, port) = split_host_port(authority)?;
        if host.is_empty() {
            return Err(format!(
                "the mail server's name is missing; write {}://HOST:{default_port}",
                if implicit_tls { "smtps" } else { "smtp" }
            ));
        }
        Ok(Self::Smtp { host, port: port.unwrap_or(default_port), implicit_tls })
    }
}

/// `host`, `host:port`, `[v6]` or `[v6]:port`.
pub(super) fn split_host_port(authority: &str) -> Result<(String, Option<u16>), String> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, after) =
                rest.split_once(']').ok_or("the ] after the IPv6 address is missing")?;
            (host, after.strip_prefix(':'))
        }
        None => match authority.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let port = port
        .map(|port| {
            port.parse::<u16>()
                .ok()
                .filter(|port| *port != 0)
                .ok_or_else(|| format!("\"{port}\" is no port; a number from 1 to 65535 is wanted"))
        })
        .transpose()?;
    Ok((host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transports_are_read() {
        let smtp = |host: &str, port, implicit_tls| {
            Ok(MailTransport::Smtp { host: host.into(), port, implicit_tls })
        };
        assert_eq!(MailTransport::parse("smtp://127.0.0.1:25"), smtp("127.0.0.1", 25, false));
        assert_eq!(
            MailTransport::parse("smtp://mail.example.com"),
            smtp("mail.example.com", 25, false)
        );
        assert_eq!(MailTransport::parse("smtps://[::1]:4650/"), smtp("::1", 4650, true));
        assert_eq!(
            MailTransport::parse("maildir:/tmp/mail"),
            Ok(MailTransport::Maildir { root: "/tmp/mail".into() })
        );
        for wrong in ["", "imap://x", "smtp://", "smtp://u:p@host", "smtp://host:99999", "maildir:"]
        {
            assert!(MailTransport::parse(wrong).is_err(), "{wrong}");
        }
    }
}
