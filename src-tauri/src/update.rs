//! The program replaces itself, and proves itself after.
//!
//! What is decided and how files change stands in `station::services::software`; here are only the
//! parts that need the window: the updater's signature, the page that has to stand, and the quiet
//! moment.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use station::api::Call;
use station::door::Lasting;
use station::services::software::prove::{self, Place, Proof};
use station::services::software::{Package, Platform, Program, Version};
use tauri::utils::config::BundleType;
use tauri::utils::platform::bundle_type;
use tauri::{AppHandle, Manager, Runtime};
use tauri_plugin_updater::UpdaterExt;

/// The version of this build: that of the workspace, unless the build was told another.
pub(crate) const VERSION: &str = match option_env!("PENNYBLACK_VERSION") {
    Some(version) => version,
    None => env!("CARGO_PKG_VERSION"),
};

/// Whose packages this build installs: a minisign public key as its signer writes it, base64. A
/// provider ships its own build with its own key; one without a key is not updated by itself.
const UPDATE_KEY: Option<&str> = option_env!("PENNYBLACK_UPDATE_KEY");

/// How long at most until it is looked again whether a release may be installed.
const LOOK: Duration = Duration::from_secs(60);

/// Between two looks, whatever happens.
const PAUSE: Duration = Duration::from_secs(2);

/// This build and where it is installed.
pub(crate) struct Installed {
    pub(crate) program: Program,
    pub(crate) place: Place,
}

impl Installed {
    /// Reads version, platform and place.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let version: Version = VERSION.parse()?;
        let appimage = env::var_os("APPIMAGE").map(PathBuf::from);
        let platform = if appimage.is_some() {
            Some(Platform::LinuxAppimage)
        } else {
            bundle_type().and_then(platform_of)
        };
        let file = match appimage {
            Some(file) => file,
            None => env::current_exe()?,
        };
        Ok(Self {
            program: Program {
                version,
                platform: platform.filter(|_| UPDATE_KEY.is_some()),
            },
            place: Place {
                file,
                arguments: env::args_os().skip(1).collect(),
            },
        })
    }
}

/// The platform of a package that tauri's bundler made; others are not published.
const fn platform_of(bundle: BundleType) -> Option<Platform> {
    match bundle {
        BundleType::Deb => Some(Platform::LinuxDeb),
        BundleType::Rpm => Some(Platform::LinuxRpm),
        BundleType::AppImage => Some(Platform::LinuxAppimage),
        BundleType::Nsis => Some(Platform::WindowsNsis),
        BundleType::App | BundleType::Dmg => Some(Platform::MacosApp),
        BundleType::Msi => None,
    }
}

/// The updater, which only looks at signatures here: it fetches nothing.
pub(crate) fn plugin<R: Runtime>() -> tauri::plugin::TauriPlugin<R, tauri_plugin_updater::Config> {
    tauri_plugin_updater::Builder::new()
        .pubkey(UPDATE_KEY.unwrap_or_default())
        .build()
}

/// Ends the trial of this program: what the station says to the page decides.
pub(crate) async fn prove(proof: Arc<Proof>, station: Lasting) {
    let told = station.door().ask(Call::Status).await;
    let told = told.map(drop).map_err(|error| error.message);
    if let Err(reason) = proof.judge(told) {
        station.hand_over().await;
        go_back(&proof, &reason);
        return;
    }
    tracing::info!("this version has proved itself");
    station.settle_software().await;
}

/// Puts the program before back, and does not return when that succeeds.
pub(crate) fn go_back(proof: &Proof, reason: &str) {
    tracing::error!(reason, "this version goes back to the one before");
    let fault = proof.go_back(reason);
    tracing::error!(%fault, "the version before could not be put back");
}

/// Starts this program anew when its start takes too long.
pub(crate) fn watch_over(proof: Arc<Proof>) {
    std::thread::spawn(move || {
        std::thread::sleep(proof.patience());
        if !proof.is_settled() {
            tracing::error!("the start of this version takes too long; it is tried again");
            let fault = proof.start_again();
            tracing::error!(%fault, "this version could not be started again");
        }
    });
}

/// Looks again and again whether a release may be installed, installs it and starts it.
pub(crate) async fn when_quiet(app: AppHandle, station: Lasting, data: PathBuf, place: Place) {
    let mut news = station.door().listen();
    loop {
        // News of the station come in bursts; the time of day comes without any.
        tokio::time::sleep(PAUSE).await;
        drop(tokio::time::timeout(LOOK, news.recv()).await);
        while news.try_recv().is_ok() {}
        if install(&app, &station, &data, &place).await {
            let watched = tauri::async_runtime::spawn_blocking({
                let (data, place) = (data.clone(), place.clone());
                // The window must not stand beside the new one.
                hide(&app);
                move || prove::watch(&data, &place)
            });
            match watched.await {
                Ok(Ok(())) => {}
                Ok(Err(fault)) => tracing::error!(%fault, "the new version was not watched over"),
                Err(fault) => tracing::error!(%fault, "the new version was not watched over"),
            }
            app.exit(0);
            return;
        }
    }
}

/// Installs the release that waits, when nobody is served; says whether it did. The station is
/// handed over then.
pub(crate) async fn install(
    app: &AppHandle,
    station: &Lasting,
    data: &Path,
    place: &Place,
) -> bool {
    let Some(package) = station.prepare_software().await else {
        return false;
    };
    let looked = tauri::async_runtime::spawn_blocking({
        let (app, package, data) = (app.clone(), package.clone(), data.to_owned());
        move || prove::look_at(&package, &data, |bytes| verify(&app, &package, bytes))
    });
    let looked = looked
        .await
        .unwrap_or_else(|fault| Err(format!("it could not be looked at: {fault}")));
    if let Err(reason) = looked {
        tracing::error!(version = %package.version, reason, "a release is not installed");
        station.give_up_software(&package, Some(reason)).await;
        return false;
    }
    station.hand_over().await;
    match prove::install(&package, data, place) {
        Ok(()) => true,
        Err(fault) => {
            tracing::error!(%fault, "a release could not be installed");
            station.take_back();
            false
        }
    }
}

fn hide(app: &AppHandle) {
    for window in app.webview_windows().values() {
        if let Err(fault) = window.hide() {
            tracing::warn!(%fault, "a window could not be hidden");
        }
    }
}

/// The updater's own signature: by its key, over these bytes, for this version.
fn verify(app: &AppHandle, package: &Package, bytes: &[u8]) -> Result<(), String> {
    let refused = |fault: tauri_plugin_updater::Error| format!("its signature: {fault}");
    let manifest = serde_json::json!({
        "version": package.version.to_string(),
        "url": "https://pennyblack.invalid/",
        "signature": package.signature,
    });
    let updater = app.updater().map_err(refused)?;
    let update = updater.restore_update(manifest).map_err(refused)?;
    let update = update.ok_or("it is not higher than what runs")?;
    update.verify(bytes).map_err(refused)
}
