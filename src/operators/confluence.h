// Several inputs, each through a chain of its own, into one operator.
#pragma once

#include <memory>
#include <vector>

#include "flow/operator.h"

namespace laketide {

/// One input of a confluence: it takes the next `ports` of the confluence's ports, which its first operator (or, where it has none, the
/// operator behind all of them) gets counted from 0. Confined to its task.
struct Tributary {
  int ports = 1;
  std::vector<std::unique_ptr<Operator>> operators;
};

/// What comes out of input i goes to port i of `into`; null: the inputs' rows are all one (UNION ALL), and are given as they come. At the
/// epoch's border inputs end one after the other, then `into`, so that it has all rows of the epoch when it ends.
std::unique_ptr<Operator> make_confluence(std::vector<Tributary> inputs, std::unique_ptr<Operator> into);

}  // namespace laketide
