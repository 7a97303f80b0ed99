#include "cli/manual.h"

#include <fmt/format.h>

#include <sstream>
#include <vector>

namespace joulefront {
namespace {

namespace po = boost::program_options;

/// Text that troff prints as it is.
std::string Escaped(std::string_view text) {
  std::string escaped = text.starts_with('.') || text.starts_with('\'') ? "\\&" : "";
  for (const char c : text) {
    escaped += c == '\\' ? "\\e" : c == '-' ? "\\-" : std::string(1, c);
  }
  return escaped;
}

std::string Upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// Plain text as troff, line by line: what is indented is shown as it is, all else is filled.
class Page {
 public:
  void Take(const std::string& line, bool next_is_indented) {
    constexpr std::string_view kExitCodes = "exit codes: ";
    if (line.empty()) {
      EndExample();
      between_ = true;
    } else if (line.starts_with(kExitCodes)) {
      Section("EXIT STATUS");
      text_ += Escaped(line.substr(kExitCodes.size())) + "\n";
      filled_ = true;
    } else if (line[0] != ' ' && line.back() == ':' && next_is_indented) {
      Section(Upper(line.substr(0, line.size() - 1)));
    } else if (line[0] == ' ' && !filled_) {
      BeginExample();
      text_ += Escaped(line) + "\n";
    } else {
      EndExample();
      if (between_) text_ += ".PP\n";
      between_ = false;
      text_ += Escaped(line.substr(line.find_first_not_of(' '))) + "\n";
    }
  }

  std::string End() {
    EndExample();
    return std::move(text_);
  }

 private:
  void Section(const std::string& title) {
    EndExample();
    text_ += fmt::format(".SH \"{}\"\n", title);
    between_ = filled_ = false;
  }
  void BeginExample() {
    if (!std::exchange(in_example_, true)) text_ += between_ ? ".PP\n.EX\n" : ".EX\n";
    between_ = false;
  }
  void EndExample() {
    if (std::exchange(in_example_, false)) text_ += ".EE\n";
  }

  std::string text_;
  bool in_example_ = false, between_ = false;
  bool filled_ = false;  // indented lines too, up to the next section
};

std::string OptionText(const po::option_description& flag) {
  const std::string& text = flag.description();
  std::string name = flag.canonical_display_name(po::command_line_style::allow_dash_for_short);
  std::string line = fmt::format("\\fB{}\\fR", Escaped("--" + flag.long_name()));
  if (name.size() == 2) line = fmt::format("\\fB{}\\fR, {}", Escaped(name), line);
  const auto semantic = flag.semantic();
  if (semantic->max_tokens() > 0) line += fmt::format(" \\fI{}\\fR", Escaped(semantic->name()));
  return fmt::format(".TP\n{}\n{}\n", line, Escaped(text));
}

}  // namespace

std::string ManualTitle(std::string_view name, std::string_view summary) {
  return fmt::format(".TH \"{}\" 1 \"" JOULEFRONT_DATE "\" \"joulefront " JOULEFRONT_VERSION
                     "\" \"User Commands\"\n.SH NAME\n{} \\- {}\n",
                     Upper(std::string(name)), Escaped(name), Escaped(summary));
}

std::string ManualBody(std::string_view usage, const std::string& about,
                       const po::options_description& flags) {
  std::string text = fmt::format(".SH SYNOPSIS\n\\fBjoulefront\\fR {}\n", Escaped(usage));
  std::string options;
  for (const auto& flag : flags.options()) options += OptionText(*flag);
  if (!options.empty()) options = ".SH OPTIONS\n" + options;
  Page page;
  const std::vector<std::string> lines = Lines(about);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    page.Take(lines[i], i + 1 < lines.size() && lines[i + 1].starts_with(' '));
  }
  text += ".SH DESCRIPTION\n" + page.End();
  // Flags go before examples, as readers of manual pages expect.
  const auto examples = text.find(".SH \"EXAMPLES\"");
  text.insert(std::min(examples, text.size()), options);
  return text;
}

std::string ManualOfVerbs(std::span<const Verb> verbs) {
  std::string text = ".SH VERBS\n", pages;
  for (const Verb& verb : verbs) {
    text += fmt::format(".TP\n\\fB{}\\fR\n{}\n", Escaped(verb.name), Escaped(verb.help));
    pages += fmt::format("{}.BR {} (1)", pages.empty() ? "" : ",\n",
                         Escaped(fmt::format("joulefront-{}", verb.name)));
  }
  return text + ".SH SEE ALSO\n" + pages + "\n";
}

}  // namespace joulefront
