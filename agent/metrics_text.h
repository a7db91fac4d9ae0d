// SPDX-License-Identifier: Apache-2.0
//
// Prometheus' text format 0.0.4: families of numbers with labels.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace kata::agent {

class MetricsText {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  // Families come in the order of their names.
  void family(std::string_view name, std::string_view help, std::string_view type = "gauge");
  // A line of the family that was named last. Label values are escaped.
  void sample(double value, Labels labels = {});

  std::string take() { return std::move(text_); }

 private:
  std::string name_{};
  std::string text_{};
};

}  // namespace kata::agent
