//! Telephone numbers in the one form that can be compared.

use std::fmt;

/// An international number as ITU-T E.164 has it: `+` and 2 to 15 digits, the
/// first of them not 0.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct E164(String);

/// The text is no E.164 number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidNumber;

impl fmt::Display for InvalidNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number is written as + and 2 to 15 digits, such as +14255550101")
    }
}

impl std::error::Error for InvalidNumber {}

impl E164 {
    /// Takes `+` and digits and nothing else; spelling is the dial plan's affair.
    pub fn parse(text: &str) -> Result<Self, InvalidNumber> {
        let digits = text.strip_prefix('+').ok_or(InvalidNumber)?;
        let shaped = (2..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0');
        if shaped { Ok(Self(text.to_owned())) } else { Err(InvalidNumber) }
    }

    /// With the `+`: `+14255550101`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Without the `+`: `14255550101`.
    pub fn digits(&self) -> &str {
        self.0.strip_prefix('+').unwrap_or(&self.0)
    }
}

impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_international_form_is_taken() {
        assert_eq!(
            E164::parse("+14255550101").map(|n| n.digits().to_owned()),
            Ok("14255550101".to_owned())
        );
        for wrong in
            ["", "+", "+1", "14255550101", "+0425", "+1 425", "+1234567890123456", "+1425x"]
        {
            assert_eq!(E164::parse(wrong), Err(InvalidNumber), "{wrong}");
        }
    }
}
