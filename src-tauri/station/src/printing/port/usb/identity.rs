//! What a printer says that it is: the device id of IEEE 1284, `MFG:Zebra;MDL:ZD421;CMD:ZPL;`.

/// The most bytes of a device id that are looked at.
const MAX_BYTES: usize = 1_024;

/// The parts of a device id that tell one model from another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The maker.
    pub maker: String,
    /// The model.
    pub model: String,
    /// The languages it says that it speaks, as they stand.
    pub commands: String,
}

impl Identity {
    /// Reads a device id; what cannot be read of it is left out.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_BYTES)]);
        let mut identity = Self::default();
        for part in text.split(';') {
            let Some((key, value)) = part.split_once(':') else {
                continue;
            };
            let value: String = value.chars().filter(|c| !c.is_control()).collect();
            let value = value.trim().to_owned();
            match key.trim().to_ascii_uppercase().as_str() {
                "MFG" | "MANUFACTURER" => identity.maker = value,
                "MDL" | "MODEL" => identity.model = value,
                "CMD" | "COMMAND SET" => identity.commands = value,
                _ => {}
            }
        }
        identity
    }

    /// Maker and model as people say them: makers often stand in the model, too.
    #[must_use]
    pub fn title(&self) -> String {
        if self.model.starts_with(&self.maker) {
            self.model.clone()
        } else {
            format!("{} {}", self.maker, self.model).trim().to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maker_model_and_languages_are_read_under_either_name() {
        let short = b"MFG:Zebra Technologies ;CMD:ZPL;MDL:ZTC ZD421-203dpi ZPL;CLS:PRINTER;";
        let identity = Identity::read(short);
        assert_eq!(identity.title(), "Zebra Technologies ZTC ZD421-203dpi ZPL");
        assert_eq!(identity.commands, "ZPL");
        let long = b"MANUFACTURER:EPSON;COMMAND SET:ESC/POS;MODEL:EPSON TM-T20III;\0";
        let identity = Identity::read(long);
        assert_eq!(identity.title(), "EPSON TM-T20III");
        assert_eq!(identity.commands, "ESC/POS");
        assert_eq!(Identity::read(b"\xff\xfe:;;x").title(), "");
    }
}
