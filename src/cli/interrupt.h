// Ctrl-C as something to ask for.
#pragma once

namespace laketide::cli {

/// While it lives SIGINT and SIGTERM do not end the process but are noted. One at a time. Confined to its task.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool came() const;

 private:
  void (*before_int_)(int);
  void (*before_term_)(int);
};

}  // namespace laketide::cli
