//! CPU time to the nanosecond: of a process with its threads and children, of
//! its threads by name, and of the kernel's own threads.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;

/// Clock ticks of `/proc/PID/stat` a second.
const TICKS: f64 = 100.0;

/// What was used up to one moment.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// The process, user and kernel mode, threads that have ended included.
    own: Duration,
    /// Its children, those that have ended in steps of 10 ms.
    children: Duration,
    /// Threads by id.
    threads: BTreeMap<u32, (String, Duration)>,
    /// All threads of the kernel: they work for the whole machine.
    kernel: BTreeMap<u32, (String, Duration)>,
}

/// What was used between two moments.
#[derive(Debug, Clone, Default)]
pub struct Spent {
    /// The process and its children, user and kernel mode.
    pub total: Duration,
    /// By name of the thread, the most first; those that ended stand together.
    pub threads: Vec<(String, Duration)>,
    /// The kernel's own threads, machine-wide.
    pub kernel: Duration,
    /// The same by name, the most first.
    pub kernel_threads: Vec<(String, Duration)>,
}

impl Reading {
    /// Of this process, now.
    pub fn of(process: u32) -> Self {
        Self {
            own: of_process(process),
            children: of_children(process),
            threads: threads_of(process),
            kernel: kernel_threads(),
        }
    }

    /// What was used since an earlier reading of the same process.
    pub fn since(&self, earlier: &Self) -> Spent {
        let total = self.own.saturating_sub(earlier.own);
        let mut threads = by_name(&self.threads, &earlier.threads);
        let named: Duration = threads.iter().map(|(_, time)| *time).sum();
        let ended = total.saturating_sub(named);
        if ended > Duration::from_micros(500) {
            threads.push(("(ended)".to_owned(), ended));
            threads.sort_by_key(|(_, time)| std::cmp::Reverse(*time));
        }
        let kernel_threads = by_name(&self.kernel, &earlier.kernel);
        Spent {
            total: total + self.children.saturating_sub(earlier.children),
            threads,
            kernel: kernel_threads.iter().map(|(_, time)| *time).sum(),
            kernel_threads,
        }
    }
}

impl Spent {
    /// CPU of the threads whose name begins so.
    pub fn of_threads(&self, name: &str) -> Duration {
        self.threads.iter().filter(|(of, _)| of.starts_with(name)).map(|(_, time)| *time).sum()
    }
}

/// CPU of this process so far.
pub fn of_self() -> Duration {
    clock(ClockId::CLOCK_PROCESS_CPUTIME_ID)
}

/// CPU of this thread so far.
pub fn of_this_thread() -> Duration {
    clock(ClockId::CLOCK_THREAD_CPUTIME_ID)
}

/// CPU of a process so far, its threads included; nothing when it is gone.
pub fn of_process(process: u32) -> Duration {
    let Ok(id) = i32::try_from(process) else { return Duration::ZERO };
    ClockId::pid_cpu_clock_id(Pid::from_raw(id)).map_or(Duration::ZERO, clock)
}

/// The most memory that was resident since the start or since
/// [`forget_peak`], in KiB.
pub fn peak_kib(process: u32) -> u64 {
    status_kib(process, "VmHWM:")
}

/// Begins anew to look for the most memory.
pub fn forget_peak(process: u32) {
    let _ = fs::write(format!("/proc/{process}/clear_refs"), "5");
}

/// Memory of one line of `/proc/PID/status`, in KiB.
pub fn status_kib(process: u32, line: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let value = status.lines().find_map(|text| text.strip_prefix(line));
    value.and_then(|text| text.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(0)
}

fn clock(id: ClockId) -> Duration {
    clock_gettime(id).map_or(Duration::ZERO, Duration::from)
}

fn by_name(
    now: &BTreeMap<u32, (String, Duration)>,
    earlier: &BTreeMap<u32, (String, Duration)>,
) -> Vec<(String, Duration)> {
    let mut names = BTreeMap::<&str, Duration>::new();
    for (id, (name, time)) in now {
        let before = earlier.get(id).map_or(Duration::ZERO, |(_, time)| *time);
        *names.entry(name).or_default() += time.saturating_sub(before);
    }
    let mut names: Vec<(String, Duration)> = names
        .into_iter()
        .filter(|(_, time)| !time.is_zero())
        .map(|(name, time)| (name.to_owned(), time))
        .collect();
    names.sort_by_key(|(_, time)| std::cmp::Reverse(*time));
    names
}

fn threads_of(process: u32) -> BTreeMap<u32, (String, Duration)> {
    let Ok(tasks) = fs::read_dir(format!("/proc/{process}/task")) else { return BTreeMap::new() };
    let ids = tasks.filter_map(|task| task.ok()?.file_name().to_str()?.parse::<u32>().ok());
    ids.filter_map(|id| {
        let folder = format!("/proc/{process}/task/{id}");
        let name = fs::read_to_string(format!("{folder}/comm")).ok()?.trim().to_owned();
        let times = fs::read_to_string(format!("{folder}/schedstat")).ok()?;
        let time = times.split_whitespace().next()?.parse().ok()?;
        Some((id, (name, Duration::from_nanos(time))))
    })
    .collect()
}

/// Fields of `/proc/PID/stat` behind the name, the state first.
fn stat(process: u32) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}

fn processes() -> impl Iterator<Item = u32> {
    let all = fs::read_dir("/proc").into_iter().flatten();
    all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

fn of_children(process: u32) -> Duration {
    let number = |fields: &[String], at: usize| fields.get(at)?.parse::<f64>().ok();
    let ended = stat(process)
        .map_or(0.0, |fields| (13..15).filter_map(|at| number(&fields, at)).sum::<f64>() / TICKS);
    let parent = process.to_string();
    let living = processes()
        .filter(|child| stat(*child).is_some_and(|fields| fields.get(1) == Some(&parent)))
        .map(|child| of_process(child) + of_children(child))
        .sum::<Duration>();
    living + Duration::from_secs_f64(ended)
}

/// Threads whose parent is kthreadd.
fn kernel_threads() -> BTreeMap<u32, (String, Duration)> {
    let of_kernel = |id: &u32| {
        *id == 2 || stat(*id).is_some_and(|fields| fields.get(1).is_some_and(|of| of == "2"))
    };
    processes()
        .filter(of_kernel)
        .filter_map(|id| {
            let name = fs::read_to_string(format!("/proc/{id}/comm")).ok()?;
            // kworker/0:1-events and its like: the kind is enough.
            let name = name.trim().split(['/', ':', '-']).next()?.to_owned();
            let times = fs::read_to_string(format!("/proc/{id}/schedstat")).ok()?;
            let time = times.split_whitespace().next()?.parse().ok()?;
            Some((id, (name, Duration::from_nanos(time))))
        })
        .collect()
}
