#include "activation.hpp"

#include <cmath>
#include <cstring>

#include "check.hpp"

namespace sixfold::operators {
namespace {

constexpr float infinity = __builtin_inff();

enum class Parameters { none, alpha, alpha_beta, bounds, slopes };

// One row a kind, in the order of sixfold_activation_kind. Kinds with a clamp epilogue have their bounds here.
struct KindInfo {
  const char* name;
  Parameters parameters;
  Epilogue epilogue;
  float alpha;  // customary parameters
  float beta;
};

constexpr KindInfo kinds[] = {
    {"identity", Parameters::none, Epilogue::clamp, -infinity, infinity},
    {"relu", Parameters::none, Epilogue::clamp, 0.0f, infinity},
    {"relu6", Parameters::none, Epilogue::clamp, 0.0f, 6.0f},
    {"clamp", Parameters::bounds, Epilogue::clamp, 0.0f, infinity},
    {"leaky_relu", Parameters::alpha, Epilogue::general, 0.01f, 0.0f},
    {"prelu", Parameters::slopes, Epilogue::general, 0.0f, 0.0f},
    {"elu", Parameters::alpha, Epilogue::general, 1.0f, 0.0f},
    {"sigmoid", Parameters::none, Epilogue::general, 0.0f, 0.0f},
    {"tanh", Parameters::none, Epilogue::general, 0.0f, 0.0f},
    {"softplus", Parameters::none, Epilogue::general, 0.0f, 0.0f},
    {"swish", Parameters::alpha, Epilogue::general, 1.0f, 0.0f},
    {"mish", Parameters::none, Epilogue::general, 0.0f, 0.0f},
    {"gelu_erf", Parameters::none, Epilogue::general, 0.0f, 0.0f},
    {"gelu_tanh", Parameters::none, Epilogue::general, 0.0f, 0.0f},
    {"hard_sigmoid", Parameters::alpha_beta, Epilogue::general, 1.0f / 6.0f, 0.5f},
    {"hard_swish", Parameters::none, Epilogue::hswish, 0.0f, 0.0f},
};
static_assert(sizeof kinds / sizeof kinds[0] == SIXFOLD_ACTIVATION_KINDS);

bool known(const sixfold_activation_kind& kind) {
  const int number = enum_number(kind);
  return number >= 0 && number < SIXFOLD_ACTIVATION_KINDS;
}

sixfold_status check_finite(const char* field, const char* name, float value, sixfold_error* error) {
  if (std::isfinite(value)) return SIXFOLD_OK;
  return fail(error, SIXFOLD_INVALID_ARGUMENT, "%s.%s is %g, must be finite", field, name, static_cast<double>(value));
}

sixfold_status check_bounds(const char* field, float lower, float upper, sixfold_error* error) {
  if (lower <= upper) return SIXFOLD_OK;  // false for a NaN
  return fail(error, SIXFOLD_INVALID_ARGUMENT,
              "%s.alpha is %g and %s.beta is %g: the lower bound must not exceed the upper", field,
              static_cast<double>(lower), field, static_cast<double>(upper));
}

}  // namespace

const char* activation_name(sixfold_activation_kind kind) { return known(kind) ? kinds[kind].name : "unknown"; }

sixfold_status check_activation(const char* field, const sixfold_activation& activation, sixfold_error* error) {
  sixfold_status status =
      check_enum(field, "kind", "sixfold_activation_kind", activation.kind, SIXFOLD_HARD_SWISH, error);
  if (status != SIXFOLD_OK) return status;
  switch (kinds[activation.kind].parameters) {
    case Parameters::none:
      break;
    case Parameters::alpha_beta:
      status = check_finite(field, "beta", activation.beta, error);
      if (status != SIXFOLD_OK) break;
      [[fallthrough]];
    case Parameters::alpha:
      status = check_finite(field, "alpha", activation.alpha, error);
      break;
    case Parameters::bounds:
      status = check_bounds(field, activation.alpha, activation.beta, error);
      break;
    case Parameters::slopes:
      if (activation.slopes == nullptr) {
        status = fail(error, SIXFOLD_INVALID_ARGUMENT, "%s.slopes is NULL, but prelu needs one slope a channel", field);
      }
      break;
  }
  return status;
}

ActivationShape activation_shape(const sixfold_activation& activation, float slope) {
  const float alpha = std::fabs(activation.alpha);
  switch (activation.kind) {
    case SIXFOLD_LEAKY_RELU:
      return {0.0f, alpha > 1.0f ? alpha : 1.0f, true};
    case SIXFOLD_PRELU:
      return {0.0f, std::fabs(slope) > 1.0f ? std::fabs(slope) : 1.0f, true};
    case SIXFOLD_ELU:
      return {0.0f, alpha > 1.0f ? alpha : 1.0f, false};
    case SIXFOLD_SIGMOID:
      return {0.0f, 0.25f, false};
    case SIXFOLD_SWISH:
      return {alpha == 0.0f ? 0.0f : -1.2784645f / activation.alpha, 1.1f, false};
    case SIXFOLD_MISH:
      return {-1.1924531f, 1.09f, false};
    case SIXFOLD_GELU_ERF:
      return {-0.7517916f, 1.13f, false};
    case SIXFOLD_GELU_TANH:
      return {-0.7524614f, 1.13f, false};
    case SIXFOLD_HARD_SIGMOID:
      return {0.0f, alpha, true};
    case SIXFOLD_HARD_SWISH:
      return {-1.5f, 1.5f, false};
    case SIXFOLD_TANH:
    case SIXFOLD_SOFTPLUS:
      return {0.0f, 1.0f, false};
    default:  // bounds
      return {0.0f, 1.0f, true};
  }
}

ActivationPlan plan_activation(const sixfold_activation& activation, const KernelTable& table, bool force_general) {
  const KindInfo& info = kinds[activation.kind];
  const bool own_parameters = info.parameters != Parameters::none;
  ActivationPlan plan{};
  plan.epilogue = force_general ? Epilogue::general : info.epilogue;
  plan.args.kind = plan.epilogue;
  plan.args.lower = own_parameters ? activation.alpha : info.alpha;
  plan.args.upper = own_parameters ? activation.beta : info.beta;
  const KernelTable* owner = &table;
  while (owner->activations == nullptr) owner = owner->base;
  plan.args.activation = owner->activations[activation.kind];
  plan.args.activation_args = {plan.args.lower, plan.args.upper, nullptr};
  plan.args.residual = ResidualPosition::none;
  return plan;
}

}  // namespace sixfold::operators

sixfold_activation sixfold_activation_default(sixfold_activation_kind kind) {
  using namespace sixfold::operators;
  sixfold_activation activation{};
  std::memcpy(&activation.kind, &kind, sizeof kind);  // it may be no kind at all
  if (known(kind)) {
    activation.alpha = kinds[kind].alpha;
    activation.beta = kinds[kind].beta;
  }
  return activation;
}
