//! How the graphs of an index are doing, held against plain walks over them.

use faissil_core::{
    faiss,
    files::Files,
    health::{Detail, GraphDetail, State},
    outline::Record,
};
use faissil_tests::corpus;
use faissil_tests::health::{TINY, record, records, sections, words};

/// What a plain walk over a graph finds: out of range, to itself, below, misplaced, unreachable, unreachable at all,
/// links on level 0.
fn walked(file: &[u8], graph: &Record) -> (u64, u64, u64, u64, u64, Option<u64>, u64) {
    let n = graph.u64("ntotal").unwrap() as usize;
    let span = |name: &str| graph.array(name).unwrap().span;
    let number = |name: &str| {
        i64::from(match graph.value(name) {
            Some(faissil_core::outline::Value::I32(number)) => *number,
            other => panic!("{name}: {other:?}"),
        })
    };
    let (mut out_of_range, mut itself, mut below, mut misplaced) = (0, 0, 0, 0);
    let mut level0: Vec<Vec<usize>> = vec![Vec::new(); n];
    let mut starts = Vec::new();
    let mut links = 0;
    let entry;
    if graph.array("nsg.graph").is_some() {
        entry = number("nsg.enterpoint");
        let all = words(file, span("nsg.graph"), i32::from_le_bytes);
        for (node, own) in all.split(|&link| link == -1).take(n).enumerate() {
            links += own.len() as u64;
            level0[node] = own.iter().map(|&link| link as usize).collect();
            itself += own.iter().filter(|&&link| link as usize == node).count() as u64;
        }
    } else {
        entry = number("hnsw.entry_point");
        let cum = words(file, span("hnsw.cum_nneighbor_per_level"), i32::from_le_bytes);
        let levels = words(file, span("hnsw.levels"), i32::from_le_bytes);
        let offsets = words(file, span("hnsw.offsets"), u64::from_le_bytes);
        let neighbors = words(file, span("hnsw.neighbors"), i32::from_le_bytes);
        for node in 0..n {
            let top = levels[node];
            let (from, to) = (offsets[node], offsets[node + 1]);
            let room = usize::try_from(top).ok().filter(|&top| top > 0).and_then(|top| cum.get(top));
            if top > 1 {
                starts.push(node);
            }
            if room.is_none_or(|&room| to.checked_sub(from) != Some(room as u64)) || to > neighbors.len() as u64 {
                misplaced += 1;
                continue;
            }
            for level in 0..top as usize {
                let own = &neighbors[from as usize + cum[level] as usize..from as usize + cum[level + 1] as usize];
                for &link in own.iter().take_while(|&&link| link != -1) {
                    links += u64::from(level == 0);
                    match usize::try_from(link) {
                        Ok(link) if link >= n => out_of_range += 1,
                        Err(_) => out_of_range += 1,
                        Ok(link) if link == node => itself += 1,
                        Ok(link) if level > 0 && levels[link] < 2 => below += 1,
                        Ok(_) => {}
                    }
                    if let Some(link) = usize::try_from(link).ok().filter(|&link| link < n && level == 0) {
                        level0[node].push(link);
                    }
                }
            }
        }
    }
    let unreachable = |starts: &[usize]| {
        let mut seen = vec![false; n];
        let mut queue = starts.to_vec();
        while let Some(node) = queue.pop() {
            if !std::mem::replace(&mut seen[node], true) {
                queue.extend(level0[node].iter().filter(|&&link| !seen[link]));
            }
        }
        seen.iter().filter(|seen| !**seen).count() as u64
    };
    let first: Vec<usize> = usize::try_from(entry).ok().filter(|&entry| entry < n).into_iter().collect();
    starts.extend(&first);
    let at_all = graph.array("hnsw.levels").map(|_| unreachable(&starts));
    (out_of_range, itself, below, misplaced, unreachable(&first), at_all, links)
}

fn told(graph: &GraphDetail) -> (u64, u64, u64, u64, u64, Option<u64>, u64) {
    let links = graph.degrees.first().map_or(0, |level| level.links);
    let unreachable = graph.unreachable.unwrap();
    let below = graph.links_below.unwrap();
    let (out_of_range, itself) = (graph.links_out_of_range, graph.links_to_itself);
    (out_of_range, itself, below, graph.nodes_misplaced, unreachable, graph.unreachable_at_all, links)
}

#[test]
fn graphs_are_what_a_plain_walk_finds() {
    let (mut seen, mut broken, mut lost) = (0, 0, 0);
    for case in corpus() {
        let whole = case.bytes();
        let outline = faiss::outline(&whole).unwrap();
        let mut all = Vec::new();
        records(&outline.root, "", &mut all);
        if !all
            .iter()
            .any(|(_, record)| ["hnsw.neighbors", "nsg.graph"].iter().any(|name| record.array(name).is_some()))
        {
            continue;
        }
        let graphs = all.iter().filter(|(_, record)| record.array("hnsw.neighbors").is_some());
        let mut files = vec![whole.clone()];
        for (_, graph) in graphs {
            // The same with some links cut, turned elsewhere or into nonsense, and with a level and an offset that lie.
            for round in 0..6_u32 {
                let mut file = whole.clone();
                let span = graph.array("hnsw.neighbors").unwrap().span;
                let n = graph.u64("ntotal").unwrap().max(1) as u32;
                for (place, link) in file[span.start as usize..span.end() as usize].chunks_exact_mut(4).enumerate() {
                    let chance = (place as u32).wrapping_mul(2_654_435_761).wrapping_add(round * 977) >> 16;
                    match (round, chance % 16) {
                        (0, 0..4) | (1, 0..13) => link.copy_from_slice(&(-1_i32).to_le_bytes()),
                        (2, 0..8) => link.copy_from_slice(&(chance % n).to_le_bytes()),
                        (3, 0) => link.copy_from_slice(&(n + chance).to_le_bytes()),
                        (3, 1) => link.copy_from_slice(&(-7_i32).to_le_bytes()),
                        _ => {}
                    }
                }
                for (name, width) in [("hnsw.levels", 4), ("hnsw.offsets", 8)] {
                    let span = graph.array(name).unwrap().span;
                    // Not the last offset: the outline leans on it.
                    let at = span.start as usize + n as usize / 3 * width;
                    if round == 4 && n > 8 {
                        file[at] ^= 1;
                    } else if round == 5 && n > 8 {
                        file[at + width - 1] ^= 0x80;
                    }
                }
                files.push(file);
            }
        }
        for file in files {
            let Ok(outline) = faiss::outline(&file) else { continue };
            for section in sections(&file, Files::only(file.len() as u64), &outline, &TINY) {
                let Some(Detail::Graph(graph)) = &section.detail else { continue };
                let expected = walked(&file, record(&outline, &section.path));
                assert_eq!(told(graph), expected, "{} {}", case.name, section.path);
                let is_damage = section.measures.iter().any(|measure| measure.state == State::Damage);
                let (out_of_range, itself, below, misplaced, unreachable, ..) = expected;
                assert!(is_damage || out_of_range + itself + below + misplaced == 0, "{}", case.name);
                assert!(file != case.bytes() || !is_damage, "{}: FAISS wrote this: {section:?}", case.name);
                seen += 1;
                broken += u64::from(is_damage);
                lost += u64::from(unreachable > 0);
            }
        }
    }
    assert!(seen > 100 && broken > 50 && lost > 50, "{seen} graphs, {broken} broken, {lost} with lost nodes");
}

/// An `IndexHNSW` without storage of `n` nodes on level 0, with room for 16 links each.
fn graph_of(n: u32, links: impl Fn(u32) -> Vec<u32>) -> Vec<u8> {
    let mut out = b"IHNf".to_vec();
    out.extend(4_i32.to_le_bytes());
    [u64::from(n), 1 << 20, 1 << 20].iter().for_each(|number| out.extend(number.to_le_bytes()));
    out.push(1);
    out.extend(1_i32.to_le_bytes());
    out.extend(1_u64.to_le_bytes());
    out.extend(1_f64.to_le_bytes());
    out.extend(2_u64.to_le_bytes());
    [0_i32, 16].iter().for_each(|sum| out.extend(sum.to_le_bytes()));
    out.extend(u64::from(n).to_le_bytes());
    (0..n).for_each(|_| out.extend(1_i32.to_le_bytes()));
    out.extend(u64::from(n + 1).to_le_bytes());
    (0..=u64::from(n)).for_each(|node| out.extend((node * 16).to_le_bytes()));
    out.extend((u64::from(n) * 16).to_le_bytes());
    for node in 0..n {
        let own = links(node);
        let padded = own.iter().map(|&link| link as i32).chain(std::iter::repeat(-1)).take(16);
        padded.for_each(|link| out.extend(link.to_le_bytes()));
    }
    // Entry point, highest level, efConstruction, efSearch, upper_beam.
    [n as i32 / 2, 0, 40, 16, 1].iter().for_each(|number| out.extend(number.to_le_bytes()));
    out.extend(b"null");
    out
}

#[test]
fn graphs_too_large_to_keep_are_read_again_where_paths_turn_back() {
    const N: u32 = 600_000;
    let mixed = |node: u32, turn: u32| (node.wrapping_mul(2_654_435_761) ^ turn.wrapping_mul(0x9E37_79B9)) % N;
    // Six links to anywhere but the last thousand nodes.
    let random =
        graph_of(N, |node| (1..7).map(|turn| mixed(node, turn) % (N - 1000)).filter(|&to| to != node).collect());
    // One path through all nodes that leaves its block with every step.
    let path = graph_of(N, |node| vec![(node + 70_001) % N]);
    for (file, is_known) in [(random, true), (path, false)] {
        let outline = faiss::outline(&file).unwrap();
        assert_eq!(outline.fault, None);
        let found = sections(&file, Files::only(file.len() as u64), &outline, &TINY);
        let Some(Detail::Graph(graph)) = &found[0].detail else { panic!("{found:?}") };
        if is_known {
            assert_eq!(told(graph), walked(&file, &outline.root));
            assert!(graph.unreachable >= Some(1000) && graph.unreachable < Some(N.into()));
        } else {
            assert_eq!((graph.unreachable, graph.unreachable_at_all), (None, None));
            let unknown = found[0].measures.iter().filter(|measure| measure.state == State::Unknown);
            assert!(unknown.map(|measure| measure.code).eq(["unreachable", "unreachable-at-all"]));
            assert_eq!(graph.degrees[0].histogram, [0, u64::from(N)]);
        }
    }
}
