/* Which fields of config.json are for later versions: see supported.c. */
#ifndef OCIRUN_SUPPORTED_H
#define OCIRUN_SUPPORTED_H

#include "spec/spec.h"

/* Adds an error for every field that asks for something which is not implemented. */
MUST_CHECK int supported_check(const struct spec *s, struct error *e);

#endif
