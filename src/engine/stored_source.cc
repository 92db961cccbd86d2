#include "engine/stored_source.h"

#include <filesystem>
#include <utility>

#include "engine/record_format.h"
#include "sources/delta/delta_source.h"
#include "sources/files/files_source.h"

namespace laketide {

std::string lake_path(const std::string& lake_root, const std::string& path) {
  return std::filesystem::path(path).is_absolute() ? path : lake_root + "/" + path;
}

Result<WholeSource> stored_table(const config::DeltaSourceSpec& delta, const StoredPlace& place, const std::shared_ptr<storage::Store>& store) {
  DeltaSourceOptions options{place.name, place.topic, lake_path(place.lake_root, delta.path), delta.version, place.pin, place.open_actor};
  LT_ASSIGN_OR_RETURN(std::shared_ptr<Source> source, make_delta_source(std::move(options), store));
  return WholeSource{place.name, std::move(source), nullptr};
}

Result<WholeSource> stored_files(const config::FilesSourceSpec& files, const config::FormatSpec& format, const StoredPlace& place, const std::shared_ptr<storage::Store>& store) {
  FilesSourceOptions options{place.name, place.topic, lake_path(place.lake_root, files.path), files.format, files.header, files.delimiter.front(), place.pin, place.open_actor};
  LT_ASSIGN_OR_RETURN(std::shared_ptr<FilesSource> source, make_files_source(std::move(options), store));
  WholeSource whole{place.name, source, nullptr};
  if (files.format == "parquet") return whole;
  if (files.format == "json") whole.make_format = record_format(format);
  if (files.format == "csv") {
    std::function<std::string()> header;
    if (files.header) header = [source] { return source->header(); };
    whole.make_format = csv_format(format, files.delimiter.front(), std::move(header));
  }
  LT_RETURN_IF_ERROR(whole.make_format("").status());
  return whole;
}

Result<std::unique_ptr<TableLoader>> stored_loader(const config::TableSpec& table, const std::string& lake_root, std::shared_ptr<storage::Store> store) {
  // Whoever loads a table may block, so that its files need no thread of their own.
  const auto here = []() -> IoPost { return [](const std::function<void()>& work) { work(); }; };
  const StoredPlace place{table.name, table.kind == "delta" ? "delta:" + table.delta.path : "files:" + table.files.path, lake_root, "", here};
  config::FormatSpec format = table.format;
  // Every record is looked at before the columns are said: there is nothing left to rescue.
  if (format.schema_policy.empty()) format.schema_policy = "ignore";
  const auto open = [delta = table.delta, files = table.files, is_delta = table.kind == "delta", format, place, store = std::move(store)]() {
    return is_delta ? stored_table(delta, place, store) : stored_files(files, format, place, store);
  };
  LT_RETURN_IF_ERROR(open().status());
  return make_source_loader(open);
}

}  // namespace laketide
