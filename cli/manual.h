// Manual pages, from the texts and flags that --help prints: troff, in the macros of man(7).
#pragma once

#include <boost/program_options.hpp>
#include <span>
#include <string>
#include <string_view>

#include "cli/verbs.h"

namespace joulefront {

/// The page's title and its section NAME.
std::string ManualTitle(std::string_view name, std::string_view summary);

/// SYNOPSIS, DESCRIPTION, OPTIONS and a section for each part of `about` that has a heading, such
/// as "examples:" over lines that are indented. `flags` may be empty.
std::string ManualBody(std::string_view usage, const std::string& about,
                       const boost::program_options::options_description& flags);

/// The section of joulefront(1) that tells the verbs, and the one that names their pages.
std::string ManualOfVerbs(std::span<const Verb> verbs);

}  // namespace joulefront
