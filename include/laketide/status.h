// The outcome of an operation that can fail: Status, and Result<T> for one that also yields a value.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace laketide {

/// Whose fault a failure is; it decides what happens next. `kUser`: data or configuration; repeating cannot help, so a
/// run FAILS. `kExternal`: a broker, sink or disk is away; a run STALLS and tries again. `kInternal`: our own broken
/// invariant; the run FAILS and nothing else is touched.
enum class Fault { kNone, kUser, kExternal, kInternal };

/// What went wrong, in words a person can act on: `code` is stable (snake_case, listed for API users), `detail` says
/// what happened and what to do with values last, `field` names the input at fault, if one is. A default-made Status is
/// success and costs one null pointer. Immutable.
class [[nodiscard]] Status {
 public:
  Status() = default;
  static Status user(std::string code, std::string detail, std::string field = {}) {
    return Status(Fault::kUser, std::move(code), std::move(detail), std::move(field));
  }
  static Status external(std::string code, std::string detail) {
    return Status(Fault::kExternal, std::move(code), std::move(detail), {});
  }
  static Status internal(std::string code, std::string detail) {
    return Status(Fault::kInternal, std::move(code), std::move(detail), {});
  }
  /// Another process owns this pipeline's sink now (PRODUCT: "Start = claim"); the run ends as FENCED.
  static Status fenced(std::string detail) { return Status(Fault::kUser, "fenced", std::move(detail), {}); }
  /// The caller's stop token fired or its deadline passed before the operation was done.
  static Status cancelled(std::string detail) { return Status(Fault::kExternal, "cancelled", std::move(detail), {}); }

  bool ok() const { return body_ == nullptr; }
  Fault fault() const { return body_ ? body_->fault : Fault::kNone; }
  bool retryable() const { return fault() == Fault::kExternal; }
  std::string_view code() const { return body_ ? std::string_view(body_->code) : std::string_view(); }
  std::string_view detail() const { return body_ ? std::string_view(body_->detail) : std::string_view(); }
  std::string_view field() const { return body_ ? std::string_view(body_->field) : std::string_view(); }
  bool is_fenced() const { return code() == "fenced"; }
  bool is_cancelled() const { return code() == "cancelled"; }
  /// "code: detail", or "ok".
  std::string to_string() const { return ok() ? "ok" : body_->code + ": " + body_->detail; }
  /// The same failure with `context` put before its detail ("context: detail").
  Status in(std::string_view context) const {
    if (ok()) return {};
    return Status(body_->fault, body_->code, std::string(context) + ": " + body_->detail, body_->field);
  }

 private:
  struct Body {
    Fault fault;
    std::string code, detail, field;
  };
  Status(Fault fault, std::string code, std::string detail, std::string field)
      : body_(std::make_shared<const Body>(Body{fault, std::move(code), std::move(detail), std::move(field)})) {}

  std::shared_ptr<const Body> body_;
};

/// A value, or the Status that says why there is none. Constructing one from a success Status is a programming error
/// and reads as an internal failure. Caller synchronises.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Status status)                                                 // NOLINT(google-explicit-constructor)
      : held_(std::in_place_index<1>,
              status.ok() ? Status::internal("no_value", "a result was made from success without a value")
                          : std::move(status)) {}

  bool ok() const { return held_.index() == 0; }
  Status status() const { return ok() ? Status() : std::get<1>(held_); }
  T& value() & { return std::get<0>(held_); }
  const T& value() const& { return std::get<0>(held_); }
  T&& value() && { return std::get<0>(std::move(held_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<T, Status> held_;
};

}  // namespace laketide

/// Leaves the enclosing function with the Status of `expr` unless that is success.
#define LT_RETURN_IF_ERROR(expr)                              \
  do {                                                        \
    if (::laketide::Status lt_status_ = (expr); !lt_status_.ok()) return lt_status_; \
  } while (false)

#define LT_CONCAT_INNER_(a, b) a##b
#define LT_CONCAT_(a, b) LT_CONCAT_INNER_(a, b)
/// `LT_ASSIGN_OR_RETURN(auto x, f());`: takes the value of a Result, or leaves the function with its Status.
#define LT_ASSIGN_OR_RETURN(lhs, expr) LT_ASSIGN_OR_RETURN_(LT_CONCAT_(lt_result_, __LINE__), lhs, expr)
#define LT_ASSIGN_OR_RETURN_(result, lhs, expr) \
  auto result = (expr);                         \
  if (!result.ok()) return result.status();     \
  lhs = std::move(result).value()
