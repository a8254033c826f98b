mod caller;
mod live;
mod modem;
