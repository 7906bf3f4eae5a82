//! A verdict as a person reads it: one line for each step, the verdict last.

use super::{Mark, Outcome, Step, Verdict};
use crate::progress::{human_bytes, visible};

impl Verdict {
    /// The verdict as a person reads it.
    pub fn to_text(&self) -> String {
        let size = human_bytes(self.subject.size);
        let mut text = format!("{}\n", self.subject.artifact.display());
        let (kernel, accelerator) = (&self.subject.kernel, &self.subject.accelerator);
        text += &format!("  kernel {}; {accelerator}\n", visible(kernel));
        text += &format!("  {:<15}{:>9}{:>10}\n", "", "guest", "host");
        text.extend(self.steps.iter().map(line));
        if let Some(bytes) = self.memory_used_bytes {
            text += &format!(
                "  {:<15}{:>9}  used when the boot was over\n",
                "memory",
                human_bytes(bytes)
            );
        }
        text += &format!("  {:<15}{:>9}\n", "artifact", size);
        text += &format!("verdict: {}\n", visible(&self.verdict));
        if !self.console.is_empty() {
            text += "the console's last lines:\n";
            text.extend(self.console.iter().map(|line| format!("    {}\n", visible(line))));
        }
        text
    }
}

fn line(mark: &Mark) -> String {
    let name = match mark.step {
        Step::Kernel => "kernel reached",
        Step::Root => "root mounted",
        Step::Init => "init reached",
        Step::Agent => "agent answered",
        Step::Units => "units started",
        Step::PowerOff => "power-off",
    };
    let seconds = |time: Option<f64>| time.map_or("-".to_owned(), |time| format!("{time:.2} s"));
    let (guest, host) = (seconds(mark.guest_seconds), seconds(mark.host_seconds));
    let told = match &mark.outcome {
        Outcome::Passed => String::new(),
        Outcome::Skipped { why } => format!("  skipped: {}", visible(why)),
        Outcome::Failed { why } => format!("  FAILED: {}", visible(why)),
        Outcome::Unreached => "  not reached".to_owned(),
    };
    format!("  {name:<15}{guest:>9}{host:>10}{told}\n")
}
