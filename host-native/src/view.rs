//! The viewer, served to a browser on this machine together with one file.
//!
//! A [`Server`] listens on 127.0.0.1 only. All that it serves lies below a token of 128 random bits: the page, whose files
//! are in this binary ([`viewer`]), the index file, and the file of on-disk lists that it names. Each has one address,
//! which is compared and never looked up on a disk. `request` reads what a browser asks, `site` decides what it
//! gets, `range` which part of it; what is here listens, and keeps the number of connections in bounds.

mod range;
mod request;
mod site;

use crate::{Cause, Error, inspect, opened::Opened, save::spool, store::File};
use faissil_core::snapshot::Digest;
use request::Requests;
use rustix::event::{PollFd, PollFlags, poll};
use site::{Answer, Site};
use std::{
    collections::HashMap,
    env, io,
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    os::fd::AsFd,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

/// Connections at a time; a browser opens six.
const MOST_CONNECTIONS: usize = 64;

/// How long an answer may wait for its reader.
const PATIENCE: Duration = Duration::from_secs(60);

/// A file of the built viewer.
#[derive(Debug, Clone, Copy)]
pub struct Asset {
    /// Its path below the page, such as `assets/index.js`.
    pub name: &'static str,
    /// What is in it.
    pub bytes: &'static [u8],
}

#[cfg(feature = "viewer")]
include!(concat!(env!("OUT_DIR"), "/viewer.rs"));

/// The viewer in this build: `None` without the feature `viewer`.
pub fn viewer() -> Option<&'static [Asset]> {
    #[cfg(feature = "viewer")]
    return Some(VIEWER);
    #[cfg(not(feature = "viewer"))]
    None
}

/// What is shown: a file, and the one with its lists where it names one that is there. Both stay what they are now when
/// other files take their names.
#[derive(Debug)]
pub struct Shown {
    file: File,
    side: Option<File>,
}

impl Shown {
    /// Open the file at `path`; `-` is standard input. What it is, or whether it is intact, is for the viewer to say.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(path: &Path) -> Result<Shown, Error> {
        let opened = match path.as_os_str().as_encoded_bytes() {
            b"-" => spool(&env::temp_dir()).map_err(|cause| cause.reading(path))?,
            _ => match Opened::open(path) {
                Ok(opened) => opened,
                Err(_) => return Ok(Shown { file: File::open(path)?, side: None }),
            },
        };
        let side = side_of(&opened);
        Ok(Shown { file: opened.file, side })
    }
}

/// The file with the lists of a plain index; a snapshot has them in it.
fn side_of(opened: &Opened) -> Option<File> {
    if opened.snapshot.is_some() {
        return None;
    }
    match inspect::Index::of(opened).ok()?.side? {
        inspect::Side::File(file) => Some(file),
        inspect::Side::Attached(_) => None,
    }
}

/// A viewer and what it shows, at an address on this machine.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    site: Site,
}

impl Server {
    /// Listen on `port` of 127.0.0.1, or on a free one for 0, with the files of `page`, one of which is `index.html`.
    /// With `expect` the viewer takes any other snapshot as wrong.
    ///
    /// # Errors
    /// When the port is taken, or the page is none.
    pub fn bind(port: u16, page: &'static [Asset], shown: Shown, expect: Option<Digest>) -> Result<Server, Error> {
        let begin = || {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
            listener.set_nonblocking(true)?;
            let site = Site::new(listener.local_addr()?.port(), page, shown, expect)?;
            Ok::<_, Cause>(Server { listener, site })
        };
        begin().map_err(|cause| cause.of(format!("cannot serve the viewer on 127.0.0.1:{port}")))
    }

    /// The address of the page with the file opened. Whoever knows it can read the file.
    pub fn url(&self) -> String {
        self.site.url()
    }

    /// An address that leads there once, and the next time nowhere: for the arguments of a program, which other users of
    /// a machine can see.
    ///
    /// # Errors
    /// When the system has no random bits.
    pub fn ticket(&self) -> Result<String, Cause> {
        self.site.ticket()
    }

    /// Serve until `until` can be read, or its other end is closed; then end all connections.
    ///
    /// # Errors
    /// When the system can no longer say whether somebody connects.
    pub fn run(&self, until: impl AsFd) -> io::Result<()> {
        let open = Connections::default();
        thread::scope(|scope| {
            let ended = loop {
                let mut watched = [PollFd::new(&until, PollFlags::IN), PollFd::new(&self.listener, PollFlags::IN)];
                match poll(&mut watched, None) {
                    Err(rustix::io::Errno::INTR) => continue,
                    Err(error) => break Err(error.into()),
                    Ok(_) if !watched[0].revents().is_empty() => break Ok(()),
                    Ok(_) => {}
                }
                match self.listener.accept() {
                    Ok((stream, _)) => {
                        if let Some(connection) = open.admit(stream) {
                            scope.spawn(move || self.serve(&connection));
                        }
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    // Gone again, or no descriptor is left: that may be over in a moment.
                    Err(_) => thread::sleep(Duration::from_millis(50)),
                }
            };
            open.end();
            ended
        })
    }

    /// Answer what comes over one connection, until either side has enough.
    fn serve(&self, connection: &Connection<'_>) {
        let stream = &connection.stream;
        let mut requests = Requests::new(stream);
        while let Some(request) = requests.next() {
            let (answer, is_head, stays) = match &request {
                Ok(request) => (self.site.answer(request), request.is_head, request.keeps_open),
                Err(bad) => (Answer::refused(*bad), false, false),
            };
            if answer.send(&self.site, stream, is_head, stays).is_err() || !stays {
                break;
            }
        }
        let _ = stream.shutdown(Shutdown::Both);
    }
}

/// The open connections, so that they can be counted and ended.
#[derive(Default)]
struct Connections {
    open: Mutex<(u64, HashMap<u64, TcpStream>)>,
}

/// One of them, which is off the list when it is dropped.
struct Connection<'a> {
    stream: TcpStream,
    number: u64,
    all: &'a Connections,
}

impl Connections {
    /// Put a connection on the list; one too many is closed.
    fn admit(&self, stream: TcpStream) -> Option<Connection<'_>> {
        let listed = prepared(&stream).ok()?;
        let (count, open) = &mut *self.lock();
        if open.len() >= MOST_CONNECTIONS {
            return None;
        }
        *count += 1;
        open.insert(*count, listed);
        Some(Connection { stream, number: *count, all: self })
    }

    /// End them all.
    fn end(&self) {
        for stream in self.lock().1.values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn lock(&self) -> MutexGuard<'_, (u64, HashMap<u64, TcpStream>)> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        self.all.lock().1.remove(&self.number);
    }
}

/// Set what holds for every connection; gives a second handle to it.
fn prepared(stream: &TcpStream) -> io::Result<TcpStream> {
    stream.set_nonblocking(false)?; // some systems hand on what the listener is
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.try_clone()
}
