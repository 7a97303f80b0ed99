// Names as people write them, cut into words: "val_loss", "--batch-size", "testAcc@1".
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace joulefront {

/// The words of a name in small letters, cut at what is no letter or digit and before capitals that
/// follow small letters: "testAcc@1" gives test, acc, 1.
std::vector<std::string> NameWords(std::string_view name);

/// Whether one of the words, with or without digits at its end, is one of `known`.
bool HasWord(const std::vector<std::string>& words, std::initializer_list<std::string_view> known);

/// The name with '_' for whatever a parameter or a value cannot have in its name.
std::string PlainName(std::string_view name);

}  // namespace joulefront
