//! The calls of the window and the command line about the telephone line.

use super::profiles::{self, Found, FoundState};
use super::settings;
use crate::api::{ModemPortView, ModemsView, SetLineCall, UiError, View};
use crate::messages::{Code, say};
use crate::station::Station;
use crate::station::ports::User;

impl Station {
    /// How the line is set up.
    pub(crate) async fn line_setup(&self) -> Result<View, UiError> {
        let view = self.apply(|owner| settings::view(owner)).await?;
        Ok(View::Line(Box::new(view)))
    }

    /// Sets the line up.
    pub(crate) async fn set_line(&self, call: SetLineCall) -> Result<View, UiError> {
        self.apply(move |owner| settings::set(owner, &call)).await?;
        self.line_setup().await
    }

    /// Hangs up. A contact that was under way fails as on a line that is cut, and loses nothing.
    pub(crate) async fn hang_up_line(&self) -> Result<View, UiError> {
        self.telephone().stop().await;
        self.status_view().await
    }

    /// Looks for modems on every port that nothing else hangs on and no call is on.
    pub(crate) async fn find_modems(&self) -> Result<View, UiError> {
        let is_on = self.telephone().view().is_some();
        let taken = self
            .apply(move |owner| {
                let mut taken = owner.ports_of_others(User::Modem)?;
                if is_on {
                    taken.push(settings::read(owner)?.device);
                }
                Ok(taken)
            })
            .await?;
        let ports = self.telephone().ports();
        let looking = move || profiles::find(ports.as_ref(), &taken);
        let found = tokio::task::spawn_blocking(looking).await;
        let found = found.map_err(|_| say(Code::StationStopped, &[]))?;
        Ok(View::Modems(ModemsView {
            ports: found.into_iter().map(shown).collect(),
        }))
    }
}

fn shown(found: Found) -> ModemPortView {
    let (state, said, profile) = match found.state {
        FoundState::Modem { said, profile } => ("modem", Some(said), Some(profile)),
        FoundState::Silent => ("silent", None, None),
        FoundState::Closed(why) => ("closed", Some(why), None),
    };
    ModemPortView {
        device: found.port.device,
        what: found.port.what,
        state: state.to_owned(),
        said,
        profile: profile.map(str::to_owned),
    }
}
