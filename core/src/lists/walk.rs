//! Going through inverted lists one after the other, or to one of them.
//!
//! [`Walk`] hands out [`List`]s in order, [`Locate`] finds one by its number from the nearest checkpoint, and
//! [`Survey`] is the first walk over fresh lists, which makes balance and checkpoints. All three ask for
//! the sizes of lists and nothing else, never for codes and ids, and let go of what they have used.
//! What a list claims is held against the length of the file.

use super::{Balance, Checkpoint, Layout, List, Lists, Sizes};
use crate::bytes::{Reading, Span, Step};
use crate::error::Error;
use crate::limits::{HEADER_BYTES, LISTS_PER_CHECKPOINT, WALK_BYTES};
use crate::window::{Read, Replay, Stop, Window};
use alloc::{format, vec::Vec};

/// The lists in order, from any of them on.
///
/// Where sizes are stored only of lists that are not empty ([`Sizes::Sparse`]), empty lists are left
/// out; else every list appears.
pub struct Walk<'l> {
    lists: &'l Lists,
    window: Window,
    from: u64,
    place: Option<Checkpoint>,
}

/// Finds one list by its number.
pub type Locate<'l> = Replay<Locating<'l>, fn(&mut Locating<'l>, &mut Window) -> Read<List>>;

/// The state of [`Locate`].
pub struct Locating<'l> {
    lists: &'l Lists,
    number: u64,
    place: Option<Checkpoint>,
}

/// The first walk over lists: fills in balance and checkpoints, and finds where the data ends.
#[derive(Debug)]
pub struct Survey {
    lists: Lists,
    place: Checkpoint,
}

impl<'l> Walk<'l> {
    /// A walk over lists in a file of `file_len` bytes, starting at list number `from`.
    pub fn new(lists: &'l Lists, file_len: u64, from: u64) -> Walk<'l> {
        Walk { lists, window: Window::new(file_len), from, place: None }
    }

    /// The next list, or `None` after the last.
    ///
    /// # Errors
    /// A list that does not fit into the file or contradicts its own counts.
    pub fn step(&mut self) -> Result<Step<Option<List>>, Error> {
        loop {
            match self.lists.next_from(self.from, &mut self.place, &mut self.window) {
                Ok(Some(list)) if list.number < self.from => {}
                Ok(list) => return Ok(Step::Done(list)),
                Err(Stop::Need(span)) => return Ok(Step::Need(span)),
                Err(Stop::Bad(error)) => return Err(error),
            }
        }
    }

    /// Hand over the bytes that start at `at`.
    pub fn bring(&mut self, at: u64, bytes: &[u8]) {
        self.window.insert(at, bytes);
    }
}

impl Lists {
    /// The lists in order, from list number `from` on; the stream is in a file of `file_len` bytes.
    pub fn walk(&self, file_len: u64, from: u64) -> Walk<'_> {
        Walk::new(self, file_len, from)
    }

    /// The lists in order, from the nearest checkpoint before the list that holds `row`.
    pub fn walk_rows(&self, file_len: u64, row: u64) -> Walk<'_> {
        let after = self.checkpoints.partition_point(|checkpoint| checkpoint.row <= row);
        let place = after.checked_sub(1).and_then(|before| self.checkpoints.get(before)).copied();
        Walk { place, ..Walk::new(self, file_len, 0) }
    }

    /// A reading that finds list `number`. A list that does not exist is an error, an empty one is not.
    pub fn locate(&self, file_len: u64, number: u64) -> Locate<'_> {
        let run: fn(&mut Locating<'_>, &mut Window) -> Read<List> = locate;
        Replay::new(file_len, Locating { lists: self, number, place: None }, run)
    }

    /// Step on from `place`, which is found first if there is none yet.
    fn next_from(&self, from: u64, place: &mut Option<Checkpoint>, window: &mut Window) -> Read<Option<List>> {
        let mut now = match place {
            Some(place) => *place,
            None => self.checkpoint_before(from, window)?,
        };
        *place = Some(now);
        let list = self.next(&mut now, window)?;
        *place = Some(now);
        Ok(list)
    }

    /// The last checkpoint that is not after list `number`.
    fn checkpoint_before(&self, number: u64, window: &mut Window) -> Read<Checkpoint> {
        let (mut low, mut high) = (0usize, self.checkpoints.len());
        while high.saturating_sub(low) > 1 {
            let middle = low.midpoint(high);
            let Some(checkpoint) = self.checkpoints.get(middle) else { break };
            let first = match self.sizes {
                Sizes::Sparse(span) => pair(span, checkpoint.entry, window)?.map_or(u64::MAX, |(first, _)| first),
                _ => checkpoint.entry,
            };
            if first <= number { low = middle } else { high = middle }
        }
        Ok(self.checkpoints.get(low).copied().unwrap_or_else(|| self.start()))
    }

    /// The place of the first list.
    fn start(&self) -> Checkpoint {
        let ids_at = if let Layout::Split { ids, .. } = &self.layout { ids.start } else { 0 };
        Checkpoint { entry: 0, row: 0, at: self.span.start, ids_at }
    }

    /// The list at `place`, which moves on to the one after it; `None` after the last.
    fn next(&self, place: &mut Checkpoint, window: &mut Window) -> Read<Option<List>> {
        let found = self.look(*place, window).map_err(|stop| self.ask(stop, *place, window))?;
        let Some((list, next)) = found else { return Ok(None) };
        *place = next;
        Ok(Some(list))
    }

    /// Ask for as many sizes as one request takes, and let go of what lies behind `place`.
    fn ask(&self, stop: Stop, place: Checkpoint, window: &mut Window) -> Stop {
        let Stop::Need(missing) = stop else { return stop };
        let (behind, end, most) = match self.sizes {
            Sizes::Full(sizes) => (Span::between(sizes.start, element(sizes, place.entry, 8)), sizes.end(), WALK_BYTES),
            Sizes::Sparse(sizes) => {
                (Span::between(sizes.start, element(sizes, place.entry, 16)), sizes.end(), WALK_BYTES)
            }
            Sizes::Slots(sizes) => {
                (Span::between(sizes.start, element(sizes, place.entry, 24)), sizes.end(), WALK_BYTES)
            }
            Sizes::Inline => (Span::between(self.span.start, place.at), window.file_len(), HEADER_BYTES),
        };
        window.forget(behind);
        if let Layout::Split { ids, .. } = &self.layout {
            window.forget(Span::between(ids.start, place.ids_at));
        }
        let rest = end.saturating_sub(missing.start).min(most);
        Stop::Need(Span::new(missing.start, rest.max(missing.len)))
    }

    /// What stands at `place`: a list, and the place after it.
    fn look(&self, place: Checkpoint, window: &Window) -> Read<Option<(List, Checkpoint)>> {
        let mut next = Checkpoint { entry: place.entry.saturating_add(1), ..place };
        let (number, size) = match self.sizes {
            Sizes::Sparse(span) => match pair(span, place.entry, window)? {
                Some(pair) => pair,
                None => return Ok(None),
            },
            _ if place.entry >= self.nlist => return Ok(None),
            Sizes::Full(span) => (place.entry, u64_at(window, element(span, place.entry, 8))?),
            Sizes::Slots(span) => (place.entry, u64_at(window, element(span, place.entry, 24))?),
            Sizes::Inline => match &self.layout {
                Layout::Split { .. } => (place.entry, u64_at(window, place.ids_at)?),
                _ => (place.entry, u64_at(window, place.at)?),
            },
        };
        let wide = |n: u64, width: u64| n.saturating_mul(width);
        let whole = |n: u64, per: u64| wide(n.div_ceil(per.max(1)), per);
        let (codes, ids) = match &self.layout {
            Layout::Array => {
                let codes = Span::new(place.at, wide(size, self.code_size));
                let ids = Span::new(codes.end(), wide(size, 8));
                next.at = ids.end();
                (codes, ids)
            }
            Layout::Panorama { batch_size, n_levels } => {
                let rows = whole(size, *batch_size);
                let codes = Span::new(place.at, wide(rows, self.code_size));
                let ids = Span::new(codes.end(), wide(size, 8));
                let sums = wide(rows, wide(n_levels.saturating_add(1), 4));
                next.at = ids.end().saturating_add(sums);
                (codes, ids)
            }
            Layout::Block { n_per_block, block_size } => {
                let ids = Span::new(place.at.saturating_add(8), wide(size, 8));
                window.check(ids)?;
                let stored = u64_at(window, ids.end())?;
                let expected = wide(size.div_ceil((*n_per_block).max(1)), *block_size);
                agree(ids.end(), "codes of a list = blocks * block_size", expected, stored)?;
                let codes = Span::new(ids.end().saturating_add(8), stored);
                next.at = codes.end();
                (codes, ids)
            }
            Layout::Split { counted, .. } => {
                let ids = Span::new(place.ids_at.saturating_add(8), wide(size, 8));
                let stored = u64_at(window, place.at)?;
                let codes = Span::new(place.at.saturating_add(8), wide(stored, *counted));
                agree(place.at, "codes of a list = entries * code_size", wide(size, self.code_size), codes.len)?;
                next.ids_at = ids.end();
                next.at = codes.end();
                (codes, ids)
            }
            Layout::OnDisk { .. } => {
                let Sizes::Slots(span) = self.sizes else { return Ok(None) };
                let slot = element(span, place.entry, 24);
                let (capacity, offset) =
                    (u64_at(window, slot.saturating_add(8))?, u64_at(window, slot.saturating_add(16))?);
                let start = if size == 0 { 0 } else { offset };
                let codes = Span::new(start, wide(size, self.code_size));
                (codes, Span::new(start.saturating_add(wide(capacity, self.code_size)), wide(size, 8)))
            }
        };
        next.row = place.row.saturating_add(size);
        let list = List { number, row: place.row, size, codes, ids };
        self.check(&list, place, next, window).map_err(|stop| match stop {
            Stop::Bad(error) => error.inside(&format!("list[{number}]")).into(),
            Stop::Need(_) => stop,
        })?;
        Ok(Some((list, next)))
    }

    /// That a list lies where lists may lie.
    fn check(&self, list: &List, place: Checkpoint, next: Checkpoint, window: &Window) -> Read<()> {
        if let (Layout::OnDisk { totsize, .. }, Sizes::Slots(slots)) = (&self.layout, self.sizes) {
            let end = list.codes.end().max(list.ids.end());
            if list.size > 0 && end > *totsize {
                let rule = "a list ends inside the side file's totsize";
                return Err(Error::inconsistent(element(slots, place.entry, 24), rule, totsize, end).into());
            }
            return Ok(());
        }
        if let Layout::Split { .. } = &self.layout {
            window.check(list.ids)?;
        }
        window.check(Span::between(place.at, next.at))
    }
}

/// Run until list `number` is found.
fn locate(state: &mut Locating<'_>, window: &mut Window) -> Read<List> {
    let (lists, wanted) = (state.lists, state.number);
    if wanted >= lists.nlist {
        return Err(Error::invalid(lists.span.start, "a list number is below nlist", wanted).into());
    }
    loop {
        let before = state.place;
        let found = lists.next_from(wanted, &mut state.place, window)?;
        match found {
            Some(list) if list.number < wanted => {}
            Some(list) if list.number == wanted => return Ok(list),
            // Only lists that are not empty are stored, and this one is not among them.
            Some(List { row, codes, .. }) => return Ok(empty(wanted, row, codes.start)),
            None => {
                let end = before.unwrap_or_else(|| lists.start());
                return Ok(empty(wanted, end.row, end.at));
            }
        }
    }
}

fn empty(number: u64, row: u64, at: u64) -> List {
    List { number, row, size: 0, codes: Span::new(at, 0), ids: Span::new(at, 0) }
}

impl Survey {
    /// A survey of `lists`, of which everything is known but balance, checkpoints and the length of
    /// the data.
    pub fn new(lists: Lists) -> Survey {
        let lists = Lists { balance: Balance::default(), checkpoints: Vec::new(), ..lists };
        let place = lists.start();
        Survey { lists, place }
    }

    /// Go on as far as the bytes allow; the lists with everything filled in at the end.
    ///
    /// # Errors
    /// [`Stop::Need`] for sizes that have not arrived; else what is wrong with a list.
    pub fn run(&mut self, window: &mut Window) -> Read<&Lists> {
        loop {
            let place = self.place;
            let last = self.lists.checkpoints.last().map(|checkpoint| checkpoint.entry);
            if last.is_none_or(|last| place.entry.saturating_sub(last) >= LISTS_PER_CHECKPOINT) {
                self.lists.checkpoints.push(place);
            }
            self.ascending(window).map_err(|stop| self.lists.ask(stop, place, window))?;
            match self.lists.next(&mut self.place, window)? {
                Some(list) => self.lists.balance.add(list.size),
                None => break,
            }
        }
        if !matches!(self.lists.layout, Layout::OnDisk { .. }) {
            self.lists.span = Span::between(self.lists.span.start, self.place.at);
        }
        Ok(&self.lists)
    }

    /// That list numbers in pairs ascend and are below `nlist`, as FAISS writes them. FAISS would read other
    /// orders, but the data follows the list numbers, not the pairs.
    fn ascending(&self, window: &Window) -> Read<()> {
        let (Sizes::Sparse(span), entry) = (self.lists.sizes, self.place.entry) else { return Ok(()) };
        let Some((number, _)) = pair(span, entry, window)? else { return Ok(()) };
        let at = element(span, entry, 16);
        if number >= self.lists.nlist {
            return Err(Error::invalid(at, "a list number is below nlist", number).into());
        }
        match pair(span, entry.saturating_add(1), window)? {
            Some((after, _)) if after <= number => {
                Err(Error::invalid(at.saturating_add(16), "list numbers of `sprs` ascend", after).into())
            }
            _ => Ok(()),
        }
    }
}

/// Where element `index` of an array of `width` bytes each starts.
fn element(span: Span, index: u64, width: u64) -> u64 {
    span.start.saturating_add(index.saturating_mul(width))
}

/// List number and size of pair `entry`, if there is one.
fn pair(span: Span, entry: u64, window: &Window) -> Read<Option<(u64, u64)>> {
    let at = element(span, entry, 16);
    if at.saturating_add(16) > span.end() {
        return Ok(None);
    }
    let mut both = [[0; 8]; 2];
    window.copy(at, both.as_flattened_mut())?;
    let [number, size] = both.map(u64::from_le_bytes);
    Ok(Some((number, size)))
}

fn u64_at(window: &Window, at: u64) -> Read<u64> {
    let mut bytes = [0; 8];
    window.copy(at, &mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

fn agree(at: u64, rule: &'static str, expected: u64, found: u64) -> Read<()> {
    if expected == found { Ok(()) } else { Err(Error::inconsistent(at, rule, expected, found).into()) }
}

impl Reading for Walk<'_> {
    type Output = Option<List>;

    fn step(&mut self) -> Result<Step<Option<List>>, Error> {
        Walk::step(self)
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        Walk::bring(self, at, bytes);
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // of small numbers in a test
mod tests {
    use super::*;
    use alloc::string::ToString;

    /// Half a million lists of one entry, sizes stored in full from byte 0.
    const NLIST: u64 = 1 << 19;

    fn lists() -> Lists {
        let sizes = Sizes::Full(Span::new(0, NLIST * 8));
        let span = Span::new(NLIST * 8, 0);
        let balance = Balance::default();
        Lists { layout: Layout::Array, nlist: NLIST, code_size: 4, sizes, span, balance, checkpoints: Vec::new() }
    }

    #[test]
    fn a_survey_of_many_lists_holds_one_request_at_a_time() {
        let mut survey = Survey::new(lists());
        let mut window = Window::new(NLIST * 20);
        let mut most = 0;
        loop {
            match survey.run(&mut window) {
                Ok(found) => {
                    assert_eq!(found.span, Span::new(NLIST * 8, NLIST * 12));
                    assert_eq!((found.balance.total, found.balance.non_empty), (NLIST, NLIST));
                    break;
                }
                Err(Stop::Need(span)) => {
                    let sizes = 1u64.to_le_bytes().repeat(usize::try_from(NLIST).unwrap());
                    window.insert(span.start, crate::bytes::slice(&sizes, span));
                    most = most.max(window.held());
                }
                Err(Stop::Bad(error)) => assert_eq!(error.to_string(), "no error"),
            }
        }
        assert!(most <= WALK_BYTES, "held {most} bytes");
    }

    #[test]
    fn a_list_that_passes_the_end_is_named() {
        let mut survey = Survey::new(Lists { nlist: 2, sizes: Sizes::Full(Span::new(0, 16)), ..lists() });
        let mut window = Window::new(40);
        window.insert(0, &[1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0]);
        survey.lists.span = Span::new(16, 0);
        survey.place = survey.lists.start();
        let error = survey.run(&mut window).unwrap_err();
        assert!(matches!(error, Stop::Bad(error) if (error.path.as_str(), error.at) == ("list[1]", 28)));
    }
}
