//! What the office prints beside its postage: chosen, kept, and found again for a piece that was
//! paid with earlier art.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::{Owner, names};
use crate::api::{OfficeArtView, PieceState, SetOfficeArtCall, UiError};
use crate::messages::{Code, say};
use crate::printing::art::{
    ArtId, Logo, MAX_FILE_BYTES, MAX_MESSAGE_CHARS, MAX_SLOGAN_CHARS, OfficeArt, PieceArt,
};
use crate::printing::layout::check_art;
use crate::printing::png::png;
use crate::printing::units::Dpi;
use crate::store::Store;

/// States in which a piece may still be drawn again.
const OPEN: [PieceState; 5] = [
    PieceState::Prepared,
    PieceState::Sending,
    PieceState::Sent,
    PieceState::NotPrinted,
    PieceState::Unknown,
];

/// The art in use; none when nothing was ever chosen, or everything was taken away.
pub(super) fn current(store: &Store) -> Result<Option<PieceArt>, UiError> {
    let name = store.setting(names::OFFICE_ART)?;
    match name.filter(|name| !name.is_empty()) {
        None => Ok(None),
        Some(name) => kept(store, &name).map(Some),
    }
}

/// Art that is kept under a name.
fn kept(store: &Store, name: &str) -> Result<PieceArt, UiError> {
    let damaged = || say(Code::DamagedStore, &[("what", "the office art")]);
    let text = store.setting(name)?.ok_or_else(damaged)?;
    let bytes = BASE64.decode(text).map_err(|_| damaged())?;
    let id = ArtId::of(&bytes);
    if names::office_art(id) != name {
        return Err(damaged());
    }
    let art = OfficeArt::from_bytes(&bytes).ok_or_else(damaged)?;
    Ok(PieceArt::new(id, Arc::new(art)))
}

impl Owner {
    /// The art that pieces get now.
    pub(crate) fn piece_art(&self) -> Option<PieceArt> {
        self.art.clone()
    }

    /// The art of a piece that was paid with it.
    ///
    /// # Errors
    /// `damaged_store`.
    pub(crate) fn art_of(&self, id: ArtId) -> Result<PieceArt, UiError> {
        match &self.art {
            Some(art) if art.id() == id => Ok(art.clone()),
            Some(_) | None => kept(self.store(), &names::office_art(id)),
        }
    }

    /// What the office prints beside its postage.
    pub(super) fn office_art_view(&self) -> Result<OfficeArtView, UiError> {
        let art = self.chosen_art();
        let not_shown = |fault: crate::printing::png::PngFault| {
            let reason = super::faults::chain(&fault);
            say(Code::NotDrawn, &[("reason", &reason)])
        };
        let logo = art
            .logo
            .as_ref()
            .map(|logo| png(logo.picture(Dpi::D300), Dpi::D300))
            .transpose()
            .map_err(not_shown)?;
        Ok(OfficeArtView {
            logo_png_base64: logo.map(|file| BASE64.encode(file)),
            slogan: art.slogan,
            message: art.message,
        })
    }

    fn chosen_art(&self) -> OfficeArt {
        let art = self.art.as_ref().and_then(PieceArt::art);
        art.cloned().unwrap_or_default()
    }

    /// Chooses art. It has to fit on every stock that has room for it, at every resolution, so that
    /// no piece is refused for it later.
    ///
    /// A crash leaves the art before or the art after; pieces keep that which they were paid with.
    ///
    /// # Errors
    /// `no_art`, and the faults of the store.
    pub(super) fn set_office_art(
        &mut self,
        call: &SetOfficeArtCall,
    ) -> Result<OfficeArtView, UiError> {
        let mut art = self.chosen_art();
        if call.remove_logo {
            art.logo = None;
        }
        if let Some(text) = &call.logo_png_base64 {
            art.logo = Some(logo(text)?);
        }
        for (text, chosen, what, most) in [
            (
                &mut art.slogan,
                &call.slogan,
                "the slogan",
                MAX_SLOGAN_CHARS,
            ),
            (
                &mut art.message,
                &call.message,
                "the private message",
                MAX_MESSAGE_CHARS,
            ),
        ] {
            if let Some(chosen) = chosen {
                *text = line(chosen, what, most)?;
            }
        }
        check_art(&art).map_err(|refusal| no_art(&refusal.to_string()))?;
        self.keep_art(art)?;
        self.office_art_view()
    }

    fn keep_art(&mut self, art: OfficeArt) -> Result<(), UiError> {
        let bytes = art.bytes();
        let id = ArtId::of(&bytes);
        let after = (!art.is_empty()).then(|| names::office_art(id));
        self.write("the office art", |tx| {
            tx.put_setting(names::OFFICE_ART, after.as_deref().unwrap_or_default())?;
            if let Some(name) = &after {
                tx.put_setting(name, &BASE64.encode(&bytes))?;
            }
            // Pieces that may be drawn again need what they were paid with.
            let mut open = false;
            for state in OPEN {
                open |= !tx.pieces_in(state)?.is_empty();
            }
            if !open {
                let kept = after.as_deref().unwrap_or_default();
                tx.delete_settings_under(names::OFFICE_ARTS, kept)?;
            }
            Ok(())
        })?;
        self.art = after.map(|_| PieceArt::new(id, Arc::new(art)));
        Ok(())
    }
}

fn logo(text: &str) -> Result<Logo, UiError> {
    if text.len() > MAX_FILE_BYTES / 3 * 4 + 4 {
        return Err(no_art(&format!(
            "the picture has more than {MAX_FILE_BYTES} bytes"
        )));
    }
    let file = BASE64.decode(text.trim());
    let file = file.map_err(|_| no_art("the picture is not in base64"))?;
    Logo::from_png(&file).map_err(|refusal| no_art(&super::faults::chain(&refusal)))
}

/// A line without breaks, bounded.
fn line(text: &str, what: &str, most: usize) -> Result<String, UiError> {
    let text = text.trim();
    if text.chars().count() > most {
        return Err(no_art(&format!("{what} has at most {most} characters")));
    }
    Ok(text.to_owned())
}

fn no_art(reason: &str) -> UiError {
    say(Code::NoArt, &[("reason", reason)])
}

#[cfg(test)]
mod tests;
