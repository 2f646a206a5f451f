//! One server, asked one thing at a time.

use super::address::{Address, Login};
use super::message::{Reply, Request};
use super::quirks::{self, Version};
use super::trouble::{Trouble, garbled};
use super::zmtp::{Socket, Until};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// How long to wait, and how often to try.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// For one answer.
    pub timeout: Duration,
    /// How often a question that does no harm is asked again.
    pub tries: u32,
    /// The pause before the first time; each further one is twice as long.
    pub pause: Duration,
    /// Set it, and everything ends.
    pub stop: Arc<AtomicBool>,
}

impl Default for Waiting {
    /// A minute, and five tries more over some seconds.
    fn default() -> Waiting {
        let (timeout, pause) = (Duration::from_secs(60), Duration::from_millis(200));
        Waiting { timeout, tries: 5, pause, stop: Arc::default() }
    }
}

/// What was asked so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Requests sent.
    pub requests: u64,
    /// Requests that had to be sent again.
    pub again: u64,
    /// Bytes of all answers.
    pub bytes: u64,
}

/// A connection to a server.
#[derive(Debug)]
pub struct Client {
    host: String,
    port: u16,
    login: Login,
    waiting: Waiting,
    socket: Option<Socket>,
    pending: Option<Vec<u8>>,
    version: Version,
    version_text: String,
    tally: Tally,
}

/// Bytes of an answer without vectors at most.
pub(super) const SMALL_ANSWER: u64 = 16 << 20;

impl Client {
    /// Connect to the server of this address and ask for its version.
    ///
    /// # Errors
    /// When nobody answers there, or not as a FAISSx server does.
    pub fn connect(address: &Address, login: Login, waiting: Waiting) -> Result<Client, Trouble> {
        let mut client = Client {
            host: address.host.clone(),
            port: address.port,
            login,
            waiting,
            socket: None,
            pending: None,
            version: quirks::NEWEST,
            version_text: String::new(),
            tally: Tally::default(),
        };
        let reply = client.ask(Request::new("ping"))?;
        let Some(text) = reply.fields.text("version") else { return garbled("it does not say its version") };
        client.version_text = text.into();
        client.version = quirks::version(text).unwrap_or(quirks::NEWEST);
        Ok(client)
    }

    /// The server's version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The server's version as it says it.
    pub fn version_text(&self) -> &str {
        &self.version_text
    }

    /// What ends every wait once it is set.
    pub fn stop(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.waiting.stop)
    }

    /// What was asked so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Ask something that may be asked again.
    pub(super) fn ask(&mut self, request: Request) -> Result<Reply, Trouble> {
        self.again_when_garbled(|client| {
            client.start(request.clone());
            let answer = client.finish(SMALL_ANSWER)?;
            Reply::parse(&answer, None)
        })
    }

    /// Ask something that may not.
    pub(super) fn once(&mut self, request: Request) -> Result<Reply, Trouble> {
        let tries = std::mem::replace(&mut self.waiting.tries, 0);
        self.start(request);
        let answer = self.finish(SMALL_ANSWER);
        self.waiting.tries = tries;
        Reply::parse(&answer?, None)
    }

    /// What came whole can still be no answer: then ask again, over a new connection.
    pub(super) fn again_when_garbled<T>(
        &mut self,
        mut ask: impl FnMut(&mut Client) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let mut tried = 0;
        loop {
            match ask(self) {
                Err(Trouble::Garbled(_)) if tried < self.waiting.tries => {
                    tried += 1;
                    self.tally.again += 1;
                    self.hang_up();
                    self.pause(tried)?;
                }
                answer => return answer,
            }
        }
    }

    /// Forget what is on its way, and the connection with it.
    pub fn hang_up(&mut self) {
        (self.socket, self.pending) = (None, None);
    }

    /// The same, where an answer is on its way: it would be taken for that to the next question.
    pub fn hang_up_if_waiting(&mut self) {
        if self.pending.is_some() {
            self.hang_up();
        }
    }

    pub(super) fn start(&mut self, mut request: Request) {
        if let Some(key) = &self.login.key {
            request = request.text("api_key", key);
        }
        if let Some(tenant) = &self.login.tenant {
            request = request.text("tenant_id", tenant);
        }
        let bytes = request.into_bytes();
        // A failure shows, and is got over, when the answer is waited for.
        if self.send(&bytes).is_err() {
            self.socket = None;
        }
        self.pending = Some(bytes);
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        let until = Until::within(self.waiting.timeout, &self.waiting.stop);
        if self.socket.is_none() {
            self.socket = Some(Socket::connect(&self.host, self.port, until)?);
        }
        self.tally.requests += 1;
        self.socket.as_mut().map_or(Ok(()), |socket| socket.send(bytes, until))
    }

    /// The answer to what was started, of at most `most` bytes.
    pub(super) fn finish(&mut self, most: u64) -> Result<Vec<u8>, Trouble> {
        let Some(bytes) = self.pending.take() else { return garbled("nothing was asked") };
        let mut tried = 0;
        loop {
            let sent = if self.socket.is_some() { Ok(()) } else { self.send(&bytes) };
            let until = Until::within(self.waiting.timeout, &self.waiting.stop);
            let answer = sent.and_then(|()| match &mut self.socket {
                Some(socket) => socket.receive(most, until),
                None => garbled("no connection"),
            });
            match answer {
                Ok(answer) => {
                    self.tally.bytes += answer.len() as u64;
                    return Ok(answer);
                }
                Err(trouble) => {
                    self.socket = None;
                    if !trouble.may_pass() || tried >= self.waiting.tries {
                        return Err(trouble);
                    }
                    tried += 1;
                    self.tally.again += 1;
                    self.pause(tried)?;
                }
            }
        }
    }

    /// Wait before the next try, longer each time.
    fn pause(&self, tried: u32) -> Result<(), Trouble> {
        let mut left = self.waiting.pause * (1 << (tried - 1).min(6));
        while !left.is_zero() {
            if self.waiting.stop.load(Ordering::Relaxed) {
                return Err(Trouble::Cancelled);
            }
            let nap = left.min(Duration::from_millis(100));
            thread::sleep(nap);
            left -= nap;
        }
        Ok(())
    }
}
