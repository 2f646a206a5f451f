//! Questions to FAISS, answered by processes that may crash: `ask-faiss`, in `src/bin`.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
};

/// What comes of `file` on `road`; the roads are in `ask-faiss`.
#[derive(Debug, Clone)]
pub struct Question {
    /// How it is read.
    pub road: &'static str,
    /// An index file or a snapshot.
    pub file: PathBuf,
    /// The facts about the fixture that it was made from: `binary` and `queries` are looked at.
    pub facts: PathBuf,
}

/// An answer to each question; `died: STATUS` where the process did.
///
/// # Panics
/// When `program` cannot be run.
pub fn ask(program: &str, folder: &Path, questions: &[Question]) -> Vec<String> {
    let mut answers: Vec<String> = Vec::with_capacity(questions.len());
    while answers.len() < questions.len() {
        let open = &questions[answers.len()..];
        let mut child = Command::new(program)
            .current_dir(folder)
            // One thread of FAISS: what it adds up it adds in one order.
            .envs([("OMP_NUM_THREADS", "1"), ("OPENBLAS_NUM_THREADS", "1")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        let (mut stdin, stdout) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        std::thread::scope(|scope| {
            scope.spawn(move || {
                for Question { road, file, facts } in open {
                    // A child that has died does not listen; its answers tell.
                    if writeln!(stdin, "{road}\t{}\t{}", file.display(), facts.display()).is_err() {
                        return;
                    }
                }
            });
            answers.extend(BufReader::new(stdout).lines().map(|line| line.expect("answers are text")));
        });
        let status = child.wait().expect("a child can be waited for");
        if answers.len() < questions.len() {
            answers.push(format!("died: {status}"));
        }
    }
    answers
}

/// Share `items` out to as many threads as there are cores, in a folder for each; what all of them give.
///
/// # Panics
/// When a share panics, or there is nowhere to make folders.
pub fn shared_out<T: Sync, R: Send>(items: &[T], work: impl Fn(&Path, &[&T]) -> Vec<R> + Sync) -> Vec<R> {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        let work = &work;
        let spawn = |thread| {
            let share: Vec<&T> = items.iter().skip(thread).step_by(threads).collect();
            scope.spawn(move || {
                let folder =
                    std::env::temp_dir().join(format!("faissil-asking-{}-{call}-{thread}", std::process::id()));
                std::fs::create_dir_all(&folder).expect("a folder can be made");
                let given = work(&folder, &share);
                std::fs::remove_dir_all(&folder).expect("and removed");
                given
            })
        };
        let running: Vec<_> = (0..threads).map(spawn).collect();
        running.into_iter().flat_map(|thread| thread.join().expect("no share panics")).collect()
    })
}
