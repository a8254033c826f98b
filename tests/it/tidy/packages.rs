//! Rules about packages: who depends on whom, and on what from outside.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::Tree;

/// Packages that do input, output or windows; `shared` is to know none of them.
const NOT_IN_SHARED: [&str; 9] = [
    "tokio",
    "reqwest",
    "rusqlite",
    "tauri",
    "serialport",
    "hyper",
    "axum",
    "keyring",
    "rustls",
];

/// One package of the workspace.
pub(super) struct Manifest {
    name: String,
    table: toml::Table,
    members: BTreeSet<String>,
}

/// What a package may use from outside: in what it delivers, and in its own tests only.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Allowed {
    delivered: BTreeSet<String>,
    tests_only: BTreeSet<String>,
}

impl Manifest {
    /// Every package of the workspace.
    pub(super) fn all(tree: &Tree) -> Vec<Self> {
        let workspace: toml::Table = tree.text("Cargo.toml").parse().unwrap();
        let members = workspace["workspace"]["members"].as_array().unwrap();
        let texts = members
            .iter()
            .map(|folder| tree.text(&format!("{}/Cargo.toml", folder.as_str().unwrap())));
        Self::parse(&texts.collect::<Vec<_>>())
    }

    fn parse(texts: &[String]) -> Vec<Self> {
        let tables: Vec<toml::Table> = texts.iter().map(|text| text.parse().unwrap()).collect();
        let name = |table: &toml::Table| table["package"]["name"].as_str().unwrap().to_owned();
        let members: BTreeSet<String> = tables.iter().map(name).collect();
        tables
            .into_iter()
            .map(|table| Self {
                name: name(&table),
                table,
                members: members.clone(),
            })
            .collect()
    }

    /// The packages of the workspace it depends on.
    pub(super) fn edges(&self) -> BTreeSet<(String, String)> {
        let ours = self
            .dependencies()
            .into_iter()
            .filter(|(_, name, _)| self.members.contains(name));
        ours.map(|(_, name, _)| (self.name.clone(), name)).collect()
    }

    /// Dependencies whose version or place does not come from the workspace.
    pub(super) fn own_versions(&self) -> Vec<String> {
        let own = self.dependencies().into_iter().filter(|(_, _, value)| {
            value.get("workspace").and_then(toml::Value::as_bool) != Some(true)
        });
        own.map(|(_, name, _)| {
            format!(
                "{} states `{name}` itself instead of `.workspace = true`",
                self.name
            )
        })
        .collect()
    }

    /// The package, when it does not take its lints from the workspace.
    pub(super) fn own_lints(&self) -> Option<String> {
        let taken = self
            .table
            .get("lints")
            .and_then(|lints| lints.get("workspace"))
            .and_then(toml::Value::as_bool);
        (taken != Some(true)).then(|| format!("{} does not take the workspace's lints", self.name))
    }

    /// Packages from outside: name and whether only its tests use it.
    fn external(&self) -> Vec<(String, bool)> {
        let outside = self
            .dependencies()
            .into_iter()
            .filter(|(_, name, _)| !self.members.contains(name));
        outside
            .map(|(kind, name, _)| (name, kind == "dev-dependencies"))
            .collect()
    }

    /// Every dependency: kind, name, value; also those of one platform only.
    fn dependencies(&self) -> Vec<(&'static str, String, toml::Value)> {
        let mut tables = vec![&self.table];
        if let Some(targets) = self.table.get("target").and_then(toml::Value::as_table) {
            tables.extend(targets.values().filter_map(toml::Value::as_table));
        }
        let mut found = Vec::new();
        for table in tables {
            for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
                let Some(listed) = table.get(kind).and_then(toml::Value::as_table) else {
                    continue;
                };
                for (name, value) in listed {
                    let real = value
                        .get("package")
                        .and_then(toml::Value::as_str)
                        .unwrap_or(name);
                    found.push((kind, real.to_owned(), value.clone()));
                }
            }
        }
        found
    }
}

/// Reads the table of ARCHITECTURE.md whose rows are
/// `` | `package` | `used` `used` | `used in tests only` | ``.
pub(super) fn allowed(architecture: &str) -> BTreeMap<String, Allowed> {
    let section = architecture
        .split("\n## ")
        .find(|section| section.starts_with("What each package may use"));
    let section = section.expect("ARCHITECTURE.md has a section `What each package may use`");
    let mut allowed = BTreeMap::new();
    for row in section.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        let [name, delivered, tests_only] = cells.as_slice() else {
            panic!("not three cells: {row}")
        };
        let words = |cell: &str| {
            cell.split('`')
                .skip(1)
                .step_by(2)
                .map(str::to_owned)
                .collect()
        };
        let entry = Allowed {
            delivered: words(delivered),
            tests_only: words(tests_only),
        };
        let name: BTreeSet<String> = words(name);
        allowed.insert(name.into_iter().next().unwrap(), entry);
    }
    allowed
}

/// Where a package uses what it may not, or may use what it does not.
pub(super) fn not_allowed(
    manifests: &[Manifest],
    allowed: &BTreeMap<String, Allowed>,
) -> Vec<String> {
    let mut findings = Vec::new();
    for manifest in manifests {
        let Some(may) = allowed.get(&manifest.name) else {
            findings.push(format!(
                "ARCHITECTURE.md does not say what {} may use",
                manifest.name
            ));
            continue;
        };
        let external = manifest.external();
        for (name, tests_only) in &external {
            if !(may.delivered.contains(name) || *tests_only && may.tests_only.contains(name)) {
                findings.push(format!(
                    "{} uses `{name}`, which ARCHITECTURE.md does not allow it",
                    manifest.name
                ));
            }
        }
        let used = |name: &&String| external.iter().any(|(external, _)| external == *name);
        for name in may
            .delivered
            .union(&may.tests_only)
            .filter(|name| !used(name))
        {
            findings.push(format!(
                "{} may use `{name}` by ARCHITECTURE.md but does not",
                manifest.name
            ));
        }
    }
    findings
}

/// Packages where they must never be.
pub(super) fn out_of_place(manifests: &[Manifest]) -> Vec<String> {
    let mut findings = Vec::new();
    for manifest in manifests {
        for (name, _) in manifest.external() {
            let forbidden = match manifest.name.as_str() {
                "station-app" => false,
                "xtask" => true,
                "shared" => NOT_IN_SHARED.contains(&name.as_str()) || name.starts_with("tauri"),
                _ => name.starts_with("tauri"),
            };
            if forbidden {
                findings.push(format!("{} must not know `{name}`", manifest.name));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<Manifest> {
        let shared = "[package]\nname = \"shared\"\n[dependencies]\nserde.workspace = true\ntokio.workspace = true\n\
                      [dev-dependencies]\nproptest.workspace = true\n[lints]\nworkspace = true";
        let station = "[package]\nname = \"station\"\n[dependencies]\nshared.workspace = true\nurl = \"2\"\n\
                       [target.'cfg(windows)'.dependencies]\ntauri-runtime.workspace = true";
        Manifest::parse(&[shared.to_owned(), station.to_owned()])
    }

    fn table(rows: &str) -> BTreeMap<String, Allowed> {
        allowed(&format!(
            "# A\n\n## What each package may use\n\n| package | uses | tests |\n|---|---|---|\n{rows}\n\n## Next\n| `x` |"
        ))
    }

    #[test]
    fn an_edge_between_our_packages_is_seen() {
        let edges: Vec<_> = sample().iter().flat_map(Manifest::edges).collect();
        assert_eq!(edges, [("station".to_owned(), "shared".to_owned())]);
    }

    #[test]
    fn a_package_that_is_not_allowed_is_found_and_one_that_is_not_used_too() {
        let allowed = table(
            "| `shared` | `serde` | `proptest` `insta` |\n| `station` | `url` `tauri-runtime` | |",
        );
        let findings = not_allowed(&sample(), &allowed);
        assert_eq!(
            findings,
            [
                "shared uses `tokio`, which ARCHITECTURE.md does not allow it",
                "shared may use `insta` by ARCHITECTURE.md but does not",
            ]
        );
    }

    #[test]
    fn a_package_for_tests_only_is_not_allowed_in_what_is_delivered() {
        let allowed = table(
            "| `shared` | `tokio` `proptest` | `serde` |\n| `station` | `url` `tauri-runtime` | |",
        );
        assert_eq!(
            not_allowed(&sample(), &allowed),
            ["shared uses `serde`, which ARCHITECTURE.md does not allow it"]
        );
    }

    #[test]
    fn packages_out_of_place_are_found_also_for_one_platform() {
        assert_eq!(
            out_of_place(&sample()),
            [
                "shared must not know `tokio`",
                "station must not know `tauri-runtime`"
            ]
        );
    }

    #[test]
    fn an_own_version_and_missing_lints_are_found() {
        let sample = sample();
        assert_eq!(sample[0].own_versions(), [""; 0]);
        assert_eq!(
            sample[1].own_versions(),
            ["station states `url` itself instead of `.workspace = true`"]
        );
        assert_eq!(sample[0].own_lints(), None);
        assert!(sample[1].own_lints().is_some());
    }
}
