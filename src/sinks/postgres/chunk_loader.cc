#include "sinks/postgres/chunk_loader.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace laketide::postgres {
namespace {

constexpr std::string_view kHeader("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
constexpr std::string_view kTrailer("\377\377", 2);

class ChunkLoader {
 public:
  ChunkLoader(Connection& connection, std::string opening, const std::string& copy_sql, const std::vector<Chunk>& chunks, const Wait& wait,
              Rows& answers, std::vector<RefusedRow>& refused)
      : connection_(connection), opening_(std::move(opening)), copy_(copy_sql), chunks_(chunks),
        wait_(wait), answers_(answers), refused_(refused) {
    for (const auto& chunk : chunks) firsts_.push_back(total_), total_ += chunk.rows();
  }

  size_t total() const { return total_; }
  int64_t loaded() const { return loaded_; }

  Status load(size_t from, size_t to) {
    if (from == to) return {};
    const Status copied = copy(from, to);
    if (copied.ok()) {
      loaded_ += static_cast<int64_t>(to - from);
      return {};
    }
    if (!connection_.usable() || !connection_.last_error().is_data()) return copied;
    const ServerError error = connection_.last_error();
    LT_RETURN_IF_ERROR(take_back());
    if (to - from == 1) {
      refuse(from, error);
      return {};
    }
    const size_t middle = split(from, to, error);
    LT_RETURN_IF_ERROR(load(from, middle));
    return load(middle, to);
  }

 private:
  // A copy that opened the transaction needs no savepoint: with it the whole can be taken back, and opened anew by itself. That it opens
  // shows, too, whether it was the rows that were refused.
  Status take_back() {
    if (opening_.empty()) return connection_.run("ROLLBACK TO SAVEPOINT lt; RELEASE SAVEPOINT lt", wait_);
    LT_RETURN_IF_ERROR(connection_.run("ROLLBACK", wait_));
    answers_.clear();
    return connection_.ask(std::exchange(opening_, {}), answers_, wait_);
  }

  // The rows before the one that the server names were taken before, so splitting there costs one copy of them; at the
  // first row the one itself is split off. Without a name, or a useful one, halves.
  static size_t split(size_t from, size_t to, const ServerError& error) {
    const size_t half = from + (to - from) / 2;
    const auto line = error.copy_line();
    if (!line) return half;
    const size_t named = from + static_cast<size_t>(*line) - 1;
    if (named == from) return from + 1;
    return named < to ? named : half;
  }

  Status copy(size_t from, size_t to) {
    parts_.assign(1, kHeader);
    for (size_t at = 0; at < chunks_.size(); ++at) {
      const size_t first = firsts_[at];
      const size_t end = first + chunks_[at].rows();
      if (end <= from || first >= to) continue;
      parts_.push_back(chunks_[at].slice(std::max(from, first) - first, std::min(to, end) - first));
    }
    parts_.push_back(kTrailer);
    const std::string sql = opening_.empty() ? "SAVEPOINT lt; " + copy_ + "; RELEASE SAVEPOINT lt" : opening_ + copy_;
    LT_RETURN_IF_ERROR(connection_.copy(sql, parts_, answers_, wait_));
    opening_.clear();
    return {};
  }

  void refuse(size_t row, const ServerError& error) {
    const size_t at = static_cast<size_t>(std::upper_bound(firsts_.begin(), firsts_.end(), row) - firsts_.begin()) - 1;
    const Chunk& chunk = chunks_[at];
    const Place place = chunk.places[row - firsts_[at]];
    refused_.push_back({place, place.topic < 0 ? std::string() : chunk.topics[static_cast<size_t>(place.topic)],
                        error.condition(), error.text()});
  }

  Connection& connection_;
  std::string opening_;
  const std::string copy_;
  const std::vector<Chunk>& chunks_;
  const Wait& wait_;
  Rows& answers_;
  std::vector<RefusedRow>& refused_;
  std::vector<size_t> firsts_;
  std::vector<std::string_view> parts_;
  size_t total_ = 0;
  int64_t loaded_ = 0;
};

}  // namespace

Status load_chunks(Connection& connection, const std::string& opening, const std::string& copy_sql, const std::vector<Chunk>& chunks,
                   const Wait& wait, Rows& answers, int64_t& rows, std::vector<RefusedRow>& refused) {
  for (const auto& chunk : chunks) refused.insert(refused.end(), chunk.refused.begin(), chunk.refused.end());
  ChunkLoader loader(connection, opening, copy_sql, chunks, wait, answers, refused);
  LT_RETURN_IF_ERROR(loader.load(0, loader.total()));
  rows += loader.loaded();
  return {};
}

}  // namespace laketide::postgres
