//! Figures: measured, held against their targets, shown and written.

use std::fmt;

use serde_json::{Map, Value, json};

/// What a figure must reach.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// At least so much.
    AtLeast(f64),
    /// At most so much.
    AtMost(f64),
    /// Only told.
    Told,
}

impl Target {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
            Self::Told => true,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(least) => write!(f, ">= {}", digits(*least)),
            Self::AtMost(most) => write!(f, "<= {}", digits(*most)),
            Self::Told => Ok(()),
        }
    }
}

/// What stands beside a figure: the bare cost of what it cannot do without.
#[derive(Clone, Debug)]
pub(crate) struct Probe {
    pub(crate) name: &'static str,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
}

/// One figure.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    pub(crate) target: Target,
    pub(crate) probe: Option<Probe>,
    pub(crate) ratio: Option<f64>,
}

impl Figure {
    /// A figure without a probe.
    pub(crate) const fn new(
        name: &'static str,
        value: f64,
        unit: &'static str,
        target: Target,
    ) -> Self {
        Self {
            name,
            value,
            unit,
            target,
            probe: None,
            ratio: None,
        }
    }

    /// The figure with its probe.
    pub(crate) fn beside(self, probe: Probe) -> Self {
        Self {
            probe: Some(probe),
            ..self
        }
    }

    /// The figure with its ratio to the probe.
    pub(crate) fn at_ratio(self, ratio: f64) -> Self {
        Self {
            ratio: Some(ratio),
            ..self
        }
    }

    fn json(&self) -> Value {
        json!({
            "value": self.value,
            "unit": self.unit,
            "probe": self.probe.as_ref().map(|probe| json!({
                "name": probe.name,
                "value": probe.value,
                "unit": probe.unit,
            })),
            "ratio": self.ratio,
        })
    }
}

/// One line of the table.
impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match (self.target, self.target.is_met(self.value)) {
            (Target::Told, _) => "",
            (Target::AtLeast(_) | Target::AtMost(_), true) => "met",
            (Target::AtLeast(_) | Target::AtMost(_), false) => "MISSED",
        };
        write!(
            f,
            "{:<32} {:>11} {:<8} {:<10} {:<7}",
            self.name,
            digits(self.value),
            self.unit,
            self.target.to_string(),
            mark
        )?;
        match &self.probe {
            Some(probe) => write!(f, " {}: {} {}", probe.name, digits(probe.value), probe.unit),
            None => Ok(()),
        }
    }
}

/// All figures as one JSON object.
pub(crate) fn document(figures: &[Figure]) -> Value {
    let members: Map<String, Value> = figures
        .iter()
        .map(|figure| (figure.name.to_owned(), figure.json()))
        .collect();
    Value::Object(members)
}

/// A number with the digits that mean something.
fn digits(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.1 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_written_as_the_contract_says() {
        let bare = Figure::new("edition.load_ms", 2.0, "ms", Target::Told);
        let probe = Probe {
            name: "commit",
            value: 4.0,
            unit: "ms",
        };
        let beside = Figure::new("batch.durable_ratio", 0.5, "ratio", Target::AtLeast(0.4))
            .beside(probe)
            .at_ratio(0.5);
        let expected = json!({
            "edition.load_ms": {"value": 2.0, "unit": "ms", "probe": null, "ratio": null},
            "batch.durable_ratio": {
                "value": 0.5, "unit": "ratio", "ratio": 0.5,
                "probe": {"name": "commit", "value": 4.0, "unit": "ms"},
            },
        });
        assert_eq!(document(&[bare, beside]), expected);
    }

    #[test]
    fn a_missed_target_is_said() {
        let line = |value| {
            Figure::new("label.raster_300dpi_ms", value, "ms", Target::AtMost(1.0)).to_string()
        };
        assert!(line(1.5).contains("MISSED"));
        assert!(line(0.5).contains("met") && !line(0.5).contains("MISSED"));
    }
}
