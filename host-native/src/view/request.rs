//! What a browser asks, read off its connection.
//!
//! Only the head of a request is read, within limits of bytes, fields and time. One with a body is refused: nothing here
//! takes any, and where the next request began would be a matter of opinion.

use std::{
    io::Read,
    net::TcpStream,
    time::{Duration, Instant},
};

/// The longest head. Cookies of other servers on 127.0.0.1 come with it, whatever their port.
const MOST_BYTES: usize = 16 << 10;

/// The most fields.
const MOST_FIELDS: usize = 64;

/// How long a connection may be silent between requests.
const IDLE: Duration = Duration::from_secs(60);

/// How long a head may take once it has begun.
const HEAD: Duration = Duration::from_secs(10);

/// A request, as far as it matters here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) is_head: bool,
    /// As it was sent, without what follows a `?`.
    pub(super) path: String,
    pub(super) host: String,
    pub(super) range: Option<String>,
    pub(super) if_range: Option<String>,
    /// Whether the connection stays open for the next one.
    pub(super) keeps_open: bool,
}

/// Why a request is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bad {
    /// It is not HTTP, not in the form that a browser sends, or has a body.
    Malformed,
    /// It wants something done.
    Method,
    /// Its head is longer than heads are.
    TooLong,
}

/// The requests of a connection, one after the other.
pub(super) struct Requests<'a> {
    stream: &'a TcpStream,
    read: Vec<u8>,
}

impl<'a> Requests<'a> {
    pub(super) fn new(stream: &'a TcpStream) -> Requests<'a> {
        Requests { stream, read: Vec::new() }
    }

    /// The next request; `None` when there is no more, or it does not come.
    pub(super) fn next(&mut self) -> Option<Result<Request, Bad>> {
        let mut deadline = None;
        loop {
            match parsed(&self.read) {
                Ok(Some((request, len))) => {
                    self.read.drain(..len);
                    return Some(Ok(request));
                }
                Ok(None) if self.read.len() >= MOST_BYTES => return Some(Err(Bad::TooLong)),
                Ok(None) => {}
                Err(bad) => return Some(Err(bad)),
            }
            let patience = if self.read.is_empty() {
                IDLE
            } else {
                deadline.get_or_insert_with(|| Instant::now() + HEAD).saturating_duration_since(Instant::now())
            };
            if patience.is_zero() || self.stream.set_read_timeout(Some(patience)).is_err() {
                return None;
            }
            let mut piece = [0; 4096];
            match self.stream.read(&mut piece) {
                Ok(0) | Err(_) => return None,
                Ok(len) => self.read.extend_from_slice(&piece[..len]),
            }
        }
    }
}

/// The request at the start of `bytes` and its length; `None` when it is not all there.
fn parsed(bytes: &[u8]) -> Result<Option<(Request, usize)>, Bad> {
    let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let mut head = httparse::Request::new(&mut fields);
    let len = match head.parse(bytes) {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(Bad::TooLong),
        Err(_) => return Err(Bad::Malformed),
    };
    let is_head = match head.method {
        Some("GET") => false,
        Some("HEAD") => true,
        _ => return Err(Bad::Method),
    };
    let named = |name: &str| {
        let mut values = head.headers.iter().filter(|field| field.name.eq_ignore_ascii_case(name));
        let value = values.next().map(|field| std::str::from_utf8(field.value).unwrap_or_default().trim().to_string());
        // Two of one are as good as none.
        value.map(|value| if values.next().is_none() { value } else { String::new() })
    };
    let has_body = named("transfer-encoding").is_some() || named("content-length").is_some_and(|length| length != "0");
    let path = head.path.unwrap_or_default();
    let host = named("host").filter(|host| !host.is_empty());
    let Some(host) = host.filter(|_| !has_body && path.starts_with('/')) else { return Err(Bad::Malformed) };
    let connection = named("connection").unwrap_or_default();
    let closes = connection.split(',').any(|word| word.trim().eq_ignore_ascii_case("close"));
    let request = Request {
        is_head,
        path: path.split('?').next().unwrap_or_default().into(),
        host,
        range: named("range"),
        if_range: named("if-range"),
        keeps_open: head.version == Some(1) && !closes,
    };
    Ok(Some((request, len)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Option<(Request, usize)>, Bad> {
        parsed(text.as_bytes())
    }

    #[test]
    fn a_request_is_read_and_what_follows_it_is_left() {
        let text = "GET /a/b?c HTTP/1.1\r\nHost: x:1\r\nRange: bytes=0-1\r\nCookie: z\r\n\r\nGET /";
        let (request, len) = of(text).unwrap().unwrap();
        assert_eq!(&text[len..], "GET /");
        let expected = Request {
            is_head: false,
            path: "/a/b".into(),
            host: "x:1".into(),
            range: Some("bytes=0-1".into()),
            if_range: None,
            keeps_open: true,
        };
        assert_eq!(request, expected);
        assert!(of(&text[..len - 1]).unwrap().is_none());
    }

    #[test]
    fn a_connection_stays_open_unless_it_is_old_or_told_to_close() {
        let keeps = |text: &str| of(text).unwrap().unwrap().0.keeps_open;
        assert!(keeps("HEAD / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"));
        assert!(!keeps("GET / HTTP/1.1\r\nHost: x\r\nConnection: te, Close\r\n\r\n"));
        assert!(!keeps("GET / HTTP/1.0\r\nHost: x\r\n\r\n"));
    }

    #[test]
    fn what_is_no_plain_question_is_refused() {
        for (text, bad) in [
            ("POST / HTTP/1.1\r\nHost: x\r\n\r\n", Bad::Method),
            ("GET / HTTP/1.1\r\n\r\n", Bad::Malformed),
            ("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", Bad::Malformed),
            ("GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", Bad::Malformed),
            ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n", Bad::Malformed),
            ("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", Bad::Malformed),
            ("GET / HTTP/2.0\r\nHost: x\r\n\r\n", Bad::Malformed),
            ("\u{16}\u{3}\u{1} what a TLS client says", Bad::Malformed),
        ] {
            assert_eq!(of(text), Err(bad), "{text}");
        }
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(MOST_FIELDS + 1));
        assert_eq!(of(&many), Err(Bad::TooLong));
    }
}
