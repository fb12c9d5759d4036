//! What this process has cost so far, as the kernel counts it. Children are not in it.

use std::fs;

/// CPU time and memory of this process.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Usage {
    /// CPU time, user and system, seconds.
    pub cpu_seconds: f64,
    /// The most memory that was resident at once, bytes.
    pub peak_memory: u64,
}

/// Asks the kernel; zeros where it does not answer.
pub fn of_this_process() -> Usage {
    let read = |file: &str| fs::read_to_string(format!("/proc/self/{file}")).unwrap_or_default();
    Usage {
        cpu_seconds: cpu_ticks(&read("stat")).unwrap_or(0.0) / ticks_per_second(),
        peak_memory: peak_kibibytes(&read("status")).unwrap_or(0) * 1024,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a hundred or so")]
fn ticks_per_second() -> f64 {
    rustix::param::clock_ticks_per_second() as f64
}

/// utime and stime, fields 14 and 15; the name before them may hold spaces and parentheses.
fn cpu_ticks(stat: &str) -> Option<f64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<f64>().ok();
    Some(next()? + next()?)
}

fn peak_kibibytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_is_read() {
        let stat = "12 (a (b) c) S 1 12 12 0 -1 4194560 100 0 0 0 250 50 7 8 20 0 4 0";
        assert_eq!(cpu_ticks(stat), Some(300.0));
        assert_eq!(peak_kibibytes("Name:\tx\nVmHWM:\t    2048 kB\n"), Some(2048));
    }

    #[test]
    fn this_process_has_cost_something() {
        assert!(of_this_process().peak_memory > 1 << 20);
    }
}
