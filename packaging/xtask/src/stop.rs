//! Executables that run beside us: whatever happens, what was started here is stopped here.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::execute;
use crate::fault::Fault;

/// So long an executable gets to finish what it does before it is ended by force.
const GRACE: Duration = Duration::from_secs(15);
const LOOK: Duration = Duration::from_millis(50);

/// An executable that runs until it is stopped; dropping it stops it too.
pub(crate) struct Kept {
    child: Child,
    written: String,
    ended: bool,
}

impl Kept {
    /// Starts it without a standard input, in such a way that it ends with us.
    pub(crate) fn start(command: Command, out: Stdio, err: Stdio) -> Result<Self, Fault> {
        let written = execute::typed(&command);
        let mut command = tied_to_us(command);
        command.stdin(Stdio::null()).stdout(out).stderr(err);
        let child = command.spawn().map_err(|source| Fault::Start {
            program: written.clone(),
            source,
        })?;
        Ok(Self {
            child,
            written,
            ended: false,
        })
    }

    /// The same, and what it says is seen by whoever sees what we say.
    pub(crate) fn start_openly(command: Command) -> Result<Self, Fault> {
        Self::start(command, Stdio::inherit(), Stdio::inherit())
    }

    /// Its process, for the pipes.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// The command as it would be typed.
    pub(crate) fn written(&self) -> &str {
        &self.written
    }

    /// How it ended, when it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        let status = self.child.try_wait().ok().flatten();
        self.ended |= status.is_some();
        status
    }

    /// Waits until it ends by itself.
    pub(crate) fn wait(&mut self) -> Result<ExitStatus, Fault> {
        let status = self.child.wait();
        self.ended = true;
        status.map_err(|source| Fault::Start {
            program: self.written.clone(),
            source,
        })
    }

    /// Asks it to end, waits, and complains when it had to be ended by force.
    pub(crate) fn stop(mut self) -> Result<(), Fault> {
        match self.finish() {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(Fault::Failed {
                command: self.written.clone(),
                status: status.to_string(),
                tail: String::new(),
            }),
            None => Err(Fault::TooSlow {
                command: self.written.clone(),
                limit: GRACE,
            }),
        }
    }

    fn finish(&mut self) -> Option<ExitStatus> {
        if let Some(status) = self.ended() {
            return Some(status);
        }
        ask_to_end(&mut self.child);
        let asked = Instant::now();
        while asked.elapsed() < GRACE {
            if let Some(status) = self.ended() {
                return Some(status);
            }
            thread::sleep(LOOK);
        }
        // Both calls fail only for a process that is gone already.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
        self.ended = true;
        None
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if !self.ended {
            self.finish();
        }
    }
}

/// A command that also ends when *this* process is ended by force: on Linux the kernel then sends
/// it the signal to stop, so that no data center is left running behind an interrupted command.
fn tied_to_us(command: Command) -> Command {
    let mut probe = Command::new("setpriv");
    probe.args(["--pdeathsig", "TERM", "true"]);
    if !cfg!(target_os = "linux") || !execute::works(probe) {
        return command;
    }
    let mut tied = Command::new("setpriv");
    tied.args(["--pdeathsig", "TERM"])
        .arg(command.get_program())
        .args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        tied.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => tied.env(name, value),
            None => tied.env_remove(name),
        };
    }
    tied
}

fn ask_to_end(child: &mut Child) {
    let mut asking = Command::new("kill");
    asking.args(["-TERM", &child.id().to_string()]);
    if !cfg!(unix) || !execute::works(asking) {
        // No polite way exists here; the stores are written so that this loses nothing.
        let _gone = child.kill();
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    fn kept(script: &str) -> Kept {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Kept::start(command, Stdio::null(), Stdio::null()).unwrap()
    }

    #[test]
    fn one_that_ends_politely_is_stopped_well() {
        let mut kept = kept("trap 'exit 0' TERM; while :; do sleep 0.05; done");
        thread::sleep(Duration::from_millis(200));
        assert!(kept.ended().is_none());
        kept.stop().unwrap();
    }

    #[test]
    fn one_that_ended_badly_by_itself_is_a_fault() {
        let mut kept = kept("exit 4");
        kept.wait().unwrap();
        assert!(kept.stop().is_err());
    }

    #[test]
    fn dropping_one_ends_its_process() {
        let mut kept = kept("exec sleep 30");
        let number = kept.child().id().to_string();
        drop(kept);
        let mut alive = Command::new("kill");
        alive.args(["-0", &number]);
        assert!(!execute::works(alive));
    }

    #[test]
    fn its_name_in_messages_is_what_would_be_typed() {
        let kept = kept("exit 0");
        assert_eq!(kept.written(), "sh -c \"exit 0\"");
    }
}
