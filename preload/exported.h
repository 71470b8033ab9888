/* How the few exported functions are declared; preload/exports.map lists them. */
#ifndef PYPERF_EXPORTED_H
#define PYPERF_EXPORTED_H

/* The version script is not enough: it cannot export what -fvisibility=hidden has hidden. */
#define EXPORTED          __attribute__((visibility("default")))
#define EXPORTED_AS(name) __asm__(name) EXPORTED

#endif
