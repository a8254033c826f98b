//! One binary for every whole-system test.
//!
//! Each module is declared `#[cfg(test)]`, which tells the lints that it is test code throughout.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod amendments;
#[cfg(test)]
mod at_once;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod barcodes;
#[cfg(test)]
mod codes;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod contact;
#[cfg(test)]
mod dial_in;
#[cfg(test)]
mod dialup_answered;
#[cfg(test)]
mod dialup_faults;
#[cfg(test)]
mod dialup_left;
#[cfg(test)]
mod dialup_line;
#[cfg(test)]
mod dialup_mobile;
#[cfg(test)]
mod dialup_office;
#[cfg(test)]
mod dialup_said;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod evidence;
#[cfg(test)]
mod exchange;
#[cfg(test)]
mod exit_codes;
#[cfg(test)]
mod foreign;
#[cfg(test)]
mod foreign_ppp;
#[cfg(test)]
#[cfg(unix)]
mod foreign_pppd;
#[cfg(test)]
mod full_disk;
#[cfg(test)]
mod funds;
#[cfg(test)]
mod funds_attacks;
#[cfg(test)]
mod funds_automatic;
#[cfg(test)]
mod funds_refunds;
#[cfg(test)]
mod funds_returned;
#[cfg(test)]
mod funds_withdrawn;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod ipp_printers;
#[cfg(test)]
mod key_rotation;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod languages;
#[cfg(test)]
mod layouts;
#[cfg(test)]
mod learned;
#[cfg(test)]
mod levels;
#[cfg(test)]
mod mirror;
#[cfg(test)]
mod open_api;
#[cfg(test)]
mod packaging_server;
#[cfg(test)]
mod papers;
#[cfg(test)]
mod pin_reset;
#[cfg(test)]
mod power_cut;
#[cfg(test)]
mod printers;
#[cfg(test)]
mod proof;
#[cfg(test)]
mod rates;
#[cfg(test)]
mod repository;
#[cfg(test)]
mod restore_and_clones;
#[cfg(test)]
mod rollbacks;
#[cfg(test)]
mod scales;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod slips;
#[cfg(test)]
mod soak;
#[cfg(test)]
mod software;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod software_installed;
#[cfg(test)]
mod statistics;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod token;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod usb_printers;
#[cfg(test)]
mod vectors;
#[cfg(test)]
mod verifying;
#[cfg(test)]
mod witnesses;
