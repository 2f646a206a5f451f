//! What is served: a table of addresses, and the answer to a request.
//!
//! An answer is decided from the table and from what the system says of an open file; no name out of a request ever
//! reaches a disk. Every answer has the page's own content security policy and keeps other sites out of it.

use super::{
    Asset, Shown,
    range::{Wanted, wanted},
    request::{Bad, Request},
};
use crate::{Cause, store::File};
use faissil_core::{Span, snapshot::Digest};
use std::{
    fs,
    io::{self, Write},
    net::TcpStream,
    os::unix::{
        ffi::OsStrExt,
        fs::{FileExt, MetadataExt},
    },
    path::Path,
    sync::{Mutex, PoisonError},
};

/// Bytes of a file that are on their way at a time.
const PIECE: u64 = 1 << 18;

/// All that can be asked for.
#[derive(Debug)]
pub(super) struct Site {
    /// Values of `Host` that mean this server. Others come from pages whose name was pointed at this machine.
    hosts: Vec<String>,
    port: u16,
    token: String,
    /// Its digest, since digests are compared in constant time.
    secret: blake3::Hash,
    ticket: Mutex<Option<blake3::Hash>>,
    /// Path below the token, and what is there.
    served: Vec<(String, Content)>,
    /// What the address of the page says after `#`.
    hash: String,
    policy: String,
}

#[derive(Debug)]
enum Content {
    Asset(Asset),
    File(File),
}

/// The answer to a request.
#[derive(Debug)]
pub(super) struct Answer<'a> {
    status: &'static str,
    fields: Vec<(&'static str, String)>,
    body: Body<'a>,
}

#[derive(Debug)]
enum Body<'a> {
    Bytes(&'a [u8]),
    File(&'a fs::File, Span),
}

impl Site {
    pub(super) fn new(port: u16, page: &'static [Asset], shown: Shown, expect: Option<Digest>) -> Result<Site, Cause> {
        let index = page.iter().find(|asset| asset.name == "index.html");
        let policy = index.and_then(|index| policy(std::str::from_utf8(index.bytes).ok()?));
        let policy = policy.ok_or_else(|| Cause::Refused("the viewer has no page with a policy".into()))?;
        let mut hosts: Vec<String> = ["127.0.0.1", "localhost"].map(|name| format!("{name}:{port}")).into();
        if port == 80 {
            hosts.extend(["127.0.0.1".into(), "localhost".into()]);
        }
        let token = random()?;
        let base = format!("http://127.0.0.1:{port}/{token}/");

        let named = |asset: &Asset| if asset.name == "index.html" { String::new() } else { asset.name.into() };
        let mut served: Vec<_> = page.iter().map(|asset| (named(asset), Content::Asset(*asset))).collect();
        let mut hash = String::new();
        for (key, file) in [("url", Some(shown.file)), ("side", shown.side)] {
            let Some(file) = file else { continue };
            let path = format!("{key}/{}", encoded(name_of(file.path())));
            let then = if hash.is_empty() { '#' } else { '&' };
            hash += &format!("{then}{key}={base}{}", encoded(path.as_bytes()).replace("%2F", "/"));
            served.push((path, Content::File(file)));
        }
        if let Some(digest) = expect {
            hash += &format!("&expect={digest}");
        }
        let policy = format!("{policy}; frame-ancestors 'none'");
        let secret = blake3::hash(token.as_bytes());
        Ok(Site { hosts, port, token, secret, ticket: Mutex::default(), served, hash, policy })
    }

    /// The address of the page.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}{}", self.port, self.page())
    }

    fn page(&self) -> String {
        format!("/{}/{}", self.token, self.hash)
    }

    /// A new address that leads there once; the one before leads nowhere now.
    pub(super) fn ticket(&self) -> Result<String, Cause> {
        let ticket = random()?;
        *self.ticket.lock().unwrap_or_else(PoisonError::into_inner) = Some(blake3::hash(ticket.as_bytes()));
        Ok(format!("http://127.0.0.1:{}/{ticket}", self.port))
    }

    /// Whether this is the ticket, which is none any more if it is.
    fn is_ticket(&self, text: &str) -> bool {
        let mut ticket = self.ticket.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = ticket.is_some_and(|ticket| ticket == blake3::hash(text.as_bytes()));
        if is_it {
            *ticket = None;
        }
        is_it
    }

    pub(super) fn answer(&self, request: &Request) -> Answer<'_> {
        if !self.hosts.iter().any(|host| host.eq_ignore_ascii_case(&request.host)) {
            return Answer::said("421 Misdirected Request", "This server is not the one that was asked.\n");
        }
        let path = request.path.strip_prefix('/').unwrap_or_default();
        let found = match path.split_once('/') {
            Some((token, name)) if self.secret == blake3::hash(token.as_bytes()) => {
                self.served.iter().find(|(path, _)| path == name)
            }
            None if !request.is_head && self.is_ticket(path) => {
                let mut answer = Answer::said("303 See Other", "");
                answer.fields.push(("Location", self.page()));
                return answer;
            }
            _ => None,
        };
        let Some((_, content)) = found else {
            return Answer::said(
                "404 Not Found",
                "Nothing is here; `faissil view` prints the address that it serves.\n",
            );
        };
        content
            .answer(request)
            .unwrap_or_else(|_| Answer::said("500 Internal Server Error", "The file cannot be read.\n"))
    }
}

impl Content {
    fn answer(&self, request: &Request) -> io::Result<Answer<'_>> {
        let (kind, len, tag) = match self {
            Content::Asset(asset) => (kind_of(asset.name), asset.bytes.len() as u64, None),
            Content::File(file) => {
                let now = file.file().metadata()?;
                ("application/octet-stream", now.len(), Some(tag_of(&now)))
            }
        };
        // A range of what somebody has seen is one of this only if it is still the same.
        let is_same = request.if_range.as_ref().is_none_or(|seen| tag.as_ref() == Some(seen));
        let range = request.range.as_ref().filter(|_| is_same && !request.is_head);
        let wanted = range.map_or(Wanted::Whole, |range| wanted(range, len));
        let (status, span) = match wanted {
            Wanted::Whole => ("200 OK", Span::new(0, len)),
            Wanted::Part(span) => ("206 Partial Content", span),
            Wanted::Nothing => ("416 Range Not Satisfiable", Span::new(0, 0)),
        };
        let body = match self {
            Content::Asset(asset) => Body::Bytes(faissil_core::bytes::slice(asset.bytes, span)),
            Content::File(file) => Body::File(file.file(), span),
        };
        let mut fields = vec![("Content-Type", kind.into()), ("Accept-Ranges", "bytes".into())];
        fields.extend(tag.map(|tag| ("ETag", tag)));
        match wanted {
            Wanted::Whole => {}
            Wanted::Part(span) => {
                fields.push(("Content-Range", format!("bytes {}-{}/{len}", span.start, span.end() - 1)));
            }
            Wanted::Nothing => fields.push(("Content-Range", format!("bytes */{len}"))),
        }
        Ok(Answer { status, fields, body })
    }
}

impl Answer<'_> {
    /// To a request that is not looked at.
    pub(super) fn refused(bad: Bad) -> Answer<'static> {
        match bad {
            Bad::Malformed => Answer::said("400 Bad Request", "This is no request that a browser sends.\n"),
            Bad::TooLong => Answer::said("431 Request Header Fields Too Large", "The request is too long.\n"),
            Bad::Method => {
                let mut answer = Answer::said("405 Method Not Allowed", "Files are read here, nothing else.\n");
                answer.fields.push(("Allow", "GET, HEAD".into()));
                answer
            }
        }
    }

    fn said(status: &'static str, text: &'static str) -> Answer<'static> {
        let fields = vec![("Content-Type", "text/plain; charset=utf-8".into())];
        Answer { status, fields, body: Body::Bytes(text.as_bytes()) }
    }

    /// Send it, of a HEAD without its body. A file that ends before its time ends the connection: the reader misses
    /// bytes, and cannot take others for them.
    pub(super) fn send(&self, site: &Site, mut stream: &TcpStream, is_head: bool, stays: bool) -> io::Result<()> {
        let len = match self.body {
            Body::Bytes(bytes) => bytes.len() as u64,
            Body::File(_, span) => span.len,
        };
        let mut head = format!("HTTP/1.1 {}\r\nContent-Length: {len}\r\n", self.status);
        let stays = if stays { "keep-alive" } else { "close" };
        let always = [
            ("Connection", stays),
            ("Cache-Control", "no-store"),
            ("Content-Security-Policy", &site.policy),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Referrer-Policy", "no-referrer"),
            ("X-Content-Type-Options", "nosniff"),
        ];
        let own = self.fields.iter().map(|(name, value)| (*name, value.as_str()));
        for (name, value) in own.chain(always) {
            head += &format!("{name}: {value}\r\n");
        }
        head += "\r\n";
        stream.write_all(head.as_bytes())?;
        match self.body {
            _ if is_head => Ok(()),
            Body::Bytes(bytes) => stream.write_all(bytes),
            Body::File(file, span) => copy(file, span, stream),
        }
    }
}

fn copy(file: &fs::File, mut left: Span, mut stream: &TcpStream) -> io::Result<()> {
    let mut piece = vec![0; left.len.min(PIECE) as usize];
    while !left.is_empty() {
        let now = left.len.min(PIECE);
        let piece = &mut piece[..now as usize];
        file.read_exact_at(piece, left.start)?;
        stream.write_all(piece)?;
        left = Span::new(left.start + now, left.len - now);
    }
    Ok(())
}

/// 128 random bits, in hex.
fn random() -> Result<String, Cause> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::from)?;
    Ok(format!("{:032x}", u128::from_le_bytes(bytes)))
}

/// The content security policy in a page's `meta`: one for the page alone would not hold in its workers.
fn policy(page: &str) -> Option<&str> {
    let (_, rest) = page.split_once("http-equiv=\"Content-Security-Policy\"")?;
    let (_, rest) = rest.split_once("content=\"")?;
    rest.split_once('"').map(|(policy, _)| policy).filter(|policy| !policy.contains(['\r', '\n']))
}

/// What tells a file from itself after a change.
fn tag_of(data: &fs::Metadata) -> String {
    format!("\"{:x}-{:x}-{:x}.{:x}\"", data.ino(), data.len(), data.mtime(), data.mtime_nsec())
}

fn kind_of(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    }
}

fn name_of(path: &Path) -> &[u8] {
    path.file_name().map_or(b"index", OsStrExt::as_bytes)
}

/// A name in an address: whatever may be misunderstood there as `%` and its number.
fn encoded(name: &[u8]) -> String {
    let each = |byte: &u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(*byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    name.iter().map(each).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_encoded_byte_by_byte() {
        assert_eq!(encoded("a b/ü?#%.faiss".as_bytes()), "a%20b%2F%C3%BC%3F%23%25.faiss");
        assert_eq!(encoded(b"\xff"), "%FF");
    }

    #[test]
    fn the_policy_is_that_of_the_page() {
        let page = "<meta\n http-equiv=\"Content-Security-Policy\"\n content=\"default-src 'none'; img-src data:\"\n/>";
        assert_eq!(policy(page), Some("default-src 'none'; img-src data:"));
        assert_eq!(policy("<meta charset=\"utf-8\" />"), None);
    }
}
