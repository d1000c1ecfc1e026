//! What a process has used, from `/proc`.

use std::fs;

/// Microseconds of processor time, user and system, of a process's living threads; 0 where it is gone.
pub fn cpu(process: u32) -> f64 {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { return 0.0 };
    threads
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.path().join("schedstat")).ok())
        .filter_map(|text| text.split(' ').next()?.parse::<f64>().ok())
        .sum::<f64>()
        / 1000.0
}

/// Bytes of resident memory; 0 where the process is gone.
pub fn resident(process: u32) -> f64 {
    fs::read_to_string(format!("/proc/{process}/status"))
        .ok()
        .and_then(|status| {
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
            line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok()
        })
        .map_or(0.0, |kibibytes| kibibytes * 1024.0)
}
