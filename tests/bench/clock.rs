//! Time as the benchmarks take it, and what they make of many takes.

use std::time::{Duration, Instant};

/// How long `work` kept this thread's CPU busy: what others do on the machine hardly counts.
pub(crate) fn thread_cpu(work: impl FnOnce()) -> Duration {
    let before = read(Clock::Thread);
    work();
    read(Clock::Thread).saturating_sub(before)
}

/// CPU time of this process so far, all threads together.
pub(crate) fn process_cpu() -> Duration {
    read(Clock::Process)
}

/// How long `work` took by the clock on the wall, and what it answers.
pub(crate) fn wall<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let started = Instant::now();
    let answer = work();
    (started.elapsed(), answer)
}

/// Whose CPU time.
#[derive(Clone, Copy)]
enum Clock {
    Thread,
    Process,
}

#[cfg(unix)]
fn read(clock: Clock) -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    let time = clock_gettime(match clock {
        Clock::Thread => ClockId::ThreadCPUTime,
        Clock::Process => ClockId::ProcessCPUTime,
    });
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or_default();
    Duration::new(seconds, nanoseconds)
}

/// Elsewhere the clock on the wall stands in: an idle machine gives the same figures.
#[cfg(not(unix))]
fn read(_: Clock) -> Duration {
    static STARTED: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    STARTED.elapsed()
}

/// A duration in milliseconds.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// The middle of the values; of an even number, the mean of the two in the middle.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match (sorted.len() % 2, sorted.get(middle)) {
        (_, None) => f64::NAN,
        (0, Some(upper)) => f64::midpoint(sorted[middle - 1], *upper),
        (_, Some(value)) => *value,
    }
}

/// CPU milliseconds of one call of `work`, the median of `rounds` rounds of `calls` calls.
pub(crate) fn cpu_ms_per_call(rounds: u32, calls: u32, mut work: impl FnMut()) -> f64 {
    let takes: Vec<f64> = (0..rounds)
        .map(|_| {
            let spent = thread_cpu(|| (0..calls).for_each(|_| work()));
            milliseconds(spent) / f64::from(calls)
        })
        .collect();
    median(&takes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_whatever_the_order() {
        assert_eq!(median(&[3.0, 1.0, 2.0]).to_bits(), 2.0_f64.to_bits());
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]).to_bits(), 2.5_f64.to_bits());
        assert!(median(&[]).is_nan());
    }

    #[test]
    #[cfg(unix)]
    fn sleeping_costs_no_cpu_and_counting_does() {
        let asleep = thread_cpu(|| std::thread::sleep(Duration::from_millis(50)));
        assert!(asleep < Duration::from_millis(25), "{asleep:?}");
        let until = process_cpu() + Duration::from_millis(20);
        let busy = thread_cpu(|| while process_cpu() < until {});
        assert!(busy > Duration::ZERO, "{busy:?}");
    }
}
