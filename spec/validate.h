/*
 * What the files of validation share. Every check adds its problem with the place and the value,
 * and goes on.
 */
#ifndef OCIRUN_VALIDATE_H
#define OCIRUN_VALIDATE_H

#include "spec/spec.h"

struct at {
	char text[256];
};

/* A place for error_add, built only when there is a problem: error_add(e, AT("mounts[%zu]", i),
 * ...). */
#define AT(...) at_print(&(struct at){ { 0 } }, __VA_ARGS__)
const char *at_print(struct at *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The CLONE_NEW* bits of the namespaces that the container has of its own or joins. */
uint64_t spec_namespaces(const struct spec_linux *l);

/* Whether `path` has `component` between two slashes, or at an end. */
bool path_has(const char *path, const char *component);

void validate_process(const struct spec_process *p, const char *prefix, struct error *e);
void validate_env(const struct strings *env, const char *place, struct error *e);
void validate_mappings(const spec_id_mappings *m, const char *place, struct error *e);
void validate_linux(const struct spec *s, struct error *e);
void validate_seccomp(const struct spec_seccomp *s, struct error *e);
void validate_resources(const struct spec_resources *r, const char *prefix, struct error *e);
void validate_sysctl(const struct spec *s, struct error *e);

#endif
