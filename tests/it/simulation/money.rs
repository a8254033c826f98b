//! What happens to money beside refills: returned payments, claims, scans, vaults that end.

use server::admin::call::AdminCall;
use server::admin::money::MoneyCall;
use shared::ids::{PieceSerial, PsdId};
use station::api::{Call, PieceState, RefundCall, ResolveCall};

use super::{Run, STATIONS};

impl Run {
    async fn psd(&self, index: usize) -> PsdId {
        let station = self.places[index].counter().station.clone();
        station
            .apply(|owner| Ok(owner.enrolled()?.psd()))
            .await
            .unwrap()
    }

    /// The bank takes one of this seed's payments back, once.
    pub(super) async fn take_payment_back(&mut self) {
        if self.payments.is_empty() {
            return;
        }
        let place = self.dice.place() % self.payments.len();
        let (reference, mills) = self.payments.swap_remove(place);
        let call = MoneyCall::ReturnPayment {
            reference,
            account: None,
        };
        self.town.money(call.clone()).await;
        let again = self.town.money(call).await;
        assert_eq!(again["repeated"], true, "{}", self.words("a return"));
        self.model.take_payment_back(mills);
        self.count.returned += 1;
    }

    /// Nothing of a seed locks the next one.
    pub(super) async fn pay_what_is_outstanding(&mut self) {
        let mills = self.model.outstanding();
        if mills > 0 {
            let amount = shared::money::Mills::new(mills).unwrap().to_string();
            let reference = format!("{}-outstanding", self.seed);
            self.town.deposit(&amount, &reference).await;
            self.model.deposit(mills);
        }
    }

    /// The clerk calls a piece spoiled and claims it back; the claim goes with a later contact.
    pub(super) async fn claim(&mut self, index: usize) {
        let own: Vec<u32> = self
            .pieces
            .iter()
            .filter(|(station, _, _)| *station == index)
            .map(|(_, counter, _)| *counter)
            .collect();
        if own.is_empty() || self.model.returned(index).is_some() {
            return;
        }
        let counter = own[self.dice.place() % own.len()];
        let psd = self.psd(index).await;
        let serial = PieceSerial { psd, counter }.to_string();
        let station = self.places[index].counter().station.clone();
        let answer = ResolveCall {
            serial: serial.clone(),
            answer: PieceState::Spoiled,
        };
        // A piece that was called spoiled before stays so.
        drop(station.call(Call::Resolve(answer)).await);
        let call = RefundCall { serial };
        let asked = station
            .apply(move |owner| station::services::refunds::ask(owner, &call))
            .await;
        let word = asked.map_or_else(|refused| refused.code, |()| "done".to_owned());
        let ended = self.model.has_ended(index);
        let expected = if ended { "vault_withdrawn" } else { "done" };
        assert_eq!(word, expected, "{}", self.words("a claim"));
    }

    /// Looks which claims the data center has credited since, each for what its piece cost, once.
    pub(super) async fn look_up_claims(&mut self) {
        for index in 0..STATIONS {
            let psd = self.psd(index).await;
            for view in self.provisional().await {
                let serial: PieceSerial = view["serial"].as_str().unwrap().parse().unwrap();
                if serial.psd != psd || self.credited.contains(&serial) {
                    continue;
                }
                let known = |(station, counter, _): &&(usize, u32, u64)| {
                    (*station, *counter) == (index, serial.counter)
                };
                let (_, _, mills) = *self.pieces.iter().find(known).unwrap();
                assert_eq!(view["amount"], mills, "{}", self.words("a refund"));
                self.model.refund(mills, false);
                self.credited.push(serial);
                self.count.refunds += 1;
            }
        }
    }

    async fn provisional(&self) -> Vec<serde_json::Value> {
        let money = MoneyCall::RefundList {
            state: Some("provisional".to_owned()),
        };
        self.town.admin(AdminCall::Money { money }).await
    }

    /// A credited piece of this seed turns up in the mail; its station is looked at and unlocked.
    pub(super) async fn scan(&mut self) {
        if self.credited.is_empty() {
            return;
        }
        let serial = self.credited[self.dice.place() % self.credited.len()];
        let money = MoneyCall::ScanImport {
            text: serial.to_string(),
        };
        let seen = self.town.money(money).await;
        let reversed = seen["reversed"].as_u64().unwrap();
        if seen["first"] == 1 {
            let known = |(_, counter, mills): &&(usize, u32, u64)| {
                (*counter, *mills) == (serial.counter, reversed)
            };
            let piece = self.pieces.iter().find(known);
            assert!(piece.is_some(), "{}: {seen}", self.words("a scan"));
            self.model.refund(reversed, true);
            self.count.reversed += 1;
        } else {
            assert_eq!(reversed, 0, "{}", self.words("a second scan"));
        }
        if seen["locked"] == 1 {
            let station = serial.psd.to_string();
            self.town.admin(AdminCall::StationUnlock { station }).await;
        }
    }

    /// An admin orders that a vault ends; seldom, and never both of a seed.
    pub(super) async fn order_end(&mut self, index: usize) {
        let seldom = self.dice.below(3) > 0;
        if seldom || index == 0 || self.model.returned(index).is_some() {
            return;
        }
        let station = self.psd(index).await.to_string();
        self.town
            .admin(AdminCall::StationWithdraw { station })
            .await;
        self.model.order_end(index);
    }

    /// Looks what was credited of a vault that has ended: at most what it gave back.
    pub(super) async fn look_up_end(&mut self, index: usize) {
        let Some(returned) = self.model.returned(index) else {
            return;
        };
        if self.ended.contains(&index) {
            return;
        }
        let station = self.psd(index).await.to_string();
        let shown = self.town.admin(AdminCall::StationShow { station }).await;
        let end = &shown[0]["withdrawal"];
        assert_eq!(end["returned"], returned, "{}", self.words("an end"));
        let credited = end["credited"].as_u64().unwrap();
        assert!(
            credited <= returned.min(100_000),
            "{}",
            self.words("an end")
        );
        self.model.credit_end(credited);
        self.ended.push(index);
        self.count.ended += 1;
    }
}
