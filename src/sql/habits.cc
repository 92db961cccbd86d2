#include "sql/habits.h"

#include <algorithm>
#include <utility>

#include "sql/lexer.h"

namespace laketide::sql {
namespace {

struct Habit {
  std::string_view names;  // separated by blanks
  std::string_view instead;
};

constexpr std::string_view kNoOver = "write GROUP BY with an aggregate; of the functions that number or compare rows there is row_number() OVER (PARTITION BY … ORDER BY …), in a SELECT in FROM, kept by WHERE rn <= 10";
constexpr std::string_view kBorders = "the borders of a window are the columns window_start and window_end";
constexpr std::string_view kUnnest = "SELECT unnest(string_to_array(…, ' ')) AS word FROM source makes a row for each element, which GROUP BY word can group";
constexpr std::string_view kJson = "write x ->> 'name' for text, x -> 'name' for jsonb; text becomes jsonb by CAST(x AS jsonb)";

constexpr Habit kFunctions[] = {
    {"explode explode_outer posexplode flatten unnest", kUnnest},
    {"split", "write string_to_array(text, ' ')"},
    {"array_size", "write cardinality(x)"},
    {"array_contains", "write value = ANY (x)"},
    {"array_join", "write array_to_string(x, ', ')"},
    {"element_at", "write x[1]"},
    {"array", "write ARRAY[a, b]"},
    {"row_number rank dense_rank lag lead ntile nth_value", kNoOver},
    {"first_value", "write first(x)"},
    {"last_value", "write last(x)"},
    {"median percentile_approx", "write percentile(x, 0.5)"},
    {"collect_list", "write array_agg(x)"},
    {"collect_set", "write array_agg(DISTINCT x)"},
    {"count_if", "write count(*) FILTER (WHERE condition)"},
    {"mean", "write avg(x)"},
    {"listagg", "write string_agg(x, ', ')"},
    {"any some", "write bool_or(x)"},
    {"approx_distinct", "write approx_count_distinct(x)"},
    {"window time_window tumbling", "write tumble(ts, INTERVAL '10 seconds') in GROUP BY"},
    {"hopping sliding", "write hop(ts, slide, size) in GROUP BY"},
    {"session_window", "write session(ts, INTERVAL '5 minutes') in GROUP BY"},
    {"tumble_start tumble_end hop_start hop_end session_start session_end window_time", kBorders},
    {"nvl ifnull", "write COALESCE(a, b)"},
    {"nvl2 if iff decode_oracle", "write CASE WHEN condition THEN a ELSE b END"},
    {"try_cast", "write TRY_CAST(x AS type)"},
    {"isnull", "write x IS NULL"},
    {"isnotnull notnull", "write x IS NOT NULL"},
    {"len size char_count", "write length(x)"},
    {"instr locate charindex", "write strpos(text, part)"},
    {"lcase", "write lower(x)"},
    {"ucase", "write upper(x)"},
    {"trim", "write trim(x), or btrim(x, characters)"},
    {"string str", "write CAST(x AS text)"},
    {"int integer to_number", "write CAST(x AS int)"},
    {"bigint long", "write CAST(x AS bigint)"},
    {"double float", "write CAST(x AS double precision)"},
    {"timestamp_seconds from_unixtime", "write to_timestamp(seconds); CAST(x AS timestamptz) reads ISO 8601 text"},
    {"get_json_object from_json json_tuple json_extract json_value jsonb_extract_path_text", kJson},
    {"clock_timestamp timeofday getdate curdate curtime sysdate current_time unix_now", "write now(), the time of the epoch, which a replay has again; the record's own time is _timestamp"},
    {"rand randn random_normal setseed", "write random(), from 0 up to 1, made from the record's place"},
    {"uuid uuid_generate_v4 newid", "write gen_random_uuid(), made from the record's place"},
    {"monotonically_increasing_id", "a record is named by _topic, _partition and _offset"},
    {"current_user session_user user current_database current_schema", "the pipeline's name is _pipeline"},
    {"input_file_name", "write _topic"},
    {"date_format", "write to_char(x, 'YYYY-MM-DD')"},
    {"date_parse str_to_date parse_timestamp", "write to_timestamp(x, 'YYYY-MM-DD HH24:MI:SS')"},
    {"unix_timestamp", "write extract(epoch FROM x)"},
    {"date_add dateadd timestampadd", "write x + INTERVAL '1 day', or date + 1"},
    {"date_sub", "write x - INTERVAL '1 day', or date - 1"},
    {"datediff timestampdiff", "write a - b"},
    {"year month day dayofmonth hour minute second quarter weekofyear", "write extract(year FROM x), with the field's name"},
    {"dayofweek", "write extract(dow FROM x)"},
    {"to_utc_timestamp from_utc_timestamp convert_timezone", "write x AT TIME ZONE 'Europe/Berlin': from timestamp to timestamptz, or back"},
    {"regexp_extract regexp_matches", "write substring(x FROM 'a(.)c'), or regexp_match(x, 'pattern'), an array of what the groups keep"},
    {"regexp_extract_all regexp_split_to_table", "write regexp_split_to_array(x, 'pattern')"},
    {"rlike regexp regexp_contains regexp_matches_all", "write x ~ 'pattern'"},
    {"similar_escape", "write SIMILAR TO"},
};

constexpr Habit kOperators[] = {
    {"==", "write ="},
    {"<=>", "write IS NOT DISTINCT FROM"},
    {"&&", "write AND"},
    {"!", "write NOT"},
    {"#> #>> @> ?", kJson},
    {"+", "to join texts write ||"},
};

constexpr Habit kTypes[] = {
    {"string", "text"},
    {"long", "bigint"},
    {"short tinyint byte int1", "smallint"},
    {"binary blob varbinary", "bytea"},
    {"datetime timestamp_ltz", "timestamptz"},
    {"timestamp_ntz", "timestamp"},
    {"number", "numeric(38,9)"},
    {"double_precision", "double precision"},
    {"bpchar char character", "text"},
    {"json", "jsonb"},
};

template <size_t kSize>
std::string find(const Habit (&table)[kSize], std::string_view name) {
  for (const Habit& habit : table) {
    for (std::string_view rest = habit.names; !rest.empty();) {
      const size_t end = std::min(rest.find(' '), rest.size());
      if (rest.substr(0, end) == name) return std::string(habit.instead);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return {};
}

bool is_symbol(const Token* token, char symbol) { return token != nullptr && token->kind == Token::Kind::kSymbol && token->text.front() == symbol; }
bool word(const Token* token, std::string_view text) { return token != nullptr && is_word(*token, text); }

constexpr std::string_view kOffset = "offset is a word of SQL: the record's place is _offset, a column of that name is \"offset\"";

}  // namespace

std::string instead_of_function(std::string_view name) { return find(kFunctions, name); }
std::string instead_of_operator(std::string_view name) { return find(kOperators, name); }
std::string instead_of_type(std::string_view name) { return find(kTypes, name); }

std::string instead_of_syntax(std::string_view query, int at) {
  const std::vector<Token> tokens = tokens_of(query);
  const auto found = std::find_if(tokens.begin(), tokens.end(), [&](const Token& token) { return token.at >= at; });
  const Token* here = found == tokens.end() ? nullptr : &*found;
  const Token* before = found == tokens.begin() ? nullptr : &*(found - 1);
  const Token* after = here != nullptr && found + 1 != tokens.end() ? &*(found + 1) : nullptr;
  if (word(here, "window") || word(before, "window")) return "write tumble(ts, INTERVAL '10 seconds') or hop(ts, slide, size) in GROUP BY";
  if (word(here, "offset") || word(before, "offset")) return std::string(kOffset);
  if (is_symbol(here, '`') || is_symbol(before, '`')) return "names are quoted with \"…\"";
  if (word(here, "lateral") || word(here, "view") || word(before, "lateral")) return std::string(kUnnest);
  if (word(before, "interval") && here != nullptr && here->kind == Token::Kind::kNumber) return "write INTERVAL '10 seconds', all of it in quotes";
  if (is_symbol(here, ')') && is_symbol(before, '(') && found - tokens.begin() > 1 && (found - 2)->text.starts_with("current_")) {
    return std::string((found - 2)->text) + " stands without parentheses; now() is the same as current_timestamp";
  }
  if (word(here, "rlike") || word(here, "regexp") || word(before, "rlike") || word(before, "regexp")) return "write x ~ 'pattern'";
  if (word(here, "emit") || word(here, "watermark")) return "event time is declared in the document: event_time: {column: …, delay: …}";
  if (is_symbol(here, ',') && word(before, "select")) return "the select list is empty here";
  if (word(here, "from") && is_symbol(before, ',')) return "there is a comma too many before FROM";
  if (!tokens.empty() && here == &tokens.front()) return "a query begins with SELECT";
  if (here != nullptr && here->kind == Token::Kind::kWord && is_symbol(after, '(')) return "a column or function with a name that is a word of SQL needs \"…\"";
  return {};
}

}  // namespace laketide::sql
