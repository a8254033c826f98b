//! Canonical JSON as TUF signs it (the form of OLPC): keys sorted by code point, no spaces, only `"`
//! and `\` escaped, no fractions.
//!
//! Not the crate `olpc-cjson`: it sorts keys with their closing quote, so that `a!` comes before
//! `a`, and changes texts to another Unicode form, so that documents which other implementations
//! have signed do not verify.

use serde_json::Value;

/// A number is no whole number: canonical JSON has none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("canonical JSON knows whole numbers only")]
pub struct NotCanonical;

/// The canonical form of a value.
///
/// A value that was read is nested at most 128 deep (the reader refuses more), so this ends.
///
/// # Errors
/// [`NotCanonical`] when it holds a number that is not whole.
pub fn canonical(value: &Value) -> Result<Vec<u8>, NotCanonical> {
    let mut text = String::new();
    write(value, &mut text)?;
    Ok(text.into_bytes())
}

fn write(value: &Value, to: &mut String) -> Result<(), NotCanonical> {
    match value {
        Value::Null => to.push_str("null"),
        Value::Bool(true) => to.push_str("true"),
        Value::Bool(false) => to.push_str("false"),
        Value::Number(number) if number.is_i64() || number.is_u64() => {
            to.push_str(&number.to_string());
        }
        Value::Number(_) => return Err(NotCanonical),
        Value::String(text) => quote(text, to),
        Value::Array(values) => {
            to.push('[');
            for (place, value) in values.iter().enumerate() {
                if place > 0 {
                    to.push(',');
                }
                write(value, to)?;
            }
            to.push(']');
        }
        Value::Object(fields) => {
            // UTF-8 sorts as code points do. The map may keep another order than this.
            let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            to.push('{');
            for (place, (name, value)) in fields.into_iter().enumerate() {
                if place > 0 {
                    to.push(',');
                }
                quote(name, to);
                to.push(':');
                write(value, to)?;
            }
            to.push('}');
        }
    }
    Ok(())
}

fn quote(text: &str, to: &mut String) {
    to.push('"');
    for letter in text.chars() {
        if matches!(letter, '"' | '\\') {
            to.push('\\');
        }
        to.push(letter);
    }
    to.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The form of some JSON; nothing when it has none.
    fn of(json: &str) -> Option<String> {
        let value: Value = serde_json::from_str(json).unwrap();
        let form = canonical(&value).ok()?;
        Some(String::from_utf8(form).unwrap())
    }

    /// What `securesystemslib.formats.encode_canonical` 1.4.0 makes of the same values.
    #[test]
    fn the_form_is_the_one_that_python_tuf_signs() {
        let sorted = of(r#"{"a": 1, "a b": 2, "a!": 3}"#);
        assert_eq!(sorted.unwrap(), r#"{"a":1,"a b":2,"a!":3}"#);
        let mixed = of(r#"{"z":[true,false,null,-5,"q\"b\\\n\u00e9e\u0301"],"a":{}}"#);
        let form = "{\"a\":{},\"z\":[true,false,null,-5,\"q\\\"b\\\\\n\u{e9}e\u{301}\"]}";
        assert_eq!(mixed.unwrap(), form);
    }

    #[test]
    fn a_fraction_has_no_canonical_form() {
        assert_eq!(of(r#"{"a":[1.0]}"#), None);
        assert_eq!(of("1e3"), None);
        assert_eq!(of("18446744073709551616"), None);
        assert_eq!(of("18446744073709551615").unwrap(), "18446744073709551615");
    }
}
