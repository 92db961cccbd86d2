// Which PostgreSQL type a column of ours gets.
#pragma once

#include <string>

#include <arrow/type_fwd.h>

namespace laketide::postgres {

/// The column type for an Arrow field in a table that we create, as SQL text; empty if there is none. Arrow → PostgreSQL:
/// bool boolean · int8, uint8, int16 smallint · uint16, int32 integer · uint32, int64 bigint · uint64 numeric(20,0) ·
/// float real · double double precision · decimal(p,s) numeric(p,s) · utf8 text, or jsonb if marked so · binary bytea ·
/// 16 fixed bytes uuid, others bytea · date date · time time · timestamp timestamp, with zone timestamptz · duration,
/// month-day-nano interval · list of a simple type its array · struct, map, other lists jsonb.
std::string column_type_for(const arrow::Field& field);

}  // namespace laketide::postgres
