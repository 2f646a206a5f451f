//! A ZeroMQ REQ socket, of which a client of one server needs: ZMTP 3.0 over TCP, no security mechanism.
//!
//! After [RFC 23](https://rfc.zeromq.org/spec/23/). A message is sent and its answer read before the next is sent; between the two
//! the caller is free. Every wait ends at a deadline or when the caller says stop, and an answer is held in memory only as far as it
//! has arrived, up to a limit.

use super::trouble::{Trouble, garbled};
use std::{
    io::{self, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

/// Flags of a frame.
const MORE: u8 = 1;
const LONG: u8 = 2;
const COMMAND: u8 = 4;

/// How long a wait goes on before it looks whether the caller said stop.
const LOOK: Duration = Duration::from_millis(100);
/// Memory that is set aside for a frame before its bytes arrive.
const AHEAD: u64 = 1 << 20;
/// Longest command, and frames of a message that are not its body.
const SMALL: u64 = 1 << 12;

/// When a wait ends.
#[derive(Clone, Copy)]
pub(super) struct Until<'a> {
    pub(super) time: Duration,
    pub(super) end: Instant,
    pub(super) stop: &'a AtomicBool,
}

impl<'a> Until<'a> {
    pub(super) fn within(time: Duration, stop: &'a AtomicBool) -> Until<'a> {
        Until { time, end: Instant::now() + time, stop }
    }

    /// How long to wait for the next bytes.
    fn slice(&self) -> Result<Duration, Trouble> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(Trouble::Cancelled);
        }
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(Trouble::Slow(self.time)) } else { Ok(left.min(LOOK)) }
    }
}

/// A connection on which one message is on its way at most.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
}

impl Socket {
    /// Connect and shake hands.
    pub(super) fn connect(host: &str, port: u16, until: Until<'_>) -> Result<Socket, Trouble> {
        let nowhere = |error: io::Error| Trouble::Cut(io::Error::other(format!("`{host}` leads nowhere: {error}")));
        let places = (host, port).to_socket_addrs().map_err(nowhere)?;
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for place in places {
            let left = until.end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Trouble::Slow(until.time));
            }
            match TcpStream::connect_timeout(&place, left) {
                Ok(stream) => {
                    stream.set_nodelay(true).map_err(Trouble::Cut)?;
                    let mut socket = Socket { stream };
                    socket.shake_hands(until)?;
                    return Ok(socket);
                }
                Err(error) if error.kind() == io::ErrorKind::TimedOut => return Err(Trouble::Slow(until.time)),
                Err(error) => last = error,
            }
        }
        Err(Trouble::Cut(last))
    }

    fn shake_hands(&mut self, until: Until<'_>) -> Result<(), Trouble> {
        let mut greeting = [0_u8; 64];
        greeting[0] = 0xff;
        greeting[9] = 0x7f;
        greeting[10] = 3; // version 3.0
        greeting[12..16].copy_from_slice(b"NULL");
        self.write(&greeting, until)?;
        let mut theirs = [0_u8; 64];
        self.fill(&mut theirs, until)?;
        if theirs[0] != 0xff || theirs[9] & 1 == 0 || theirs[10] < 3 {
            return garbled("no ZeroMQ greeting of version 3");
        }
        let mechanism = theirs[12..32].split(|byte| *byte == 0).next().unwrap_or_default();
        if mechanism != b"NULL" {
            return garbled(format!("it asks for the security mechanism {}", mechanism.escape_ascii()));
        }
        let mut ready = b"\x05READY".to_vec();
        for (name, value) in [("Socket-Type", "REQ"), ("Identity", "")] {
            ready.push(name.len() as u8);
            ready.extend_from_slice(name.as_bytes());
            ready.extend_from_slice(&(value.len() as u32).to_be_bytes());
            ready.extend_from_slice(value.as_bytes());
        }
        let mut frame = vec![COMMAND, ready.len() as u8];
        frame.extend_from_slice(&ready);
        self.write(&frame, until)?;
        let (flags, body) = self.frame(SMALL, until)?;
        let is_ready = flags & COMMAND != 0 && body.starts_with(b"\x05READY");
        let answers = [b"Socket-Type\0\0\0\x03REP".as_slice(), b"Socket-Type\0\0\0\x06ROUTER"];
        let answers = answers.iter().any(|kind| body.windows(kind.len()).any(|part| part == *kind));
        if is_ready && answers { Ok(()) } else { garbled("its socket does not answer requests") }
    }

    /// Send a message.
    pub(super) fn send(&mut self, body: &[u8], until: Until<'_>) -> Result<(), Trouble> {
        // An empty frame, which says that the way back ends here, then the body.
        let mut head = vec![MORE, 0, LONG];
        head.extend_from_slice(&(body.len() as u64).to_be_bytes());
        self.write(&head, until)?;
        self.write(body, until)
    }

    /// The answer, of at most `most` bytes.
    pub(super) fn receive(&mut self, most: u64, until: Until<'_>) -> Result<Vec<u8>, Trouble> {
        let mut is_first = true;
        loop {
            let (flags, body) = self.frame(if is_first { SMALL } else { most }, until)?;
            if flags & COMMAND != 0 {
                continue; // a heartbeat: the next message shows that we live
            }
            match (is_first, flags & MORE != 0, body.is_empty()) {
                (true, true, true) => is_first = false,
                (false, false, _) => return Ok(body),
                _ => return garbled("a message that is not one empty frame and one body"),
            }
        }
    }

    /// The next frame: its flags and its bytes.
    fn frame(&mut self, most: u64, until: Until<'_>) -> Result<(u8, Vec<u8>), Trouble> {
        let mut flags = [0];
        self.fill(&mut flags, until)?;
        let [flags] = flags;
        if flags & !(MORE | LONG | COMMAND) != 0 {
            return garbled(format!("a frame with the flags {flags:#04x}"));
        }
        let len = if flags & LONG != 0 {
            let mut len = [0; 8];
            self.fill(&mut len, until)?;
            u64::from_be_bytes(len)
        } else {
            let mut len = [0];
            self.fill(&mut len, until)?;
            len[0].into()
        };
        if len > most {
            return garbled(format!("{len} bytes where at most {most} are expected"));
        }
        let mut body = Vec::new();
        while (body.len() as u64) < len {
            let more = (len - body.len() as u64).min(AHEAD.max(body.len() as u64)) as usize;
            let had = body.len();
            body.resize(had + more, 0);
            self.fill(&mut body[had..], until)?;
        }
        Ok((flags, body))
    }

    fn fill(&mut self, mut out: &mut [u8], until: Until<'_>) -> Result<(), Trouble> {
        while !out.is_empty() {
            self.stream.set_read_timeout(Some(until.slice()?)).map_err(Trouble::Cut)?;
            match self.stream.read(out) {
                Ok(0) => return Err(Trouble::Cut(io::ErrorKind::UnexpectedEof.into())),
                Ok(count) => out = &mut out[count..],
                Err(error) if is_pause(&error) => {}
                Err(error) => return Err(Trouble::Cut(error)),
            }
        }
        Ok(())
    }

    fn write(&mut self, mut bytes: &[u8], until: Until<'_>) -> Result<(), Trouble> {
        while !bytes.is_empty() {
            self.stream.set_write_timeout(Some(until.slice()?)).map_err(Trouble::Cut)?;
            match self.stream.write(bytes) {
                Ok(0) => return Err(Trouble::Cut(io::ErrorKind::WriteZero.into())),
                Ok(count) => bytes = &bytes[count..],
                Err(error) if is_pause(&error) => {}
                Err(error) => return Err(Trouble::Cut(error)),
            }
        }
        Ok(())
    }
}

fn is_pause(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), WouldBlock | TimedOut | Interrupted)
}
