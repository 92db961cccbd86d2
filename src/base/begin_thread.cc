#include "base/begin_thread.h"

#include <cstdint>

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace laketide {

// A thread with short slices of the processor is let in ahead of those with longer ones when it wakes (Linux 6.12 and later; others do nothing
// with the wish), and gets no more of it in all.
void let_in_soon() {
  constexpr uint64_t kSliceNanos = 100'000;  // the shortest there is
  // sched_setattr(2); the kernel's header and the C library's both define sched_param.
  struct {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
  } wish{};
  static_assert(sizeof wish == 48);
  wish.size = sizeof wish;
  wish.policy = SCHED_OTHER;
  wish.nice = getpriority(PRIO_PROCESS, 0);
  wish.runtime = kSliceNanos;
  (void)syscall(SYS_sched_setattr, 0, &wish, 0U);
}

void begin_thread(const std::string& name) {
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
  let_in_soon();
}

}  // namespace laketide
