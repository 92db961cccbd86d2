#include "cli/interrupt.h"

#include <csignal>

namespace laketide::cli {
namespace {

volatile std::sig_atomic_t interrupted = 0;
void note_interrupt(int) { interrupted = 1; }

}  // namespace

Interrupt::Interrupt() {
  interrupted = 0;
  before_int_ = std::signal(SIGINT, note_interrupt);
  before_term_ = std::signal(SIGTERM, note_interrupt);
}

Interrupt::~Interrupt() {
  std::signal(SIGINT, before_int_);
  std::signal(SIGTERM, before_term_);
}

bool Interrupt::came() const { return interrupted != 0; }

}  // namespace laketide::cli
