// Columns that are the same for all rows of an epoch.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "flow/context.h"
#include "flow/operator.h"

namespace laketide {

/// `names`: of flow/pseudo_columns.h, `_epoch`, `_pipeline` (of the metrics' label) and kRowColumn, which is 0 here. They go between the
/// columns of the input that are visible, of which there are `visible`, and the hidden ones. Immutable.
struct EpochColumnsOptions {
  std::vector<std::string> names;
  int visible = 0;
  Schema output;
};

/// In lanes and in the tail; which epoch it is says the context.
std::unique_ptr<Operator> make_epoch_columns(EpochColumnsOptions options, Context& context);

}  // namespace laketide
