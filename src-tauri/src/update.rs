//! The program replaces itself, and proves itself after.
//!
//! What is decided and how files change stands in `station::services::software`; here are only the
//! parts that need the window: the updater's signature, the page that has to stand, and the quiet
//! moment.

use std::env;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use station::api::Call;
use station::door::Lasting;
use station::services::software::prove::{self, Place, Proof, Unfit};
use station::services::software::{Package, Platform, Program, Version};
use tauri::utils::config::BundleType;
use tauri::utils::platform::bundle_type;
use tauri::{AppHandle, Manager, Runtime};
use tauri_plugin_updater::UpdaterExt;
use tokio::sync::Mutex;

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

/// How long until a station that this computer keeps closed is asked again.
const HINDERED: Duration = Duration::from_secs(10);

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

/// Ends the trial of this program: what the station says to the page decides. While this computer
/// keeps it from saying anything, it is asked again.
pub(crate) async fn prove(app: AppHandle, proof: Arc<Proof>, station: Lasting) {
    let told = loop {
        match station.door().ask(Call::Status).await {
            Ok(_) => break Ok(()),
            Err(fault) if prove::is_of_the_computer(&fault) => {
                proof.hindered_by(&fault.message);
                tokio::time::sleep(HINDERED).await;
            }
            Err(fault) => break Err(fault.message),
        }
    };
    if let Err(reason) = proof.judge(told) {
        station.hand_over().await;
        drop(go_back(&proof, &reason));
        // What did not prove itself does not go on; the next start puts it back.
        app.exit(1);
        return;
    }
    tracing::info!("this version has proved itself");
    station.settle_software().await;
}

/// Puts the program before back, and does not return when that succeeds.
pub(crate) fn go_back(proof: &Proof, reason: &str) -> io::Error {
    tracing::error!(reason, "this version goes back to the one before");
    let fault = proof.go_back(reason);
    tracing::error!(%fault, "the version before could not be put back");
    fault
}

/// Starts this program anew when its start takes too long.
pub(crate) fn watch_over(proof: Arc<Proof>) {
    std::thread::spawn(move || {
        std::thread::sleep(proof.patience());
        if proof.is_overdue() {
            tracing::error!("the start of this version takes too long; it is tried again");
            let fault = proof.start_again();
            tracing::error!(%fault, "this version could not be started again");
        }
    });
}

/// Installs what waits, once at a time.
#[derive(Clone)]
pub(crate) struct Updates {
    station: Lasting,
    data: PathBuf,
    place: Place,
    /// Held while a release is looked at and installed: the window may close in the middle.
    alone: Arc<Mutex<()>>,
}

impl Updates {
    pub(crate) fn new(station: Lasting, data: PathBuf, place: Place) -> Self {
        Self {
            station,
            data,
            place,
            alone: Arc::default(),
        }
    }

    /// Looks again and again whether a release may be installed, installs it and starts it.
    pub(crate) async fn when_quiet(self, app: AppHandle) {
        let mut news = self.station.door().listen();
        loop {
            // News of the station come in bursts; the time of day comes without any.
            tokio::time::sleep(PAUSE).await;
            drop(tokio::time::timeout(LOOK, news.recv()).await);
            while news.try_recv().is_ok() {}
            if self.install(&app).await {
                let watched = tauri::async_runtime::spawn_blocking({
                    let Self { data, place, .. } = self;
                    // The window must not stand beside the new one.
                    hide(&app);
                    move || prove::watch(&data, &place)
                });
                let unwatched = match watched.await {
                    Ok(Ok(())) => None,
                    Ok(Err(fault)) => Some(fault.to_string()),
                    Err(fault) => Some(fault.to_string()),
                };
                if let Some(fault) = unwatched {
                    tracing::error!(fault, "the new version was not watched over");
                }
                app.exit(0);
                return;
            }
        }
    }

    /// Installs the release that waits, when nobody is served; says whether it did. The station is
    /// handed over then. Whoever comes while another one installs waits for it, and finds nothing.
    pub(crate) async fn install(&self, app: &AppHandle) -> bool {
        let _alone = self.alone.lock().await;
        let Some(package) = self.station.prepare_software().await else {
            return false;
        };
        if let Err(why) = self.looked_at(app, &package).await {
            tracing::error!(version = %package.version, %why, "a release is not installed");
            self.station.give_up_software(&package, Some(why)).await;
            return false;
        }
        // Looking took its time, and the office may have opened meanwhile.
        if !self.station.is_still_ready(&package).await {
            self.station.give_up_software(&package, None).await;
            return false;
        }
        self.station.hand_over().await;
        match prove::install(&package, &self.data, &self.place) {
            Ok(()) => true,
            Err(fault) => {
                tracing::error!(%fault, "a release could not be installed");
                let why = format!("it could not be put in its place: {fault}");
                self.station.take_back(&package, Unfit::NotTried(why)).await;
                false
            }
        }
    }

    /// Whether a package is fit to be installed, before the station is closed for it.
    async fn looked_at(&self, app: &AppHandle, package: &Package) -> Result<(), Unfit> {
        self.place.can_be_replaced().map_err(|fault| {
            Unfit::NotTried(format!("the program's folder cannot be written: {fault}"))
        })?;
        let (app, package, data) = (app.clone(), package.clone(), self.data.clone());
        let looked = tauri::async_runtime::spawn_blocking(move || {
            prove::look_at(&package, &data, |bytes| verify(&app, &package, bytes))
        });
        looked.await.unwrap_or_else(|fault| {
            Err(Unfit::NotTried(format!(
                "it could not be looked at: {fault}"
            )))
        })
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
