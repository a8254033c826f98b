//! Every message of the station, in one place: what happened, whether money moved, what to do.
//!
//! Refusals of the rate engine and of the data center bring their own sentences; all others are
//! said here and nowhere else. `{name}` stands for a value the caller fills in.

use crate::api::{ErrorKind, UiError};

#[macro_use]
mod declaring;
#[macro_use]
mod scales;
#[macro_use]
mod papers;

use declaring::{Entry, fill};

with_papers! {
    /// The command or call is not understood.
    Usage = "usage", Usage, false,
        "{what}",
        "Run the command with --help to see how it is used.";
    /// A command of a later issue.
    NotInThisBuild = "not_in_this_build", Usage, false,
        "{what} is not in this build.",
        "Nothing was changed. A later version brings it.";
    /// No enrolment yet.
    NotEnrolled = "not_enrolled", Refused, false,
        "This station is not enrolled at a data center yet.",
        "Get an enrolment code from your admin and enrol the station with it.";
    /// A second enrolment.
    AlreadyEnrolled = "already_enrolled", Refused, false,
        "This station is already enrolled as {station}.",
        "Use another data folder for a second station.";
    /// Descending is less than the postage.
    InsufficientFunds = "insufficient_funds", Refused, false,
        "The vault holds {left}, the postage is {postage}. Nothing was debited.",
        "Refill the vault, then print again.";
    /// Never refilled.
    NeverRefilled = "never_refilled", Refused, false,
        "The vault was never refilled. Nothing was debited.",
        "Refill the vault, then print again.";
    /// The mandatory contact is overdue.
    VaultLocked = "vault_locked", Refused, false,
        "The vault is locked until it meets the data center. Nothing was debited and its value is safe.",
        "Start a contact; printing goes on right after it.";
    /// Stopped for good.
    VaultFrozen = "vault_frozen", Refused, false,
        "The vault is frozen until it is examined. Nothing was debited and its value is recorded.",
        "Ring {support}.";
    /// Paid back.
    VaultWithdrawn = "vault_withdrawn", Refused, false,
        "The vault was withdrawn and its value paid back.",
        "Enrol a new station in another data folder to print.";
    /// The program is about to be replaced.
    Updating = "updating", Refused, true,
        "The station is about to start its new version. Nothing was done and no money moved.",
        "Wait a minute, then do it again.";
    /// 0, or above the limit of one piece.
    PostageOutOfRange = "postage_out_of_range", Refused, false,
        "Postage of {postage} is outside what one piece may cost. Nothing was debited.",
        "Check class, shape and weight.";
    /// The date of a piece is corrected once.
    AlreadyCorrected = "already_corrected", Refused, false,
        "The date of {serial} was corrected before, or the piece is too old for it. Nothing was debited.",
        "Mark the piece spoiled, claim it back and print it anew.";
    /// A correction to the date it has.
    DateIsRight = "date_is_right", Refused, false,
        "{serial} bears the date {date} already. Nothing was debited.",
        "Choose the date on which it is mailed.";
    /// A correction or additional postage is not amended itself.
    NotAnOriginal = "not_an_original", Refused, false,
        "{serial} amends another piece itself. Nothing was debited.",
        "Amend the piece it belongs to.";
    /// A piece that cost nothing.
    NothingToRefund = "nothing_to_refund", Refused, false,
        "{serial} cost nothing, so there is nothing to claim back. No money moved.",
        "Destroy it.";
    /// Before today or too far ahead.
    DateOutOfRange = "date_out_of_range", Refused, false,
        "The date of mailing is out of range. Nothing was debited.",
        "Choose a date from today to 30 days ahead.";
    /// The vault may not hold so much.
    TooMuchValue = "too_much_value", Refused, false,
        "The refill would put more into the vault than it may hold. No money moved.",
        "Refill a smaller amount.";
    /// A rule of the vault that no clerk causes.
    VaultRefused = "vault_refused", Fault, false,
        "The vault refused: {what}. Nothing was debited.",
        "Try again; if it stays, send the log to your admin.";
    /// The text is no amount.
    NotAnAmount = "not_an_amount", Usage, false,
        "{text} is not an amount of money. No money moved.",
        "Write it like 50 or 50.00.";
    /// A field of a call cannot be read.
    BadInput = "bad_input", Refused, false,
        "{what}. Nothing was debited.",
        "Correct it and try again.";
    /// A setting cannot be so.
    BadSetting = "bad_setting", Refused, false,
        "{what}. Nothing was changed.",
        "Correct it and set it again.";
    /// Neither the call nor the licence says where pieces are mailed.
    NoOrigin = "no_origin", Refused, false,
        "Nobody said where the piece is mailed, and the licence of this station names no ZIP. Nothing was debited.",
        "Give the origin with the piece.";
    /// Nobody is signed in.
    SignInNeeded = "sign_in_needed", Refused, false,
        "This station has users, and nobody is signed in. Nothing was done.",
        "Sign in; on the command line give --user NAME and --pin-file PATH.";
    /// Somebody lacks a right.
    NotAllowed = "not_allowed", Refused, false,
        "{user} has no right for {what}. Nothing was done.",
        "Let somebody with the right do it, or ask an admin of this station for it.";
    /// No user of this name.
    UnknownUser = "unknown_user", Refused, false,
        "This station has no user {name} who may sign in. Nothing was done.",
        "List the users to see who there is.";
    /// A user of this name is there.
    UserExists = "user_exists", Refused, false,
        "This station has a user {name} already. Nothing was changed.",
        "Choose another name; a closed user can be opened again.";
    /// As many users as there may be.
    TooManyUsers = "too_many_users", Refused, false,
        "This station has as many users as it can have. Nothing was changed.",
        "Open a closed user again, or use another station.";
    /// The first user must be able to make others.
    FirstUserIsAdmin = "first_user_is_admin", Refused, false,
        "The first user of a station is an admin, so that somebody can make the others. Nothing was changed.",
        "Make an admin first.";
    /// The last who may change users.
    LastAdmin = "last_admin", Refused, false,
        "{name} is the last who may change users. Nothing was changed.",
        "Give another user that right first.";
    /// A wrong PIN.
    WrongPin = "wrong_pin", Refused, true,
        "This is not the PIN. Nothing was done; {left} tries are left before a wait.",
        "Type it again; an admin of this station can give a new one.";
    /// Too many wrong PINs.
    PinLocked = "pin_locked", Refused, true,
        "There were too many wrong PINs. Nothing was done; the next one is looked at in {wait}.",
        "Wait, or let an admin of this station give a new PIN.";
    /// No order of the data center stands behind the code.
    ResetRefused = "reset_refused", Refused, false,
        "There is no such code for {name}, or its time is over. Nothing was changed.",
        "Ask your admin for a new one, and start a contact before you type it.";
    /// A PIN that cannot be chosen.
    WeakPin = "weak_pin", Refused, false,
        "A PIN has {least} to 12 digits that are neither all the same nor a run. Nothing was changed.",
        "Choose another one.";
    /// A session that is over.
    SessionEnded = "session_ended", Refused, false,
        "Nobody is signed in any more. Nothing was done.",
        "Sign in again.";
    /// No cost centre of this name.
    UnknownCentre = "unknown_cost_centre", Refused, false,
        "The account has no cost centre {name}. Nothing was debited.",
        "Choose one of the list; new ones come with the next contact.";
    /// A cost centre that is closed.
    CentreClosed = "cost_centre_closed", Refused, false,
        "The cost centre {name} is closed. Nothing was debited.",
        "Choose another one, or ask your admin.";
    /// A budget does not allow the piece.
    BudgetSpent = "budget_spent", Refused, false,
        "The budget of {name} for this {period} is {budget}, {spent} of it are spent; the postage is {postage}. Nothing was debited.",
        "Choose another cost centre, or let a supervisor pass it with a reason.";
    /// Somebody who may not overrides a budget.
    OverrideNotAllowed = "override_not_allowed", Refused, false,
        "Only a supervisor or an admin who signed in may pass a spent budget. Nothing was debited.",
        "Let one of them sign in and give the reason.";
    /// No edition in force.
    NoEdition = "no_edition", Refused, false,
        "There are no postal rates in force on this station. Nothing was debited.",
        "Start a contact to fetch them. When it brings none, the data center has published none yet.";
    /// No such piece.
    UnknownPiece = "unknown_piece", Refused, false,
        "There is no piece {serial} on this station.",
        "List the pieces to find its serial.";
    /// The piece's state does not allow it.
    PieceState = "piece_state", Refused, false,
        "Piece {serial} is {state}; that cannot be done with it. No money moved.",
        "Only an unknown piece is answered, only one that was not printed is sent again.";
    /// The piece's print state is unknown.
    PieceUnknown = "piece_unknown", Unknown, false,
        "Nobody knows whether piece {serial} was printed: {reason}. It is paid for and is not sent again by itself.",
        "Look at the paper, then answer with printed, spoiled or not-printed.";
    /// A piece was debited and met no ink.
    PieceNotPrinted = "piece_not_printed", Refused, true,
        "Piece {serial} is paid for but was not printed: {reason}.",
        "Send it again when the printer is ready; it is the identical piece and costs nothing more.";
    /// The symbol could not be read back.
    SelfRead = "self_read_failed", Fault, true,
        "The symbol could not be read back from the label: {reason}. Nothing was debited; its number is skipped.",
        "Print again; if it stays, choose another label stock or printer.";
    /// The label could not be made at all.
    NotDrawn = "not_drawn", Fault, false,
        "The label cannot be made: {reason}. Nothing was debited.",
        "Choose another stock; if it stays, send the log to your admin.";
    /// The rendering differs from what was committed.
    RasterDiffers = "raster_differs", Damaged, false,
        "The label of piece {serial} does not come out as it was committed. It is paid for and was not printed.",
        "Answer spoiled to claim it back, and tell your admin.";
    /// A job key was used for another piece.
    JobKeyUsed = "job_key_used", Refused, false,
        "This job has already led to piece {serial}, which is {state}. Nothing was debited again.",
        "Open the piece in the list.";
    /// No such printer.
    UnknownPrinter = "unknown_printer", Refused, false,
        "There is no printer {name} on this station. Nothing was debited.",
        "List the printers, or add it.";
    /// The printer refuses before anything is sent.
    PrinterNotReady = "printer_not_ready", Refused, true,
        "The printer {name} is not ready: {reason}. Nothing was debited.",
        "See to the printer and print again.";
    /// No place to print to.
    NoOut = "no_output", Usage, false,
        "The piece has nowhere to go. Nothing was debited.",
        "Name a printer, or a file with --pdf, --png or --escpos.";
    /// A file could not be written.
    CannotWrite = "cannot_write", Fault, true,
        "Writing {path} failed: {reason}.",
        "Check the folder and its free space.";
    /// A file that a piece is to go to cannot be put there.
    BadOutput = "bad_output", Refused, false,
        "{path} cannot be written to: {reason}. Nothing was debited.",
        "Name a new file in a folder that is there; a device is added as a printer.";
    /// A file could not be read.
    CannotRead = "cannot_read", Refused, false,
        "{path} cannot be read: {reason}.",
        "Check the name and the rights of the file.";
    /// The CSV text is not a batch.
    BadBatch = "bad_batch", Refused, false,
        "The batch cannot be read: {reason}. Nothing was debited.",
        "The first line names the columns name,address,city,state,zip,class,shape,weight.";
    /// No usable keyring and no explicit choice.
    NoKeyring = "no_keyring", Refused, false,
        "This session has no usable keyring to keep the station's key in. Nothing was written.",
        "Start a keyring (for example GNOME Keyring or KWallet), or choose explicitly: --secrets passphrase-file:PATH (keys sealed with a passphrase) or --secrets key-file:PATH (a private file; whoever reads it can open the vault).";
    /// The keyring does not answer.
    KeyringSlow = "keyring_slow", Refused, true,
        "The keyring did not answer within {seconds} seconds; it may be waiting for its password.",
        "Unlock the keyring and try again.";
    /// A file of secrets is open to others.
    SecretsTooOpen = "secrets_too_open", Refused, false,
        "{path} can be read by others, so it cannot hold a secret.",
        "Take the rights away with: chmod 600 {path}";
    /// A wrong passphrase.
    WrongPassphrase = "wrong_passphrase", Refused, true,
        "The passphrase does not open {path}.",
        "Use the passphrase the station was enrolled with.";
    /// Secrets of another station, or no secrets at all.
    SecretsForeign = "secrets_foreign", Refused, false,
        "{path} does not hold the keys of this station.",
        "Use the file this station was enrolled with.";
    /// The key or the mark is gone.
    SecretsMissing = "secrets_missing", Damaged, false,
        "The key of this station's vault is not in {place}.",
        "Restore it from where you keep it; without it the value stays sealed. The journal is still readable as evidence.";
    /// A keeper of secrets failed.
    SecretsFault = "secrets_fault", Fault, true,
        "The station's key cannot be kept or fetched: {reason}.",
        "See to it and try again; nothing was changed.";
    /// Another process owns the data folder and does not answer.
    FolderInUse = "folder_in_use", Fault, true,
        "Another program uses the data folder {folder} and does not answer.",
        "Close it, or wait until it is done.";
    /// The data folder is not there.
    NoFolder = "no_data_folder", Refused, false,
        "There is no data folder {folder}. Nothing was made or changed.",
        "Name the folder of an enrolled station with --data, or enrol a station there.";
    /// The data folder cannot be used.
    FolderUnusable = "folder_unusable", Fault, false,
        "The data folder {folder} cannot be used: {reason}.",
        "Choose another one with --data.";
    /// The disk is full.
    DiskFull = "disk_full", Refused, true,
        "The disk is full. Nothing was debited and nothing was lost.",
        "Free some space and try again.";
    /// What became of a paid piece could not be written down.
    PaidNotNoted = "paid_not_noted", Unknown, true,
        "The disk is full. The piece {serial} is paid for; what became of it is written down as soon as there is space.",
        "Free some space, then look the piece up in the history. Do not print it anew.";
    /// Damage, or an edit.
    DamagedStore = "damaged_store", Damaged, false,
        "The station's store is damaged or was edited: {what}. Printing has stopped; nothing more is debited.",
        "Keep the data folder as it is and ring your admin.";
    /// Copied back from a backup.
    StoreRolledBack = "store_rolled_back", Damaged, false,
        "The station's store is older than it was: it has {found} journal records, {marked} were there before. It does not start.",
        "Put the newest data folder back; if it is lost, ring your admin.";
    /// Written by a newer program.
    NewerStore = "newer_store", Refused, false,
        "The station's store has layout {found}, and this program knows layouts up to {known}. Nothing was changed and its value is safe.",
        "Install the version that wrote it, or a newer one.";
    /// Another fault of the store.
    StoreFault = "store_fault", Fault, true,
        "The station's store cannot do this now: {reason}. Nothing was debited.",
        "Try again; if it stays, send the log to your admin.";
    /// The data center cannot be reached.
    Unreachable = "unreachable", Unreachable, true,
        "The data center cannot be reached: {reason}. No money moved.",
        "Printing goes on with the value in the vault. Check the network and try again.";
    /// The line broke after something may have been sent.
    LineBroke = "line_broke", Unreachable, true,
        "The line to the data center broke: {reason}. What was asked is kept and is completed once, at the next contact.",
        "Start a contact when the line is back; nothing is charged twice.";
    /// No telephone line is set.
    NoLine = "no_line", Refused, false,
        "This station has no telephone line set. Nothing was dialed and no money moved.",
        "Set one with: pennyblack line set --device DEVICE --number NUMBER.";
    /// All numbers rest.
    DialRests = "dial_rests", Unreachable, true,
        "The telephone rests until {until}, because the number failed too often. Nothing was dialed and no money moved.",
        "Wait, or insist with: pennyblack contact --line dialup.";
    /// The clerk hung up.
    HungUp = "hung_up", Refused, true,
        "Somebody hung up before the data center had answered. What was asked is kept and is completed once, at the next contact.",
        "Start a contact to call again; nothing is charged twice.";
    /// The port does not open.
    ModemPort = "modem_port", Unreachable, true,
        "The modem's port {device} does not open: {reason}. No money moved.",
        "Plug the modem in, close what else uses it, or find its port with: pennyblack line find.";
    /// Nobody on the other side knows where the data center is.
    LineNoName = "line_no_name", Unreachable, true,
        "The call stands, but nobody there knows the address of {server}. No money moved.",
        "Meet the data center over the Internet once, so that its address is known, or ring your admin.";
    /// The private socket cannot be made.
    LineNoDoor = "line_no_door", Fault, true,
        "The call stands, but this computer cannot use it: {reason}. No money moved.",
        "Check the rights and the free space of the data folder.";
    /// A call reached its cap.
    CallTooLong = "call_too_long", Unreachable, true,
        "The call lasted as long as it may and was ended. What was asked is kept and is completed once.",
        "Start a contact again; a longer call is set with: pennyblack line set --cap-minutes.";
    /// No answer to any command.
    ModemSilent = "modem_silent", Unreachable, true,
        "The modem does not answer. No money moved.",
        "Switch it on and check its cable; pennyblack line find shows where a modem answers.";
    /// A command was not understood.
    ModemRefused = "modem_refused", Unreachable, true,
        "The modem refused a command. No money moved.",
        "Choose another profile with: pennyblack line set --profile.";
    /// PIN, PUK, or no card.
    CardLocked = "card_locked", Unreachable, false,
        "The card of the mobile modem is locked or missing. No money moved.",
        "Set its PIN with: pennyblack line set --card-pin-file PATH, or enrol with it; after three wrong ones it needs its PUK in a telephone.";
    /// A PIN that was refused is not entered again by itself.
    CardPinNotTaken = "card_pin_not_taken", Unreachable, false,
        "The card of the mobile modem did not take its PIN, so the station enters it no more: three wrong ones lock the card. No money moved.",
        "Set the right PIN with: pennyblack line set --card-pin-file PATH, or enrol with it.";
    /// No reception, or no data service.
    NoNetwork = "no_network", Unreachable, true,
        "The mobile network carries no data: there is no reception, or it does not let the card in. No money moved.",
        "Check the antenna, the access point name, and whether the card's contract carries data.";
    /// No dial tone.
    NoDialTone = "no_dial_tone", Unreachable, true,
        "There is no dial tone. No money moved.",
        "Check the telephone cable; behind a branch exchange set the profile blind.";
    /// Engaged.
    NumberBusy = "number_busy", Unreachable, true,
        "The number is busy. No money moved.",
        "Try again later. If it is always busy, the prefix for an outside line may be missing: pennyblack line set --prefix 9,";
    /// Nobody takes the call.
    NobodyAnswers = "nobody_answers", Unreachable, true,
        "It rings, and nobody answers. No money moved.",
        "Check the number, or set a second one with: pennyblack line set --alternate.";
    /// Taken by a voice or a fax.
    NoModemAnswers = "no_modem_answers", Unreachable, true,
        "The call was taken, but no modem answers: it may be a wrong number, a voice or a fax. No money moved.",
        "Check the number and its prefix.";
    /// The modem must wait.
    CallDelayed = "call_delayed", Unreachable, true,
        "The modem must wait before it dials this number again. No money moved.",
        "Wait an hour; the modem keeps the rules of its country.";
    /// The modem refuses the number.
    NumberBarred = "number_barred", Unreachable, true,
        "The modem refuses to dial this number for a while, because it failed too often. No money moved.",
        "Wait an hour, or switch the modem off and on.";
    /// The modem said nothing about the call.
    CallTimedOut = "call_timed_out", Unreachable, true,
        "The call did not come about in time. No money moved.",
        "Check the number; try again later.";
    /// The data center answered nothing over a call that stood.
    CallUnanswered = "call_unanswered", Unreachable, true,
        "The call stood, but the data center answered nothing over it. No money moved.",
        "Try again later; if it stays, tell your admin that its access server leads nowhere.";
    /// No PPP.
    PppNoAnswer = "ppp_no_answer", Unreachable, true,
        "A modem took the call, but it does not speak the data center's language: it may be a wrong number. No money moved.",
        "Check the number; ring your admin if it is right.";
    /// Our own bytes come back.
    PppLooped = "ppp_looped", Unreachable, true,
        "The line sends back what is sent into it. No money moved.",
        "Check the cable and the modem's profile; try again.";
    /// LCP failed.
    PppLinkNotAgreed = "ppp_link_not_agreed", Unreachable, true,
        "The two ends of the call did not agree on how to speak. No money moved.",
        "Try again; if it stays, send the log to your admin.";
    /// No common way to prove a name.
    PppNoCommonProof = "ppp_no_common_proof", Unreachable, false,
        "The other end asks for a name and password, and there is none, or in a way that is not known here. No money moved.",
        "Set them with: pennyblack line set --dial-name NAME --password-file PATH, or ring your admin.";
    /// The proof took too long.
    PppProofUnanswered = "ppp_proof_unanswered", Unreachable, true,
        "The other end did not say whether it believes the name and password. No money moved.",
        "Try again; if it stays, ring your admin.";
    /// Name or password wrong.
    PppPasswordRefused = "ppp_password_refused", Unreachable, false,
        "The other end refused the name or the password of the call. No money moved.",
        "Check them with whoever runs the access server; the data center's own lines take what the last contact brought.";
    /// The other end is not who was dialed.
    PppPeerNotProven = "ppp_peer_not_proven", Unreachable, false,
        "The other end could not prove that it knows the password: it is not who was dialed. No money moved.",
        "Check the number and tell your admin.";
    /// IPCP failed.
    PppAddressesNotAgreed = "ppp_addresses_not_agreed", Unreachable, true,
        "The two ends of the call did not agree on addresses. No money moved.",
        "Try again; if it stays, ring your admin.";
    /// No address.
    PppNoAddress = "ppp_no_address", Unreachable, true,
        "The other end gave this station no address. No money moved.",
        "Try again; for a mobile modem check the access point name (--apn).";
    /// No Internet packets.
    PppIpRefused = "ppp_ip_refused", Unreachable, true,
        "The other end does not carry Internet packets. No money moved.",
        "Check the number; ring your admin.";
    /// Terminate.
    PppEndedByPeer = "ppp_ended_by_peer", Unreachable, true,
        "The other end ended the call. What was asked is kept and is completed once.",
        "Try again.";
    /// Silence.
    PppHalfOpen = "ppp_half_open", Unreachable, true,
        "The other end of the call fell silent. What was asked is kept and is completed once.",
        "Try again; a noisy line may be the cause.";
    /// Agreed on again and again.
    PppUnstable = "ppp_unstable", Unreachable, true,
        "The call does not stay up. What was asked is kept and is completed once.",
        "Try again; a noisy line may be the cause.";
    /// Carrier lost, unplugged.
    PppLineLost = "ppp_line_lost", Unreachable, true,
        "The call was cut off. What was asked is kept and is completed once.",
        "Try again; if it stays, check the telephone line and the modem's cable.";
    /// A refill was not decided in the contact it was asked in: the sentence in place of the one of
    /// what went wrong, whose code and advice stay.
    RefillWaits = "refill_waits", Refused, true,
        "The refill of {amount} was not decided yet: {reason}. It is kept and is completed once, at the next contact.",
        "Start a contact in a while; nothing is charged twice.";
    /// A service has to wait for a later contact.
    Deferred = "deferred", Refused, true,
        "It was left for a later contact: {reason}. No money moved.",
        "It comes by itself as soon as the Internet is back, or with the next call.";
    /// TLS does not lead to the root of the enrolment.
    NotOurCenter = "not_our_center", Refused, false,
        "What answers at the data center's address could not prove to be the data center. Nothing was sent and no money moved.",
        "Check the address and the computer's date; a proxy that opens encrypted traffic must let this station through.";
    /// A reply that cannot be what the data center sent.
    ReplyNotBelieved = "reply_not_believed", Refused, true,
        "The data center's reply is not believed: {what} does not hold. Nothing was changed.",
        "Try again; if it stays, ring your admin.";
    /// A reply in a layout this program does not know.
    UpdateNeeded = "update_needed", Refused, true,
        "The data center answers in a layout this program does not know. Nothing was changed.",
        "Update this station's software; printing goes on with the value in the vault.";
    /// A reply under a key or authority the station does not know.
    CenterKeyUnknown = "center_key_unknown", Refused, true,
        "The data center signs with a key this station does not know. Nothing was changed.",
        "Start another contact: the station then learns the key, if its own keys vouch for it. If it stays, ring your admin.";
    /// The enrolment code is mistyped.
    WrongCode = "wrong_code", Refused, false,
        "This is not an enrolment code.",
        "It has 7 groups of 8 letters and digits; compare it with the one your admin gave you.";
    /// The root's fingerprint is not the one in the code.
    WrongFingerprint = "wrong_fingerprint", Refused, false,
        "The data center at {server} is not the one this code is for. Nothing was sent.",
        "Check the address; if it is right, tell your admin before you go on.";
    /// A refill of nothing.
    RefillOfNothing = "refill_of_nothing", Refused, false,
        "A refill must be more than 0.00. No money moved.",
        "Type the amount to be added.";
    /// The customer account does not cover the refill.
    AccountInsufficient = "account_insufficient_funds", Refused, false,
        "The account {account} holds {available}, the refill is {amount}. No money moved.",
        "Refill a smaller amount, or ask your admin to book a deposit.";
    /// The customer account is locked.
    AccountLocked = "account_locked", Refused, false,
        "The account {account} is locked because the bank returned a payment. No money moved; printing goes on with the value in the vault.",
        "Ask your admin to pay it again; refills open as soon as the new payment is booked.";
    /// The customer allows no automatic refills.
    NotAutomatic = "not_automatic", Refused, false,
        "The account {account} does not allow this station to refill by itself. No money moved.",
        "Refill by hand, or ask your admin to allow it.";
    /// The customer's automatic refills have reached their limit of the day.
    DailyCap = "daily_cap", Refused, true,
        "The automatic refills of the account {account} have reached their limit of today. No money moved.",
        "Refill by hand, or wait until tomorrow.";
    /// A piece that is not spoiled cannot be claimed back.
    RefundNotSpoiled = "refund_not_spoiled", Refused, false,
        "Piece {serial} is {state}; only a spoiled piece is claimed back. No money moved.",
        "If its paper cannot be used, answer spoiled first and destroy it.";
    /// The claim has not reached the data center.
    RefundWaits = "refund_waits", Unreachable, true,
        "The claim for piece {serial} is kept and goes with the next contact; it is credited once at most.",
        "Start a contact; nothing is claimed twice.";
    /// The data center does not credit the piece.
    RefundRefused = "refund_refused", Refused, false,
        "Piece {serial} is not credited: {reason}. No money moved.",
        "Ring your admin if you think that is wrong.";
    /// The vault that is to end has not given its whole journal away yet.
    WithdrawGoesOn = "withdraw_goes_on", Refused, true,
        "The vault has not ended: its journal is still going over to the data center. No money moved.",
        "Ask for its end again; it goes on where it stopped.";
    /// The number of another station.
    WithdrawOther = "withdraw_other", Refused, false,
        "This station is {station}. Nothing was withdrawn and no money moved.",
        "Give its own number if its vault shall end for good.";
    /// The station is locked for refills.
    StationLocked = "station_locked", Refused, false,
        "The data center has locked this station for refills. No money moved; printing goes on with the value in the vault.",
        "Ring your admin.";
    /// The data center does not follow the station's statement.
    WrongStatement = "wrong_statement", Refused, true,
        "The data center could not follow this station's registers. No money moved.",
        "Start a contact, then refill again.";
    /// The data center compares its books.
    Reconciling = "reconcile", Refused, true,
        "The data center was restored from a backup and compares its books first. No money moved.",
        "Printing goes on. Refills open again when the admin has finished.";
    /// The data center shows a journal that contradicts what it has shown and signed before.
    CenterDoubted = "center_doubted", Refused, true,
        "The data center has shown {what}. Nothing it said was taken, and the evidence is kept. No money moved.",
        "Printing goes on with the value in the vault; nothing is refilled until this is settled. Ring {support}.";
    /// The data center has too much to do.
    CenterBusy = "busy", Refused, true,
        "The data center has too much to do. No money moved.",
        "Try again in a minute.";
    /// The owner of the state is gone or overloaded.
    StationBusy = "station_busy", Fault, true,
        "The station is busy with other work.",
        "Try again in a moment.";
    /// The owner of the data folder ended before it took the call.
    OwnerGone = "owner_gone", Fault, true,
        "The program that had the data folder open has ended. Nothing was done and no money moved.",
        "Do it again.";
    /// The owner of the data folder ended in the middle of a call.
    AnswerLost = "answer_lost", Unknown, false,
        "The program that had the data folder open ended before it answered. Whether it was done is not known.",
        "Look at the pieces and at the registers before doing it again: a piece in the list is paid for.";
    /// The owner of the data folder is of another version.
    AnswerNotRead = "answer_not_read", Unknown, false,
        "The program that has the data folder open answered what this one does not read. Whether it was done is not known.",
        "Close that program, or use the same version of both. A piece in the list is paid for.";
    /// The owner of the state stopped.
    StationStopped = "station_stopped", Fault, false,
        "The station has stopped. Nothing more is debited.",
        "Start the program again.";
    /// A call is larger than the private socket takes, or cannot be read.
    BadCall = "bad_call", Usage, false,
        "The call cannot be read: {reason}.",
        "Use a program of the same version as the one that owns the data folder.";
    /// A service of a contact was refused.
    ServiceRefused = "service_refused", Refused, false,
        "The data center refused the service {service}: {reason}.",
        "The other services were not hindered; see the status.";
    /// A service of a contact failed.
    ServiceFailed = "service_failed", Fault, true,
        "The service {service} failed: {reason}.",
        "Start another contact; nothing is lost.";
    /// The signed repository has expired.
    RepositoryExpired = "repository_expired", Refused, true,
        "What signs new rates and software expired on {date}. Nothing new is installed; prices and printing go on as they are.",
        "It is renewed in a contact; tell your admin if it stays.";
    /// The signed repository went back.
    RepositoryWentBack = "repository_went_back", Refused, false,
        "The data center offers older rates or software than before ({what}). Nothing of it is installed; prices and printing go on as they are.",
        "Tell your admin: somebody may have put the data center back, or stand between.";
    /// The signed repository is not signed.
    RepositoryNotSigned = "repository_not_signed", Refused, false,
        "New rates or software are not signed by the keys this station trusts ({what}). Nothing of it is installed; prices and printing go on as they are.",
        "Tell your admin: somebody may stand between this station and the data center.";
    /// The signed repository does not hold.
    RepositoryRefused = "repository_refused", Refused, true,
        "New rates or software cannot be believed ({what}). Nothing of it is installed; prices and printing go on as they are.",
        "Start another contact; tell your admin if it stays.";
    /// No indicium in a file.
    NoIndicium = "no_indicium", Damaged, false,
        "There is no indicium in {what}.",
        "Give a picture, a PDF or the bytes as hexadecimal digits.";
    /// A journal that does not hold.
    JournalBroken = "journal_broken", Damaged, false,
        "The journal does not hold: {what}.",
        "Keep the data folder as it is and ring your admin.";
    /// An indicium that does not hold.
    IndiciumBroken = "indicium_broken", Damaged, false,
        "The indicium does not hold: {what}.",
        "Do not accept the piece.";
    /// Some rows of a batch were refused.
    BatchRefused = "batch_refused", Refused, false,
        "{refused} of {rows} rows were refused; the others were printed. Only printed rows were debited.",
        "The reasons stand in {file}; correct the rows and run the file again.";
    /// Some pieces of a batch are unknown.
    BatchUnknown = "batch_unknown", Unknown, false,
        "Nobody knows whether {unknown} of {rows} pieces were printed; they are paid for.",
        "Look at the paper and answer for each piece; then run the file again.";
    /// The doctor found what keeps the station from its data center.
    DoctorFault = "doctor_fault", Unreachable, true,
        "The data center cannot be reached as things are; see {check}. No money moved.",
        "Do what stands there, then examine the line again.";
    /// No address to examine.
    DoctorNoAddress = "doctor_no_address", Usage, false,
        "There is no address of a data center to examine.",
        "Enrol the station, or give the address as https://NAME.";
    /// Between the station and everything stands a proxy.
    DoctorProxy = "doctor_proxy", Refused, false,
        "This computer is set to go through the proxy {proxy}.",
        "If contacts fail, ask your network's admin to let the data center through it.";
    /// The name leads somewhere.
    DoctorName = "doctor_name", Refused, false,
        "The name {host} was found.",
        "";
    /// The name server knows no such name.
    DoctorNameUnknown = "doctor_name_unknown", Refused, false,
        "Nobody knows the name {host}.",
        "Check the address of the data center; if it is right, restart the router, whose name server may be wrong.";
    /// No name server answers.
    DoctorNameSilent = "doctor_name_silent", Refused, true,
        "No name server answers, so {host} was not found.",
        "Check the network cable or Wi-Fi, then restart the router.";
    /// The port takes connections.
    DoctorPort = "doctor_port", Refused, false,
        "Port {port} of {host} takes connections.",
        "";
    /// Nothing listens.
    DoctorPortRefused = "doctor_port_refused", Refused, true,
        "{host} is there, but nothing takes connections on port {port}.",
        "Check the port in the address; if it is right, the data center is not running: ring its admin.";
    /// Packets are swallowed.
    DoctorPortSilent = "doctor_port_silent", Refused, true,
        "Nobody answers on port {port} of {host}.",
        "A firewall may block the port: ask your network's admin to allow outgoing connections to it.";
    /// No way at all.
    DoctorNoNetwork = "doctor_no_network", Refused, true,
        "This computer has no way to {host}: the network is down.",
        "Check the network cable or Wi-Fi.";
    /// The proxy wants to know who asks.
    DoctorProxyPassword = "doctor_proxy_password", Refused, false,
        "The proxy {host} wants a name and a password.",
        "Ask your network's admin to let this computer through, or put name and password into the proxy's settings.";
    /// The proxy says no.
    DoctorProxyRefuses = "doctor_proxy_refuses", Refused, false,
        "The proxy {host} lets nobody through to the data center; it answered {status}.",
        "Ask your network's admin to allow the data center's address.";
    /// Anything else.
    DoctorPortOther = "doctor_port_other", Refused, true,
        "No connection to port {port} of {host} came about: {reason}.",
        "Try again; if it stays, show this line to your admin.";
    /// A sign-in page of the network.
    DoctorPortal = "doctor_portal", Refused, false,
        "This network answers in the data center's place and leads to a page of {host}.",
        "Open any web page, sign in there as the network asks, then examine the line again.";
    /// The certificate is the data center's.
    DoctorTls = "doctor_tls", Refused, false,
        "The other end proved to be the data center.",
        "";
    /// Nothing to hold it against.
    DoctorTlsUnjudged = "doctor_tls_unjudged", Refused, false,
        "The other end speaks TLS 1.3; whether it is the data center is known only after enrolment.",
        "";
    /// A good certificate of another name.
    DoctorOtherName = "doctor_other_name", Refused, false,
        "The data center answers, but under another name than {host}.",
        "Ask its admin under which address stations meet it.";
    /// Somebody looks into the connection.
    DoctorForeign = "doctor_foreign", Refused, false,
        "Somebody else answers for {host}, with a certificate issued by {issuer}; the station does not speak to them.",
        "A firewall that looks into encrypted connections must leave the data center's address alone: ask your network's admin.";
    /// This computer's clock is before the certificate.
    DoctorCertificateEarly = "doctor_certificate_early", Refused, false,
        "The data center's certificate begins on {day}, which this computer's clock has not reached.",
        "Set the clock of this computer.";
    /// After it.
    DoctorCertificateLate = "doctor_certificate_late", Refused, false,
        "The data center's certificate ended on {day} by this computer's clock.",
        "Check the clock of this computer; if it is right, ring the data center's admin.";
    /// No TLS.
    DoctorPlain = "doctor_plain", Refused, false,
        "What answers for {host} does not encrypt: it is not the data center.",
        "Check the port in the address; on a guest network open any web page and sign in first.";
    /// Cut in the middle.
    DoctorCut = "doctor_cut", Refused, true,
        "The connection to {host} is cut as soon as it is to be encrypted.",
        "A firewall may forbid TLS 1.3 to this address: ask your network's admin.";
    /// Silent in the middle.
    DoctorSilent = "doctor_silent", Refused, true,
        "{host} took the connection and then said nothing.",
        "Try again in a minute; if it stays, ring the data center's admin.";
    /// Anything else.
    DoctorTlsOther = "doctor_tls_other", Refused, true,
        "No encrypted connection came about: {reason}.",
        "Show this line to your admin.";
    /// It answers.
    DoctorAnswers = "doctor_answers", Refused, false,
        "The data center answers.",
        "";
    /// It answers late.
    DoctorSlow = "doctor_slow", Refused, true,
        "The data center answers, but slowly.",
        "The line is slow or busy; contacts take longer than usual.";
    /// It answers with a refusal.
    DoctorAnswersOdd = "doctor_answers_odd", Refused, true,
        "The data center answers with status {status}.",
        "Try again in a minute; if it stays, ring its admin.";
    /// It does not answer.
    DoctorNoAnswer = "doctor_no_answer", Refused, true,
        "The data center was reached and did not answer.",
        "Try again in a minute; if it stays, ring its admin.";
    /// The clock is right.
    DoctorClock = "doctor_clock", Refused, false,
        "This computer's clock agrees with the data center's.",
        "";
    /// The clock is a little off.
    DoctorClockOff = "doctor_clock_off", Refused, false,
        "This computer's clock is {apart} {way} the data center's.",
        "Set the clock, so that pieces bear the right date.";
    /// The clock is days off.
    DoctorClockWrong = "doctor_clock_wrong", Refused, false,
        "This computer's clock is {apart} {way} the data center's.",
        "Set the clock: refills are refused and pieces bear a wrong date until then.";
    /// The Internet fails and there is nothing beside it.
    DoctorNoModem = "doctor_no_modem", Refused, false,
        "No modem is set up, so there is no line beside the Internet.",
        "A modem and a telephone line keep refills possible when the Internet is down; set them up with `pennyblack line set`.";
    /// A modem is there.
    DoctorModem = "doctor_modem", Refused, false,
        "A modem answers on {device}: {said}.",
        "";
    /// A call is on.
    DoctorCallOn = "doctor_call_on", Refused, false,
        "The modem is on a call to {number}.",
        "";
    /// Nobody has dialed yet.
    DoctorNeverCalled = "doctor_never_called", Refused, false,
        "The telephone line was never used.",
        "Try it out with `pennyblack doctor --call`, before it is needed.";
    /// The last call came about.
    DoctorLastCall = "doctor_last_call", Refused, false,
        "The last call, on {when}, came about.",
        "";
    /// The last call failed.
    DoctorLastCallFailed = "doctor_last_call_failed", Refused, true,
        "The last call, on {when}, failed. {why}",
        "{hint}";
    /// The trial call came about.
    DoctorCalled = "doctor_called", Refused, false,
        "The call came about: there was a dial tone, a modem answered, and the access server knew this station.",
        "";
    /// The data center answers over it.
    DoctorCallAnswers = "doctor_call_answers", Refused, false,
        "The data center answers over the telephone.",
        "";
    /// The own certificate is good.
    DoctorOwn = "doctor_own", Refused, false,
        "The station's own certificate is good until {until}.",
        "";
    /// The own certificate begins later.
    DoctorOwnEarly = "doctor_own_early", Refused, false,
        "The station's own certificate begins on {from}, which this computer's clock has not reached.",
        "Set the clock of this computer.";
    /// The own certificate has ended.
    DoctorOwnExpired = "doctor_own_expired", Refused, false,
        "The station's own certificate ended on {until}.",
        "Start a contact: it brings a new one.";
}

/// The message `code` with its values filled in.
#[must_use]
pub fn say(code: Code, values: &[(&str, &str)]) -> UiError {
    let entry = code.entry();
    UiError {
        code: entry.code.to_owned(),
        message: fill(entry.message, values),
        hint: fill(entry.hint, values),
        retry: entry.retry,
        kind: entry.kind,
    }
}

#[cfg(test)]
mod tests;
