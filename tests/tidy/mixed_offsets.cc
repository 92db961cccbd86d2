// What may not compile: a record's own offset where the next offset is meant. Each mistake is compiled alone.
#include "base/ids.h"

using laketide::NextOffset;
using laketide::RecordOffset;

int64_t distance(NextOffset start, NextOffset end) { return end.value - start.value; }

int main() {
  const RecordOffset record(7);
  const NextOffset next = record.next();
#ifdef MISTAKE_ASSIGNED
  const NextOffset end = record;
  return static_cast<int>(end.value);
#endif
#ifdef MISTAKE_COMPARED
  return next == record ? 0 : 1;
#endif
#ifdef MISTAKE_PASSED
  return static_cast<int>(distance(record, next));
#endif
  return distance(NextOffset(7), next) == 1 ? 0 : 1;
}
