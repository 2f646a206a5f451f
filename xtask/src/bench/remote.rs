//! `cargo xtask bench --remote`: pulling from a FAISSx server against the fastest loop in Python, and how long a plan takes.

use super::measure::{Figure, alternate, peak_memory, seconds};
use super::{into_readme, page};
use crate::Outcome;
use crate::run::{cargo, command, must, output, target};
use crate::test::faissx;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The index: 150,000 vectors of 384 dimensions.
const ROWS: &str = "150000";
const D: &str = "384";
/// Rows a request in Python: the best of them counts.
const PAGES: [&str; 3] = ["1000", "2500", "10000"];
const ROUNDS: usize = 3;

/// A server that ends with the bench.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(super) fn run(write: bool) -> Outcome {
    let python = faissx()?;
    must(&mut cargo(&["build", "--release", "--quiet", "--package", "faissil"]))?;
    let home = target().join("bench/remote");
    std::fs::create_dir_all(&home).map_err(|error| format!("cannot make {}: {error}", home.display()))?;
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let port = port.map_err(|error| format!("no port is free: {error}"))?.port();
    let port_text = port.to_string();
    let mut server = Command::new(python.with_file_name("faissx.server"));
    server
        .args(["run", "--bind-address", "127.0.0.1", "--port", &port_text])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let _server = Server(server.spawn().map_err(|error| format!("cannot start the server: {error}"))?);
    for _ in 0..600 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let folder = home.to_str().ok_or("the target directory's path is not text")?;
    must(&mut command(&python, &["tests/faissx/fill.py", &port_text, folder, ROWS, D, "flat_ip,with/slash"]))?;

    let out = home.join("out.faissil");
    let pull = |index: &str| {
        let _ = std::fs::remove_file(&out);
        let mut command = Command::new(target().join("release/faissil"));
        command.arg("pull").arg(format!("tcp://127.0.0.1:{port}/{index}")).arg(&out);
        command
    };
    let python_loop = |page: &str| {
        let mut command = command(&python, &["tests/faissx/loop.py", &port_text, "flat_ip", ROWS, D]);
        command.arg(page);
        command
    };
    let ours = || seconds(&mut pull("flat_ip"));
    let [a, b, c] = PAGES.map(|page| move || seconds(&mut python_loop(page)));
    let [our_time, a, b, c] = alternate(ROUNDS, [&ours, &a, &b, &c])?;
    let memory = peak_memory(&mut pull("flat_ip"))?;
    let [with_ids] = alternate(1, [&|| seconds(&mut pull("with/slash"))])?;
    let slowest = output(&mut cargo(&["bench", "--quiet", "--package", "faissil", "--bench", "plan"]))?;
    let micros: f64 = slowest.trim().parse().map_err(|_| format!("the bench of plans printed no number: {slowest}"))?;
    let figures = [
        Figure::ratio("`pull`, 150 000 x 384 of a flat index", our_time, "a loop in Python", a.min(b).min(c), 0.9),
        Figure::below("memory that it takes at most", memory as f64 / 1024.0, 256.0, "MiB"),
        Figure::alone("`pull`, the same behind an IDMap2, ids by search", with_ids),
        Figure::below("the slowest of all plans", micros, 1000.0, "µs"),
    ];
    let rows: String = figures.iter().map(Figure::row).collect();
    let page = page(&rows, ROUNDS, "FAISSx 0.20260422.2 on the same machine, the loop neither writes nor verifies")?;
    println!("{page}");
    if write { into_readme("bench-remote", "bench --remote", &page) } else { Ok(()) }
}
