// The seam to record formats: bytes in, columns out.
#pragma once

#include <memory>
#include <string>

#include "flow/batch.h"
#include "flow/context.h"
#include "flow/records.h"
#include "flow/rejects.h"
#include "laketide/status.h"

namespace laketide {

/// Turns records into rows of the schema it was opened with. Confined to its task.
class Decoder {
 public:
  virtual ~Decoder() = default;
  /// Rows of `records` in their order, without those it adds to `rejects`. `out` is null if no row is left. Fails only
  /// for reasons that are not a record's fault (memory).
  virtual Status decode(const Records& records, Batch& out, Rejects& rejects) = 0;
};

/// Learns a schema from sample records. Confined to its task.
class SchemaInference {
 public:
  virtual ~SchemaInference() = default;
  /// Looks at records; those that cannot be decoded are passed over.
  virtual void add(const Records& records) = 0;
  /// Decodable records seen.
  virtual int64_t count() const = 0;
  /// Wide types: bigint, double, text, timestamptz, boolean, jsonb. Fails `kUser` `schema_needed` if nothing was seen.
  virtual Result<Schema> schema() const = 0;
};

/// One record format with its options. Thread-safe.
class Format {
 public:
  virtual ~Format() = default;
  /// The schema that the options fix (declared, or the format's own); null if it must be inferred.
  virtual Schema schema() const = 0;
  /// Null if this format's schema is never inferred.
  virtual std::unique_ptr<SchemaInference> inference() const = 0;
  /// `columns` are the format's columns to produce, in order, a subset of the schema; behind them come the pseudo-columns
  /// named in `hidden` (pseudo_columns.h).
  virtual Result<std::unique_ptr<Decoder>> open(Schema columns, std::vector<std::string> hidden, Context& context) const = 0;
};

}  // namespace laketide
