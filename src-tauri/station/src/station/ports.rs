//! The ports of this computer that something of the station hangs on.

use super::Owner;
use crate::api::{PrinterPort, UiError};
use crate::contact::dialup::settings;
use crate::scale;

/// What a port is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum User {
    /// A modem.
    Modem,
    /// A scale on a serial line.
    Scale,
    /// A printer that is not set up yet.
    Printer,
}

impl Owner {
    /// The ports that others hang on, by each of their names: whoever looks for one says nothing to
    /// them. A printer would print it, and a modem or a scale would be disturbed in its talk.
    ///
    /// # Errors
    /// The faults of the store.
    pub(crate) fn ports_of_others(&self, user: User) -> Result<Vec<String>, UiError> {
        let printers = self.store().printers()?.into_iter();
        let ports = printers.filter_map(|printer| match printer.port {
            PrinterPort::Serial { path, .. } | PrinterPort::Device { path } => Some(path),
            PrinterPort::Tcp { .. }
            | PrinterPort::Usb { .. }
            | PrinterPort::Ipp { .. }
            | PrinterPort::Spooler { .. } => None,
        });
        let mut ports: Vec<String> = ports.collect();
        let modem =
            || settings::read(self).map(|line| Some(line.device).filter(|it| !it.is_empty()));
        match user {
            User::Modem => ports.extend(scale::serial_port(self)?),
            User::Scale => ports.extend(modem()?),
            User::Printer => ports.extend(scale::serial_port(self)?.into_iter().chain(modem()?)),
        }
        let real = ports
            .iter()
            .filter_map(|port| std::fs::canonicalize(port).ok());
        let real: Vec<String> = real.map(|port| port.display().to_string()).collect();
        ports.extend(real);
        Ok(ports)
    }
}
