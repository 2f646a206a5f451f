//! A real FAISSx server on loopback, and what gets between it and a client.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
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
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::new(AtomicU64::new(0));
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, to)) else { continue };
            let (mut up_from, mut up_to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || {
                let _ = std::io::copy(&mut up_from, &mut up_to);
                let _ = up_to.shutdown(Shutdown::Both);
            });
            let (mischief, seen) = (mischief.clone(), Arc::clone(&seen));
            thread::spawn(move || down(server, client, &mischief, &seen));
        }
    });
    port
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
