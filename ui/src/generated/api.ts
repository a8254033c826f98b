// Generated from src-tauri/station/src/api.rs. Do not edit: change api.rs and run
// PENNYBLACK_UPDATE=1 cargo test -p station generated_types

/**
 * The customer account, as of the last contact.
 */
export type AccountView = { 
/**
 * The account's name.
 */
name: string, 
/**
 * What is available for refills, mills.
 */
available_mills: number | null, };

/**
 * A printer to add.
 */
export type AddPrinterCall = { 
/**
 * The printer to add.
 */
printer: PrinterSetup, };

/**
 * A new user.
 */
export type AddUserCall = { 
/**
 * What the journal calls them; 1 to 40 characters.
 */
name: string, 
/**
 * What they are.
 */
role: Role, 
/**
 * Their PIN: 4 to 12 digits, at least 6 where they have a right.
 */
pin: string, 
/**
 * Rights that differ from those of the role.
 */
rights: NewRights, };

/**
 * A piece that amends an earlier one; both go into the mail together.
 */
export type AmendCall = { 
/**
 * The serial of the earlier piece: printed, and itself no amendment.
 */
serial: string, 
/**
 * How it is amended.
 */
how: AmendHow, 
/**
 * Where the piece goes.
 */
out: PrintOut, 
/**
 * The cost centre it is booked on; `None` means that of the earlier piece.
 */
cost_centre: string | null, 
/**
 * Why a supervisor lets the piece pass a spent budget.
 */
override_reason: string | null, 
/**
 * Chosen by the asker, so that a second click within one job prints nothing twice.
 */
job_key: string | null, };

/**
 * How an earlier piece is amended.
 */
export type AmendHow = { "kind": "correction", 
/**
 * The right date, ISO; `None` means today.
 */
date: string | null, } | { "kind": "additional", 
/**
 * The difference, a decimal currency amount.
 */
amount: string, 
/**
 * The date of mailing, ISO; `None` means today.
 */
date: string | null, };

/**
 * A call in somebody's name.
 */
export type AsCall = { 
/**
 * Who asks.
 */
proof: Proof, 
/**
 * What is asked.
 */
inner: Call, };

/**
 * Whether the station refills by itself.
 */
export type AutomaticRefillCall = { 
/**
 * When and how much; nothing means never.
 */
plan: AutomaticRefillPlan | null, };

/**
 * Refills the station asks for by itself; amounts as typed.
 */
export type AutomaticRefillPlan = { 
/**
 * When less than this is left.
 */
below: string, 
/**
 * So much is asked for.
 */
amount: string, 
/**
 * At most so much a day.
 */
daily_cap: string, };

/**
 * Refills the station asks for by itself.
 */
export type AutomaticRefillView = { 
/**
 * When less than this is left, mills.
 */
below_mills: number, 
/**
 * So much is asked for, mills.
 */
amount_mills: number, 
/**
 * At most so much a day, mills.
 */
daily_cap_mills: number, 
/**
 * What was refilled so today, mills.
 */
today_mills: number, 
/**
 * Why it was refused today; it is asked again tomorrow.
 */
refused: string | null, };

/**
 * A batch of pieces from CSV text.
 */
export type BatchCall = { 
/**
 * The CSV text with its header line.
 */
csv: string, 
/**
 * Where the pieces go: a printer of this station, or a folder for one PDF a piece.
 */
out: BatchOut, };

/**
 * What changes for a batch that waits, if its open rows are mailed from the coming edition's first
 * day on.
 */
export type BatchChangeView = { 
/**
 * Its name.
 */
name: string, 
/**
 * Rows that are not printed yet.
 */
open: number, 
/**
 * Those of them with a date of mailing before the first day: they keep their price.
 */
dated_before: number, 
/**
 * Those with a date of mailing from the first day on: they are priced by the coming edition
 * already.
 */
dated_after: number, 
/**
 * Rows without a date whose price changes.
 */
changed: number, 
/**
 * What the open rows cost now, mills.
 */
before_mills: number, 
/**
 * What they will cost, mills.
 */
after_mills: number, 
/**
 * What they cost more or, below zero, less.
 */
change_mills: number, 
/**
 * Rows that lose their price.
 */
no_longer: number, 
/**
 * Rows that have no price now.
 */
not_priced: number, 
/**
 * Why the first of those has none, with its line.
 */
reason: string | null, };

/**
 * Where a batch is printed.
 */
export type BatchOut = { "kind": "printer", 
/**
 * Its name in [`PrintersView`].
 */
name: string, } | { "kind": "folder", 
/**
 * The folder, made when it does not exist; `None` means `prints` in the data folder.
 */
path: string | null, };

/**
 * One row of a batch.
 */
export type BatchRowView = { 
/**
 * Its line in the file, from 1 (the header).
 */
line: number, 
/**
 * `printed`, `already`, `refused` or `unknown`.
 */
outcome: string, 
/**
 * The piece, when there is one.
 */
serial: string | null, 
/**
 * Postage, mills.
 */
postage_mills: number | null, 
/**
 * The reason, when refused or unknown.
 */
reason: string | null, };

/**
 * The text of a batch that waits.
 */
export type BatchTextView = { 
/**
 * What it is called.
 */
name: string, 
/**
 * Its CSV text.
 */
csv: string, };

/**
 * A batch.
 */
export type BatchView = { 
/**
 * Rows in the file.
 */
rows: number, 
/**
 * Pieces printed now.
 */
printed: number, 
/**
 * Pieces that an earlier run had printed.
 */
already: number, 
/**
 * Rows refused.
 */
refused: number, 
/**
 * Pieces whose state is unknown.
 */
unknown: number, 
/**
 * What was spent now, mills.
 */
spent_mills: number, 
/**
 * Whether it was stopped before its last row; running it again goes on from there.
 */
stopped: boolean, 
/**
 * Each row that was done.
 */
results: Array<BatchRowView>, };

/**
 * One budget and how far it is spent.
 */
export type BudgetView = { 
/**
 * `month`, `quarter` or `year`.
 */
period: string, 
/**
 * What may be spent, mills.
 */
budget_mills: number, 
/**
 * What is spent, here and, as of the last contact, elsewhere, mills.
 */
spent_mills: number, };

/**
 * A call: window, bridge or command line → station.
 */
export type Call = { "call": "status" } | { "call": "enrol" } & EnrolCall | { "call": "contact" } & ContactCall | { "call": "refill" } & RefillCall | { "call": "quote" } & QuoteCall | { "call": "options" } & QuoteCall | { "call": "place" } & PlaceCall | { "call": "preview" } & PrintCall | { "call": "print" } & PrintCall | { "call": "amend" } & AmendCall | { "call": "batch" } & BatchCall | { "call": "stop-batch" } | { "call": "pieces" } & PiecesCall | { "call": "resolve" } & ResolveCall | { "call": "picture" } & PictureCall | { "call": "send-again" } & SendAgainCall | { "call": "refund" } & RefundCall | { "call": "printers" } | { "call": "find-printers" } | { "call": "add-printer" } & AddPrinterCall | { "call": "remove-printer" } & RemovePrinterCall | { "call": "test-printer" } & TestPrinterCall | { "call": "verify-journal" } | { "call": "statistics" } & StatisticsCall | { "call": "rotate-keys" } | { "call": "presets" } | { "call": "put-preset" } & PutPresetCall | { "call": "remove-preset" } & NamedCall | { "call": "waiting-batches" } | { "call": "put-batch" } & PutBatchCall | { "call": "batch-text" } & NamedCall | { "call": "remove-batch" } & NamedCall | { "call": "rehearse" } & RehearseCall | { "call": "cost-centres" } | { "call": "as" } & AsCall | { "call": "sign-in" } & SignInCall | { "call": "sign-out" } & SignOutCall | { "call": "users" } | { "call": "add-user" } & AddUserCall | { "call": "change-user" } & ChangeUserCall | { "call": "idle-lock" } & IdleLockCall | { "call": "automatic-refill" } & AutomaticRefillCall | { "call": "withdraw" } & WithdrawCall | { "call": "software" } | { "call": "set-software" } & SetSoftwareCall | { "call": "line" } | { "call": "set-line" } & SetLineCall | { "call": "find-modems" } | { "call": "doctor" } & DoctorCall | { "call": "hang-up" } | { "call": "scale" } | { "call": "find-scales" } | { "call": "set-scale" } & SetScaleCall | { "call": "use-scale" } & UseScaleCall | { "call": "weigh" } & WeighCall | { "call": "slip" } & SlipCall | { "call": "office-art" } | { "call": "set-office-art" } & SetOfficeArtCall;

/**
 * One cost centre.
 */
export type CentreView = { 
/**
 * Its number.
 */
id: string, 
/**
 * What people call it.
 */
name: string, 
/**
 * What may be spent on it, and what is.
 */
budgets: Array<BudgetView>, };

/**
 * The open cost centres of the account, by name; none where the account has none.
 */
export type CentresView = { 
/**
 * The cost centres.
 */
centres: Array<CentreView>, };

/**
 * A change of a user; what is nothing stays.
 */
export type ChangeUserCall = { 
/**
 * Who.
 */
name: string, 
/**
 * What they are from now on; their rights become those of the role.
 */
role: Role | null, 
/**
 * A new PIN; it also ends a wait after wrong ones.
 */
pin: string | null, 
/**
 * Rights to be set.
 */
rights: NewRights, 
/**
 * Whether they can no longer sign in. Nobody is removed: the journal names them.
 */
closed: boolean | null, };

/**
 * The groups as a chart draws them: the first of `by` along the axis, the others as curves.
 */
export type ChartView = { 
/**
 * The values along the axis.
 */
labels: Array<string>, 
/**
 * The curves.
 */
series: Array<SeriesView>, };

/**
 * One contact.
 */
export type ContactCall = { 
/**
 * `internet` or `dialup`; `None` tries the Internet first.
 */
line: string | null, };

/**
 * A contact.
 */
export type ContactView = { 
/**
 * The line that carried it.
 */
line: string, 
/**
 * Each service in turn.
 */
services: Array<ServiceView>, };

/**
 * What is examined.
 */
export type DoctorCall = { 
/**
 * An address like `https://data-center.example`; without one that of the enrolment.
 */
server: string | null, 
/**
 * Whether a call is made on the telephone line to try it out. It costs what a call costs.
 */
trial: boolean, };

/**
 * The findings, in the order of the way from this computer to the data center.
 */
export type DoctorView = { 
/**
 * The findings.
 */
findings: Array<FindingView>, 
/**
 * Whether a line leads to the data center, for all that was found: the Internet, or the
 * telephone. A fault of the other one keeps nothing from working then.
 */
leads: boolean, };

/**
 * A rate edition.
 */
export type EditionView = { 
/**
 * Its identity.
 */
id: string, 
/**
 * Its effective date, ISO.
 */
effective: string, 
/**
 * Whether it is a sample that no admin has confirmed.
 */
sample: boolean, };

/**
 * Enrolment.
 */
export type EnrolCall = { 
/**
 * The data center's address, for example `https://postage.example:7443`.
 */
server: string, 
/**
 * The one-time enrolment code: 7 groups of 8 characters.
 */
code: string, 
/**
 * Where the keys are kept; `None` means the keyring, and a refusal where there is none.
 */
secrets: SecretsChoice | null, 
/**
 * The PIN of a mobile modem's card, for a station whose way to the data center it is. It is
 * sealed before anything is dialed, and kept.
 */
card_pin: string | null, 
/**
 * The password that another's access server asks for; the same.
 */
password: string | null, };

/**
 * What sort of no an error is; the exit code follows from it.
 */
export type ErrorKind = "usage" | "refused" | "unreachable" | "unknown" | "damaged" | "fault";

/**
 * What changed: station → window. The window asks again for what it shows.
 */
export type Event = { "event": "status" } | { "event": "piece", 
/**
 * Its serial.
 */
serial: string, 
/**
 * Its state now.
 */
state: PieceState, } | { "event": "service", 
/**
 * The service's identity, for example `funds`.
 */
service: string, 
/**
 * `running`, or how it came to rest: `served`, `nothing`, `deferred`, `refused`, `failed`.
 */
stage: string, } | { "event": "scale", 
/**
 * What it shows.
 */
scale: ScaleView, } | { "event": "batch", 
/**
 * Rows done.
 */
done: number, 
/**
 * Rows in all.
 */
rows: number, };

/**
 * An extra service that a way of sending can have.
 */
export type ExtraView = { 
/**
 * Its name, as a quote takes it.
 */
name: string, 
/**
 * What the clerk calls it.
 */
title: string, 
/**
 * What it adds, mills.
 */
amount_mills: number, 
/**
 * Others of which one must be there too.
 */
needs: Array<string>, 
/**
 * Others that must not be there.
 */
excludes: Array<string>, };

/**
 * A release that is not tried again.
 */
export type FailedReleaseView = { 
/**
 * The release.
 */
version: string, 
/**
 * Why.
 */
reason: string, };

/**
 * How serious a finding is.
 */
export type FindingOutcome = "good" | "notice" | "fault";

/**
 * One finding.
 */
export type FindingView = { 
/**
 * What was looked at: `name`, `port`, `encryption`, `clock` and so on.
 */
check: string, 
/**
 * How serious it is.
 */
outcome: FindingOutcome, 
/**
 * A stable code.
 */
code: string, 
/**
 * What was found.
 */
message: string, 
/**
 * What helps; empty when nothing is to be done.
 */
hint: string, 
/**
 * How long it took, milliseconds, where something was asked.
 */
ms: number | null, };

/**
 * A printer that was found.
 */
export type FoundPrinterView = { 
/**
 * What it says it is.
 */
what: string, 
/**
 * The set-up to add it with: a name that is free, how it is reached, its model if that is
 * known, and a stock that it takes.
 */
setup: PrinterSetup, 
/**
 * Whether its model is known; where it is not, somebody has to choose one.
 */
is_known: boolean, 
/**
 * What this station calls it, if it is set up already.
 */
name: string | null, };

/**
 * The printers that were found.
 */
export type FoundPrintersView = { 
/**
 * The printers, those that are set up already among them.
 */
printers: Array<FoundPrinterView>, 
/**
 * Where could not be looked, and why.
 */
not_looked: Array<string>, };

/**
 * A scale, or a port for one.
 */
export type FoundScaleView = { 
/**
 * What the clerk calls it.
 */
title: string, 
/**
 * How it would be set; a serial port's language is a guess.
 */
setup: ScaleSetup, 
/**
 * Whether it is the one in use.
 */
used: boolean, };

/**
 * One group of pieces.
 */
export type GroupView = { 
/**
 * Its values, in the order of [`StatisticsView::by`].
 */
key: Array<string>, 
/**
 * What it holds.
 */
tally: TallyView, };

/**
 * How long a session lasts without its user.
 */
export type IdleLockCall = { 
/**
 * Minutes, 1 to 60.
 */
minutes: number, };

/**
 * What recomputing the journal found.
 */
export type JournalView = { 
/**
 * Records read.
 */
records: number, 
/**
 * The Merkle root, hex.
 */
root: string, 
/**
 * Whether everything held.
 */
intact: boolean, 
/**
 * The first thing that did not.
 */
fault: string | null, };

/**
 * One key.
 */
export type KeyView = { 
/**
 * What it is for.
 */
purpose: string, 
/**
 * Since when, Unix seconds.
 */
since: number, 
/**
 * Until when it can be used, Unix seconds; `None` when only its age ends it.
 */
until: number | null, 
/**
 * When the next one is due, which any contact brings, Unix seconds.
 */
next: number | null, };

/**
 * What became of a release.
 */
export type LastUpdateView = { 
/**
 * The release.
 */
version: string, 
/**
 * `installed`, `put-back`, `refused` or `put-off`.
 */
outcome: string, 
/**
 * Why, where it did not go well.
 */
reason: string | null, 
/**
 * When, Unix seconds.
 */
at: number, };

/**
 * The call that is going on.
 */
export type LineCallView = { 
/**
 * `dialing`, `connecting`, `up` or `hanging-up`.
 */
stage: string, 
/**
 * The number.
 */
number: string, 
/**
 * Since when the modems have found each other, Unix seconds.
 */
since: number | null, 
/**
 * For how long, seconds.
 */
seconds: number, 
/**
 * What it has cost so far by the price, mills.
 */
cost_mills: number | null, };

/**
 * How the telephone line is set up.
 */
export type LineSetupView = { 
/**
 * Whether it can be used: there is a modem, and something to dial.
 */
ready: boolean, 
/**
 * The modem's port.
 */
device: string | null, 
/**
 * The data center's number.
 */
number: string | null, 
/**
 * The number after it.
 */
alternate: string | null, 
/**
 * What is dialed for an outside line.
 */
prefix: string | null, 
/**
 * By pulses instead of tones.
 */
pulse: boolean, 
/**
 * The kind of modem.
 */
profile: string, 
/**
 * The kinds that are known.
 */
profiles: Array<ProfileView>, 
/**
 * The access point name.
 */
apn: string | null, 
/**
 * Whether a card's PIN is kept.
 */
has_card_pin: boolean, 
/**
 * Whether the card did not take that PIN: it is entered no more until it is set anew.
 */
card_pin_not_taken: boolean, 
/**
 * The name for another's access server.
 */
dial_name: string | null, 
/**
 * Whether a password is kept for it.
 */
has_password: boolean, 
/**
 * When it calls by itself at night.
 */
night: string | null, 
/**
 * How long a call may last, minutes.
 */
cap_minutes: number, 
/**
 * What a call costs, mills.
 */
per_call_mills: number, 
/**
 * What a minute costs, mills.
 */
per_minute_mills: number, 
/**
 * Until when the numbers rest, Unix seconds; `None` when one may be dialed.
 */
rests_until: number | null, 
/**
 * When the station calls again by itself, Unix seconds.
 */
calls_again_at: number | null, 
/**
 * The last calls, newest first.
 */
calls: Array<PhoneCallView>, };

/**
 * The line to the data center.
 */
export type LineView = { 
/**
 * `internet`, `dialup` or `none`.
 */
kind: string, 
/**
 * Whether the last contact over it succeeded.
 */
up: boolean, 
/**
 * One sentence when it is down.
 */
reason: string | null, 
/**
 * The telephone call that is going on.
 */
call: LineCallView | null, };

/**
 * A model that a printer may be of.
 */
export type ModelView = { 
/**
 * Its name in [`PrinterSetup::model`].
 */
name: string, 
/**
 * What the clerk calls it.
 */
title: string, 
/**
 * The resolutions of its head.
 */
dpi: Array<number>, 
/**
 * The stocks it takes, by name.
 */
stocks: Array<string>, 
/**
 * Whether it can prove that a label is printed.
 */
acknowledges: boolean, };

/**
 * One port.
 */
export type ModemPortView = { 
/**
 * The device.
 */
device: string, 
/**
 * What the system knows of it.
 */
what: string, 
/**
 * `modem`, `silent` or `closed`.
 */
state: string, 
/**
 * What the modem says of itself, or why the port does not open.
 */
said: string | null, 
/**
 * The profile that fits the modem.
 */
profile: string | null, };

/**
 * What hangs on this computer's ports.
 */
export type ModemsView = { 
/**
 * The ports that were asked.
 */
ports: Array<ModemPortView>, };

/**
 * A preset or a waiting batch, by its name.
 */
export type NamedCall = { 
/**
 * Its name.
 */
name: string, };

/**
 * Rights that are set one by one; what is nothing stays, or is as the role has it.
 */
export type NewRights = { 
/**
 * To print and refill.
 */
money: boolean | null, 
/**
 * To claim spoiled pieces back.
 */
refunds: boolean | null, 
/**
 * To make and change users.
 */
users: boolean | null, };

/**
 * What the office prints beside its postage.
 */
export type OfficeArtView = { 
/**
 * The logo as it is printed at 300 dpi, PNG as base64.
 */
logo_png_base64: string | null, 
/**
 * The slogan; may be empty.
 */
slogan: string, 
/**
 * The private message; may be empty.
 */
message: string, };

/**
 * One way of sending a piece.
 */
export type OptionView = { 
/**
 * Its class, as a quote takes it.
 */
class: string, 
/**
 * Its shape, as a quote takes it.
 */
shape: string, 
/**
 * What the clerk calls it.
 */
title: string, 
/**
 * Its price, when it is allowed.
 */
quote: QuoteView | null, 
/**
 * Why it is not allowed, when it is not.
 */
excluded: string | null, 
/**
 * The stable code of the rule that excludes it.
 */
code: string | null, 
/**
 * The extra services that it can have, as far as their prices are known.
 */
extras: Array<ExtraView>, };

/**
 * Several ways of sending the same piece.
 */
export type OptionsView = { 
/**
 * Each way, cheapest first; those that are excluded stand last.
 */
options: Array<OptionView>, };

/**
 * A call that was made.
 */
export type PhoneCallView = { 
/**
 * The number.
 */
number: string, 
/**
 * When, Unix seconds.
 */
at: number, 
/**
 * `dialed` (going on, or the program stopped meanwhile), `reached`, `unanswered` (by the data
 * center, although the call stood), `failed`, `barred` or `not-dialed`.
 */
outcome: string, 
/**
 * Why it did not come about, as a code.
 */
fault: string | null, 
/**
 * How long it lasted, seconds.
 */
seconds: number, 
/**
 * What it cost by the price, mills.
 */
cost_mills: number | null, 
/**
 * What the modem said of the line.
 */
said: string | null, };

/**
 * Asks for the picture of a piece that may be on paper.
 */
export type PictureCall = { 
/**
 * The piece's serial.
 */
serial: string, };

/**
 * The picture to look for. Its symbol is a dummy of the same size: whoever has the real one of an
 * unprinted piece could print it elsewhere.
 */
export type PictureView = { 
/**
 * The piece's serial.
 */
pictured: string, 
/**
 * The bitmap as base64 PNG.
 */
png_base64: string, 
/**
 * The label's width, millimetres.
 */
width_mm: number, 
/**
 * The label's height, millimetres.
 */
height_mm: number, };

/**
 * The state of a piece after its debit.
 */
export type PieceState = "prepared" | "sending" | "sent" | "printed" | "not-printed" | "unknown" | "spoiled";

/**
 * One piece.
 */
export type PieceView = { 
/**
 * Its serial.
 */
serial: string, 
/**
 * Its state.
 */
state: PieceState, 
/**
 * Mail class.
 */
class: string, 
/**
 * Shape.
 */
shape: string, 
/**
 * Weight in grams, up to three decimals.
 */
weight_grams: number, 
/**
 * Postage, mills.
 */
postage_mills: number, 
/**
 * Date of mailing, ISO.
 */
date: string, 
/**
 * Destination digits.
 */
destination: string, 
/**
 * City and state, where known.
 */
place: string | null, 
/**
 * The whole indicium, from the call that printed the piece and from no other: whoever knows
 * that of an unprinted piece could print it elsewhere.
 */
indicium_hex: string | null, 
/**
 * The certificate of the key that signed it.
 */
certificate_pem: string | null, 
/**
 * When it was debited, Unix seconds.
 */
created: number, 
/**
 * One sentence that belongs to the state.
 */
message: string | null, 
/**
 * The serial of the piece it amends, when it is a `correction` or `additional` by its shape.
 */
amends: string | null, 
/**
 * Whether its date of mailing may still be corrected.
 */
may_correct: boolean, 
/**
 * Its claim, when it was claimed back.
 */
refund: RefundView | null, 
/**
 * The registers after the call that returned this view.
 */
registers: RegistersView | null, };

/**
 * Which pieces to list.
 */
export type PiecesCall = { 
/**
 * Only pieces in this state.
 */
state: PieceState | null, 
/**
 * At most so many (default 100, at most 10,000).
 */
limit: number | null, 
/**
 * Only pieces older than the one with this serial: the next page of a list.
 */
before: string | null, };

/**
 * Pieces, newest first.
 */
export type PiecesView = { 
/**
 * The pieces.
 */
pieces: Array<PieceView>, };

/**
 * A destination as typed or pasted.
 */
export type PlaceCall = { 
/**
 * The address, one or more lines.
 */
text: string, };

/**
 * A destination.
 */
export type PlaceView = { 
/**
 * The addressee's lines above the last line.
 */
lines: Array<string>, 
/**
 * The city.
 */
city: string | null, 
/**
 * The state's two letters.
 */
state: string | null, 
/**
 * The ZIP as digits: 5, 9 or 11.
 */
zip: string | null, 
/**
 * The two letters of another country, when the last line is what the edition in force calls
 * it; then there is no ZIP.
 */
country: string | null, 
/**
 * Whether the ZIP is in the reference data.
 */
known: boolean, 
/**
 * What the clerk should look at.
 */
notes: Array<string>, };

/**
 * What a clerk sends all day, by name.
 */
export type Preset = { 
/**
 * What the clerk calls it; 1 to 40 characters.
 */
name: string, 
/**
 * Whether it stands before the others.
 */
favourite: boolean, 
/**
 * The class.
 */
class: string, 
/**
 * The shape.
 */
shape: string, 
/**
 * The weight as typed; `None` leaves what is on the counter.
 */
weight: string | null, 
/**
 * The size as typed.
 */
size: string | null, 
/**
 * Whether the piece cannot go through sorting machines.
 */
nonmachinable: boolean, 
/**
 * The kind of price; `None` is the usual one.
 */
price: string | null, 
/**
 * Extra services by name.
 */
extras: Array<string>, 
/**
 * Where it usually goes, for prices by zone; `None` stands for the station's own ZIP.
 */
to: string | null, 
/**
 * How many days the date of mailing is advanced: a relative date, so that it never gets old.
 */
advance_days: number, 
/**
 * The cost centre; `None` leaves what is on the counter.
 */
cost_centre: string | null, };

/**
 * What changes for a preset.
 */
export type PresetChangeView = { 
/**
 * Its name.
 */
name: string, 
/**
 * Whether it is a favourite.
 */
favourite: boolean, 
/**
 * What it is, in words.
 */
what: string, 
/**
 * What it costs, mills; `None` when it has no price.
 */
before_mills: number | null, 
/**
 * What it will cost, mills; `None` when it will have no price.
 */
after_mills: number | null, 
/**
 * What it costs more or, below zero, less.
 */
change_mills: number | null, 
/**
 * Why it has or will have no price; names the cell.
 */
reason: string | null, };

/**
 * All presets, favourites first.
 */
export type PresetsView = { 
/**
 * The presets.
 */
presets: Array<Preset>, };

/**
 * The picture of a label before the commit; its symbol is a dummy of the same size.
 */
export type PreviewView = { 
/**
 * The bitmap as base64 PNG.
 */
png_base64: string, 
/**
 * The label's width, millimetres.
 */
width_mm: number, 
/**
 * The label's height, millimetres.
 */
height_mm: number, 
/**
 * Dots per inch.
 */
dpi: number, 
/**
 * The price.
 */
quote: QuoteView, };

/**
 * One piece to be drawn or printed.
 */
export type PrintCall = { 
/**
 * What it costs.
 */
quote: QuoteCall, 
/**
 * The addressee, lines separated by newlines.
 */
to_address: string | null, 
/**
 * The cost centre the piece is booked on.
 */
cost_centre: string | null, 
/**
 * Why a supervisor lets the piece pass a spent budget.
 */
override_reason: string | null, 
/**
 * The number of the weighing that the weight comes from; without it the weight was typed. The
 * scale must show the same still when the piece is paid for.
 */
weighing: number | null, 
/**
 * Where it goes; a preview takes paper and resolution from it.
 */
out: PrintOut | null, 
/**
 * Chosen by the asker, so that a second click within one job prints nothing twice.
 */
job_key: string | null, };

/**
 * Where a piece is printed.
 */
export type PrintOut = { "kind": "printer", 
/**
 * Its name in [`PrintersView`].
 */
name: string, } | { "kind": "files", 
/**
 * A vector PDF.
 */
pdf: string | null, 
/**
 * A 1-bit PNG at 300 dpi.
 */
png: string | null, 
/**
 * An ESC/POS byte stream.
 */
escpos: string | null, } | { "kind": "folder", 
/**
 * The folder, made when it does not exist; `None` means `prints` in the data folder.
 */
path: string | null, };

/**
 * How a printer is reached.
 */
export type PrinterPort = { "kind": "serial", 
/**
 * The device, for example `/dev/ttyUSB0` or `COM3`.
 */
path: string, 
/**
 * Bits per second.
 */
baud: number, } | { "kind": "device", 
/**
 * The path.
 */
path: string, } | { "kind": "tcp", 
/**
 * Host and port.
 */
address: string, } | { "kind": "usb", 
/**
 * Vendor and product, four hexadecimal digits each: `04b8:0e28`.
 */
id: string, 
/**
 * Its serial number, if it has one.
 */
serial: string | null, 
/**
 * The port it hangs on, bus and ports of hubs: `1-4.2`; only where the serial number does
 * not tell it from its equals.
 */
place: string | null, } | { "kind": "ipp", 
/**
 * Its address, `ipp://` or `ipps://`.
 */
uri: string, 
/**
 * The SHA-256 of its certificate in hexadecimal digits, for `ipps://`; found when it is
 * added.
 */
certificate: string | null, } | { "kind": "spooler", 
/**
 * Its name in Windows.
 */
name: string, };

/**
 * How a printer is reached and what it prints on.
 */
export type PrinterSetup = { 
/**
 * What the clerk calls it.
 */
name: string, 
/**
 * Its model, by the name in [`PrintersView::models`].
 */
model: string, 
/**
 * How it is reached.
 */
port: PrinterPort, 
/**
 * Dots per inch of the head: 203, 300 or 600.
 */
dpi: number, 
/**
 * The stock that is loaded.
 */
stock: string, 
/**
 * Whether the printer proves that a label is printed, as its model does. Without it every
 * piece ends in the question to the clerk; a model that proves nothing is only added so.
 */
acknowledges: boolean, };

/**
 * The printers of this station.
 */
export type PrintersView = { 
/**
 * The printers.
 */
printers: Array<PrinterSetup>, 
/**
 * The papers a printer may hold.
 */
stocks: Array<StockView>, 
/**
 * The models a printer may be of.
 */
models: Array<ModelView>, };

/**
 * A kind of modem.
 */
export type ProfileView = { 
/**
 * What it is chosen by.
 */
name: string, 
/**
 * What it is.
 */
title: string, };

/**
 * How somebody shows who they are.
 */
export type Proof = { "kind": "session", 
/**
 * The token of [`SessionView`].
 */
token: string, } | { "kind": "pin", 
/**
 * The user's name.
 */
user: string, 
/**
 * The PIN.
 */
pin: string, } | { "kind": "code", 
/**
 * The user's name.
 */
user: string, 
/**
 * The code, as typed.
 */
code: string, };

/**
 * A batch that shall wait.
 */
export type PutBatchCall = { 
/**
 * What it is called; one of the same name is replaced.
 */
name: string, 
/**
 * Its CSV text with the header line.
 */
csv: string, };

/**
 * A preset to be made or replaced.
 */
export type PutPresetCall = { 
/**
 * The preset; one of the same name is replaced.
 */
preset: Preset, };

/**
 * What a price depends on.
 */
export type QuoteCall = { 
/**
 * `first-class`, `ground-advantage`, `priority`, `priority-express`, `media` or
 * `international`. Comparing several ways looks at all of them.
 */
class: string, 
/**
 * `postcard`, `letter`, `flat`, `parcel`, `priority-parcel` or `flat-rate:NAME`. Comparing
 * several ways looks at all of them, unless a shape without a class was chosen.
 */
shape: string, 
/**
 * The weight as typed: `28g`, `1oz`, `2lb3oz`, `0.9oz`.
 */
weight: string, 
/**
 * The destination: ZIP, ZIP+4, 11-digit delivery point, or a country by its two letters or
 * its name.
 */
to: string, 
/**
 * The origin ZIP; `None` means the licence ZIP.
 */
from: string | null, 
/**
 * The size as typed: `12x9x4in`, `30x20x10cm`.
 */
size: string | null, 
/**
 * Whether the piece cannot go through sorting machines.
 */
nonmachinable: boolean, 
/**
 * `metered`, `retail` or `commercial`; `None` means the usual one of the class.
 */
price: string | null, 
/**
 * The date of mailing, ISO; `None` means today.
 */
date: string | null, 
/**
 * Extra services by name.
 */
extras: Array<string>, };

/**
 * One step of a price.
 */
export type QuoteStepView = { 
/**
 * What the step is, in words.
 */
rule: string, 
/**
 * What it adds, mills.
 */
amount_mills: number, 
/**
 * The price cell.
 */
cell: string, 
/**
 * Where the cell comes from.
 */
source: string, };

/**
 * A price and how it came about.
 */
export type QuoteView = { 
/**
 * The price, mills.
 */
price_mills: number, 
/**
 * The rate edition.
 */
edition: string, 
/**
 * The zone, for zoned classes.
 */
zone: number | null, 
/**
 * The price group of the country, for prices that go by it.
 */
group: number | null, 
/**
 * Whether the zone was estimated by distance.
 */
estimated: boolean, 
/**
 * The steps, which add up to the price.
 */
steps: Array<QuoteStepView>, 
/**
 * What the clerk should know: assumptions and sample tables.
 */
notes: Array<string>, };

/**
 * A refill.
 */
export type RefillCall = { 
/**
 * The amount as typed, for example `50.00`.
 */
amount: string, };

/**
 * A refill.
 */
export type RefillView = { 
/**
 * The refill's identity.
 */
refill: string, 
/**
 * What was added, mills.
 */
amount_mills: number, 
/**
 * The registers afterwards.
 */
registers: RegistersView, 
/**
 * The other services that were served over the same contact.
 */
services: Array<ServiceView>, };

/**
 * A claim for a spoiled piece.
 */
export type RefundCall = { 
/**
 * The piece's serial.
 */
serial: string, };

/**
 * The claim of a spoiled piece.
 */
export type RefundView = { 
/**
 * `asked`, `claimed`, `provisional`, `final`, `reversed` or `refused`.
 */
state: string, 
/**
 * What that means, in a sentence.
 */
message: string, 
/**
 * When a credit becomes final, Unix seconds.
 */
final_at: number | null, };

/**
 * The four registers, in mills.
 */
export type RegistersView = { 
/**
 * Value printed in the vault's life, mills.
 */
ascending: number, 
/**
 * Value left, mills.
 */
descending: number, 
/**
 * Ascending + descending, mills.
 */
control_total: number, 
/**
 * Pieces debited in the vault's life.
 */
piece_count: number, };

/**
 * What a coming edition changes here.
 */
export type RehearsalView = { 
/**
 * The coming edition; `None` when none is here.
 */
edition: EditionView | null, 
/**
 * The edition it replaces.
 */
against: EditionView | null, 
/**
 * The presets, the biggest change first.
 */
presets: Array<PresetChangeView>, 
/**
 * The batches that wait, the biggest change first.
 */
batches: Array<BatchChangeView>, };

/**
 * Which coming edition to rehearse.
 */
export type RehearseCall = { 
/**
 * Its identity; `None` is the next that comes.
 */
edition: string | null, };

/**
 * A printer to remove.
 */
export type RemovePrinterCall = { 
/**
 * Its name.
 */
name: string, };

/**
 * The signed repository that rates and software come from.
 */
export type RepositoryView = { 
/**
 * The version of the newest timestamp that was believed.
 */
timestamp: number | null, 
/**
 * When it was believed last, Unix seconds.
 */
refreshed: number | null, 
/**
 * From when on it is believed no more, Unix seconds.
 */
expires: number | null, 
/**
 * Since when and why nothing new, or not all of it, is installed. What is here stays in use.
 */
stopped: StoppedView | null, };

/**
 * The clerk's answer about one piece.
 */
export type ResolveCall = { 
/**
 * The piece's serial.
 */
serial: string, 
/**
 * What became of it: `printed`, `spoiled` or `not-printed`.
 */
answer: PieceState, };

/**
 * What somebody is at this station.
 */
export type Role = "clerk" | "supervisor" | "installer" | "auditor" | "admin";

/**
 * What is done with a scale.
 */
export type ScaleAct = { "kind": "tare" } | { "kind": "untare" } | { "kind": "zero" } | { "kind": "put-on" } | { "kind": "take-off" } | { "kind": "practice", 
/**
 * The load, for example `0.9oz`; `0oz` is an empty scale.
 */
load: string, 
/**
 * Whether it never comes to rest.
 */
shaken: boolean, };

/**
 * How a scale is reached.
 */
export type ScaleSetup = { "kind": "usb", 
/**
 * Its maker's number.
 */
vendor: number, 
/**
 * Its model's number.
 */
product: number, 
/**
 * Its own serial number, where it has one.
 */
serial: string | null, } | { "kind": "serial", 
/**
 * The device, for example `/dev/ttyUSB0` or `COM3`.
 */
path: string, 
/**
 * `mt-sics` or `nci`.
 */
language: string, 
/**
 * Bits per second.
 */
baud: number, 
/**
 * Data bits, parity and stop bits: `8n1`, `7e1` or `7o1`.
 */
frame: string, } | { "kind": "practice" };

/**
 * How things stand on a scale.
 */
export type ScaleState = "none" | "away" | "silent" | "moving" | "empty" | "stable" | "below-zero" | "overload" | "trouble";

/**
 * The scale and what it shows.
 */
export type ScaleView = { 
/**
 * How it is reached; nothing when the station has none.
 */
setup: ScaleSetup | null, 
/**
 * What the clerk calls it.
 */
title: string, 
/**
 * Whether it is the practice scale, whose loads nobody put there.
 */
practice: boolean, 
/**
 * How things stand.
 */
state: ScaleState, 
/**
 * The same in a word or two.
 */
words: string, 
/**
 * What it shows, less the tare: `0.9 oz`.
 */
load: string | null, 
/**
 * The tare, when there is one: `1.2 oz`.
 */
tare: string | null, 
/**
 * Whether pieces are taken off one by one.
 */
take_off: boolean, 
/**
 * The piece that was weighed, while the load that says so is at rest.
 */
weighing: WeighingView | null, 
/**
 * What keeps it from weighing, as a person reads it.
 */
fault: UiError | null, };

/**
 * The scales of this computer.
 */
export type ScalesView = { 
/**
 * Those on USB, and the serial ports that one may hang on.
 */
scales: Array<FoundScaleView>, };

/**
 * Which keeper holds the station's key-encryption key.
 */
export type SecretsChoice = { "kind": "keyring" } | { "kind": "passphrase-file", 
/**
 * The file that holds the passphrase.
 */
path: string, } | { "kind": "key-file", 
/**
 * The file that holds the key; made when it does not exist.
 */
path: string, };

/**
 * The identical piece again.
 */
export type SendAgainCall = { 
/**
 * The serial of a piece that is `not-printed`.
 */
serial: string, 
/**
 * Where it goes.
 */
out: PrintOut, };

/**
 * A curve: one value for each label.
 */
export type SeriesView = { 
/**
 * What it shows: the values of all but the first of `by`.
 */
key: Array<string>, 
/**
 * How many pieces.
 */
pieces: number[], 
/**
 * Their postage, mills.
 */
postage_mills: number[], };

/**
 * How a service fared at its last contact.
 */
export type ServiceView = { 
/**
 * The service's identity, for example `funds`.
 */
service: string, 
/**
 * `served`, `nothing`, `deferred`, `refused` or `failed`.
 */
outcome: string, 
/**
 * Its security level, for example `L3`.
 */
level: string, 
/**
 * How long it took, milliseconds.
 */
ms: number, 
/**
 * One sentence when it was refused or failed.
 */
reason: string | null, };

/**
 * A session that began.
 */
export type SessionView = { 
/**
 * What stands for the user in calls; kept in memory only, on both sides.
 */
token: string, 
/**
 * The user.
 */
user: UserView, 
/**
 * After so many minutes without a call it ends.
 */
idle_minutes: number, };

/**
 * Sets the telephone line up; what is not given stays, an empty text is removed.
 */
export type SetLineCall = { 
/**
 * The modem's port, for example `/dev/ttyUSB0` or `COM3`; empty: no telephone line.
 */
device: string | null, 
/**
 * The data center's number.
 */
number: string | null, 
/**
 * The number that is dialed when the first has failed.
 */
alternate: string | null, 
/**
 * What is dialed for an outside line, for example `9,`.
 */
prefix: string | null, 
/**
 * By pulses instead of tones.
 */
pulse: boolean | null, 
/**
 * The kind of modem.
 */
profile: string | null, 
/**
 * The access point name of a mobile network.
 */
apn: string | null, 
/**
 * The PIN of a mobile modem's card.
 */
card_pin: string | null, 
/**
 * The name that another's access server asks for.
 */
dial_name: string | null, 
/**
 * Its password.
 */
password: string | null, 
/**
 * When a station that met nobody for half a day calls by itself, `HH:MM` local time.
 */
night: string | null, 
/**
 * How long a call may last, minutes: 1 to 60.
 */
cap_minutes: number | null, 
/**
 * What each call costs, for the meter.
 */
per_call: string | null, 
/**
 * What each minute that has begun costs, for the meter.
 */
per_minute: string | null, };

/**
 * What the office prints beside its postage; what is not named stays as it is.
 */
export type SetOfficeArtCall = { 
/**
 * A logo, PNG as base64.
 */
logo_png_base64: string | null, 
/**
 * Whether the logo is taken away.
 */
remove_logo: boolean, 
/**
 * The slogan; an empty one is none.
 */
slogan: string | null, 
/**
 * The private message; an empty one is none.
 */
message: string | null, };

/**
 * Chooses the scale.
 */
export type SetScaleCall = { 
/**
 * The scale; nothing for none.
 */
setup: ScaleSetup | null, };

/**
 * Chooses channel and opening hours; what is not given stays.
 */
export type SetSoftwareCall = { 
/**
 * `stable` or `early`.
 */
channel: string | null, 
/**
 * When the office is open, like `Mon-Fri 08:00-18:00, Sat 09:00-12:30`, or `never`.
 */
hours: string | null, };

/**
 * Signing in.
 */
export type SignInCall = { 
/**
 * The user's name.
 */
user: string, 
/**
 * The PIN.
 */
pin: string, };

/**
 * Signing out.
 */
export type SignOutCall = { 
/**
 * The token of the session that ends.
 */
token: string, };

/**
 * Something without value on paper.
 */
export type Slip = { "kind": "receipt", 
/**
 * The piece's serial.
 */
serial: string, } | { "kind": "refund", 
/**
 * The piece's serial.
 */
serial: string, } | { "kind": "day-end", 
/**
 * The day, ISO; `None` means today.
 */
day: string | null, } | { "kind": "address", 
/**
 * Its lines, separated by newlines.
 */
text: string, 
/**
 * The digits of an Intelligent Mail barcode: 20 of tracking and 0, 5, 9 or 11 of routing.
 */
barcode: string | null, };

/**
 * A slip to print.
 */
export type SlipCall = { 
/**
 * What it says.
 */
slip: Slip, 
/**
 * Where it goes; `None` only draws it, as for files.
 */
out: PrintOut | null, };

/**
 * A slip that was drawn.
 */
export type SlipView = { 
/**
 * What it is, for example `receipt`.
 */
slip: string, 
/**
 * What became of it, in a sentence.
 */
message: string, 
/**
 * The bitmap as base64 PNG.
 */
png_base64: string, 
/**
 * Its width, millimetres.
 */
width_mm: number, 
/**
 * Its height, millimetres.
 */
height_mm: number, 
/**
 * Dots per inch.
 */
dpi: number, };

/**
 * How far the station's software is.
 */
export type SoftwareState = "beside" | "unpublished" | "current" | "coming" | "waiting" | "by-admin" | "stuck";

/**
 * The station's software.
 */
export type SoftwareView = { 
/**
 * What runs.
 */
version: string, 
/**
 * On what; `None` for a program that is not updated by itself.
 */
platform: string | null, 
/**
 * `stable` or `early`.
 */
channel: string, 
/**
 * When the office is open.
 */
hours: string, 
/**
 * The group an admin has put the station into.
 */
group: string | null, 
/**
 * How far it is.
 */
state: SoftwareState, 
/**
 * The release that comes.
 */
release: string | null, 
/**
 * What every station should run at least.
 */
minimum: string | null, 
/**
 * Whether what runs is below the minimum.
 */
urgent: boolean, 
/**
 * What is here of the package, bytes.
 */
fetched_bytes: number, 
/**
 * The whole package, bytes.
 */
length_bytes: number, 
/**
 * What the release waits for; `None` when it is installed as soon as the window closes.
 */
waits: string | null, 
/**
 * Releases that were put back or refused, newest first.
 */
failed: Array<FailedReleaseView>, 
/**
 * What became of the last release.
 */
last: LastUpdateView | null, };

/**
 * Which pieces to count, and by what.
 */
export type StatisticsCall = { 
/**
 * The first day they were booked on, ISO; `None` means 30 days up to the last.
 */
from: string | null, 
/**
 * The last day, ISO; `None` means today.
 */
to: string | null, 
/**
 * By what, for example `day,class`: day, month, class, shape, step, zone, edition, station,
 * cost-centre, user. `None` means `class,shape`.
 */
by: string | null, };

/**
 * Pieces counted.
 */
export type StatisticsView = { 
/**
 * The first day counted, ISO.
 */
from: string, 
/**
 * The last day counted, ISO.
 */
to: string, 
/**
 * By what they are counted.
 */
by: Array<string>, 
/**
 * All of them together.
 */
total: TallyView, 
/**
 * The groups, in order.
 */
groups: Array<GroupView>, 
/**
 * The same as a chart draws it.
 */
chart: ChartView, 
/**
 * Whether all pieces of the vault add up to its ascending register, to the mill.
 */
holds: boolean, 
/**
 * What all pieces of the vault add up to, mills.
 */
all_mills: number, 
/**
 * The ascending register, mills.
 */
ascending_mills: number, 
/**
 * Journal records whose statistics the data center has.
 */
told: number, 
/**
 * Journal records there are.
 */
records: number, };

/**
 * What the station is and has.
 */
export type StatusView = { 
/**
 * Whether the station is enrolled; without it most of the rest is empty.
 */
enrolled: boolean, 
/**
 * The station's human PSD number.
 */
station: string | null, 
/**
 * The registers.
 */
registers: RegistersView, 
/**
 * `new`, `active`, `warned`, `locked`, `frozen` or `withdrawn`.
 */
state: string, 
/**
 * One sentence about the state when it keeps the clerk from printing.
 */
state_reason: string | null, 
/**
 * `specimen` or `live`.
 */
regime: string, 
/**
 * The rate edition in force.
 */
edition: EditionView | null, 
/**
 * The rate editions that are here and not in force yet, the next one first.
 */
coming: Array<EditionView>, 
/**
 * The earliest date of mailing by the station's calendar, ISO: today.
 */
today: string, 
/**
 * The instant of the last receipt, Unix seconds.
 */
last_receipt: number | null, 
/**
 * From when the clerk is warned, Unix seconds.
 */
warn_at: number | null, 
/**
 * From when printing is locked, Unix seconds.
 */
lock_at: number | null, 
/**
 * The customer account.
 */
account: AccountView | null, 
/**
 * The certificate of the key that signs indicia now, PEM.
 */
certificate: string | null, 
/**
 * The keys and their ages.
 */
keys: Array<KeyView>, 
/**
 * The line to the data center.
 */
line: LineView, 
/**
 * How each service fared at its last contact.
 */
services: Array<ServiceView>, 
/**
 * Where the secrets are kept, in words.
 */
secrets: string | null, 
/**
 * Whom to ring when the vault is frozen.
 */
support_contact: string | null, 
/**
 * Whether somebody has to sign in.
 */
has_users: boolean, 
/**
 * Whether pieces are waiting for the clerk's answer.
 */
unknown_pieces: number, 
/**
 * Refills the station asks for by itself.
 */
automatic_refill: AutomaticRefillView | null, 
/**
 * The end of the vault, once it was ordered.
 */
withdrawal: WithdrawalView | null, 
/**
 * The signed repository that rates and software come from.
 */
repository: RepositoryView | null, };

/**
 * A paper that a printer may hold.
 */
export type StockView = { 
/**
 * Its name in [`PrinterSetup::stock`].
 */
name: string, 
/**
 * What the clerk calls it.
 */
title: string, 
/**
 * What is printed on it: `postage`, `address`, `slip`, `ticket`, `lottery`.
 */
prints: Array<string>, };

/**
 * Since when and why nothing new, or not all of it, is installed.
 */
export type StoppedView = { 
/**
 * Whether nothing at all is installed; otherwise one thing that is published.
 */
everything: boolean, 
/**
 * Since when, Unix seconds.
 */
since: number, 
/**
 * The stable code of the reason.
 */
code: string, 
/**
 * The reason, in one sentence.
 */
message: string, 
/**
 * What to do.
 */
hint: string, };

/**
 * How many pieces, and how much was debited for them.
 */
export type TallyView = { 
/**
 * All pieces that were paid for.
 */
pieces: number, 
/**
 * Their postage, mills.
 */
postage_mills: number, 
/**
 * Those of them that are spoiled.
 */
spoiled: number, 
/**
 * Their postage, mills.
 */
spoiled_mills: number, };

/**
 * A test page that went to a printer.
 */
export type TestPageView = { 
/**
 * The printer's name.
 */
tested: string, 
/**
 * Whether the printer has proved that the page is on paper; one that proves nothing is looked at.
 */
proved: boolean, 
/**
 * What to look for on the page.
 */
look: string, };

/**
 * Prints a test page, which is worth nothing.
 */
export type TestPrinterCall = { 
/**
 * The printer's name.
 */
name: string, };

/**
 * A refusal or a fault, as a person reads it. Kinds decide exit codes.
 */
export type UiError = { 
/**
 * A stable code, for example `insufficient_funds`.
 */
code: string, 
/**
 * What happened and whether money moved.
 */
message: string, 
/**
 * What to do.
 */
hint: string, 
/**
 * Whether the same call may succeed later without a change.
 */
retry: boolean, 
/**
 * Refusal or fault, and which exit code belongs to it.
 */
kind: ErrorKind, };

/**
 * Does something with the scale.
 */
export type UseScaleCall = { 
/**
 * What.
 */
act: ScaleAct, };

/**
 * One user.
 */
export type UserView = { 
/**
 * The name.
 */
name: string, 
/**
 * What they are.
 */
role: Role, 
/**
 * Whether they may print and refill.
 */
money: boolean, 
/**
 * Whether they may claim spoiled pieces back.
 */
refunds: boolean, 
/**
 * Whether they may make and change users.
 */
users: boolean, 
/**
 * Whether they may set printers up.
 */
setup: boolean, 
/**
 * Whether they may let a piece pass a spent budget.
 */
may_override: boolean, 
/**
 * Whether they can no longer sign in.
 */
closed: boolean, 
/**
 * Until when no PIN is looked at, Unix seconds; 0 when the next one is looked at.
 */
locked_until: number, };

/**
 * The users of this station, by name.
 */
export type UsersView = { 
/**
 * The users; none at a station with one clerk.
 */
users: Array<UserView>, 
/**
 * After so many minutes without a call a session ends.
 */
idle_minutes: number, };

/**
 * The answer to a call.
 */
export type View = StatusView | PreviewView | PieceView | RefillView | QuoteView | OptionsView | ContactView | BatchView | PiecesView | FoundPrintersView | PrintersView | JournalView | PlaceView | StatisticsView | CentresView | PresetsView | WaitingBatchesView | BatchTextView | RehearsalView | SessionView | UsersView | SoftwareView | LineSetupView | PictureView | TestPageView | ModemsView | DoctorView | ScaleView | ScalesView | SlipView | OfficeArtView;

/**
 * A batch that waits.
 */
export type WaitingBatchView = { 
/**
 * What it is called.
 */
name: string, 
/**
 * Since when it waits, Unix seconds.
 */
since: number, 
/**
 * Its rows.
 */
rows: number, 
/**
 * Those of them that are not printed yet.
 */
open: number, };

/**
 * The batches that wait, oldest first.
 */
export type WaitingBatchesView = { 
/**
 * The batches.
 */
batches: Array<WaitingBatchView>, };

/**
 * Waits for a load at rest.
 */
export type WeighCall = { 
/**
 * How long to wait at most, seconds: 0 to 60; `None` for five.
 */
seconds: number | null, };

/**
 * One piece that was weighed.
 */
export type WeighingView = { 
/**
 * The number by which a print refers to it.
 */
number: number, 
/**
 * The weight as a quote takes it: `0.9oz`.
 */
weight: string, 
/**
 * The same for reading: `0.9 oz`.
 */
shown: string, 
/**
 * Grams, up to three decimals.
 */
weight_grams: number, 
/**
 * Whether a piece that was taken off is paid for.
 */
paid: boolean, };

/**
 * The end of a station.
 */
export type WithdrawCall = { 
/**
 * The station's PSD number, as a proof that this station is meant.
 */
station: string, };

/**
 * The end of the vault.
 */
export type WithdrawalView = { 
/**
 * Whether the data center has answered the final statement.
 */
stated: boolean, 
/**
 * What the vault gave back, mills; nothing while it lives.
 */
returned_mills: number | null, 
/**
 * What of it the account has at once, for refills only, mills.
 */
credited_mills: number | null, 
/**
 * What is held, mills.
 */
held_mills: number | null, 
/**
 * Until when, Unix seconds.
 */
hold_until: number | null, };
