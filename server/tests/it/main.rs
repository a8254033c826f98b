//! The executable `pennyblack-server` as an admin meets it: one real data folder per test.

#[cfg(test)]
mod approvals;
#[cfg(test)]
mod command_line;
#[cfg(test)]
mod durability;
#[cfg(test)]
mod rates;
#[cfg(test)]
mod repository;
#[cfg(test)]
mod restore;
#[cfg(test)]
mod running;
#[cfg(test)]
mod software;
