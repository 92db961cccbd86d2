// The stable codes of all failures, with what each means and what to do. conf/errors.md is this table as a page.
#include "http/problem.h"

namespace laketide::http {
namespace {

using Codes = std::vector<ProblemCode>;

Codes the_request_codes() {
  return {
      {"bad_request", 400, "The request's line, head or path cannot be understood, or could be understood in two ways. Send it as RFC 9112 has it; the detail names the byte."},
      {"bad_json", 400, "The body is not one JSON object, is nested deeper than 32 levels, or names a member twice. Mend the JSON. In the quarantine: the record is not JSON."},
      {"bad_value", 400, "A value is outside of what its field may have. The detail says what it may be. In the quarantine: a field's value does not fit its column."},
      {"missing_field", 400, "A field that is needed is not there. The detail shows an example. In the quarantine: a field that may not be null is missing."},
      {"unknown_field", 400, "The body has a field that this call does not know. The detail lists those it knows. In the quarantine: `schema_policy: fail` met a field without a column."},
      {"unknown_parameter", 400, "The query has a parameter that this call does not know. Leave it out."},
      {"wrong_type", 400, "A field is of another JSON type than it must be. In the quarantine: a value is of another type than its column."},
      {"conflicting_fields", 400, "Two fields say the same thing, or exclude each other. Keep one."},
      {"unauthorized", 401, "The request bears no token, or one that is not known. Send `Authorization: Bearer <token>` with a token of server.token_file."},
      {"forbidden", 403, "The token's scope is too small, or the address serves probes only. Use a token of the scope that the detail names."},
      {"foreign_origin", 403, "A page of another site sent the browser here. Call from the service's own page, or without a browser."},
      {"foreign_host", 403, "Without tokens the service answers to loopback names only. Use localhost, or set server.token_file."},
      {"not_found", 404, "There is no such path, or a file that must be there is not. GET / lists all paths."},
      {"method_not_allowed", 405, "The path does not know the method. The Allow field lists those it knows."},
      {"request_timeout", 408, "Head or body came too slowly. Send the request again, faster."},
      {"length_required", 411, "The body came with Transfer-Encoding. Send it with a Content-Length."},
      {"body_too_large", 413, "The body has more than 1 MiB. Send a smaller one."},
      {"target_too_long", 414, "Path and query have more than 2 KiB. Send a shorter one."},
      {"expectation_failed", 417, "The request expects something else than 100-continue. Leave the Expect field out."},
      {"head_too_large", 431, "The head has more than 8 KiB or 64 fields. Send fewer."},
      {"version_not_supported", 505, "The request is of another HTTP than 1.0 or 1.1. Use HTTP/1.1."},
  };
}

Codes streams_and_pipelines_codes() {
  return {
      {"unknown_pipeline", 404, "No pipeline of this name is known. GET /pipelines lists them; or send the whole document."},
      {"not_started", 404, "The pipeline was never started, so there is no stream to show. POST /stream/start."},
      {"ambiguous_topic", 409, "Several pipelines read this topic. Name one as `pipeline`."},
      {"draining", 409, "The stream is on its way to a stop. Start it when it has stopped."},
      {"other_spec", 409, "A stream of this name runs with another document. PUT /pipelines/{name} changes it while it runs; or stop it first, or take another name."},
      {"pipeline_read_only", 409, "The pipeline comes from a file. Change the file and send SIGHUP, or take another name."},
      {"pipeline_file_gone", 409, "The pipeline's file is no longer there. Put it back and send SIGHUP, PUT the document over HTTP, or DELETE the pipeline."},
      {"change_refused", 409, "The new document would lose the progress that is kept under the old one's names. The detail says which, and the way out: another name, or stop, reset and send it again."},
      {"stream_active", 409, "A stream works by this pipeline, or is paused. Stop it first."},
      {"not_running", 409, "Only a stream that runs can be paused. Start it, or leave it."},
      {"not_paused", 409, "Only a paused stream can be resumed. Start it with POST /stream/start."},
      {"name_mismatch", 422, "The document's name and the path's differ. Let both say the same, or leave the document's out."},
      {"bad_document", 422, "The pipeline document has mistakes. The detail lists each with its line, column and a hint."},
      {"invalid_pipeline", 422, "A pipeline file has mistakes. The detail lists each with file, line and column."},
      {"unsupported", 422, "What is asked for is not in this release, or not for this source or sink. The detail says what is."},
      {"pipeline_held", 422, "The service works on the pipeline that `laketide run` was given. Stop it there first, or give the document another name and other tables."},
      {"unfinished_run", 422, "The state directory of `laketide run` holds another run that was not finished. Run that to its end, or give another --state."},
  };
}

Codes offsets_and_topics_codes() {
  return {
      {"bad_offsets", 422, "The offsets cannot be read. Write earliest, latest, {\"0\": 100}, a time, or milliseconds since 1970."},
      {"bad_start", 422, "The `start` of a source cannot be read. Write it as offsets are written."},
      {"offsets_reversed", 422, "The start lies behind the end, or both name other partitions. Exchange or complete them."},
      {"offset_out_of_range", 422, "The broker does not have that offset: before the log or after its end. The detail and `available` say what it has."},
      {"unknown_partition", 422, "The topic has no such partition. The detail says which it has."},
      {"unknown_topic", 422, "The broker does not know the topic. A stream waits for it; a job fails. Create it, or correct the name."},
      {"partition_gone", 422, "A partition that was read before is not there any more. If the topic was made anew, reset the stream."},
      {"topic_recreated", 422, "Another record stands at the last offset that was taken: the topic was made anew. Reset the stream to read the new one."},
      {"data_loss", 422, "The broker dropped records before they were read. The detail names the range. Reset the stream, or set fail_on_data_loss: false to go on without them."},
      {"too_many_topics", 422, "One lane can read 65535 topics. Use more lanes or a narrower pattern."},
      {"bad_topic", 422, "The client cannot make the topic's handle. Correct the name."},
      {"bad_pattern", 422, "The pattern of topics is no regular expression. The detail says where."},
  };
}

Codes batch_jobs_codes() {
  return {
      {"unknown_job", 404, "No job of this id is known, or it is older than batch_defaults.keep says. GET /batch lists them."},
      {"committing", 409, "The job's commit is decided and it will be visible in a moment. It cannot be cancelled any more."},
      {"range_already_in_table", 409, "A stream has written part of the range into the same table. Name another table or range, or set allowRepeats."},
      {"queue_full", 429, "As many jobs wait as batch_defaults.max_queued allows. Try again later."},
      {"max_needs_upsert", 422, "`sink:max(column)` reads records again, and the sink would have their rows twice. Start from `resume`, write with mode upsert, or set allowRepeats."},
      {"idempotency_key_reused", 422, "The key was used in the last 24 hours for another request. Take another key."},
      {"idempotency_keys_differ", 422, "The field Idempotency-Key of the head and `idempotencyKey` of the body say different things. Give one of them."},
      {"deadline", 422, "The job was not done by its deadline; nothing more of it becomes visible. Give it a longer one, a smaller range, or its pool a larger share."},
      {"attempts_exhausted", 422, "The process ended during each attempt of the job. Its log says how; submit the job again to try once more."},
      {"not_taken_up", 422, "This process cannot go on with a job that an earlier one began. Submit it again."},
      {"no_statistics", 422, "The table's log does not say how large the column is in every file. Start from `resume` or a time."},
      {"bad_column", 422, "The table has no such column, or its type has no largest value. Name another."},
  };
}

Codes schemas_and_queries_codes() {
  return {
      {"schema_needed", 422, "The query names columns, and the topic has no record yet from which they could be learnt. Declare the schema, or start again when there are records."},
      {"bad_schema", 422, "The declared schema cannot be read. The detail says at which character."},
      {"schema_mismatch", 422, "The table's columns cannot take the rows. The detail names the column; mend the query, or write to another table."},
      {"sql_syntax", 422, "The query is not PostgreSQL's SQL. The detail has line, column and what to write instead."},
      {"sql_unsupported", 422, "The query uses what this release does not have. The detail says what to write instead."},
      {"sql_unknown_table", 422, "The query reads from a table that is no source. FROM source always works."},
      {"sql_unknown_column", 422, "The query names a column that is not there. The detail names the nearest."},
      {"sql_name", 422, "A name in the query is ambiguous or given twice. Qualify or rename it."},
      {"sql_function", 422, "There is no such function for these types. The detail lists those there are."},
      {"sql_type", 422, "An expression's types do not fit. Cast a side."},
      {"sql_grouping", 422, "An aggregate, a window or a column stands where a group has no one value for it. The detail says where it may stand."},
      {"bad_late_rows", 422, "The query has no late rows that could be kept one by one. The detail says why; remove late_rows, or change the query."},
      {"sql_order", 422, "ORDER BY, DISTINCT ON or LIMIT names what cannot order these rows. The detail says what can."},
      {"sql_window", 422, "A window's size, slide or offset makes no windows. The detail shows the form."},
      {"key_type", 422, "GROUP BY or DISTINCT names a value that cannot be compared. Take a part of it, or its text."},
      {"join_unbounded", 422, "Nothing says how long the rows of a join of streams wait for a partner. The detail says which side, and what to write."},
      {"bad_output_mode", 422, "The query cannot be run in this output_mode, or the sink's mode would not keep its result true. The detail says which fit, and why."},
      {"bad_event_time", 422, "event_time names no timestamp column of the source. Name one."},
      {"no_event_time", 422, "A row has no time for its window. Leave such rows out with WHERE … IS NOT NULL, or declare event_time. In the quarantine: the column of event_time is null."},
      {"bad_delete_when", 422, "delete_when is no condition on the row. Write one that is true or false for each row."},
      {"bad_key", 422, "An upsert has no key, or its key or order_by names a column that the rows do not have. Write key: [id] with columns of the query."},
      {"needs_upsert", 422, "A row changed or went that a sink of another mode has written. Give the sink mode: upsert."},
      {"bad_identifier", 422, "A name of a table or column is badly quoted. Close the double quote."},
  };
}

Codes records_that_are_put_aside_codes() {
  return {
      {"too_many_bad", 422, "More records than bad_records.max_ratio could not be used. Look into the quarantine, mend the schema or raise the ratio."},
      {"bad_record", 422, "A record could not be used and bad_records.policy is fail. The detail names its place."},
      {"not_an_object", 0, "In the quarantine: the record is JSON, but no object."},
      {"bad_utf8", 0, "In the quarantine: the value is not UTF-8. Read it with format: raw."},
      {"too_long", 0, "In the quarantine: a text is longer than its column in PostgreSQL."},
      {"bytes_gone", 0, "In the quarantine: a row was refused after its record had left the broker; key and value are null, the reason has the refusal's own code."},
      {"numeric_value_out_of_range", 0, "An expression's result does not fit its type. Use a wider type, or try_cast."},
      {"division_by_zero", 0, "An expression divides by zero. Guard it with NULLIF."},
      {"invalid_text_representation", 0, "A text cannot be read as the type it is cast to. Use try_cast."},
      {"invalid_datetime_format", 0, "A text cannot be read as a date or time. Use try_cast."},
      {"datetime_field_overflow", 0, "A date or time is out of range."},
      {"substring_error", 0, "A substring's length is negative."},
      {"invalid_escape_sequence", 0, "A LIKE pattern has an escape that escapes nothing."},
      {"invalid_regular_expression", 0, "A pattern is not a regular expression, or one that conf/functions.md says is not supported."},
      {"time_zones_missing", 422, "The machine has no table of time zones. Install Debian's tzdata."},
      {"character_not_in_repertoire", 0, "Bytes are not UTF-8 text."},
      {"invalid_parameter_value", 0, "A function's argument is outside of its domain."},
      {"program_limit_exceeded", 0, "An expression's result is too large."},
  };
}

Codes kafka_codes() {
  return {
      {"broker_away", 503, "No broker answers. It is tried again for ever; look at the broker and the way to it."},
      {"not_authorized", 422, "The broker refuses the user. Grant Read and Describe on the topic and Read on the group, or correct sasl.* and ssl.* under kafka.client."},
      {"unsupported_broker", 422, "The broker is older than Apache Kafka 0.11. Use a newer one."},
      {"record_too_large", 422, "A record is larger than what reads it takes. Of Kafka: raise receive.message.max.bytes under kafka.client. Of a text file, more than 16 MiB: look for a quote that is left open, or name the right format."},
      {"corrupt_data", 422, "The broker's log, or the way to it, damages records. Nothing is skipped; mend the broker."},
      {"source_stuck", 503, "The Kafka client gives nothing although a new one was tried. See whether the partition's leader is alive."},
      {"bad_setting", 422, "librdkafka does not know a setting, or refuses its value. The detail names the nearest."},
      {"transaction_lost", 503, "A producer's transaction was lost. It is begun again."},
  };
}

Codes postgresql_codes() {
  return {
      {"postgres_url", 422, "A postgres sink has no server. Set postgres.url in the service file, or url in the sink."},
      {"overwrite_refused", 422, "The table cannot be emptied, because others refer to its rows. Drop the reference, or write to a table of its own."},
      {"bad_url", 422, "The connection text cannot be read. It is not shown, for it may hold a password."},
      {"postgres_unavailable", 503, "The server does not answer. It is tried again for ever."},
      {"postgres_timeout", 503, "A statement took longer than its time-out. It is tried again."},
      {"postgres_resources", 503, "The server ran out of disk, memory or connections. It is tried again; free some."},
      {"postgres_configuration", 422, "The server refuses what is asked of it: a right, a database or a table is missing. The detail has its words."},
      {"postgres_data", 422, "The server refuses the data, and no single row could be named. The detail has its words."},
      {"postgres_protocol", 500, "The server's answer is not what its protocol says. Report it with the server's version."},
      {"deferred_constraint", 422, "A deferred constraint refuses the epoch and no row can be named. Make it NOT DEFERRABLE."},
      {"progress_locked", 503, "Another session holds the progress row. End it, or wait."},
      {"progress_changed", 503, "The progress is not what it was: another server, a backup, or a hand. It is claimed again."},
      {"progress_lost", 422, "The progress row was deleted while the pipeline ran. Start the pipeline again."},
      {"bad_progress", 422, "The progress table was changed by hand and cannot be read. Put it back, or reset the pipeline."},
  };
}

Codes tables_in_the_lake_codes() {
  return {
      {"table_replaced", 422, "The table was removed or replaced while the pipeline wrote to it. Start the pipeline again to write the new one."},
      {"table_changed", 503, "The table's columns were changed while an epoch was written. It is written again."},
      {"no_table", 422, "There is no table where one is to be read, neither a Delta log nor a Parquet file. Look at the path, which is below lake.root unless it is absolute."},
      {"table_recreated", 422, "Another table stands where the one was that a job began to read. Submit the job again to read this one."},
      {"no_files", 422, "No file has a name as the source says. Look at the path, which is below lake.root unless it is absolute."},
      {"too_many_files", 422, "A job reads at most 100000 files. Name fewer."},
      {"files_changed", 422, "A file is not the one any more that a job began to read. Submit the job again when the files stay as they are."},
      {"compressed_file", 422, "A text file is compressed, which this release does not read. Unpack it."},
      {"header_differs", 422, "The first lines of CSV files name other columns than each other, or than the schema. Read files of the same columns together."},
      {"wrong_field_count", 0, "In the quarantine: a CSV record has not as many values as there are columns."},
      {"bad_csv", 0, "In the quarantine: a CSV record has a quote that is left open, or something behind a closing one."},
      {"unsupported_table", 422, "The table needs a feature of Delta Lake that this release does not have. Write to another table."},
      {"unsupported_type", 422, "A column's type cannot be written or read here. The detail names the way round."},
      {"bad_partition_column", 422, "The table cannot be partitioned so. The detail says why."},
      {"too_many_partitions", 422, "An epoch would write to too many partitions. Partition by a column with fewer values."},
      {"bad_compression", 422, "Compression is zstd, snappy or none."},
      {"broken_log", 422, "The table's log cannot be read. Restore the table from a backup."},
      {"broken_file", 422, "A file is no Parquet file that can be read. Restore it from a backup."},
      {"missing_file", 0, "`laketide table verify`: the log names a file that is not there. Restore it from a backup."},
      {"wrong_size", 0, "`laketide table verify`: a file has another size than the log says. Restore it from a backup."},
      {"missing_partition_value", 0, "`laketide table verify`: a file has no value for a partition column."},
      {"no_such_version", 422, "The table does not have that version. `laketide table log` lists them."},
      {"unfit_storage", 422, "The file system does not refuse a name that is taken, so two writers could overwrite each other. Put the lake on a local disk."},
      {"table_busy", 503, "Other writers changed the files of an upsert again and again before it could commit. It is tried again."},
  };
}

Codes progress_and_recovery_codes() {
  return {
      {"fenced", 422, "Another process owns the pipeline's sinks now. Stop one of the two; an explicit start takes them back."},
      {"sink_behind", 422, "A sink lacks epochs that others have, as after a restore. Put its table back, or reset the pipeline to write everything again."},
      {"plan_lost", 422, "A sink lacks an epoch whose plan nobody has any more. Reset the pipeline."},
      {"plan_corrupt", 422, "An epoch's plan cannot be read. Reset the pipeline."},
      {"plan_version", 422, "An epoch's plan was written by another release. Use that release, or reset the pipeline."},
      {"static_table", 422, "A static table cannot be used as it is: a column without a name or with a type that must be told, a value beyond its type, a record of a file that cannot be read, or a column that is gone. The detail says which; mend the table, or change what stands under tables:."},
      {"table_version_lost", 422, "An epoch must be run again and saw a content of a static table that is not in the state directory any more. Put that back, or reset the pipeline."},
      {"state_lost", 422, "What the query remembered is not in the state directory any more. Put that back, start over under a new name, or reset the pipeline."},
      {"state_incompatible", 422, "The query keeps something else than the state that is there. Put the old document back, give the new one another name, or reset the pipeline."},
      {"state_corrupt", 422, "A file of the query's state is damaged. Restore the state directory from a backup, or reset the pipeline."},
      {"state_version", 422, "The query's state was written by another release. Use that release, or reset the pipeline."},
      {"receipt_corrupt", 422, "A receipt in the ledger cannot be read. It is history only; nothing else is touched."},
      {"epoch_lost", 503, "The connection broke in COMMIT and the epoch is not there. It is run again."},
  };
}

Codes disks_and_the_state_directory_codes() {
  return {
      {"disk_full", 503, "No space is left. The stream stalls and goes on when there is some; free some."},
      {"read_only", 503, "The file system is mounted read-only. See the kernel's log for why."},
      {"permission_denied", 503, "The process's user may not do that. Give it the right to the path."},
      {"too_many_open_files", 503, "Raise the limit on open files (LimitNOFILE, ulimit -n)."},
      {"already_exists", 503, "A file is there that should not be. Another writer is at work, or one left it."},
      {"name_too_long", 422, "The file system does not take such a long name. Choose shorter ones."},
      {"io_error", 503, "The device failed. See the kernel's log."},
      {"parquet_error", 500, "A Parquet file could not be written or read. The detail has the library's words."},
      {"unreadable", 422, "A file cannot be read. The detail says why."},
      {"state_dir", 422, "The state directory cannot be made or written. Give the process's user the right to it."},
      {"state_dir_in_use", 422, "Another process uses the state directory. Stop it, or set state.dir to another place."},
      {"ledger_corrupt", 422, "The ledger is damaged. Restore it from a backup, or move it away to continue from what the sinks have."},
      {"ledger_version", 422, "The ledger was written by another release. Use that release, or another state.dir."},
      {"ledger_io", 503, "The ledger cannot be written or read just now. It is tried again."},
      {"memory_exceeded", 422, "A run would pass its pool's memory. Raise the pool's memory or engine.memory, or read less at a time."},
  };
}

Codes pools_codes() {
  return {
      {"unknown_pool", 404, "No pool of this name is configured. GET /pools lists them."},
      {"bad_pool", 422, "A pool's shares make no sense. The detail says why."},
  };
}

Codes the_service_codes() {
  return {
      {"starting", 503, "The service is starting. Ask again in a moment."},
      {"stopping", 503, "The service is stopping and begins no new work. Send the request to the next one."},
      {"busy", 503, "Too many connections or calls at once. Try again in a moment."},
      {"not_ready", 503, "Readiness: the detail says what is still missing."},
      {"not_alive", 503, "Liveness: a worker has been stuck for long. Restart the process, and report it."},
      {"worker_stuck", 503, "A worker has been in one step for long. As not_alive."},
      {"cancelled", 503, "The call was given up, because its time was over or the service stops. Try again."},
      {"invalid_config", 422, "The service file has mistakes. The detail lists each with file, line and column."},
      {"bad_variable", 422, "A variable in a file is not set, or its file cannot be read. Set it, or write a default: ${NAME:-default}."},
      {"exposed", 422, "The address would be open to everybody. Set server.token_file, or say server.allow_unauthenticated: true."},
      {"address_unusable", 422, "The address cannot be listened on. Choose another, or stop the process that has it."},
      {"bad_token_file", 422, "The token file cannot be read, or a line of it is not `scope token`. The detail names the line, never the token."},
      {"unreachable", 503, "The command line has no answer from the service. See that it runs, and that --url is right."},
      {"output_closed", 422, "Whoever reads the output is gone."},
  };
}

Codes defects_codes() {
  return {
      {"internal", 0, "A call failed inside; the log says more."},
      {"abandoned", 0, "A file was staged that was dropped before."},
      {"arrow", 0, "Arrow refused what it should take."},
      {"bad_answer", 0, "The service's answer is not what it describes."},
      {"bad_order", 0, "Calls of a sink came in the wrong order."},
      {"bad_sink", 0, "A sink was made without what it needs."},
      {"column_missing", 0, "A plan names a column that the batch does not have."},
      {"deed", 0, "A failpoint of another kind stands there."},
      {"bad_failpoint", 0, "LAKETIDE_FAILPOINTS cannot be read."},
      {"failpoint", 0, "A failpoint that a test armed."},
      {"epoch_differs", 0, "A sink has the epoch with other offsets."},
      {"epoch_order", 0, "A lane was told to end another epoch than it has."},
      {"epoch_repeated", 0, "Rows came to a sink that has the epoch."},
      {"epoch_replanned", 0, "A committed epoch would be planned anew."},
      {"expression_failed", 0, "An expression could not be computed."},
      {"file_closed", 0, "A closed file was written to."},
      {"filter_columns", 0, "A filter's columns are not in the batch."},
      {"job_corrupt", 0, "What the ledger has of a job cannot be read; submit it again."},
      {"run_broken", 0, "An exception ended a run; start it again."},
      {"ledger", 0, "SQLite refused what it should take."},
      {"bad_pin", 0, "What a job keeps of the table or files that it reads cannot be read."},
      {"endless_range", 0, "A table or files were to be read without end."},
      {"no_bounds", 0, "Files were opened before they were looked for."},
      {"no_selection", 0, "A table was opened before its columns were chosen."},
      {"read_ahead", 0, "An exception ended the reading of a source."},
      {"no_alarm", 0, "A source was made without a clock to go on by."},
      {"no_memory", 0, "The process has no memory left."},
      {"no_value", 0, "A result was made without a value."},
      {"not_prepared", 0, "An epoch was committed that was not prepared."},
      {"null_in_column", 0, "A column that is never null holds a null."},
      {"quarantine_blocked", 0, "The quarantine's writer did not take its rows."},
      {"replay_differs", 0, "An epoch that is run again read other ranges than its plan has."},
      {"schema_changed", 0, "A batch has other columns than its table was bound to."},
      {"sql_tree", 0, "The parser gave a tree of another shape."},
      {"aggregate_output", 0, "An aggregate gave another number of columns than it has."},
      {"aggregate_state", 0, "A partial state of an aggregate has another size than it must have."},
      {"event_time", 0, "A query was bound over a source with another event time."},
      {"join_condition", 0, "The condition of a join failed for a pair of rows, and was said to be one that cannot."},
      {"join_phase", 0, "A join ended its epoch twice."},
      {"no_rejects", 0, "Operators within an operator refused rows where nobody takes them."},
      {"source_of_many", 0, "A lane was to read several sources at once."},
      {"wrong_use", 0, "A command was given arguments that do not go together. The detail says which do."},
      {"table_version", 0, "A version of a static table was asked for that is not loaded."},
      {"row_order", 0, "An operator was not given the places of its rows."},
      {"state_error", 0, "Arrow refused to write or read state."},
      {"state_gap", 0, "Changes of state do not follow the version before them."},
  };
}

}  // namespace

const std::vector<ProblemSection>& problem_sections() {
  static const std::vector<ProblemSection> sections = {
      {"The request", the_request_codes()},
      {"Streams and pipelines", streams_and_pipelines_codes()},
      {"Offsets and topics", offsets_and_topics_codes()},
      {"Batch jobs", batch_jobs_codes()},
      {"Schemas and queries", schemas_and_queries_codes()},
      {"Records that are put aside", records_that_are_put_aside_codes()},
      {"Kafka", kafka_codes()},
      {"PostgreSQL", postgresql_codes()},
      {"Tables in the lake", tables_in_the_lake_codes()},
      {"Progress and recovery", progress_and_recovery_codes()},
      {"Disks and the state directory", disks_and_the_state_directory_codes()},
      {"Pools", pools_codes()},
      {"The service", the_service_codes()},
      {"Defects: report them, with the log", defects_codes()},
  };
  return sections;
}

}  // namespace laketide::http
