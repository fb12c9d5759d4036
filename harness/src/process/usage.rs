//! What processes have cost so far, as the kernel counts it.

use std::fs;

/// CPU time and memory of this process.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Usage {
    /// CPU time, user and system, seconds.
    pub cpu_seconds: f64,
    /// The most memory that was resident at once, bytes.
    pub peak_memory: u64,
}

/// Of this process, its children not counted. Zeros where the kernel does not answer.
pub fn of_this_process() -> Usage {
    Usage {
        cpu_seconds: cpu_seconds("self", 0),
        peak_memory: peak_kibibytes(&read("self", "status")).unwrap_or(0) * 1024,
    }
}

/// CPU time of the children of this process that have ended and were waited for, seconds.
pub fn of_ended_children() -> f64 {
    cpu_seconds("self", 2)
}

/// CPU time of another process so far, seconds; 0 if it is gone.
pub fn of_process(pid: u32) -> f64 {
    cpu_seconds(&pid.to_string(), 0)
}

fn read(process: &str, file: &str) -> String {
    fs::read_to_string(format!("/proc/{process}/{file}")).unwrap_or_default()
}

/// `skip`: 0 for the process itself, 2 for its children.
fn cpu_seconds(process: &str, skip: usize) -> f64 {
    cpu_ticks(&read(process, "stat"), skip).unwrap_or(0.0) / ticks_per_second()
}

#[expect(clippy::cast_precision_loss, reason = "a hundred or so")]
fn ticks_per_second() -> f64 {
    rustix::param::clock_ticks_per_second() as f64
}

/// utime and stime, fields 14 and 15, and behind them those of the children; the name before them may
/// hold spaces and parentheses.
fn cpu_ticks(stat: &str, skip: usize) -> Option<f64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11 + skip);
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
        assert_eq!(cpu_ticks(stat, 0), Some(300.0));
        assert_eq!(cpu_ticks(stat, 2), Some(15.0));
        assert_eq!(peak_kibibytes("Name:\tx\nVmHWM:\t    2048 kB\n"), Some(2048));
    }

    #[test]
    fn this_process_has_cost_something() {
        assert!(of_this_process().peak_memory > 1 << 20);
    }
}
