//! The planner: every combination of what a source can do, as one table, and what must hold for any facts at all.

use faissil_core::plan::{
    Call, Can, Cost, Facts, Fault, IdFacts, IdStrategy, Missing, Mode, Plan, Policy, Search, Step, Stores, Strategies,
    Strategy, plan,
};
use faissil_core::report::Level;
use proptest::prelude::*;
use std::{fmt::Write, ops::Range};

const ROWS: u64 = 40;

/// One run of rows.
fn run(rows: Range<u64>) -> Vec<Range<u64>> {
    Vec::from([rows])
}

fn facts(can: Can, stores: Stores) -> Facts {
    Facts {
        mode: Mode::Remote,
        from: "a server".into(),
        index: "Flat".into(),
        rows: ROWS,
        d: 8,
        stores,
        can,
        ids: IdFacts { own: Some(false), ..IdFacts::default() },
        faults: Vec::new(),
        cost: Cost {
            request_ms: 2,
            bytes_per_ms: 100_000,
            row_bytes: 72,
            row_memory: 176,
            base_memory: 1 << 20,
            overhead: 0,
        },
    }
}

/// Everything that a source could do.
fn all() -> Can {
    Can {
        native: Some(4096),
        cached: run(5..15),
        bulk: Some(16),
        decode: true,
        range: Some(10),
        one: true,
        undecoded: None,
    }
}

fn short(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::NativeBytes => "native",
        Strategy::CachedVectors => "cache",
        Strategy::BulkVectors => "bulk",
        Strategy::DecodeCodes => "decode",
        Strategy::ReconstructRange => "range",
        Strategy::ReconstructOne => "one",
        Strategy::Placeholder => "ZEROS",
        Strategy::Nothing => "-",
    }
}

fn short_level(level: Level) -> &'static str {
    ["bytes", "exact", "decoded", "partial", "placeholder"][level as usize]
}

fn step_in_short(step: &Step) -> String {
    let ways = [step.strategy].iter().chain(&step.then).map(|&strategy| short(strategy)).collect::<Vec<_>>();
    let requests = if step.requests > 0 { format!(" x{}", step.requests) } else { String::new() };
    let (first, end) = (step.first, step.first + step.rows);
    format!("{first}..{end} {}{requests} {}", ways.join(">"), short_level(step.fidelity))
}

fn in_short(plan: &Plan) -> String {
    let steps: Vec<String> = plan.steps.iter().map(step_in_short).collect();
    let refused = if plan.is_refused() { format!(" | REFUSED: {}", plan.refused.join("; ")) } else { String::new() };
    format!("{}{refused}", steps.join(" | "))
}

#[test]
fn every_combination_of_what_a_source_can_do() {
    let mut table = String::new();
    for stores in [Stores::Floats, Stores::Codes] {
        for bits in 0..32_u32 {
            for (word, cached) in [("   ", vec![]), ("c5+", run(5..15)), ("all", run(0..40))] {
                let has = |bit: u32| bits & (1 << bit) != 0;
                let can = Can {
                    native: has(4).then_some(4096),
                    cached,
                    bulk: has(3).then_some(16),
                    decode: has(2),
                    range: has(1).then_some(10),
                    one: has(0),
                    undecoded: None,
                };
                let flags: String =
                    "NBDR1".chars().zip((0..5).rev()).map(|(name, bit)| if has(bit) { name } else { '.' }).collect();
                let stored = if stores == Stores::Floats { "floats" } else { "codes " };
                writeln!(table, "{stored} {flags} {word} {}", in_short(&plan(&facts(can, stores), &Policy::default())))
                    .unwrap();
            }
        }
    }
    insta::assert_snapshot!("combinations", table);
}

#[test]
fn every_fault_takes_its_strategy_away() {
    let mut table = String::new();
    for forbids in [Call::Native, Call::Bulk, Call::Codes, Call::Range, Call::One] {
        let why = "ends the server".into();
        let facts = Facts { faults: vec![Fault { forbids, why }], ..facts(all(), Stores::Floats) };
        let plan = plan(&facts, &Policy::default());
        let down = plan.turned_down.iter().map(|down| format!("{}: {}", down.strategy, down.why));
        writeln!(table, "{forbids:?}: {} / {}", in_short(&plan), down.collect::<Vec<_>>().join("; ")).unwrap();
    }
    insta::assert_snapshot!("faults", table);
}

#[test]
fn what_the_caller_accepts_decides() {
    let remote =
        || Can { native: None, cached: run(5..15), bulk: Some(16), range: Some(10), one: true, ..Can::default() };
    let policies = [
        ("default", Policy::default()),
        ("exact vectors or better", Policy { floor: Level::ExactVectors, ..Policy::default() }),
        ("exact bytes", Policy { floor: Level::ExactBytes, ..Policy::default() }),
        ("exact, leave out", Policy { floor: Level::ExactVectors, missing: Missing::LeaveOut, ..Policy::default() }),
        (
            "exact, placeholders",
            Policy { floor: Level::ExactVectors, missing: Missing::Placeholder, ..Policy::default() },
        ),
        ("2 requests", Policy { requests: Some(2), ..Policy::default() }),
        ("1 request", Policy { requests: Some(1), ..Policy::default() }),
        ("3 requests, 2 of them beside the rows", Policy { requests: Some(3), ..Policy::default() }),
        ("no ranges", Policy { without: Strategies::default().and(Strategy::ReconstructRange), ..Policy::default() }),
        ("pages of 4", Policy { page: Some(4), ..Policy::default() }),
        ("pages of 4, twice", Policy { page: Some(4), twice: true, ..Policy::default() }),
        ("5 ms", Policy { millis: Some(5), ..Policy::default() }),
        ("2 ms", Policy { millis: Some(2), ..Policy::default() }),
        ("memory for 7 rows", Policy { memory: (1 << 20) + 7 * 176, ..Policy::default() }),
        ("memory for no row", Policy { memory: (1 << 20) + 100, ..Policy::default() }),
        ("less than it takes to begin", Policy { memory: 1000, ..Policy::default() }),
    ];
    let mut table = String::new();
    for (name, policy) in policies {
        for stores in [Stores::Floats, Stores::Codes] {
            let mut facts = facts(remote(), stores);
            facts.cost.overhead = if name.contains("beside the rows") { 2 } else { 0 };
            let plan = plan(&facts, &policy);
            let cost = format!("{} requests, {} bytes of memory, {} ms", plan.requests, plan.memory, plan.millis);
            writeln!(table, "{name}, {stores:?}: {}\n    {cost}", in_short(&plan)).unwrap();
        }
    }
    insta::assert_snapshot!("policies", table);
}

#[test]
fn every_way_to_ids() {
    let mut table = String::new();
    for own in [Some(true), Some(false), None] {
        for bits in 0..16_u32 {
            let has = |bit: u32| bits & (1 << bit) != 0;
            let ids = IdFacts {
                own,
                map: has(3),
                cached: has(2),
                served: has(1).then_some(16),
                search: has(0).then_some(Search { page: 8, passes: 2, queries: 30, query_bytes: 300 }),
            };
            let flags: String =
                "MCVS".chars().zip((0..4).rev()).map(|(name, bit)| if has(bit) { name } else { '.' }).collect();
            let remote = Can { range: Some(10), ..Can::default() };
            let plan = plan(&Facts { ids, ..facts(remote, Stores::Floats) }, &Policy::default());
            let (step, refused) = (&plan.ids, plan.refused.join("; "));
            let way = step.strategy.name();
            writeln!(table, "own {own:?} {flags} {way}, {} requests {refused}", step.requests).unwrap();
        }
    }
    insta::assert_snapshot!("ids", table);
}

#[test]
fn a_plan_speaks() {
    let ids = IdFacts {
        own: Some(true),
        search: Some(Search { page: 8, passes: 2, queries: 200, query_bytes: 1_000_000 }),
        ..IdFacts::default()
    };
    let can = Can { range: Some(10_000), one: true, ..Can::default() };
    let faults = vec![Fault { forbids: Call::Bulk, why: "answers with an error".into() }];
    let cost = Cost {
        request_ms: 2,
        bytes_per_ms: 60_000,
        row_bytes: 3456,
        row_memory: 9000,
        base_memory: 8 << 20,
        overhead: 6,
    };
    let index = "IDMap2,Flat".into();
    let facts = Facts {
        mode: Mode::Remote,
        from: "a FAISSx server, version 0.20260422.2".into(),
        index,
        rows: 150_000,
        d: 384,
        stores: Stores::Floats,
        can: Can { bulk: Some(100), ..can },
        ids,
        faults,
        cost,
    };
    let plan = plan(&facts, &Policy::default());
    insta::assert_snapshot!("sentences", plan.to_string());
    insta::assert_snapshot!("json", serde_json::to_string_pretty(&plan).unwrap());
}

fn any_facts() -> impl Strategy_<Value = Facts> {
    let rows = prop_oneof![Just(0), 1..100_u64, Just(u64::MAX), any::<u64>()];
    let cached = prop::collection::vec((any::<u64>(), any::<u64>()), 0..4);
    let page = || prop::option::of(prop_oneof![Just(0), 1..50_u64, any::<u64>()]);
    let can = (prop::option::of(any::<u64>()), cached, page(), any::<bool>(), page(), any::<bool>());
    let search = prop::option::of((0..500_u64, 0..4_u64, 0..500_u64, 0..10_000_u64)).prop_map(|found| {
        found.map(|(page, passes, queries, query_bytes)| Search { page, passes, queries, query_bytes })
    });
    let ids = (prop::option::of(any::<bool>()), any::<bool>(), any::<bool>(), page(), search);
    let calls = [Call::Native, Call::Bulk, Call::Codes, Call::Range, Call::One, Call::Ids, Call::Search];
    let faults = prop::collection::vec(prop::sample::select(calls.to_vec()), 0..4);
    let cost = (0..50_u64, 0..100_000_u64, 0..100_000_u64, 0..100_000_u64, 0..1_000_000_u64, 0..40_u64);
    let stores = prop::sample::select(vec![Stores::Floats, Stores::Codes, Stores::Unknown]);
    (rows, any::<u32>(), stores, can, ids, faults, cost).prop_map(|(rows, d, stores, can, ids, faults, cost)| {
        let small = |n: u64| if rows > 0 && rows < 1000 { n % (rows + 5) } else { n };
        let cached: Vec<Range<u64>> = can.1.into_iter().map(|(from, to)| small(from)..small(to)).collect();
        Facts {
            mode: Mode::Remote,
            from: "anywhere".into(),
            index: "any".into(),
            rows,
            d,
            stores,
            can: Can { native: can.0, cached, bulk: can.2, decode: can.3, range: can.4, one: can.5, undecoded: None },
            ids: IdFacts { own: ids.0, map: ids.1, cached: ids.2, served: ids.3, search: ids.4 },
            faults: faults.into_iter().map(|forbids| Fault { forbids, why: "breaks".into() }).collect(),
            cost: Cost {
                request_ms: cost.0,
                bytes_per_ms: cost.1,
                row_bytes: cost.2,
                row_memory: cost.3,
                base_memory: cost.4,
                overhead: cost.5,
            },
        }
    })
}

use proptest::strategy::Strategy as Strategy_;

fn any_policy(with_budget: bool) -> impl Strategy_<Value = Policy> {
    let budget = move || {
        let some = prop::option::of(prop_oneof![0..100_u64, any::<u64>()]);
        some.prop_map(move |found| found.filter(|_| with_budget))
    };
    let floor = prop::sample::select(Level::ALL[..3].to_vec());
    let missing = prop::sample::select(vec![Missing::Refuse, Missing::LeaveOut, Missing::Placeholder]);
    let memory = prop_oneof![0..4_000_000_u64, any::<u64>()];
    let without = prop::collection::vec(prop::sample::select(Strategy::ALL.to_vec()), 0..3)
        .prop_map(|some| some.into_iter().fold(Strategies::default(), Strategies::and));
    let flags = (any::<bool>(), any::<bool>());
    (floor, memory, budget(), budget(), prop::option::of(0..50_u64), missing, flags, without).prop_map(
        |(floor, memory, requests, millis, page, missing, (number_rows, twice), without)| Policy {
            floor,
            without,
            memory,
            requests,
            millis,
            page,
            missing,
            number_rows,
            twice,
        },
    )
}

/// What a strategy asks of the source, said here once more and not taken from the planner.
fn call(strategy: Strategy) -> Option<Call> {
    match strategy {
        Strategy::NativeBytes => Some(Call::Native),
        Strategy::BulkVectors => Some(Call::Bulk),
        Strategy::DecodeCodes => Some(Call::Codes),
        Strategy::ReconstructRange => Some(Call::Range),
        Strategy::ReconstructOne => Some(Call::One),
        Strategy::CachedVectors | Strategy::Placeholder | Strategy::Nothing => None,
    }
}

/// The best fidelity that a row can have, found without the planner's table.
fn best(facts: &Facts, policy: &Policy, row: u64) -> Option<Level> {
    let made = if facts.stores == Stores::Floats { Level::ExactVectors } else { Level::DecodedVectors };
    let can = &facts.can;
    let some = |page: Option<u64>| page.is_some_and(|page| page > 0);
    let room = policy.memory.checked_sub(facts.cost.base_memory);
    let fits = room.is_some_and(|room| room >= facts.cost.row_memory);
    let ways = [
        (can.native.is_some() && room.is_some(), Strategy::NativeBytes, Level::ExactBytes),
        (can.cached.iter().any(|run| run.contains(&row)) && fits, Strategy::CachedVectors, Level::ExactVectors),
        (some(can.bulk) && fits, Strategy::BulkVectors, made),
        (can.decode && fits, Strategy::DecodeCodes, made),
        (some(can.range) && fits, Strategy::ReconstructRange, made),
        (can.one && fits, Strategy::ReconstructOne, made),
    ];
    let forbidden =
        |way: Strategy| facts.faults.iter().any(|fault| Some(fault.forbids) == call(way)) || policy.without.has(way);
    let usable = ways.into_iter().filter(|(can, way, level)| *can && !forbidden(*way) && *level <= policy.floor);
    usable.map(|(_, _, level)| level).min()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn every_row_is_covered_once_and_nothing_forbidden_is_asked(facts in any_facts(), policy in any_policy(true)) {
        let plan = plan(&facts, &policy);
        let mut next = 0;
        for step in &plan.steps {
            prop_assert_eq!(step.first, next);
            prop_assert!(step.rows > 0 || facts.rows == 0);
            next = step.first + step.rows;
            for &strategy in [step.strategy].iter().chain(&step.then) {
                let forbidden = facts.faults.iter().any(|fault| Some(fault.forbids) == call(strategy));
                prop_assert!(!forbidden && !policy.without.has(strategy), "{:?} is forbidden", strategy);
            }
        }
        prop_assert_eq!(next, if plan.steps.is_empty() { 0 } else { facts.rows });
        prop_assert!(!plan.steps.is_empty() || facts.rows == 0);
        let ids = match plan.ids.strategy {
            IdStrategy::BySearch => Some(Call::Search),
            IdStrategy::FromServer => Some(Call::Ids),
            _ => None,
        };
        prop_assert!(!facts.faults.iter().any(|fault| Some(fault.forbids) == ids));
    }

    #[test]
    fn no_budget_is_exceeded(facts in any_facts(), policy in any_policy(true)) {
        let plan = plan(&facts, &policy);
        let sent = if plan.requests > 0 { plan.requests.saturating_add(plan.overhead) } else { 0 };
        prop_assert!(policy.requests.is_none_or(|most| sent <= most), "{} requests", sent);
        prop_assert!(plan.memory <= policy.memory || plan.memory == 0, "{} of memory", plan.memory);
        // Vectors that are only copied cost time, and so do the cached ones that no other way replaces.
        let asked = plan.steps.iter().any(|step| step.requests > 0) || plan.ids.requests > 0;
        prop_assert!(!asked || policy.millis.is_none_or(|most| plan.millis <= most), "{} ms", plan.millis);
        for step in &plan.steps {
            let is_asked = matches!(call(step.strategy), Some(Call::Bulk | Call::Range | Call::One));
            let most = policy.page.map_or(u64::MAX, |most| most.max(1));
            prop_assert!(!is_asked || step.page <= most, "pages of {}", step.page);
        }
    }

    #[test]
    fn no_fidelity_is_given_away(facts in any_facts(), policy in any_policy(false)) {
        let plan = plan(&facts, &policy);
        for step in plan.steps.iter().filter(|step| step.rows > 0) {
            for row in [step.first, step.first + step.rows / 2, step.first + (step.rows - 1)] {
                match best(&facts, &policy, row) {
                    Some(level) => prop_assert_eq!(step.fidelity, level, "row {}", row),
                    None => prop_assert!(step.fidelity >= Level::Partial),
                }
            }
            prop_assert!(step.fidelity <= plan.fidelity);
            let refused = step.strategy == Strategy::Nothing && policy.missing == Missing::Refuse;
            prop_assert!(!refused || plan.is_refused());
        }
    }
}
