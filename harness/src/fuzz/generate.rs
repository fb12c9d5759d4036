//! Random cases. What is known to be wrong already is left out ([`known`](super::known)) unless it is asked
//! for: it would be found again and again, and hide what is not known.

use super::{
    case::{Act, Amount, BlueGreen, COLOURS, Canary, Case, Router, Step, Strategy, Tracker, What},
    known::Known,
    random::Random,
};

/// Weights that people write, and those at the edges.
const WEIGHTS: [u32; 16] = [0, 1, 5, 10, 20, 25, 30, 33, 40, 50, 66, 75, 90, 95, 99, 100];

/// The case of this number of a seed: always the same. One that is known to fail is made anew, unless
/// those are wanted `too`.
pub fn case(seed: u64, number: u64, known: Known) -> Case {
    let mut random = Random::of_case(seed, number);
    loop {
        let case = any(&mut random);
        if known.allows(&case) {
            return case;
        }
    }
}

fn any(random: &mut Random) -> Case {
    let strategy = match random.between(0, 99) {
        0..45 => Strategy::Canary(basic(random, true)),
        45..55 => Strategy::Canary(basic(random, false)),
        55..72 => Strategy::Canary(routed(random)),
        _ => Strategy::BlueGreen(blue_green(random)),
    };
    let mut case = Case {
        strategy,
        replicas: size(random),
        min_ready: random.weighted(&[(8, 0), (2, 1), (1, 2)]),
        rollback_window: random.chance(8).then(|| random.between(1, 3)),
        acts: Vec::new(),
        finish: true,
    };
    case.acts = acts(random, &case);
    case
}

fn size(random: &mut Random) -> u32 {
    random.weighted(&[(1, 0), (4, 1), (4, 2), (4, 3), (4, 4), (6, 5), (2, 6), (3, 7), (1, 8), (1, 9), (4, 10)])
}

fn basic(random: &mut Random, with_steps: bool) -> Canary {
    let steps = if with_steps { steps(random, false) } else { Vec::new() };
    let (surge, unavailable) = room(random);
    Canary { steps, surge, unavailable, router: None }
}

/// `maxSurge` and `maxUnavailable`: not both nothing, which the controller calls invalid.
fn room(random: &mut Random) -> (Option<Amount>, Option<Amount>) {
    let amount = |random: &mut Random| {
        if random.chance(50) {
            Amount::Pods(random.between(0, 3))
        } else {
            Amount::Percent(random.pick(&[0, 10, 25, 33, 50, 100]))
        }
    };
    if random.chance(30) {
        return (None, None);
    }
    let nothing = |amount| matches!(amount, Amount::Pods(0) | Amount::Percent(0));
    let (surge, mut unavailable) = (amount(random), amount(random));
    if nothing(surge) && nothing(unavailable) {
        unavailable = Amount::Pods(1);
    }
    (Some(surge), Some(unavailable))
}

fn steps(random: &mut Random, routed: bool) -> Vec<Step> {
    let mut steps = Vec::new();
    for _ in 0..random.between(1, 3) {
        if routed && random.chance(35) {
            steps.push(match random.between(0, 2) {
                0 => Step::ScaleWeight(random.pick(&WEIGHTS)),
                1 => Step::ScaleReplicas(random.between(0, 12)),
                _ => Step::ScaleMatch,
            });
        }
        if random.chance(90) {
            steps.push(Step::Weight(random.pick(&WEIGHTS)));
        }
        match random.between(0, 99) {
            0..55 => steps.push(Step::Pause),
            55..85 => steps.push(Step::Wait(random.between(1, 2))),
            _ => {}
        }
    }
    if steps.is_empty() {
        steps.push(Step::Pause);
    }
    steps
}

fn routed(random: &mut Random) -> Canary {
    let router = Router {
        min_pods: random.chance(30).then(|| random.between(1, 4)),
        dynamic_stable_scale: random.chance(35),
        delay: None,
        abort_delay: abort_delay(random),
    };
    // The two exclude each other: the controller calls it invalid.
    let delay = if router.dynamic_stable_scale { None } else { delay(random) };
    let steps = if random.chance(92) { steps(random, true) } else { Vec::new() };
    Canary { steps, router: Some(Router { delay, ..router }), ..Canary::default() }
}

/// Mostly short: the default is 30 s, and each rest would wait for it.
fn delay(random: &mut Random) -> Option<u32> {
    random.weighted(&[(1, None), (4, Some(0)), (8, Some(1)), (8, Some(2))])
}

fn abort_delay(random: &mut Random) -> Option<u32> {
    random.weighted(&[(1, None), (6, Some(0)), (8, Some(1)), (8, Some(2))])
}

fn blue_green(random: &mut Random) -> BlueGreen {
    BlueGreen {
        preview: random.chance(60),
        preview_replicas: random.chance(35).then(|| random.between(0, 5)),
        by_hand: random.chance(60),
        auto_promotion_seconds: random.chance(30).then(|| random.between(1, 2)),
        delay: delay(random),
        abort_delay: abort_delay(random),
    }
}

/// Where a Rollout probably stands, so that most of what is done makes sense.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mood {
    Idle,
    Updating,
    Aborted,
}

fn acts(random: &mut Random, case: &Case) -> Vec<Act> {
    let mut tracker = Tracker::default();
    let mut mood = Mood::Idle;
    let mut acts: Vec<Act> = Vec::new();
    for _ in 0..random.between(1, 7) {
        let what = loop {
            let what = what(random, &tracker, mood);
            if tracker.can(case, what) {
                break what;
            }
        };
        tracker.takes(what);
        mood = match what {
            What::Image(_) | What::Undo | What::UndoTo(_) | What::Retry => Mood::Updating,
            What::Abort if mood == Mood::Updating => Mood::Aborted,
            What::PromoteFull | What::SkipAll => Mood::Idle,
            _ => mood,
        };
        acts.push(Act { what, rest: random.chance(70) });
    }
    acts
}

fn what(random: &mut Random, tracker: &Tracker, mood: Mood) -> What {
    let last = u32::try_from(COLOURS.len() - 1).unwrap_or(0);
    let image = What::Image(random.between(0, last) as usize);
    let scale = What::Scale(size(random));
    let known = tracker.known_revisions();
    let undo = if random.chance(50) || known.is_empty() { What::Undo } else { What::UndoTo(random.pick(&known)) };
    if tracker.paused {
        let likely =
            [(8, What::Resume), (3, What::Promote), (3, image), (3, scale), (1, What::Abort), (1, What::Restart)];
        return random.weighted(&likely);
    }
    let likely: &[(u32, What)] = match mood {
        Mood::Idle => &[
            (24, image),
            (4, scale),
            (2, What::Restart),
            (2, What::Pause),
            (2, undo),
            (1, What::Abort),
            (1, What::Retry),
            (1, What::Promote),
            (1, What::PromoteFull),
        ],
        Mood::Updating => &[
            (10, What::Promote),
            (7, image),
            (6, What::Abort),
            (5, scale),
            (2, What::SkipCurrent),
            (1, What::SkipAll),
            (3, What::PromoteFull),
            (2, What::Pause),
            (2, What::Restart),
            (2, undo),
        ],
        Mood::Aborted => &[
            (6, What::Retry),
            (5, image),
            (2, What::Promote),
            (2, What::PromoteFull),
            (4, scale),
            (3, undo),
            (1, What::Restart),
            (1, What::Abort),
        ],
    };
    random.weighted(likely)
}
