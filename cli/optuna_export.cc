#include "cli/optuna_export.h"

#include "cli/new_file.h"
#include "cli/studies.h"
#include "study_store/optuna_file.h"

namespace joulefront {

int ExportToOptuna(const VerbOptions& options) {
  const auto output = options.Get("output");
  if (!output) return options.Refuse("--format optuna needs --output FILE");
  if (IsPostgresUrl(*output)) return options.Refuse("--output is a file, also of --format optuna");
  auto opened = OpenStudy(options.positional().empty() ? "" : options.positional()[0],
                          options.Get("study"), OpenMode::kRead);
  if (!opened) return Complain("export", opened.error());
  const auto written = WriteNewFile(*output, [&](const std::string& partial) {
    return WriteOptunaFile(*opened->store, opened->id, partial);
  });
  return written ? kDone : Complain("export", written.error());
}

}  // namespace joulefront
