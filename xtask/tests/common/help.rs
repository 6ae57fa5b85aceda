//! The program's help.

/// The commands that `--help` lists, without `help` itself.
pub fn commands(help: &str) -> Vec<&str> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // Continuation lines are indented further.
    let begin = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    begin.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect()
}
