// SPDX-License-Identifier: Apache-2.0
#include "ladder.h"

namespace kata::ksm {

LadderStep ladder_start(const LadderSettings& settings) {
  if (settings.initial.count() == 0) return {Rung::kHost, std::nullopt};
  return {Rung::kInitial, settings.initial};
}

LadderStep ladder_boost(const LadderSettings& settings) {
  return {Rung::kAggressive, settings.aggressive};
}

LadderStep ladder_down(const LadderSettings& settings, Rung from) {
  switch (from) {
    case Rung::kInitial:
    case Rung::kAggressive:
      return {Rung::kStandard, settings.standard};
    case Rung::kStandard:
      return {Rung::kSlow, settings.slow};
    case Rung::kSlow:
    case Rung::kRest:
    case Rung::kHost:
      return {Rung::kHost, std::nullopt};
    case Rung::kAside:
      break;
  }
  return {Rung::kAside, std::nullopt};
}

const Pace& pace_of(const LadderSettings& settings, Rung rung) {
  if (rung == Rung::kAggressive) return settings.aggressive_pace;
  return rung == Rung::kStandard ? settings.standard_pace : settings.slow_pace;
}

const char* name_of(Rung rung) {
  switch (rung) {
    case Rung::kInitial:
      return "initial";
    case Rung::kAggressive:
      return "aggressive";
    case Rung::kStandard:
      return "standard";
    case Rung::kSlow:
      return "slow";
    case Rung::kRest:
      return "resting";
    case Rung::kHost:
      return "host";
    case Rung::kAside:
      break;
  }
  return "aside";
}

}  // namespace kata::ksm
