//! The Debian and Ubuntu packages, each with what it is needed for.

use std::collections::BTreeSet;

/// What packages are needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Building everything but the window.
    Build,
    /// Building the window.
    Window,
    /// Making an AppImage of the window.
    Bundle,
    /// `cargo xtask test` beyond building.
    Test,
    /// `cargo xtask bench` beyond building.
    Bench,
}

/// One package.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Need {
    /// Its name.
    pub(crate) package: &'static str,
    /// What it is needed for, as the end of a sentence.
    pub(crate) why: &'static str,
    /// Whether nothing can be built without it.
    pub(crate) build: bool,
    /// Commands each of which, when it works, shows that the thing is there without the package.
    pub(crate) found_by: &'static [&'static [&'static str]],
}

const fn build(
    package: &'static str,
    why: &'static str,
    found_by: &'static [&'static [&'static str]],
) -> Need {
    Need {
        package,
        why,
        build: true,
        found_by,
    }
}

const fn test(
    package: &'static str,
    why: &'static str,
    found_by: &'static [&'static [&'static str]],
) -> Need {
    Need {
        package,
        why,
        build: false,
        found_by,
    }
}

/// `pkg-config` comes first: the others are also looked for by it.
const BUILD: [Need; 3] = [
    build(
        "pkg-config",
        "to find the system's libraries",
        &[&["pkg-config", "--version"]],
    ),
    build(
        "libudev-dev",
        "to find serial label printers",
        &[&["pkg-config", "--exists", "libudev"]],
    ),
    build(
        "libdbus-1-dev",
        "to reach the desktop's keyring",
        &[&["pkg-config", "--exists", "dbus-1"]],
    ),
];

const WINDOW: [Need; 3] = [
    build(
        "libwebkit2gtk-4.1-dev",
        "to build the station's window",
        &[&["pkg-config", "--exists", "webkit2gtk-4.1"]],
    ),
    build(
        "librsvg2-dev",
        "to build the station's window",
        &[&["pkg-config", "--exists", "librsvg-2.0"]],
    ),
    build(
        "libayatana-appindicator3-dev",
        "to build the station's window",
        &[&["pkg-config", "--exists", "ayatana-appindicator3-0.1"]],
    ),
];

const BUNDLE: [Need; 2] = [
    build(
        "squashfs-tools",
        "to put the window into one file",
        &[&["mksquashfs", "-version"]],
    ),
    build(
        "binutils",
        "to leave out what only debuggers read",
        &[&["strip", "--version"]],
    ),
];

const TEST: [Need; 19] = [
    test("xvfb", "to test the real window without a display", &[]),
    test("xauth", "to test the real window without a display", &[]),
    test(
        "webkit2gtk-driver",
        "to click through the real window",
        &[&["WebKitWebDriver", "--version"]],
    ),
    test(
        "dbus-x11",
        "to test the window and the keyring in a session of their own",
        &[],
    ),
    test(
        "gnome-keyring",
        "to test secrets in a real keyring",
        &[&["gnome-keyring-daemon", "--version"]],
    ),
    test(
        "chromium",
        "to test the page in a browser",
        &[
            &["chromium", "--version"],
            &["chromium-browser", "--version"],
        ],
    ),
    test(
        "squashfs-tools",
        "to install and roll back real packages of the station",
        &[&["mksquashfs", "-version"]],
    ),
    test("slirp", "to dial into a foreign access server", &[]),
    test(
        "socat",
        "to dial into a foreign access server",
        &[&["socat", "-V"]],
    ),
    test(
        "dmtx-utils",
        "to read our symbols with a foreign program",
        &[&["dmtxread", "--version"]],
    ),
    test(
        "softhsm2",
        "to keep the data center's keys on a PKCS #11 token",
        &[&["softhsm2-util", "--version"]],
    ),
    test(
        "cups-ipp-utils",
        "to print to a foreign printer of IPP",
        &[&["ippeveprinter", "--version"]],
    ),
    test(
        "avahi-daemon",
        "to start the foreign printer of IPP",
        &[&["avahi-daemon", "--version"]],
    ),
    test(
        "dbus",
        "to start the foreign printer of IPP",
        &[&["dbus-daemon", "--version"]],
    ),
    test(
        "iproute2",
        "to give the foreign printer of IPP a network of its own",
        &[&["ip", "-V"]],
    ),
    test(
        "poppler-utils",
        "to read our PDF labels with a foreign program",
        &[&["pdftoppm", "-v"]],
    ),
    test(
        "ghostscript",
        "to draw our PDF labels with a foreign program",
        &[&["gs", "--version"]],
    ),
    test(
        "testssl.sh",
        "to look at the data center's TLS with a foreign program",
        &[&["testssl", "--version"]],
    ),
    test(
        "python3-venv",
        "to read our symbols and signatures with foreign programs",
        &[],
    ),
];

const BENCH: [Need; 3] = [
    test(
        "xvfb",
        "to measure the real window without a display",
        &[&["Xvfb", "-help"]],
    ),
    test(
        "zstd",
        "to hold changes of rates against a foreign program's",
        &[&["zstd", "--version"]],
    ),
    test(
        "python3-venv",
        "to hold labels against foreign programs' speed",
        &[],
    ),
];

/// What the given purposes need.
pub(crate) fn wanted(purposes: &[Purpose]) -> Vec<Need> {
    let mut wanted = Vec::new();
    for purpose in purposes {
        match purpose {
            Purpose::Build => wanted.extend(BUILD),
            Purpose::Window => wanted.extend(WINDOW),
            Purpose::Bundle => wanted.extend(BUNDLE),
            Purpose::Test => wanted.extend(TEST),
            Purpose::Bench => wanted.extend(BENCH),
        }
    }
    wanted
}

/// The installed packages in `dpkg-query`'s answer (`name status` on each line).
pub(crate) fn installed(answer: &str) -> BTreeSet<String> {
    let lines = answer.lines().filter_map(|line| line.split_once(' '));
    lines
        .filter(|(_, status)| status.trim() == "installed")
        .map(|(name, _)| name.to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_packages_that_are_really_installed_count() {
        let answer = "xvfb installed\nchromium not-installed\ngnome-keyring config-files\n";
        assert_eq!(installed(answer), BTreeSet::from(["xvfb".to_owned()]));
        assert!(installed("dpkg-query: no packages found matching xvfb").is_empty());
    }

    #[test]
    fn a_headless_run_installs_no_web_view_and_nothing_that_only_tests_need() {
        let names: Vec<&str> = wanted(&[Purpose::Build])
            .iter()
            .map(|need| need.package)
            .collect();
        assert_eq!(names, ["pkg-config", "libudev-dev", "libdbus-1-dev"]);
    }

    #[test]
    fn every_package_tells_what_it_is_needed_for() {
        let all = [
            Purpose::Build,
            Purpose::Window,
            Purpose::Bundle,
            Purpose::Test,
            Purpose::Bench,
        ];
        for need in wanted(&all) {
            assert!(need.why.starts_with("to "), "{}", need.package);
        }
    }
}
