/* What the object files of rules and the programs that call them share. Written by @maker@. */
#ifndef PLC_RULE_H
#define PLC_RULE_H

#include <stdint.h>

/*
 * How a call ended. PLC_VIEW is said before the code is called: more rows or columns than the rule
 * or the instance is for, or a pair of rows that does not begin with an even one.
 */
enum { PLC_DONE = 0, PLC_BUDGET = 1, PLC_ROW_POSITION = 2, PLC_VIEW = 3 };

/*
 * The caller's arrays for one update. Those of synapses hold 256 bytes a row of the view, row by
 * row; those of neurons 256 bytes.
 */
typedef struct plc_arrays {
    const uint8_t *row_numbers; /* hardware rows of the view, ascending; the first of each pair */
    const int8_t *row_signs;    /* of each row: 1 excitatory, -1 inhibitory, 0 neither or both */
    const uint8_t *columns;     /* 255 in columns of the view, else 0 */
    uint8_t *weights;           /* 0 to 63, of pairs -63 to 63 as signed bytes; written */
    uint8_t *addresses;         /* 0 to 63; written */
    const uint8_t *causal_codes; /* ADC codes of the causal branch */
    const uint8_t *acausal_codes;
    const uint8_t *causal_baseline; /* codes without correlation, one a column */
    const uint8_t *acausal_baseline;
    const uint8_t *rates;       /* rate counters, 255 if they overflowed */
    const uint8_t *membranes;   /* ADC codes of the membranes */
    uint8_t *correlation_reset; /* written where sensors are reset: bit 0 causal, bit 1 acausal */
    uint8_t *rate_reset;        /* written, not 0, where rate counters are reset */
    uint8_t *membrane_reset;    /* the same of membranes; clear all three before an update */
} plc_arrays;

/* An event for the synapses of rows 2 * driver and 2 * driver + 1 that have this address. */
typedef struct plc_event {
    uint8_t driver;
    uint8_t address;
} plc_event;

/* What the code is called with; the functions in a rule's header fill it. */
@context@
/* SplitMix64 (Steele, Lea, Flood 2014). */
static inline uint64_t plc_splitmix64(uint64_t state) {
    uint64_t z = state + UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Key of the random numbers of one instance. */
static inline uint64_t plc_stream_key(uint64_t seed, uint32_t chip, uint8_t hemisphere,
                                      uint32_t instance) {
    uint64_t place = ((uint64_t)chip << 40) | ((uint64_t)hemisphere << 32) | instance;
    return plc_splitmix64(plc_splitmix64(seed) ^ place);
}

/* First state of the generators of all columns. */
static inline void plc_seed_columns(uint64_t key, uint16_t *x, uint16_t *carry) {
    for (uint32_t column = 0; column < 256; column++) {
        uint64_t word = plc_splitmix64(key ^ plc_splitmix64(column + 1));
        uint64_t fraction = (word >> 16) & UINT32_MAX;
        x[column] = (uint16_t)word;
        carry[column] = (uint16_t)(1 + ((fraction * @carries@) >> 32));
    }
}

/* First state of the scalar generator, that of `control`; never 0. */
static inline uint32_t plc_seed_word(uint64_t key) { return (uint32_t)plc_splitmix64(~key) | 1; }

/* Products of params are rounded before they are added to something, on every machine. */
static inline double plc_product(double a, double b) {
    volatile double product = a * b;
    return product;
}

static inline double plc_min(double a, double b) { return a < b || b != b ? a : b; }
static inline double plc_max(double a, double b) { return a > b || b != b ? a : b; }
static inline double plc_abs(double x) { return x < 0.0 ? -x : x; }
static inline double plc_sign(double x) { return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x; }

/* The raw value of a number in units of 1 / scale: to nearest, ties to even; 0 if it is none. */
static inline int32_t plc_quantise(double value, double scale) {
    double raw = plc_min(plc_max(value * scale, -32768.0), 32767.0);
    /* Adding 1.5 * 2^52 leaves no bits for a fraction. */
    volatile double rounded = raw + 6755399441055744.0;
    return value == value ? (int32_t)(rounded - 6755399441055744.0) : 0;
}

#endif
