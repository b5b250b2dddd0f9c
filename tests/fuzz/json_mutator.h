/*
 * A mutator for libFuzzer that keeps JSON documents JSON, and mostly as the tables have them: it
 * adds fields that are known where they stand, with values of their kind, words of their vocabulary
 * and numbers at their bounds. A fuzzer that links json_mutator.c says of which table an input is.
 */
#ifndef OCIRUN_JSON_MUTATOR_H
#define OCIRUN_JSON_MUTATOR_H

#include "spec/json.h"

/* The table of the document that an input holds, which begins at *skip; NULL: it is no JSON. */
const struct json_table *json_mutator_table(const uint8_t *data, size_t size, size_t *skip);

#endif
