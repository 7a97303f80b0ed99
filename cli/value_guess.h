// The range of a parameter, guessed from its name and the value that somebody gave it. What is set
// for the machine, for looking on or for judging stays as it is, and so does a number that may
// stand for a kind of something: a study whose trials fail for a guess is worse than one parameter
// less.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "search/space.h"

namespace joulefront {

/// The text of the script that trains, as far as it says what a value may be.
class ScriptText {
 public:
  ScriptText() = default;
  explicit ScriptText(std::string text);

  /// Whether it declares the option as a number with a fraction: add_argument("--lr", type=float).
  bool DeclaresFloat(const std::string& option) const;

  /// The words that it allows for the option: choices=["sgd", "adam"]. Empty if it lists none.
  std::vector<std::string> DeclaredChoices(const std::string& option) const;

  bool Names(std::string_view word) const { return text_.find(word) != std::string::npos; }

  /// As `word`, in small letters, stands there in quotes; empty if it does not.
  std::string QuotedLike(std::string_view word) const;

 private:
  std::string DeclarationOf(const std::string& option) const;

  std::string text_, lower_;
};

struct GuessedParameter {
  Parameter parameter;
  Value given;
  std::string from;  // as it was given: "--lr 0.1"
  std::string text;  // the value alone
};

/// What the text of a value says: a whole number only if it is written as one ("100", not "1e2"), a
/// number with a fraction, or a text.
Value ValueOfText(const std::string& text);

/// The range around the value, without a name. Empty: it had better stay as it is. An option of one
/// letter ("-t") says nothing about its number, so that small whole ones stay.
std::optional<Parameter> GuessRange(const std::string& option, const Value& given,
                                    const ScriptText& script);

}  // namespace joulefront
