use std::cell::Cell;
use std::net::SocketAddrV4;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::modem::{CENTER, GOOD, HTTPS, Modem, plan};
use crate::call::{
    Call, CallFault, Caller, Event, LiveCall, ModemPort, PortGone, Signal, StreamBroken,
};
use crate::ppp::Failure;

/// A port with a modem on it, on a clock that goes on by what is waited for.
struct Port {
    modem: Modem,
    clock: std::sync::Arc<std::sync::Mutex<Duration>>,
    /// Whether it was pulled out.
    gone: std::sync::Arc<std::sync::Mutex<bool>>,
    /// What has arrived and was not read.
    unread: Vec<u8>,
    /// Bytes it takes at once.
    takes: usize,
}

impl Port {
    fn now(&self) -> Duration {
        *self.clock.lock().unwrap()
    }

    fn pass(&self, wait: Duration) {
        *self.clock.lock().unwrap() += wait;
    }

    fn is_gone(&self) -> bool {
        *self.gone.lock().unwrap()
    }
}

impl ModemPort for Port {
    fn read(&mut self, to: &mut [u8], wait: Duration) -> Result<usize, PortGone> {
        self.pass(wait);
        if self.is_gone() {
            return Err(PortGone("pulled out".to_owned()));
        }
        let arrived = self.modem.arrived(self.now());
        self.unread.extend(arrived);
        let count = self.unread.len().min(to.len());
        to[..count].copy_from_slice(&self.unread[..count]);
        self.unread.drain(..count);
        Ok(count)
    }

    fn room(&mut self) -> usize {
        400
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, PortGone> {
        let taken = bytes.len().min(self.takes);
        let now = self.now();
        self.modem.input(now, &bytes[..taken]);
        Ok(taken)
    }

    fn has_lines(&self) -> bool {
        true
    }

    fn set_dtr(&mut self, up: bool) -> Result<(), PortGone> {
        let now = self.now();
        let signal = if up {
            Signal::RaiseDtr
        } else {
            Signal::DropDtr
        };
        self.modem.dtr(now, signal);
        Ok(())
    }

    fn carrier(&mut self) -> Result<Option<bool>, PortGone> {
        Ok(self.modem.dcd())
    }
}

fn port() -> Port {
    Port {
        modem: Modem::new(GOOD),
        clock: std::sync::Arc::default(),
        gone: std::sync::Arc::default(),
        unread: Vec::new(),
        takes: 100,
    }
}

/// Pumps a call that opens a stream when it is up, says a word on it, and hangs up at the echo,
/// unless the port is pulled out as soon as the link is up.
fn pumped(port: &mut Port, pulled: bool) -> (Vec<Event>, Vec<u8>, Result<(), PortGone>) {
    let live = LiveCall::new(Caller::begin(plan(true), Duration::ZERO));
    let (clock, gone) = (port.clock.clone(), port.gone.clone());
    let (opened, sent, back) = (
        Rc::new(Cell::new(None)),
        Cell::new(0),
        Cell::new(Vec::new()),
    );
    let user = live.clone();
    let events = Cell::new(Vec::new());
    let set = Rc::clone(&opened);
    let to = SocketAddrV4::new(CENTER, HTTPS);
    let time = || {
        let mut cx = Context::from_waker(Waker::noop());
        let now = *clock.lock().unwrap();
        if let Some(stream) = opened.get()
            && let Poll::Ready(Ok(())) = user.poll_open(&mut cx, stream)
        {
            if sent.get() == 0
                && let Poll::Ready(Ok(count)) = user.poll_write(&mut cx, stream, b"postage")
            {
                sent.set(count);
            }
            let mut buffer = [0; 16];
            if let Poll::Ready(Ok(count)) = user.poll_read(&mut cx, stream, &mut buffer) {
                let mut all = back.take();
                all.extend(&buffer[..count]);
                if all.len() == 7 {
                    user.with(|call| call.hang_up(now));
                }
                back.set(all);
            }
        }
        now
    };
    let end = live.pump(port, &time, &mut |call, event| {
        if let Event::Up(_) = event {
            set.set(call.stack_mut().unwrap().connect(to).ok());
            *gone.lock().unwrap() = pulled;
        }
        if event != Event::Down {
            let mut all = events.take();
            all.push(event);
            events.set(all);
        }
    });
    let mut cx = Context::from_waker(Waker::noop());
    let read = user.poll_read(&mut cx, opened.get().unwrap(), &mut [0; 1]);
    assert_eq!(read, Poll::Ready(Err(StreamBroken)));
    (events.take(), back.take(), end)
}

#[test]
fn a_pump_drives_a_call_from_the_first_command_to_the_hang_up() {
    let mut port = port();
    let (events, back, end) = pumped(&mut port, false);
    assert_eq!((back, end), (b"postage".to_vec(), Ok(())));
    let last = [Event::Ended(Ok(())), Event::HungUp];
    assert_eq!(events[3..], last);
    assert!(!port.modem.is_on_line());
}

#[test]
fn a_port_that_is_pulled_out_ends_the_call_and_the_pump() {
    let mut port = port();
    let (events, _, end) = pumped(&mut port, true);
    assert_eq!(end, Err(PortGone("pulled out".to_owned())));
    let lost = Event::Ended(Err(CallFault::Link(Failure::LineLost)));
    assert_eq!(events[3..], [lost, Event::HungUp]);
}

#[test]
fn a_port_is_given_no_more_than_the_line_behind_it_carries() {
    let mut port = port();
    port.takes = usize::MAX;
    let live = LiveCall::new(Caller::begin(plan(true), Duration::ZERO));
    let clock = port.clock.clone();
    let (user, last) = (live.clone(), Cell::new(Duration::ZERO));
    let stream = Rc::new(Cell::new(None));
    let (set, opened) = (Rc::clone(&stream), Cell::new(None));
    let time = || {
        let now = *clock.lock().unwrap();
        let mut cx = Context::from_waker(Waker::noop());
        if let Some(stream) = stream.get() {
            if user.poll_write(&mut cx, stream, &[7; 4_096]).is_ready() && opened.get().is_none() {
                opened.set(Some(now));
            }
            let _read = user.poll_read(&mut cx, stream, &mut [0; 4_096]);
        }
        let begun = opened.get().unwrap_or(now);
        if now - begun > Duration::from_secs(10) {
            user.with(|call| call.drop_line(now));
            last.set(now);
        }
        now
    };
    let to = SocketAddrV4::new(CENTER, HTTPS);
    let _end = live.pump(&mut port, &time, &mut |call, event| {
        if let Event::Up(_) = event {
            set.set(call.stack_mut().unwrap().connect(to).ok());
        }
    });
    let carried = port.modem.carried;
    // 33,600 bit/s for ten seconds and the call's beginning; TCP keeps the line busy all the time.
    assert!((30_000..55_000).contains(&carried), "{carried} bytes");
}
