/*
 * Numbers in the texts of others: files of the kernel, annotations, what a user types. Digits only:
 * no sign, no prefix, no fraction.
 */
#ifndef OCIRUN_NUMBER_H
#define OCIRUN_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* The number that begins at *at, which goes behind it. false, and *at stays, where there is none or
 * one above `most`. */
bool number_read(const char **at, uint64_t most, uint64_t *out);

/* The same for 32 bits. */
bool number_read32(const char **at, uint32_t *out);

/* After spaces and tabs. */
bool number_next(const char **at, uint64_t *out);

#endif
