//! Counts of pieces, as a person reads them.

use jiff::ToSpan;
use jiff::civil::Date;
use shared::money::MillsSum;
use shared::statistics::{Counting, Dimension, Tally, dimensions};

use super::pricing::{bad, unreadable};
use super::{Owner, Station};
use crate::api::{
    ChartView, GroupView, SeriesView, StatisticsCall, StatisticsView, TallyView, UiError, View,
};
use crate::messages::{Code, say};
use crate::services::statistics::{Counted, count, told};
use crate::store::open_read_only;

/// By what pieces are counted when nobody says.
const USUAL: [Dimension; 2] = [Dimension::Class, Dimension::Shape];

/// So many days are counted when nobody says from when.
const USUAL_DAYS: i64 = 30;

/// The most groups of one answer: more is nothing that a person reads.
const GROUPS_SHOWN: usize = 2_000;

/// A count that was asked for, read.
struct Asked {
    station: String,
    by: Vec<Dimension>,
    from: Date,
    to: Date,
    told: u64,
    records: u64,
}

impl Station {
    /// Counts this station's pieces beside everything else that goes on.
    pub(super) async fn statistics(&self, call: StatisticsCall) -> Result<View, UiError> {
        Ok(View::Statistics(Box::new(self.counted(call).await?)))
    }

    /// Counts pieces on a connection of its own.
    pub(super) async fn counted(&self, call: StatisticsCall) -> Result<StatisticsView, UiError> {
        let folder = self.folder().to_owned();
        let asked = self.apply(move |owner| owner.asked(&call)).await?;
        let counted = tokio::task::spawn_blocking(move || {
            let db = open_read_only(&folder)?;
            let counted = count(
                &db,
                &asked.station,
                asked.by.clone(),
                (asked.from, asked.to),
            )?;
            view(&asked, &counted)
        });
        let view = counted
            .await
            .unwrap_or_else(|_| Err(say(Code::StationStopped, &[])))?;
        Ok(view)
    }
}

impl Owner {
    fn asked(&self, call: &StatisticsCall) -> Result<Asked, UiError> {
        let by = match call.by.as_deref() {
            None => USUAL.to_vec(),
            Some(words) => dimensions(words).map_err(|fault| unreadable(fault.to_string()))?,
        };
        let to = day(call.to.as_deref())?.unwrap_or_else(|| self.today());
        let usual = to.saturating_sub((USUAL_DAYS - 1).days());
        let from = day(call.from.as_deref())?.unwrap_or(usual);
        if from > to {
            return Err(bad(format!(
                "The first day {from} comes after the last day {to}"
            )));
        }
        Ok(Asked {
            station: self.enrolled()?.psd().to_string(),
            by,
            from,
            to,
            told: told(self)?,
            records: self.store().mark().journal_size,
        })
    }
}

fn day(text: Option<&str>) -> Result<Option<Date>, UiError> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    text.map(|text| {
        text.parse()
            .map_err(|_| unreadable(format!("The date {text:?} is not a day like 2026-07-12")))
    })
    .transpose()
}

fn view(asked: &Asked, counted: &Counted) -> Result<StatisticsView, UiError> {
    let counting = &counted.counting;
    if counting.len() > GROUPS_SHOWN {
        return Err(bad(format!(
            "There are {} groups and {GROUPS_SHOWN} can be shown; count fewer days, or by less",
            counting.len()
        )));
    }
    Ok(StatisticsView {
        from: asked.from.to_string(),
        to: asked.to.to_string(),
        by: asked.by.iter().map(ToString::to_string).collect(),
        total: tally(counting.total()),
        groups: groups(counting),
        chart: chart(counting),
        holds: counted.all == MillsSum::from(counted.ascending),
        all_mills: counted.all.mills(),
        ascending_mills: counted.ascending.mills(),
        told: asked.told,
        records: asked.records,
    })
}

fn groups(counting: &Counting) -> Vec<GroupView> {
    let groups = counting.groups().map(|group| GroupView {
        key: group.key,
        tally: tally(group.tally),
    });
    groups.collect()
}

fn chart(counting: &Counting) -> ChartView {
    let chart = counting.chart();
    let series = chart.series.into_iter().map(|series| SeriesView {
        key: series.key,
        pieces: series.pieces,
        postage_mills: series
            .postage_mills
            .into_iter()
            .map(MillsSum::mills)
            .collect(),
    });
    ChartView {
        labels: chart.labels,
        series: series.collect(),
    }
}

const fn tally(tally: Tally) -> TallyView {
    TallyView {
        pieces: tally.pieces,
        postage_mills: tally.postage_mills.mills(),
        spoiled: tally.spoiled,
        spoiled_mills: tally.spoiled_mills.mills(),
    }
}
