// Numbers as programs print them: one grammar for metrics, `init` and `gate`.
//
//   sign       + - or the Unicode minus
//   digits     12, 12.5, .5, 12.; a decimal comma (0,516); thousands set apart (12,345.6, 1.234,5,
//              1'234 and 1_234)
//   exponent   e-05, E+3; D-05 as Fortran prints it
//   words      nan, inf, infinity, in any case
//
// "1,234" can be read in two ways, and is no number here. A per cent sign is no part of a number.
#pragma once

#include <string_view>

#include "base/result.h"

namespace joulefront {

/// The number that the whole text is, blanks around it aside; nan and inf are read as such. Errors:
/// kInvalidArgument, with the reason as the end of a sentence about the text: "is no number", "can
/// be read as 1234 and as 1.234", "is beyond the range of a 64-bit number".
Result<double> ReadNumber(std::string_view text);

/// A PCRE2 expression, without groups that count, for a number that begins here and is taken as a
/// whole: what it matches is never the first part of a longer number with a '.' or an exponent.
extern const std::string_view kNumberExpression;

/// The longer number that line[begin, end) was cut out of: "9.97e-05" where [begin, end) is "9.97",
/// "0,516" where it is "0", "-0.25" where it is "0.25". Empty if [begin, end) stands alone, or
/// holds no digit. Commas that only separate the numbers of a list ("0.1,0.2", "1,2,3") join
/// nothing.
std::string_view LongerNumber(std::string_view line, std::size_t begin, std::size_t end);

}  // namespace joulefront
