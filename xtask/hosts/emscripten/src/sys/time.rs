//! Time. The zone is always UTC: the machine's time zone is hidden from the guest.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time};

use super::wait;
use crate::Errno;
use crate::call::{Call, CallError, CallResult};
use crate::layout::{self, Timespec};

/// The time from which seconds are counted.
const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

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
    call.guest.write(at, &layout::tm(fields(seconds), zone))?;
    Ok(())
}

/// `mktime(tm)`.
pub fn mktime(call: &mut Call) -> CallResult {
    let at = call.word()?;
    let tm = read_tm(call, at)?;
    let seconds = seconds(&tm).and_then(|seconds| i32::try_from(seconds).ok()).ok_or(Errno::OVERFLOW)?;
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
fn fields(seconds: i32) -> [i32; 9] {
    let time = EPOCH.saturating_add(SignedDuration::from_secs(seconds.into()));
    let clock = [time.second(), time.minute(), time.hour(), time.day(), time.month() - 1];
    let [second, minute, hour, day, month] = clock.map(i32::from);
    let weekday = time.weekday().to_sunday_zero_offset().into();
    let year_day = i32::from(time.day_of_year()) - 1;
    [second, minute, hour, day, month, i32::from(time.year()) - 1900, weekday, year_day, 0]
}

/// Seconds from 1970 to the time of a `struct tm`, whose numbers may exceed their usual ranges; `None` if that is not
/// in the calendar, which ends with the year 9999.
fn seconds(tm: &[i32; 9]) -> Option<i64> {
    let [second, minute, hour, day, month, year, ..] = tm.map(i64::from);
    let first = Date::new(
        i16::try_from(year + 1900 + month.div_euclid(12)).ok()?,
        i8::try_from(month.rem_euclid(12) + 1).ok()?,
        1,
    );
    let since_first = SignedDuration::from_secs((day - 1) * 86_400 + hour * 3600 + minute * 60 + second);
    let time = first.ok()?.to_datetime(Time::midnight()).checked_add(since_first).ok()?;
    Some(time.duration_since(EPOCH).as_secs())
}

#[cfg(test)]
mod tests {
    use super::{fields, seconds};

    #[test]
    fn dates_are_computed_from_seconds() {
        assert_eq!(fields(0), [0, 0, 0, 1, 0, 70, 4, 0, 0]);
        // date -u -d @1709210096: Thu Feb 29 12:34:56 2024.
        assert_eq!(fields(1_709_210_096), [56, 34, 12, 29, 1, 124, 4, 59, 0]);
        assert_eq!(fields(-1), [59, 59, 23, 31, 11, 69, 3, 364, 0]);
        for time in [0, 1_709_210_096, -1, i32::MIN, i32::MAX] {
            assert_eq!(seconds(&fields(time)), Some(time.into()));
        }
    }

    #[test]
    fn numbers_beyond_their_ranges_are_carried_over() {
        // 12:34:56 on 29 February 2024, as a month of 2025 and an hour of the day before.
        assert_eq!(seconds(&[-4, 35, 36, 28, -11, 125, 0, 0, 0]), Some(1_709_210_096));
        assert_eq!(seconds(&[0, 0, 0, 1, 0, i32::MAX, 0, 0, 0]), None);
    }
}
