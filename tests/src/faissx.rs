//! A real FAISSx server on loopback, and what gets between it and a client.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    ops::Range,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// A Python with FAISSx in it. `cargo xtask test` makes one.
pub fn python() -> PathBuf {
    let found = std::env::var_os("FAISSIL_FAISSX");
    found.expect("`cargo xtask test` installs FAISSx and names its Python in FAISSIL_FAISSX").into()
}

/// Run a script of `tests/faissx` to its end; gives what it prints.
pub fn script(name: &str, arguments: &[&str]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("faissx").join(name);
    let output = Command::new(python()).arg(path).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} {arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// Run the command, which `cargo test --workspace` builds; gives its exit code, standard output and standard error.
pub fn command(dir: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> (i32, String, String) {
    let program = std::env::current_exe().unwrap().parent().unwrap().with_file_name("faissil");
    assert!(program.exists(), "{} is not there: cargo build", program.display());
    let mut command = Command::new(program);
    command.current_dir(dir).env_remove("FAISSX_API_KEY").args(arguments).envs(environment.iter().copied());
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// A server, ended when dropped.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub port: u16,
}

impl Server {
    /// Start one on this port with these arguments of `faissx.server run`, and wait until it listens.
    pub fn start(port: u16, arguments: &[&str]) -> Server {
        let command = python().with_file_name("faissx.server");
        let port_text = port.to_string();
        let child = Command::new(command)
            .args(["run", "--bind-address", "127.0.0.1", "--port", &port_text])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Server { child, port };
        let begun = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(60), "the server does not come up");
            thread::sleep(Duration::from_millis(50));
        }
        server
    }

    /// Whether it is still there.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a proxy does to the bytes that the server sends.
#[derive(Clone)]
pub enum Mischief {
    /// Cut the connection after so many bytes, the first so many connections.
    Cut {
        /// Bytes that come through.
        after: u64,
        /// Connections that are cut.
        times: Arc<AtomicU64>,
    },
    /// Change a byte in so many.
    Corrupt {
        /// Bytes from one to the next.
        every: u64,
    },
    /// Let nothing through after so many bytes, while the flag is set.
    Hold {
        /// Bytes that come through.
        after: u64,
        /// Whether it holds.
        holding: Arc<AtomicBool>,
    },
}

/// A proxy between a client and a server on loopback; gives its port. It lives as long as the test.
pub fn proxy(to: u16, mischief: Mischief) -> u16 {
    let seen = Arc::new(AtomicU64::new(0));
    let up = |mut client: TcpStream, mut server: TcpStream| {
        let _ = std::io::copy(&mut client, &mut server);
        let _ = server.shutdown(Shutdown::Both);
    };
    between(to, up, move |server, client| down(server, client, &mischief, &seen))
}

/// Join every client that comes with the server, one thread each way; gives the port to come to.
fn between(
    to: u16,
    up: impl Fn(TcpStream, TcpStream) + Clone + Send + 'static,
    down: impl Fn(TcpStream, TcpStream) + Clone + Send + 'static,
) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, to)) else { continue };
            let (client_up, server_up) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            let (up, down) = (up.clone(), down.clone());
            thread::spawn(move || up(client_up, server_up));
            thread::spawn(move || down(server, client));
        }
    });
    port
}

/// A proxy that makes the server refuse some requests: of those of which `refuses` is true it changes the last letter of the action, so that the
/// server answers with an error of its own. It is told the action and the rows that are asked for.
pub fn refusing(to: u16, refuses: impl Fn(&str, Range<u64>) -> bool + Clone + Send + 'static) -> u16 {
    let up = move |mut client: TcpStream, mut server: TcpStream| {
        let _ = pass_requests(&mut client, &mut server, &refuses);
        let _ = server.shutdown(Shutdown::Both);
    };
    between(to, up, |mut server, mut client| {
        let _ = std::io::copy(&mut server, &mut client);
        let _ = client.shutdown(Shutdown::Both);
    })
}

/// ZMTP 3: a greeting of 64 bytes, then frames of a flag, a length (eight bytes where the second bit of the flag is set, else one) and a body.
fn pass_requests(
    client: &mut impl Read,
    server: &mut impl Write,
    refuses: &impl Fn(&str, Range<u64>) -> bool,
) -> std::io::Result<()> {
    let mut greeting = [0; 64];
    client.read_exact(&mut greeting)?;
    server.write_all(&greeting)?;
    loop {
        let mut head = vec![0];
        client.read_exact(&mut head)?;
        let mut len = [0; 8];
        let width = if head[0] & 2 == 0 { 1 } else { 8 };
        client.read_exact(&mut len[8 - width..])?;
        head.extend_from_slice(&len[8 - width..]);
        let mut body = vec![0; u64::from_be_bytes(len) as usize];
        client.read_exact(&mut body)?;
        if let Some((action, rows)) = asked(&body)
            && refuses(std::str::from_utf8(&body[action.clone()]).unwrap(), rows)
        {
            body[action.end - 1] = b'?';
        }
        head.extend_from_slice(&body);
        server.write_all(&head)?;
    }
}

/// Where the action stands in a request, and the rows that it is about.
fn asked(body: &[u8]) -> Option<(Range<usize>, Range<u64>)> {
    let after = |key: &str| body.windows(key.len()).position(|part| part == key.as_bytes()).map(|at| at + key.len());
    // MessagePack: a short text has its length in its first byte, a number its width.
    let start = after("action")?;
    let action = start + 1..start + 1 + usize::from(body.get(start)? & 0x1F);
    let number = |key: &str| {
        let at = after(key)?;
        let width = match body.get(at)? {
            small @ 0..0x80 => return Some(u64::from(*small)),
            wide => 1 << (wide - 0xCC),
        };
        let bytes = body.get(at + 1..at + 1 + width)?;
        Some(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    };
    let first = number("start_idx").or_else(|| number("idx")).unwrap_or(0);
    Some((action, first..first + number("num_vectors").unwrap_or(1)))
}

/// Pass on what the server sends, with mischief.
fn down(mut server: TcpStream, mut client: TcpStream, mischief: &Mischief, seen: &AtomicU64) {
    let mut buffer = [0; 1 << 14];
    let mut passed = 0;
    while let Ok(count) = server.read(&mut buffer) {
        if count == 0 {
            break;
        }
        let before = seen.fetch_add(count as u64, Ordering::Relaxed);
        let mut end = count;
        match mischief {
            Mischief::Cut { after, times } if passed + count as u64 > *after => {
                let taken = times.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
                if taken.is_ok() {
                    end = after.saturating_sub(passed) as usize;
                }
            }
            Mischief::Corrupt { every } => {
                for (at, byte) in (before..).zip(&mut buffer[..count]) {
                    if at % every == every - 1 {
                        *byte ^= 1 << (at / every % 8);
                    }
                }
            }
            Mischief::Hold { after, holding } => {
                while passed + count as u64 > *after && holding.load(Ordering::Relaxed) {
                    thread::sleep(Duration::from_millis(20));
                }
            }
            Mischief::Cut { .. } => {}
        }
        passed += count as u64;
        if client.write_all(&buffer[..end]).is_err() || end < count {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
}
