//! Vectors that others have published: a line of JSON for each, values in hexadecimal digits.

use data_encoding::HEXLOWER;
use serde_json::Value;

/// The vectors of a file; never none.
pub(crate) fn vectors(lines: &str) -> Vec<Value> {
    let vectors: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(!vectors.is_empty());
    vectors
}

/// A value of a vector.
pub(crate) fn bytes(vector: &Value, name: &str) -> Vec<u8> {
    hex(vector[name].as_str().unwrap())
}

/// Hexadecimal digits.
pub(crate) fn hex(digits: &str) -> Vec<u8> {
    HEXLOWER.decode(digits.as_bytes()).unwrap()
}

/// Whether the primitive must accept the vector.
pub(crate) fn is_valid(vector: &Value) -> bool {
    match vector["result"].as_str().unwrap() {
        "valid" => true,
        "invalid" => false,
        other => unreachable!("{other} leaves open what must happen: {vector}"),
    }
}
