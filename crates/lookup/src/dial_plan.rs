//! The dial plan: what a written number means at this place.

use ringpost_model::E164;
use rlibphonenumber::enums::Region;
use rlibphonenumber::{
    NumberLengthType, PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberFormat,
    get_national_significant_number_owned,
};

use crate::spelling::Spelling;

/// Reads numbers as they are dialled in one country, beside extensions of one
/// length. Cheap to clone.
#[derive(Debug, Clone)]
pub struct DialPlan {
    region: Region,
    /// In the North American Numbering Plan every number has ten digits.
    north_american: bool,
    extension_digits: usize,
}

/// The dial plan cannot be: the sentence names a right value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDialPlan {
    /// No country has that code, or none with telephone numbers.
    #[error("\"{0}\" is no country; give the two letters of ISO 3166, such as \"US\" or \"DE\"")]
    UnknownCountry(String),
    /// More digits than an extension can have beside real numbers.
    #[error("{0} digits are too many; give 0 (no extensions) to 10")]
    ExtensionDigits(u8),
}

/// The longest extension. Longer than ten digits is a number in any country.
const LONGEST_EXTENSION: u8 = 10;
/// Digits that a national number has at least, to be told from an extension.
const SHORTEST_NATIONAL: usize = 7;
/// Digits of every number in the North American Numbering Plan.
const NORTH_AMERICAN: usize = 10;

impl DialPlan {
    /// A plan for a country (two letters of ISO 3166, either case) with
    /// extensions of `extension_digits` digits; 0: no extensions.
    ///
    /// # Errors
    /// The country is unknown, or the extensions are too long.
    pub fn new(country: &str, extension_digits: u8) -> Result<Self, InvalidDialPlan> {
        let unknown = || InvalidDialPlan::UnknownCountry(country.to_owned());
        let code = country.trim().to_ascii_uppercase();
        if code.len() != 2 {
            return Err(unknown());
        }
        let region = Region::from_code(&code).map_err(|_| unknown())?;
        let calling_code =
            PHONE_NUMBER_UTIL.get_country_code_for_region(region).ok_or_else(unknown)?;
        if extension_digits > LONGEST_EXTENSION {
            return Err(InvalidDialPlan::ExtensionDigits(extension_digits));
        }
        Ok(Self {
            region,
            north_american: calling_code == 1,
            extension_digits: usize::from(extension_digits),
        })
    }

    /// The number that `raw` means here: written internationally (`+`, 00, the
    /// country's own prefix), nationally, as `tel:` URI or as the user part of
    /// a SIP URI. `None` for extensions, names and what cannot be a number.
    pub fn number(&self, raw: &str) -> Option<E164> {
        self.number_of(&Spelling::read(raw)?)
    }

    /// The extension that `raw` is here: digits of the plan's length and
    /// nothing else, also as `tel:` URI or user part of a SIP URI.
    pub fn extension(&self, raw: &str) -> Option<String> {
        let spelling = Spelling::read(raw)?;
        let is_extension = self.is_extension(&spelling) && spelling.extension.is_none();
        if is_extension { Some(spelling.digits) } else { None }
    }

    /// Whether `a`, in any spelling, is the number `b`. An extension behind `a`
    /// does not count: `b` has none to compare it with.
    pub fn same_number(&self, a: &str, b: &E164) -> bool {
        let Some(spelling) = Spelling::read(a) else { return false };
        if spelling.international && spelling.digits == b.digits() {
            return true;
        }
        self.number_of(&spelling).is_some_and(|number| number == *b)
    }

    /// The extension written behind a number, where it has the plan's length.
    pub(crate) fn extension_behind(&self, raw: &str) -> Option<String> {
        Spelling::read(raw)?
            .extension
            .filter(|digits| self.extension_digits > 0 && digits.len() == self.extension_digits)
    }

    /// How many digits an extension has; 0 where there are none.
    pub(crate) fn extension_digits(&self) -> usize {
        self.extension_digits
    }

    fn is_extension(&self, spelling: &Spelling) -> bool {
        self.extension_digits > 0
            && spelling.digits.len() == self.extension_digits
            && spelling.plain
            && !spelling.international
            && spelling.context.is_none()
    }

    fn number_of(&self, spelling: &Spelling) -> Option<E164> {
        if spelling.international {
            return international(&spelling.digits);
        }
        if let Some(context) = &spelling.context {
            return international(&format!("{context}{}", spelling.digits));
        }
        if self.is_extension(spelling) && spelling.digits.len() < SHORTEST_NATIONAL {
            return None;
        }
        // 00 is what ITU-T E.123 recommends, and what gateways send also in
        // countries that dial something else.
        self.national(&spelling.digits)
            .or_else(|| spelling.digits.strip_prefix("00").and_then(international))
    }

    /// A number written without `+`. What the library makes of it may be
    /// nonsense ("7001" becomes +497001), so it must be valid, or at least as
    /// long as numbers are here and written in full.
    fn national(&self, digits: &str) -> Option<E164> {
        let parsed = PHONE_NUMBER_UTIL.parse(digits, Some(self.region)).ok()?;
        if PHONE_NUMBER_UTIL.is_valid_number(&parsed) {
            return e164(&parsed);
        }
        // Elsewhere a number in full shows by its prefix: trunk (0), country
        // code or the country's own international prefix.
        let whole = if self.north_american {
            digits.len() >= NORTH_AMERICAN
        } else {
            let prefixed = digits.len() > get_national_significant_number_owned(&parsed).len();
            prefixed && digits.len() > SHORTEST_NATIONAL
        };
        if whole && is_possible(&parsed) { e164(&parsed) } else { None }
    }
}

/// Digits behind a `+`. Somebody dialled or sent them so: possible is enough,
/// and numbers set aside for fiction are numbers too.
fn international(digits: &str) -> Option<E164> {
    let parsed = PHONE_NUMBER_UTIL.parse(format!("+{digits}"), None).ok()?;
    // The length alone is looked at first: that costs next to nothing.
    if is_possible(&parsed) || PHONE_NUMBER_UTIL.is_valid_number(&parsed) {
        e164(&parsed)
    } else {
        None
    }
}

/// Possible as a whole number; seven digits inside one area are not.
fn is_possible(number: &PhoneNumber) -> bool {
    matches!(
        PHONE_NUMBER_UTIL.is_possible_number_with_reason(number),
        Ok(NumberLengthType::IsPossible)
    )
}

fn e164(number: &PhoneNumber) -> Option<E164> {
    E164::parse(&PHONE_NUMBER_UTIL.format(number, PhoneNumberFormat::E164)).ok()
}

#[cfg(test)]
mod tests;
