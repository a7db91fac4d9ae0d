// SPDX-License-Identifier: Apache-2.0
#include "bench/agent/verdicts.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace kata::bench {
namespace {

bool keeps(double value, Limit::Kind kind, double limit) {
  return kind == Limit::Kind::kAtMost ? value <= limit : value >= limit;
}

const char* verdict(const Row& row) {
  if (!row.value) return "peer absent";
  if (!row.limit) return "-";
  if (keeps(*row.value, row.limit->kind, row.limit->goal)) return "goal";
  if (std::isinf(row.limit->must)) return "-";
  return keeps(*row.value, row.limit->kind, row.limit->must) ? "met" : "MISSED";
}

bool missed(const Row& row) {
  return row.value && row.limit && !keeps(*row.value, row.limit->kind, row.limit->must);
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value < 100 ? "%.2f" : "%.0f", value);
  return text;
}

std::string bound(const Row& row, double Limit::*which) {
  if (!row.limit || std::isinf((*row.limit).*which)) return "-";
  const char* sign = row.limit->kind == Limit::Kind::kAtMost ? "<= " : ">= ";
  return sign + number((*row.limit).*which);
}

nlohmann::json as_json(const Row& row) {
  nlohmann::json out{
      {"id", row.id}, {"what", row.what}, {"unit", row.unit}, {"verdict", verdict(row)}};
  if (row.value) out["value"] = *row.value;
  if (!row.detail.empty()) out["detail"] = row.detail;
  if (!row.limit) return out;
  const bool most = row.limit->kind == Limit::Kind::kAtMost;
  out[most ? "at_most" : "at_least"] = row.limit->must;
  out["goal"] = row.limit->goal;
  return out;
}

}  // namespace

int Verdicts::print() const {
  nlohmann::json json{{"bench", bench_}, {"rows", nlohmann::json::array()}};
  std::fprintf(stderr, "%-4s %-52s %10s %-5s %10s %10s  %s\n", "id", "what", "measured", "", "must",
               "goal", "verdict");
  for (const Row& row : rows_) {
    const std::string value = row.value ? number(*row.value) : "?";
    std::fprintf(stderr, "%-4s %-52s %10s %-5s %10s %10s  %s\n", row.id.c_str(), row.what.c_str(),
                 value.c_str(), row.unit.c_str(), bound(row, &Limit::must).c_str(),
                 bound(row, &Limit::goal).c_str(), verdict(row));
    if (!row.detail.empty()) std::fprintf(stderr, "       %s\n", row.detail.c_str());
    json["rows"].push_back(as_json(row));
  }
  std::printf("%s\n", json.dump().c_str());
  return std::ranges::any_of(rows_, missed) ? 1 : 0;
}

}  // namespace kata::bench
