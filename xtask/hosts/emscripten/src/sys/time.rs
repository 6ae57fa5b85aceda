//! Time. The zone is always UTC: the machine's time zone is hidden from the guest.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::wait;
use crate::Errno;
use crate::call::{Call, CallError, CallResult};
use crate::layout::{self, Timespec};

/// The time of `clock`: 0 is the time of day, 1 the elapsed time (plus 1 s, so that it is never 0).
pub fn now(call: &mut Call, clock: i32) -> Result<Timespec, Errno> {
    let elapsed = match clock {
        0 => SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
        1..=7 => call.host().started.elapsed() + Duration::from_secs(1),
        _ => return Err(Errno::INVAL),
    };
    Ok(Timespec { seconds: elapsed.as_secs() as i64, nanos: elapsed.subsec_nanos() })
}

/// `clock_gettime(clock, timespec)`.
pub fn clock_gettime(call: &mut Call) -> CallResult {
    let (clock, at) = (call.int()?, call.word()?);
    let now = now(call, clock)?;
    call.guest.write(at, &now.timespec())?;
    Ok(0)
}

/// `gettimeofday(timeval, zone)`.
pub fn gettimeofday(call: &mut Call) -> CallResult {
    let at = call.word()?;
    let now = now(call, 0)?;
    call.guest.write(at, &now.timeval())?;
    Ok(0)
}

/// `time(seconds)`.
pub fn time(call: &mut Call) -> CallResult {
    let at = call.word()?;
    let now = now(call, 0)?.seconds;
    if at != 0 {
        call.store(at, now as u32)?;
    }
    Ok(now)
}

/// `usleep(micros)`.
pub fn usleep(call: &mut Call) -> CallResult {
    let micros = call.word()?;
    wait::pause(call, Some(Duration::from_micros(micros.into())))?;
    Ok(0)
}

/// `sched_yield()`.
pub fn sched_yield(_: &mut Call) -> CallResult {
    std::thread::yield_now();
    Ok(0)
}

/// `gmtime_r(seconds, tm)`, and `localtime_r`, which is the same in UTC.
pub fn gmtime_r(call: &mut Call) -> CallResult {
    let (seconds, at) = (call.word()?, call.word()?);
    let seconds = call.load(seconds)? as i32;
    put_tm(call, seconds, at)?;
    Ok(at.into())
}

/// `gmtime(seconds)` and `localtime`: in memory that the next call overwrites.
pub fn gmtime(call: &mut Call) -> CallResult {
    let seconds = call.word()?;
    let seconds = call.load(seconds)? as i32;
    let at = match call.host().statics.get("tm") {
        Some(at) => *at,
        None => {
            let at = call.allocate(44)?;
            call.host().statics.insert("tm".to_owned(), at);
            at
        }
    };
    put_tm(call, seconds, at)?;
    Ok(at.into())
}

fn put_tm(call: &mut Call, seconds: i32, at: u32) -> Result<(), CallError> {
    call.check(at, 44)?;
    let zone = super::libc::text(call, "UTC")?;
    call.guest.write(at, &layout::tm(fields(seconds.into()), zone))?;
    Ok(())
}

/// `mktime(tm)`.
pub fn mktime(call: &mut Call) -> CallResult {
    let at = call.word()?;
    let tm = read_tm(call, at)?;
    let days = days(i64::from(tm[5]) + 1900 + i64::from(tm[4]).div_euclid(12), i64::from(tm[4]).rem_euclid(12) + 1, 1)
        + i64::from(tm[3])
        - 1;
    let seconds = days * 86_400 + i64::from(tm[2]) * 3600 + i64::from(tm[1]) * 60 + i64::from(tm[0]);
    let seconds = i32::try_from(seconds).map_err(|_| Errno::OVERFLOW)?;
    put_tm(call, seconds, at)?;
    Ok(seconds.into())
}

/// The nine numbers of a `struct tm`.
pub fn read_tm(call: &Call, at: u32) -> Result<[i32; 9], CallError> {
    let bytes: [u8; 36] = call.bytes(at)?;
    let mut fields = [0; 9];
    for (field, bytes) in fields.iter_mut().zip(bytes.chunks_exact(4)) {
        *field = i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    }
    Ok(fields)
}

/// `tm_sec`, `tm_min`, `tm_hour`, `tm_mday`, `tm_mon`, `tm_year`, `tm_wday`, `tm_yday`, `tm_isdst` in UTC.
pub fn fields(seconds: i64) -> [i32; 9] {
    let (day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Howard Hinnant's civil_from_days: years start in March, and an era has 400 of them.
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march = (5 * of_year + 2) / 153;
    let month = if march < 10 { march + 3 } else { march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let date = of_year - (153 * march + 2) / 5 + 1;
    let yday = day - days(year, 1, 1);
    let weekday = (day + 4).rem_euclid(7);
    [second % 60, second / 60 % 60, second / 3600, date, month - 1, year - 1900, weekday, yday, 0].map(|n| n as i32)
}

/// Days from 1 January 1970 to a date.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::{days, fields};

    #[test]
    fn dates_are_computed_from_seconds() {
        assert_eq!(fields(0), [0, 0, 0, 1, 0, 70, 4, 0, 0]);
        // date -u -d @1709210096: Thu Feb 29 12:34:56 2024.
        assert_eq!(fields(1_709_210_096), [56, 34, 12, 29, 1, 124, 4, 59, 0]);
        assert_eq!(fields(-1), [59, 59, 23, 31, 11, 69, 3, 364, 0]);
        assert_eq!(days(2024, 2, 29), 1_709_210_096 / 86_400);
    }
}
