//! What FAISS says, in words that mean something on this machine.

/// FAISS says `Error in FUNCTION at PATH:LINE: WORDS` (`impl/FaissException.cpp`), and where one call of its own failed within
/// another, that again within the words. The words are kept, and behind them the name and line of the innermost place; the
/// paths are those of the machine that compiled it.
///
/// Of an exception that is not its own, the C interface keeps no more than that there was one (`macros_impl.h`).
pub(super) fn without_path(words: &str) -> String {
    let words = words.trim();
    match words {
        "std::bad_alloc" => return "out of memory".into(),
        "std::exception" => return "an exception of C++ without words, which mostly means out of memory".into(),
        _ => {}
    }
    let (mut said, mut rest, mut innermost) = (String::new(), words, None);
    while let Some((before, after)) = rest.split_once("Error in ") {
        said.push_str(before);
        match place(after) {
            Some((place, words)) => {
                innermost = Some(place);
                rest = words.strip_prefix("Error: ").unwrap_or(words);
            }
            None => {
                said.push_str("Error in ");
                rest = after;
            }
        }
    }
    said.push_str(rest);
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let said = lines.join("; ");
    match innermost {
        Some(place) => format!("{said} ({place})"),
        None => said,
    }
}

/// Parts `FUNCTION at PATH:LINE: WORDS` into `NAME:LINE` and the words.
fn place(text: &str) -> Option<(String, &str)> {
    let end = |extension: &'static str| text.find(extension).map(|at| (at, extension));
    let (at, extension) = [".cpp:", ".h:"].into_iter().filter_map(end).min()?;
    let name = text.get(..at)?.rsplit(['/', '\\', ' ']).next()?;
    let (line, words) = text.get(at + extension.len()..)?.split_once(':')?;
    let is_line = !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit());
    is_line.then(|| (format!("{name}{extension}{line}"), words.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::without_path;

    #[test]
    fn no_path_of_another_machine_is_left_in_the_words_of_faiss() {
        for (words, said) in [
            ("Error in void f(int) at /root/a/IndexIVF.cpp:12: wrong", "wrong (IndexIVF.cpp:12)"),
            ("Error in f at /a/MaybeOwned.h:7: Error: 'n > 0' failed\n", "'n > 0' failed (MaybeOwned.h:7)"),
            (
                "Error in virtual void g(x) const at /root/.cargo/b/IndexIVF.cpp:345: Error in void f(y) at \
                 /root/.cargo/b/IndexIVF.cpp:123: Error: 'nprobe > 0' failed",
                "'nprobe > 0' failed (IndexIVF.cpp:123)",
            ),
            (
                "Error in g at /b/A.cpp:1: search interrupted with: Error in f at /b/B.h:2: Error: 'x' failed: no",
                "search interrupted with: 'x' failed: no (B.h:2)",
            ),
            (
                "Exception thrown from index 0: Error in f at /b/B.cpp:2: bad\nException thrown from index 1: Error in f at \
                 /b/B.cpp:2: bad\n",
                "Exception thrown from index 0: bad; Exception thrown from index 1: bad (B.cpp:2)",
            ),
            ("Error in f at /b/io.cpp:9: could not open /home/me/x.h", "could not open /home/me/x.h (io.cpp:9)"),
            ("Error in the words", "Error in the words"),
            ("std::bad_alloc", "out of memory"),
            ("std::exception", "an exception of C++ without words, which mostly means out of memory"),
        ] {
            assert_eq!(without_path(words), said);
        }
    }
}
