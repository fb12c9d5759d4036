//! Chance that can be repeated, and moments that cover a whole life.

use std::{env, time::Duration};

use anyhow::{Context, Result};

/// How many kills, and how many interrupts.
const STORM: &str = "PROOFROLL_STORM";
const SEED: &str = "PROOFROLL_STORM_SEED";

/// Each kind of kill once.
const DEFAULT: usize = 4;

pub fn rounds() -> Result<usize> {
    match env::var(STORM) {
        Ok(text) => text.parse().with_context(|| format!("{STORM} is {text:?}, and must be a number")),
        Err(_) => Ok(DEFAULT),
    }
}

/// Says its seed.
pub fn random() -> Result<fastrand::Rng> {
    let seed = match env::var(SEED) {
        Ok(text) => text.parse().with_context(|| format!("{SEED} is {text:?}, and must be a number"))?,
        Err(_) => fastrand::u64(..),
    };
    println!("{SEED}={seed}");
    Ok(fastrand::Rng::with_seed(seed))
}

/// So many moments within `life`: one at a random point of each equal part of it, shuffled, so that
/// no phase of the life is missed by bad luck.
pub fn moments(random: &mut fastrand::Rng, count: usize, life: Duration) -> Vec<Duration> {
    let mut moments: Vec<Duration> = (0..count)
        .map(|slot| {
            let slot = u32::try_from(slot).unwrap_or(u32::MAX);
            life.mul_f64((f64::from(slot) + random.f64()) / f64::from(u32::try_from(count).unwrap_or(u32::MAX)))
        })
        .collect();
    random.shuffle(&mut moments);
    moments
}
