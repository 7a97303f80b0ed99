#include "study_store/proposal_basis.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace joulefront {

using nlohmann::json;

std::string BasisToJson(const ProposalBasis& basis) {
  json object = {
      {"sampler", basis.sampler}, {"cost_exponent", basis.cost_exponent}, {"seen", basis.seen}};
  if (basis.confirmations > 0) object["confirmations"] = basis.confirmations;
  if (basis.cost) object["cost"] = *basis.cost;
  if (basis.budget) object["budget_j"] = basis.budget->value();
  if (basis.spent) object["spent_j"] = basis.spent->value();
  return object.dump();
}

Result<ProposalBasis> BasisFromJson(const std::string& text) {
  try {
    const json object = json::parse(text);
    ProposalBasis basis;
    basis.sampler = object.at("sampler");
    basis.cost_exponent = object.at("cost_exponent");
    basis.seen = object.at("seen");
    basis.confirmations = object.value("confirmations", std::size_t{0});
    if (object.contains("cost")) basis.cost = object.at("cost").get<std::string>();
    if (object.contains("budget_j")) basis.budget = Joules(object.at("budget_j").get<double>());
    if (object.contains("spent_j")) basis.spent = Joules(object.at("spent_j").get<double>());
    return basis;
  } catch (const json::exception& error) {
    return Fail(ErrorCode::kCorrupt,
                fmt::format("the basis of a proposal cannot be read: {}", error.what()));
  }
}

}  // namespace joulefront
