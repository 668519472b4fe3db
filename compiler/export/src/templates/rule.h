/*
 * The rule `@name@` as native code, @name@.o, for @machine@.
 * Written by @maker@.
 *
 * @name@_init makes an instance; @name@_start runs the rule's `start` blocks and @name@_update
 * one update, on arrays of the caller. Nothing is allocated. An instance may be used by one thread
 * at a time.
 */
#ifndef PLC_RULE_@NAME@_H
#define PLC_RULE_@NAME@_H

@includes@#include <string.h>
#include "plc_rule.h"

/* Rows that an instance has room for, at most @rows@; define it to need less memory. */
#ifndef @NAME@_ROWS
#define @NAME@_ROWS @rows@
#endif
/* Time between updates and of the first one, in ticks of 4 ns. */
#define @NAME@_PERIOD_TICKS @period@
#define @NAME@_PHASE_TICKS @phase@
/* Most events of one update that an instance keeps. */
#define @NAME@_EVENTS @events@

typedef struct {
@params@} @name@_params;

/*
 * An instance on a view of one hemisphere. Values are raw: a real is its integer divided by two to
 * the power of its fraction bits. Synapses are row by row, 256 columns wide. Inputs may be written
 * between updates.
 */
typedef struct {
    uint32_t rows;
    uint8_t hemisphere;
    uint32_t update_index; /* updates done */
@objects@@records@    /* What the last call sent, and how many more there were than room. */
    plc_event events[@NAME@_EVENTS];
    uint32_t event_count;
    uint32_t events_lost;
    /* Of the code alone. */
    int32_t derived[@derived_count@];
    uint16_t rng_x[256];
    uint16_t rng_carry[256];
    uint32_t rng_word;
    int16_t homes[@homes@][256];
} @name@_instance;

#ifdef __cplusplus
extern "C" {
#endif
int32_t plc_@name@_start(plc_context *context);
int32_t plc_@name@_update(plc_context *context);
#ifdef __cplusplus
}
#endif

@fixed@/* The params that an instance begins with. */
static inline @name@_params @name@_defaults(void) {
    @name@_params params = {@defaults@};
    return params;
}

/* Sets the params; 1, or 0 if one is not allowed: nothing changes then. */
static inline int @name@_set_params(@name@_instance *self, const @name@_params *params) {
@checks@@derive@    (void)self;
    (void)params;
    return 1;
}

@registers@/*
 * Makes an instance for `rows` rows of a hemisphere, 0 or 1, with default params and the random
 * numbers of a key (plc_stream_key). 1, or 0 if the rows are none or too many.
 */
static inline int @name@_init(@name@_instance *self, uint32_t rows, uint8_t hemisphere,
                              uint64_t stream_key) {
    @name@_params params = @name@_defaults();
    if (rows < 1 || rows > @NAME@_ROWS || hemisphere > 1) return 0;
    memset(self, 0, sizeof *self);
    self->rows = rows;
    self->hemisphere = hemisphere;
    @seed@(stream_key, self->rng_x, self->rng_carry);
    self->rng_word = plc_seed_word(stream_key);
@initial@    return @name@_set_params(self, &params);
}

/* Called by the code: takes a sample of a record. */
static inline int32_t @name@_record_open(void *host, uint32_t record) {
    @name@_instance *self = (@name@_instance *)host;
    (void)self;
    switch (record) {
@open@    default: return 0;
    }
}

/* Called by the code: where a field of that sample goes. */
static inline int32_t *@name@_record_field(void *host, uint32_t record, uint32_t field) {
    @name@_instance *self = (@name@_instance *)host;
    (void)self;
    switch (record << 16 | field) {
@field@    default: return 0;
    }
}

/* Called by the code: sends an event; none if the row is negative. */
static inline void @name@_send(void *host, int32_t row, int32_t address) {
    @name@_instance *self = (@name@_instance *)host;
    plc_event event = {(uint8_t)((row & 255) / 2), (uint8_t)(address & 63)};
    if (row < 0) return;
    if (self->event_count < @NAME@_EVENTS) self->events[self->event_count++] = event;
    else self->events_lost++;
}

/* Calls the code with all that a context points to. */
static inline int @name@_call(@name@_instance *self, const plc_arrays *arrays,
                              int32_t (*code)(plc_context *)) {
    void *objects[] = {@pointers@};
    uint8_t columns[256];
    plc_context context;
    uint32_t count = 0;
    if (self->rows < 1 || self->rows > @NAME@_ROWS) return PLC_VIEW;
    for (uint32_t i = 0; i < 256; i++) {
        columns[i] = arrays->columns[i] ? 255 : 0;
        count += columns[i] & 1;
    }
    if (count > @columns@) return PLC_VIEW;
@pairs@    self->event_count = 0;
    self->events_lost = 0;
    memset(&context, 0, sizeof context);
    context.rows = arrays->row_numbers;
    context.row_signs = arrays->row_signs;
    context.columns = columns;
    context.weights = arrays->weights;
    context.addresses = arrays->addresses;
    context.causal_codes = arrays->causal_codes;
    context.acausal_codes = arrays->acausal_codes;
    context.causal_baseline = arrays->causal_baseline;
    context.acausal_baseline = arrays->acausal_baseline;
    context.rates = arrays->rates;
    context.membranes = arrays->membranes;
    context.correlation_reset = arrays->correlation_reset;
    context.rate_reset = arrays->rate_reset;
    context.membrane_reset = arrays->membrane_reset;
    context.derived = self->derived;
    context.rng_x = self->rng_x;
    context.rng_carry = self->rng_carry;
    context.rng_word = &self->rng_word;
    context.objects = objects;
    context.homes = self->homes;
    context.host = self;
    context.record_open = @name@_record_open;
    context.record_field = @name@_record_field;
    context.send = @name@_send;
    context.view_rows = (int32_t)self->rows;
    context.update_index = self->update_index;
    context.hemisphere = self->hemisphere;
    return code(&context);
}

/* Runs the rule's `start` blocks; PLC_DONE or why not. */
static inline int @name@_start(@name@_instance *self, const plc_arrays *arrays) {
    return @name@_call(self, arrays, plc_@name@_start);
}

/* Runs one update and counts it; PLC_DONE or why not. */
static inline int @name@_update(@name@_instance *self, const plc_arrays *arrays) {
    int end = @name@_call(self, arrays, plc_@name@_update);
    if (end == PLC_DONE) self->update_index++;
    return end;
}

#endif
