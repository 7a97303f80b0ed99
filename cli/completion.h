// What may come next in a command line that is being typed, from the tables that --help prints.
// The scripts in packaging/completions ask for it, one for each shell.
#pragma once

#include <boost/program_options.hpp>
#include <span>
#include <string>
#include <string_view>

#include "cli/verbs.h"

namespace joulefront {

/// In place of candidates: the shell offers files, or commands.
inline constexpr std::string_view kFilesCandidate = ":files";
inline constexpr std::string_view kCommandCandidate = ":command";

/// The verbs that begin with `word`, a line each: the word, a tab, what it is.
std::string VerbCandidates(std::span<const Verb> verbs, std::string_view word);

/// What may stand for the last of `words`, which follow a verb with these flags: its flags, the
/// choices of the flag before it, or kFilesCandidate. A flag has choices if its description is a
/// list of them, or ends with one: "of the screen: table (default), json or csv".
std::string Candidates(const boost::program_options::options_description& flags,
                       const Arguments& words);

}  // namespace joulefront
