//! `strftime` in the C locale and in UTC.

use crate::call::{Call, CallResult};

const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `strftime(buffer, size, format, tm)`: returns the number of bytes, or 0 if they do not fit.
pub fn strftime(call: &mut Call) -> CallResult {
    let (at, size, format, tm) = (call.word()?, call.word()?, call.word()?, call.word()?);
    let tm = super::time::read_tm(call, tm)?;
    let text = formatted(&call.text(format)?, tm);
    if text.len() >= size as usize {
        return Ok(0);
    }
    let mut bytes = text.into_bytes();
    bytes.push(0);
    call.guest.write(at, &bytes)?;
    Ok(bytes.len() as i64 - 1)
}

/// Replaces the conversions in `format`; unknown ones stay unchanged.
pub fn formatted(format: &str, tm: [i32; 9]) -> String {
    let mut text = String::new();
    let mut rest = format.chars();
    while let Some(c) = rest.next() {
        match if c == '%' { rest.next() } else { None } {
            Some(conversion) => text += &converted(conversion, tm),
            None => text.push(c),
        }
    }
    text
}

fn converted(conversion: char, tm: [i32; 9]) -> String {
    let [second, minute, hour, date, month, year, weekday, yday, _] = tm.map(i64::from);
    let name = |names: &[&str], at: i64, len: usize| {
        let name = usize::try_from(at).ok().and_then(|at| names.get(at)).copied().unwrap_or("?");
        name.chars().take(len).collect::<String>()
    };
    let whole = |format: &str| formatted(format, tm);
    let twelve = (hour + 11).rem_euclid(12) + 1;
    match conversion {
        'a' => name(&DAYS, weekday, 3),
        'A' => name(&DAYS, weekday, 9),
        'b' | 'h' => name(&MONTHS, month, 3),
        'B' => name(&MONTHS, month, 9),
        'c' => whole("%a %b %e %H:%M:%S %Y"),
        'C' => format!("{:02}", (year + 1900).div_euclid(100)),
        'd' => format!("{date:02}"),
        'D' | 'x' => whole("%m/%d/%y"),
        'e' => format!("{date:2}"),
        'F' => whole("%Y-%m-%d"),
        'H' => format!("{hour:02}"),
        'I' => format!("{twelve:02}"),
        'j' => format!("{:03}", yday + 1),
        'm' => format!("{:02}", month + 1),
        'M' => format!("{minute:02}"),
        'n' => "\n".to_owned(),
        'p' => if hour >= 12 { "PM" } else { "AM" }.to_owned(),
        'r' => whole("%I:%M:%S %p"),
        'R' => whole("%H:%M"),
        'S' => format!("{second:02}"),
        't' => "\t".to_owned(),
        'T' | 'X' => whole("%H:%M:%S"),
        'u' => (if weekday == 0 { 7 } else { weekday }).to_string(),
        'w' => weekday.to_string(),
        'y' => format!("{:02}", year.rem_euclid(100)),
        'Y' => (year + 1900).to_string(),
        'z' => "+0000".to_owned(),
        'Z' => "UTC".to_owned(),
        '%' => "%".to_owned(),
        other => format!("%{other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::formatted;

    #[test]
    fn conversions() {
        let tm = [5, 4, 15, 7, 10, 126, 6, 310, 0];
        for (format, text) in [
            ("%a, %d %b %Y %H:%M:%S %Z", "Sat, 07 Nov 2026 15:04:05 UTC"),
            ("%A %B %e %I%p %j %y %D %F %T %z", "Saturday November  7 03PM 311 26 11/07/26 2026-11-07 15:04:05 +0000"),
            ("100%% %q %", "100% %q %"),
        ] {
            assert_eq!(formatted(format, tm), text);
        }
        assert_eq!(formatted("%a %b", [i32::MIN; 9]), "? ?");
    }
}
