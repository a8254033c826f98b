//! A scale on a serial line that is a pseudo terminal: it speaks MT-SICS or NCI as their manuals
//! say, and has the faults that scales and their cables have.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::event::PollFlags;
use shared::scale::talk::Language;

use crate::pty;

/// Between two looks at the line.
const LOOK: Duration = Duration::from_millis(5);

/// What a scale does when it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Shows this at rest, for example `0.9 oz`.
    Rests(String),
    /// Shows this in motion.
    Moves(String),
    /// Shows one after the other, each at rest.
    Flickers([String; 2]),
    /// Has too much on it.
    Overloaded,
    /// Shows less than nothing.
    Lifted,
    /// Has lost its calibration, as far as its language has a word for that.
    Uncalibrated,
    /// Sends noise.
    Noise,
    /// Sends half an answer and then the other half of another.
    Torn,
    /// Says nothing.
    Silent,
}

struct State {
    manner: Manner,
    plugged: bool,
    answers: usize,
    zeroed: usize,
}

/// A scale that is emulated, at a path that stays while it is pulled out and plugged in again.
pub struct SerialScale {
    state: Arc<Mutex<State>>,
    language: Language,
    path: PathBuf,
}

impl Drop for SerialScale {
    fn drop(&mut self) {
        self.pull();
    }
}

impl SerialScale {
    /// Plugs a scale in; `folder` gets the port.
    ///
    /// # Errors
    /// When this system has no pseudo terminals.
    pub fn plug_in(folder: &Path, language: Language, manner: Manner) -> io::Result<Self> {
        let state = State {
            manner,
            plugged: false,
            answers: 0,
            zeroed: 0,
        };
        let scale = Self {
            state: Arc::new(Mutex::new(state)),
            language,
            path: folder.join(format!("tty-{}", language.word())),
        };
        scale.plug_in_again()?;
        Ok(scale)
    }

    /// Plugs it in again.
    ///
    /// # Errors
    /// When this system has no pseudo terminals.
    pub fn plug_in_again(&self) -> io::Result<()> {
        let (master, device) = pty::line()?;
        if self.path.is_symlink() {
            std::fs::remove_file(&self.path)?;
        }
        std::os::unix::fs::symlink(device, &self.path)?;
        self.state().plugged = true;
        let (state, language) = (Arc::clone(&self.state), self.language);
        thread::spawn(move || serve(File::from(master), language, &state));
        Ok(())
    }

    /// Pulls it out.
    pub fn pull(&self) {
        self.state().plugged = false;
    }

    /// From now on it does this.
    pub fn does(&self, manner: Manner) {
        self.state().manner = manner;
    }

    /// Its port.
    #[must_use]
    pub fn path(&self) -> String {
        self.path.display().to_string()
    }

    /// How often it was set to zero.
    #[must_use]
    pub fn zeroed(&self) -> usize {
        self.state().zeroed
    }

    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers until it is pulled out; then the port is gone.
fn serve(mut master: File, language: Language, state: &Mutex<State>) {
    let mut asked = Vec::new();
    while locked(state).plugged {
        let seen = pty::seen(&master, LOOK);
        if !seen.is_ok_and(|seen| seen.contains(PollFlags::IN)) {
            // Nobody has the other end open yet, or any more.
            thread::sleep(Duration::from_millis(2));
            continue;
        }
        let mut bytes = [0; 64];
        let Ok(count) = master.read(&mut bytes) else {
            continue;
        };
        for &byte in bytes.iter().take(count) {
            match byte {
                b'\r' => {
                    let answer = answer(language, &asked, &mut locked(state));
                    asked.clear();
                    // Whoever asked may have gone.
                    drop(master.write_all(&answer));
                }
                b'\n' => {}
                other => asked.push(other),
            }
        }
    }
}

fn answer(language: Language, asked: &[u8], state: &mut State) -> Vec<u8> {
    if state.manner == Manner::Silent {
        return Vec::new();
    }
    if asked == b"Z" {
        state.zeroed += 1;
        state.manner = Manner::Rests("0.0 oz".to_owned());
        return match language {
            Language::MtSics => b"Z A\r\n".to_vec(),
            Language::Nci => b"\n20\r\x03".to_vec(),
        };
    }
    state.answers += 1;
    let is_even = state.answers.is_multiple_of(2);
    match language {
        Language::MtSics if asked == b"SI" => sics(&state.manner, is_even),
        Language::MtSics => b"ES\r\n".to_vec(),
        Language::Nci if asked == b"W" => nci(&state.manner, is_even),
        Language::Nci => b"\n?\r\x03".to_vec(),
    }
}

fn sics(manner: &Manner, is_even: bool) -> Vec<u8> {
    let shown = |state: &str, text: &str| {
        let (number, unit) = text.split_once(' ').unwrap_or((text, "g"));
        format!("S {state} {number:>10} {unit}\r\n").into_bytes()
    };
    match manner {
        Manner::Rests(text) => shown("S", text),
        Manner::Moves(text) => shown("D", text),
        Manner::Flickers([one, other]) => shown("S", if is_even { one } else { other }),
        Manner::Overloaded => b"S +\r\n".to_vec(),
        Manner::Lifted => b"S -\r\n".to_vec(),
        Manner::Uncalibrated => b"S I\r\n".to_vec(),
        Manner::Noise => vec![0xFF, 0x00, b'S', b'\n', 0x80, b'\n'],
        Manner::Torn if is_even => b"S S     0.".to_vec(),
        Manner::Torn => b"S +\r\n".to_vec(),
        Manner::Silent => Vec::new(),
    }
}

fn nci(manner: &Manner, is_even: bool) -> Vec<u8> {
    let shown = |status: &str, text: &str| {
        let text = text.replace(' ', "");
        format!("\n{text:>9}\r\n{status}\r\x03").into_bytes()
    };
    match manner {
        Manner::Rests(text) => shown("00", text),
        Manner::Moves(text) => shown("10", text),
        Manner::Flickers([one, other]) => shown("00", if is_even { one } else { other }),
        Manner::Overloaded => shown("02", "^^^^^^ oz"),
        Manner::Lifted => shown("01", "______ oz"),
        Manner::Uncalibrated => shown("08", "0.9 oz"),
        Manner::Noise => vec![0xFF, 0x00, b'W', 3, 0x80, 3],
        Manner::Torn if is_even => b"\n   0.9".to_vec(),
        Manner::Torn => b"oz\r\n02\r\x03".to_vec(),
        Manner::Silent => Vec::new(),
    }
}
