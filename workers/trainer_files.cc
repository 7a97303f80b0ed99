#include "workers/trainer_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>

#include "base/files.h"
#include "base/lines.h"
#include "study_store/configuration_json.h"
#include "study_store/placeholders.h"
#include "study_store/text_scalars.h"
#include "workers/process.h"
#include "workers/trainer_command.h"

namespace joulefront {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLargestFile = std::size_t{4} << 20;

struct SourceFile {
  std::string text;
  mode_t mode = 0;
};

/// A file beside the study file. A pipe in its place is not waited for.
Result<SourceFile> ReadSource(const Study& study, const std::string& name) {
  const std::string path = (fs::path(study.directory) / name).string();
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  if (!file.open() || fstat(file.get(), &status) != 0) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("cannot read '{}': {}", path, strerror(errno)));
  }
  if (!S_ISREG(status.st_mode)) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is no regular file", path));
  }
  auto text = ReadFile(file.get(), path, kLargestFile + 1);
  if (!text) return Fail(ErrorCode::kInvalidArgument, text.error().message);
  if (text->size() > kLargestFile) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' is larger than {} MiB", path, kLargestFile >> 20));
  }
  return SourceFile{std::move(*text), status.st_mode & 0777};
}

/// What placeholders in files stand for: values with their types.
class FileValues {
 public:
  FileValues(const Study& study, const Claim& claim, const std::string& work_dir)
      : values_(ConfigurationValues(claim.configuration)),
        lookup_(PlaceholdersOf(study, claim, work_dir)) {
    values_["trial"] = claim.trial;
    values_["attempt"] = std::int64_t{claim.attempt};
    values_["seed"] = static_cast<std::int64_t>(TrainerSeed(claim.seed));
  }

  std::optional<std::string> Text(const std::string& name) const { return lookup_(name); }

  /// Of a text that is one placeholder, its value with its type; empty where a parameter that it
  /// names is inactive.
  std::optional<Value> Of(const std::string& text) const {
    const auto names = PlaceholderNames(text);
    for (const std::string& name : names) {
      if (!lookup_(name)) return std::nullopt;
    }
    if (names.size() == 1 && text == "{" + names[0] + "}") {
      const auto value = values_.find(names[0]);
      if (value != values_.end()) return value->second;
    }
    return Value(ReplacePlaceholders(text, [&](const auto& name) { return *lookup_(name); }));
  }

 private:
  std::map<std::string, Value> values_;
  WordLookup lookup_;
};

/// A file as an attempt finds it.
struct FilledFile {
  std::string text;
  mode_t mode = 0;
  std::vector<ChangedLine> changed;
};

/// The template with the values in it. A line that names an inactive parameter is left out; every
/// brace that begins no name of ours stays. False if it names nothing.
bool FillTemplate(const Study& study, std::string_view text, const FileValues& values,
                  FilledFile& filled) {
  bool names_any = false;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1);
    text.remove_prefix(line.size());
    std::string after;
    bool stays = true, changes = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
      const std::size_t close = line[i] == '{' ? line.find('}', i) : std::string_view::npos;
      const std::string name(close == std::string_view::npos ? ""
                                                             : line.substr(i + 1, close - i - 1));
      if (!IsReservedPlaceholder(name) && !study.space.IndexOf(name)) {
        after += line[i];
        continue;
      }
      changes = true;
      const auto value = values.Text(name);
      stays = stays && value;
      after += value.value_or("");
      i = close;
    }
    if (!stays) after.clear();
    filled.text += after;
    if (changes) filled.changed.push_back({"", number, std::string(line), std::move(after)});
    names_any = names_any || changes;
  }
  return names_any;
}

/// Lines that differ; there are as many in both.
std::vector<ChangedLine> Differences(std::string_view before, std::string_view after) {
  std::vector<ChangedLine> changed;
  for (std::size_t number = 1; !before.empty(); ++number) {
    const std::string_view was = TakeLine(before), is = TakeLine(after);
    if (was != is) changed.push_back({"", number, std::string(was), std::string(is)});
  }
  return changed;
}

Result<FilledFile> Fill(const Study& study, const std::string& name, const TrainerFile& file,
                        const FileValues& values) {
  const std::string from = file.from.empty() ? name : file.from;
  const std::string where = fmt::format("[trainer.files] \"{}\"", name);
  auto source = ReadSource(study, from);
  if (!source) return Pass(source, where);
  FilledFile filled{.text = {}, .mode = source->mode, .changed = {}};
  if (!file.from.empty()) {
    if (FillTemplate(study, source->text, values, filled)) return filled;
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: the template '{}' names no parameter", where, from));
  }
  std::vector<ScalarChange> changes;
  for (const auto& [key, text] : file.values) {
    auto path = ParseKeyPath(key);
    if (!path) return Pass(path, where);
    if (auto value = values.Of(text)) changes.push_back({std::move(*path), std::move(*value)});
  }
  auto replaced = ReplaceScalars(source->text, *FormatOfFile(name), changes);
  if (!replaced) return Pass(replaced, where);
  filled.text = std::move(*replaced);
  filled.changed = Differences(source->text, filled.text);
  return filled;
}

tl::unexpected<Error> CannotWrite(const std::string& path) {
  return Fail(ErrorCode::kUnavailable, fmt::format("cannot write '{}': {}", path, strerror(errno)));
}

/// Whatever has the name in the folder gives way; no link is followed.
Result<void> WriteBelow(const std::string& folder, const std::string& name,
                        const FilledFile& file) {
  constexpr int kFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  FileDescriptor at(open(folder.c_str(), kFolder));
  if (!at.open()) return CannotWrite(folder);
  const fs::path path(name);
  for (const auto& part : path.parent_path()) {
    if (mkdirat(at.get(), part.c_str(), 0777) != 0 && errno != EEXIST) return CannotWrite(name);
    FileDescriptor next(openat(at.get(), part.c_str(), kFolder));
    if (!next.open()) return CannotWrite(folder + "/" + name);
    at = std::move(next);
  }
  const std::string last = path.filename().string();
  unlinkat(at.get(), last.c_str(), 0);
  const FileDescriptor copy(openat(at.get(), last.c_str(),
                                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                                   file.mode | S_IRUSR | S_IWUSR));
  if (!copy.open()) return CannotWrite(folder + "/" + name);
  for (std::size_t done = 0; done < file.text.size();) {
    const ssize_t written = write(copy.get(), file.text.data() + done, file.text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return CannotWrite(folder + "/" + name);
    done += static_cast<std::size_t>(written);
  }
  return {};
}

/// All parameters have a value, active together or not: the k-th choice, or the low end.
Claim ClaimOfAll(const Study& study, std::size_t k) {
  std::map<std::string, Value> values;
  for (std::size_t i = 0; i < study.space.size(); ++i) {
    const Parameter& parameter = study.space.parameters()[i];
    const auto last = static_cast<double>(std::max<std::size_t>(parameter.choices.size(), 1) - 1);
    const double coordinate =
        parameter.choices.empty() ? parameter.low : std::min(static_cast<double>(k), last);
    values[parameter.name] = study.space.ValueOf(i, coordinate);
  }
  return {.trial = 0, .attempt = 1, .configuration = ValuesToJson(values)};
}

}  // namespace

Result<void> CheckTrainerFiles(const Study& study) {
  if (study.trainer.files.empty()) return {};
  std::size_t most = 1;
  for (const Parameter& parameter : study.space.parameters()) {
    most = std::max(most, std::min<std::size_t>(parameter.choices.size(), 100));
  }
  for (std::size_t k = 0; k < most; ++k) {
    const FileValues values(study, ClaimOfAll(study, k), "/");
    for (const auto& [name, file] : study.trainer.files) {
      if (auto filled = Fill(study, name, file, values); !filled) return Pass(filled);
    }
  }
  return {};
}

Result<std::vector<ChangedLine>> ChangedLines(const Study& study, const Claim& claim,
                                              const std::string& work_dir) {
  std::vector<ChangedLine> changed;
  const FileValues values(study, claim, work_dir);
  for (const auto& [name, file] : study.trainer.files) {
    auto filled = Fill(study, name, file, values);
    if (!filled) return Pass(filled);
    for (ChangedLine& line : filled->changed) {
      line.file = name;
      changed.push_back(std::move(line));
    }
  }
  return changed;
}

Result<void> WriteTrainerFiles(const Study& study, const Claim& claim,
                               const std::string& work_dir) {
  const FileValues values(study, claim, work_dir);
  for (const auto& [name, file] : study.trainer.files) {
    auto filled = Fill(study, name, file, values);
    if (!filled) return Pass(filled);
    JF_TRY(WriteBelow(work_dir, name, *filled));
  }
  return {};
}

std::string ToCopy(const Study& study, const std::string& argument, const std::string& work_dir) {
  if (study.trainer.files.empty()) return argument;
  const auto equals = argument.find('=');
  const std::size_t begin = equals == std::string::npos ? 0 : equals + 1;  // "--config=run.yaml"
  const fs::path named = (fs::path(study.directory) / argument.substr(begin)).lexically_normal();
  for (const auto& [name, file] : study.trainer.files) {
    if (named != fs::path(study.directory) / name) continue;
    return argument.substr(0, begin) + (fs::path(work_dir) / name).string();
  }
  return argument;
}

}  // namespace joulefront
