//! The server of the viewer, asked over real connections: what it gives, and what it does not.

mod common;

use common::root;
use faissil::{
    Digest,
    view::{Asset, Server, Shown},
};
use std::{
    collections::HashMap,
    fs,
    io::{Read, Write},
    net::TcpStream,
    os::unix::net::UnixStream,
    path::Path,
    thread::JoinHandle,
};

/// A page as the viewer has one, without its contents.
const PAGE: &[Asset] = &[
    Asset { name: "assets/app.js", bytes: b"export {}" },
    Asset { name: "assets/module.wasm", bytes: b"\0asm" },
    Asset { name: "assets/style.css", bytes: b"a{}" },
    Asset { name: "icon.svg", bytes: b"<svg/>" },
    Asset {
        name: "index.html",
        bytes: b"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'self'\" />",
    },
    Asset { name: "samples/a.faissil", bytes: b"0123456789" },
];

/// A server that runs until it is dropped.
struct Running {
    url: String,
    ticket: String,
    stop: Option<UnixStream>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    fn of(file: &Path, expect: Option<Digest>) -> Running {
        let server = Server::bind(0, PAGE, Shown::open(file).unwrap(), expect).unwrap();
        let (url, ticket) = (server.url(), server.ticket().unwrap());
        let (stop, until) = UnixStream::pair().unwrap();
        let thread = std::thread::spawn(move || server.run(until).unwrap());
        Running { url, ticket, stop: Some(stop), thread: Some(thread) }
    }

    /// `127.0.0.1:PORT`.
    fn host(&self) -> &str {
        self.url.strip_prefix("http://").unwrap().split('/').next().unwrap()
    }

    /// `/TOKEN/`.
    fn base(&self) -> String {
        format!("/{}/", self.url.split('/').nth(3).unwrap())
    }

    /// The address that the hash of the page has under this key, as a path.
    fn named(&self, key: &str) -> String {
        let (_, hash) = self.url.split_once('#').unwrap();
        let found = hash.split('&').find_map(|pair| pair.strip_prefix(&format!("{key}="))).unwrap();
        // The hash is one more layer of `%`.
        format!("/{}", found.replace("%25", "%").splitn(4, '/').last().unwrap())
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(self.host()).unwrap()
    }

    /// Ask on a connection of its own; `more` are further fields, each with its line end.
    fn ask(&self, method: &str, path: &str, more: &str) -> Reply {
        let mut stream = self.connect();
        stream.write_all(self.request(method, path, more).as_bytes()).unwrap();
        reply(&mut stream, method == "HEAD")
    }

    fn request(&self, method: &str, path: &str, more: &str) -> String {
        format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n{more}\r\n", self.host())
    }

    /// Ask for a range of the file.
    fn range(&self, range: &str) -> Reply {
        self.ask("GET", &self.named("url"), &format!("Range: {range}\r\n"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.thread.take().unwrap().join().unwrap();
    }
}

struct Reply {
    status: u16,
    fields: HashMap<String, String>,
    body: Vec<u8>,
}

impl Reply {
    fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

/// Read one answer; its body may end early.
fn reply(stream: &mut TcpStream, is_head: bool) -> Reply {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let field = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_string()));
    let fields: HashMap<_, _> = lines.filter_map(field).collect();
    let len = if is_head { 0 } else { fields["content-length"].parse().unwrap() };
    let mut body = Vec::new();
    stream.take(len).read_to_end(&mut body).unwrap();
    Reply { status, fields, body }
}

fn folder_with(name: &str, bytes: &[u8]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(name), bytes).unwrap();
    dir
}

#[test]
fn page_and_file_are_given_and_kept_from_others() {
    let dir = folder_with("a b#ü.faiss", b"0123456789");
    let digest: Digest = "00".repeat(32).parse().unwrap();
    let server = Running::of(&dir.path().join("a b#ü.faiss"), Some(digest));
    assert!(server.url.starts_with("http://127.0.0.1:"), "{}", server.url);
    assert!(server.url.ends_with(&format!("&expect={digest}")), "{}", server.url);
    assert_eq!(server.base().len(), 34, "128 bits in hex");

    let page = server.ask("GET", &server.base(), "");
    assert_eq!((page.status, page.body.as_slice()), (200, PAGE[4].bytes));
    let file = server.ask("GET", &server.named("url"), "");
    assert_eq!((file.status, file.body.as_slice()), (200, b"0123456789".as_slice()));
    for reply in [&page, &file, &server.ask("GET", "/nothing", "")] {
        assert_eq!(reply.field("x-content-type-options"), "nosniff");
        assert_eq!(reply.field("referrer-policy"), "no-referrer");
        assert_eq!(reply.field("cross-origin-resource-policy"), "same-origin");
        assert_eq!(reply.field("cache-control"), "no-store");
        let policy = "default-src 'none'; script-src 'self'; frame-ancestors 'none'";
        assert_eq!(reply.field("content-security-policy"), policy);
        assert!(!reply.fields.contains_key("access-control-allow-origin"));
    }
    for (name, kind) in [
        ("", "text/html; charset=utf-8"),
        ("assets/app.js", "text/javascript; charset=utf-8"),
        ("assets/module.wasm", "application/wasm"),
        ("assets/style.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
        ("samples/a.faissil?x=1", "application/octet-stream"),
    ] {
        let reply = server.ask("GET", &format!("{}{name}", server.base()), "");
        assert_eq!((reply.status, reply.field("content-type")), (200, kind), "{name}");
    }
}

#[test]
fn ranges_are_given_as_they_are_asked_for() {
    let dir = folder_with("x", b"0123456789");
    let server = Running::of(&dir.path().join("x"), None);
    for (range, status, place, body) in [
        ("bytes=2-4", 206, "bytes 2-4/10", "234"),
        ("bytes=7-", 206, "bytes 7-9/10", "789"),
        ("bytes=-2", 206, "bytes 8-9/10", "89"),
        ("bytes=8-100", 206, "bytes 8-9/10", "89"),
        ("bytes=10-", 416, "bytes */10", ""),
        ("bytes=-0", 416, "bytes */10", ""),
        ("bytes=0-1,3-4", 200, "", "0123456789"),
        ("bytes=4-2", 200, "", "0123456789"),
    ] {
        let reply = server.range(range);
        let found = (reply.status, reply.field("content-range"), String::from_utf8_lossy(&reply.body));
        assert_eq!(found, (status, place, body.into()), "{range}");
        assert_eq!(reply.field("accept-ranges"), "bytes");
    }
    let sample = server.ask("GET", &format!("{}samples/a.faissil", server.base()), "Range: bytes=3-3\r\n");
    assert_eq!((sample.status, sample.body.as_slice()), (206, b"3".as_slice()));

    let head = server.ask("HEAD", &server.named("url"), "Range: bytes=0-0\r\n");
    assert_eq!((head.status, head.field("content-length"), head.body.len()), (200, "10", 0));
    let tag = head.field("etag");
    assert_eq!(server.range("bytes=0-0").field("etag"), tag);
    let if_range = |tag: &str| {
        let more = format!("Range: bytes=0-0\r\nIf-Range: {tag}\r\n");
        server.ask("GET", &server.named("url"), &more).status
    };
    assert_eq!((if_range(tag), if_range("\"another\"")), (206, 200));
}

#[test]
fn nothing_else_can_be_read() {
    let dir = folder_with("x", b"secret");
    fs::write(dir.path().join("y"), b"another").unwrap();
    let server = Running::of(&dir.path().join("x"), None);
    let (base, file) = (server.base(), server.named("url"));
    let wrong = file.replacen(&base[1..5], if base.starts_with("/0000") { "1111" } else { "0000" }, 1);
    for path in [
        "/",
        "/url/x",
        &base[..base.len() - 1],
        &wrong,
        &format!("/{}url/x", base),
        &format!("{base}url/y"),
        &format!("{base}url/../url/x"),
        &format!("{base}url/%78"),
        &format!("{base}../../../etc/passwd"),
        &format!("{base}url/../../../../etc/passwd"),
        &format!("{base}%2e%2e/%2e%2e/etc/passwd"),
        &format!("{base}index.html"),
        &format!("{base}sw.js"),
    ] {
        let reply = server.ask("GET", path, "");
        assert_eq!(reply.status, 404, "{path}");
        assert!(!reply.body.windows(6).any(|bytes| bytes == b"secret"));
    }
    assert_eq!(server.ask("GET", &file, "").status, 200);

    let port = server.host().split(':').nth(1).unwrap().to_string();
    let of_host = |host: &str| {
        let mut stream = server.connect();
        write!(stream, "GET {file} HTTP/1.1\r\n{host}\r\n").unwrap();
        reply(&mut stream, false).status
    };
    assert_eq!(of_host(&format!("Host: localhost:{port}\r\n")), 200);
    assert_eq!(of_host(&format!("hOST:LocalHost:{port}\r\n")), 200);
    for host in ["evil.example", &format!("evil.example:{port}"), "127.0.0.1", "127.0.0.1:1", "localhost"] {
        assert_eq!(of_host(&format!("Host: {host}\r\n")), 421, "{host}");
    }
    assert_eq!(of_host(""), 400);
}

#[test]
fn what_is_no_plain_question_ends_the_connection() {
    let dir = folder_with("x", b"0123456789");
    let server = Running::of(&dir.path().join("x"), None);
    let file = server.named("url");
    let get = |more: &str| server.request("GET", &file, more);
    for (text, status) in [
        (server.request("POST", &file, "Content-Length: 0\r\n"), 405),
        (server.request("OPTIONS", &file, "Origin: http://evil.example\r\n"), 405),
        (get("Content-Length: 5\r\n"), 400),
        (get("Transfer-Encoding: chunked\r\n"), 400),
        (get(&format!("Cookie: {}\r\n", "c".repeat(20_000))), 431),
        (get(&"A: b\r\n".repeat(100)), 431),
        ("hello\r\n\r\n".into(), 400),
    ] {
        let mut stream = server.connect();
        let _ = stream.write_all(text.as_bytes());
        let reply = reply(&mut stream, false);
        assert_eq!((reply.status, reply.field("connection")), (status, "close"), "{}", &text[..40.min(text.len())]);
        let mut rest = Vec::new();
        // The end, or a reset where the server did not read all.
        let _ = stream.read_to_end(&mut rest);
        assert!(rest.is_empty());
    }
    let allowed = server.ask("DELETE", &file, "");
    assert_eq!((allowed.status, allowed.field("allow")), (405, "GET, HEAD"));
}

#[test]
fn a_connection_answers_one_request_after_another_and_many_are_open() {
    let bytes: Vec<u8> = (0..1_000_000u32).map(|n| (n % 251) as u8).collect();
    let dir = folder_with("x", &bytes);
    let server = Running::of(&dir.path().join("x"), None);
    let mut stream = server.connect();
    // The second is sent before the first is answered.
    let two = ["bytes=0-9", "bytes=500000-699999"];
    let text = two.map(|range| server.request("GET", &server.named("url"), &format!("Range: {range}\r\n"))).concat();
    stream.write_all(text.as_bytes()).unwrap();
    assert_eq!(reply(&mut stream, false).body, bytes[..10]);
    assert!(reply(&mut stream, false).body == bytes[500_000..700_000]);
    stream.write_all(server.request("HEAD", &server.named("url"), "").as_bytes()).unwrap();
    assert_eq!(reply(&mut stream, true).field("connection"), "keep-alive");
    stream.write_all(server.request("GET", &server.base(), "Connection: close\r\n").as_bytes()).unwrap();
    assert_eq!(reply(&mut stream, false).field("connection"), "close");
    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "it was closed");

    std::thread::scope(|scope| {
        for part in 0..16usize {
            let (server, bytes) = (&server, &bytes);
            scope.spawn(move || {
                for turn in 0..20 {
                    let start = part * 50_000 + turn * 997;
                    let found = server.range(&format!("bytes={start}-{}", start + 9_999)).body;
                    assert!(found == bytes[start..start + 10_000], "from {start}");
                }
            });
        }
    });

    // Too many connections are closed, and make room when they go.
    let held: Vec<TcpStream> = (0..64).map(|_| answered(&server)).collect();
    let mut one_more = server.connect();
    assert_eq!(one_more.read(&mut [0]).unwrap_or(0), 0, "it was closed");
    drop(held);
    answered(&server);
}

/// A connection that was answered and is still open; waits for room.
fn answered(server: &Running) -> TcpStream {
    loop {
        let mut stream = server.connect();
        let mut first = [0];
        if stream.write_all(server.request("HEAD", "/", "").as_bytes()).is_ok()
            && stream.read(&mut first).is_ok_and(|len| len == 1)
        {
            return stream;
        }
    }
}

#[test]
fn a_file_that_is_replaced_stays_and_one_that_shrinks_is_noticed() {
    let dir = folder_with("x", b"0123456789");
    let path = dir.path().join("x");
    let server = Running::of(&path, None);
    let tag = server.range("bytes=0-1").field("etag").to_string();
    fs::write(dir.path().join("new"), b"another, which is longer").unwrap();
    fs::rename(dir.path().join("new"), &path).unwrap();
    let reply = server.ask("GET", &server.named("url"), "");
    assert_eq!((reply.body.as_slice(), reply.field("etag")), (b"0123456789".as_slice(), tag.as_str()));
    drop(server);

    let server = Running::of(&path, None);
    let tag = server.range("bytes=0-1").field("etag").to_string();
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(5).unwrap();
    let reply = server.range("bytes=8-9");
    assert_eq!((reply.status, reply.field("content-range")), (416, "bytes */5"));
    assert_ne!(reply.field("etag"), tag);
    assert_eq!(server.range("bytes=3-9").body, b"th");
}

#[test]
fn an_answer_that_cannot_be_finished_is_cut_and_never_padded() {
    const LEN: u64 = 256 << 20;
    let dir = folder_with("x", b"");
    let path = dir.path().join("x");
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(LEN).unwrap();
    let server = Running::of(&path, None);
    let mut stream = server.connect();
    stream.write_all(server.request("GET", &server.named("url"), "").as_bytes()).unwrap();
    stream.read_exact(&mut [0; 100]).unwrap(); // the answer has begun, and no more fits on its way
    file.set_len(1000).unwrap();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert!((rest.len() as u64) < LEN, "{} bytes came of a file that ended", rest.len());
    assert_eq!(server.range("bytes=0-9").status, 206, "the server goes on");
}

#[test]
fn the_file_with_the_lists_comes_along() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["ivf_flat_ondisk.faiss", "ivf_flat_ondisk.ivfdata"] {
        fs::copy(root().join("fixtures/faiss/1.15.1").join(name), dir.path().join(name)).unwrap();
    }
    let server = Running::of(&dir.path().join("ivf_flat_ondisk.faiss"), None);
    let side = server.ask("GET", &server.named("side"), "");
    assert!(side.status == 200 && side.body == fs::read(dir.path().join("ivf_flat_ondisk.ivfdata")).unwrap());
    assert!(server.named("side").ends_with("/ivf_flat_ondisk.ivfdata"));
    // One that is no index is shown too, and has none.
    fs::write(dir.path().join("notes.txt"), b"no index").unwrap();
    assert!(!Running::of(&dir.path().join("notes.txt"), None).url.contains("side="));
}

#[test]
fn a_ticket_leads_to_the_page_once() {
    let dir = folder_with("x", b"0123456789");
    let server = Running::of(&dir.path().join("x"), None);
    let path = format!("/{}", server.ticket.splitn(4, '/').last().unwrap());
    assert_eq!(server.ask("HEAD", &path, "").status, 404);
    let there = server.ask("GET", &path, "");
    assert_eq!(
        (there.status, format!("http://{}{}", server.host(), there.field("location"))),
        (303, server.url.clone())
    );
    assert_eq!(server.ask("GET", &path, "").status, 404);
    assert!(!server.ticket.contains(server.base().trim_matches('/')));
}

#[test]
fn the_end_ends_what_is_open() {
    let dir = folder_with("x", b"0123456789");
    let server = Running::of(&dir.path().join("x"), None);
    let mut idle = server.connect();
    idle.write_all(server.request("HEAD", "/", "").as_bytes()).unwrap();
    assert_eq!(reply(&mut idle, true).status, 404);
    let host = server.host().to_string();
    drop(server); // waits for its thread
    assert_eq!(idle.read(&mut [0]).unwrap_or(0), 0);
    assert!(TcpStream::connect(host).is_err());
}

/// The command itself, in a build that has the viewer: its standard output, and what it is until it is interrupted.
#[cfg(feature = "viewer")]
fn viewing(args: &[&str], path: Option<&Path>) -> (Running, std::process::Child) {
    use std::io::{BufRead, BufReader};
    let mut command = common::faissil(&["view"]);
    command.args(args).stdout(std::process::Stdio::piped());
    if let Some(path) = path {
        command.env("PATH", path).env("DISPLAY", ":0");
    }
    let mut child = command.spawn().unwrap();
    let mut url = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let thread = Some(std::thread::spawn(|| ()));
    (Running { url: url.trim().into(), ticket: String::new(), stop: None, thread }, child)
}

#[cfg(feature = "viewer")]
fn interrupt(mut child: std::process::Child) {
    assert!(std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[cfg(feature = "viewer")]
#[test]
fn the_command_serves_the_viewer_until_it_is_interrupted() {
    let file = root().join("samples/debian-packages.faiss");
    let (server, child) = viewing(&["--no-open", file.to_str().unwrap()], None);
    let page = server.ask("GET", &server.base(), "");
    assert!(page.status == 200 && page.field("content-security-policy").contains("'wasm-unsafe-eval'"));
    assert!(String::from_utf8(page.body).unwrap().contains("<div id=\"page\">"));
    let len = fs::metadata(&file).unwrap().len().to_string();
    assert_eq!(server.ask("HEAD", &server.named("url"), "").field("content-length"), len);
    interrupt(child);
}

#[cfg(feature = "viewer")]
#[cfg(target_os = "linux")]
#[test]
fn a_browser_is_given_an_address_that_works_once() {
    use std::os::unix::fs::PermissionsExt;
    let dir = folder_with("x", b"0123456789");
    let opener = dir.path().join("xdg-open");
    // Written under another name first, so that whoever sees the file sees all of it.
    let script =
        format!("#!/bin/sh\nd='{}'\necho \"$1\" > \"$d/a\"; /bin/mv \"$d/a\" \"$d/asked\"\n", dir.path().display());
    fs::write(&opener, script).unwrap();
    fs::set_permissions(&opener, fs::Permissions::from_mode(0o755)).unwrap();
    let (server, child) = viewing(&[dir.path().join("x").to_str().unwrap()], Some(dir.path()));
    let asked = loop {
        match fs::read_to_string(dir.path().join("asked")) {
            Ok(asked) => break asked,
            Err(_) => std::thread::yield_now(),
        }
    };
    let path = asked.trim().strip_prefix(&format!("http://{}", server.host())).unwrap();
    let there = server.ask("GET", path, "");
    assert_eq!(
        (there.status, format!("http://{}{}", server.host(), there.field("location"))),
        (303, server.url.clone())
    );
    assert_eq!(server.ask("GET", path, "").status, 404);
    interrupt(child);
}
