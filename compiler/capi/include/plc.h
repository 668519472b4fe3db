#ifndef PLC_H
#define PLC_H

/* Generated from compiler/capi/src/lib.rs by its tests; PLC_BLESS=1 writes it anew. */

#include <stddef.h>
#include <stdint.h>

/*
 A rule at work on a view of one hemisphere: params, state, random numbers.
 */
typedef struct PlcInstance PlcInstance;

/*
 A compiled rule.
 */
typedef struct PlcRule PlcRule;

/*
 A param of a rule. The texts belong to the rule.
 */
typedef struct {
  /*
   Its name.
   */
  const char *name;
  /*
   Its unit; empty for pure numbers.
   */
  const char *unit;
  /*
   Smallest value allowed.
   */
  double low;
  /*
   Largest value allowed.
   */
  double high;
  /*
   Value until it is set.
   */
  double default_value;
} PlcParam;

/*
 The caller's arrays for one update. Those of synapses hold `rows * 256` bytes, row by row; those
 of neurons 256.
 */
typedef struct {
  /*
   Hardware rows of the view, ascending; one byte a row. Of a rule that says `view signed`, rows
   are pairs and this is the first of each, an even number.
   */
  const uint8_t *row_numbers;
  /*
   Sign of each row: 1 excitatory, -1 inhibitory, 0 neither or both.
   */
  const int8_t *row_signs;
  /*
   Columns of the view: 255 in, 0 out.
   */
  const uint8_t *columns;
  /*
   Weights, 0 to 63, or -63 to 63 as signed bytes if the rule says `view signed`; written.
   */
  uint8_t *weights;
  /*
   Addresses, 0 to 63; written.
   */
  uint8_t *addresses;
  /*
   ADC codes of the causal branch.
   */
  const uint8_t *causal_codes;
  /*
   ADC codes of the anticausal branch.
   */
  const uint8_t *acausal_codes;
  /*
   Baselines of the causal branch, one a column.
   */
  const uint8_t *causal_baseline;
  /*
   Baselines of the anticausal branch, one a column.
   */
  const uint8_t *acausal_baseline;
  /*
   Rate counters, 255 if they overflowed.
   */
  const uint8_t *rates;
  /*
   ADC codes of the membranes.
   */
  const uint8_t *membranes;
  /*
   Written where a rule resets correlation sensors: bit 0 causal, bit 1 anticausal. Clear it
   before the update.
   */
  uint8_t *correlation_reset;
  /*
   Written, not 0, where a rule resets rate counters. Clear it before the update.
   */
  uint8_t *rate_reset;
  /*
   The same for resets of membranes.
   */
  uint8_t *membrane_reset;
} PlcArrays;

/*
 An event that a rule sent to the synapses of its hemisphere.
 */
typedef struct {
  /*
   Synapse driver, 0 to 127: of rows `2 * driver` and `2 * driver + 1`.
   */
  uint8_t driver;
  /*
   The address that synapses compare with theirs, 0 to 63.
   */
  uint8_t address;
} PlcEvent;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/*
 Compiles the rule of a text that has one. `name` is what messages call the text. Warnings are in
 `message` even if a rule is given.

 # Safety
 `name` and `source` are texts that end with 0; `message` is null or may be written.
 */
PlcRule *plc_compile(const char *name, const char *source, char **message);

/*
 As [`plc_compile`], the rule called `rule` of a text that may have several.

 # Safety
 As for [`plc_compile`]; `rule` is null or a text that ends with 0.
 */
PlcRule *plc_compile_rule(const char *name, const char *source, const char *rule, char **message);

/*
 Number of params of a rule.

 # Safety
 `rule` comes from [`plc_compile`] and was not freed.
 */
size_t plc_param_count(const PlcRule *rule);

/*
 Describes a param, counted from 0. Gives 1, or 0 if there is no such param.

 # Safety
 `rule` as for [`plc_param_count`]; `param` may be written.
 */
int32_t plc_param(const PlcRule *rule, size_t index, PlcParam *param);

/*
 Time between updates of a rule, in ticks of 4 ns.

 # Safety
 `rule` as for [`plc_param_count`].
 */
uint64_t plc_period_ticks(const PlcRule *rule);

/*
 A fresh instance on a view of `rows` rows (1 to 256) of a hemisphere (0 top, 1 bottom), with
 default params and random numbers of this seed; null if there are too many rows. It keeps no
 samples of records until [`plc_keep_samples`] says so.

 # Safety
 `rule` as for [`plc_param_count`]; it may be freed before the instance.
 */
PlcInstance *plc_instance_new(const PlcRule *rule, uint8_t hemisphere, size_t rows, uint64_t seed);

/*
 Sets a param; nothing is compiled anew. Gives 1, or 0 and a message.

 # Safety
 `instance` comes from [`plc_instance_new`]; `name` is a text that ends with 0; `message` is null
 or may be written.
 */
int32_t plc_set_param(PlcInstance *instance, const char *name, double value, char **message);

/*
 Sets an input, which keeps its values until it is set again: to one value everywhere, or to as many
 as it has: `rows * 256` for one a synapse, row by row, 256 for one a neuron, `rows` for one a row.
 Names are those of the rule, `pairs.gain` or `x.0`. Gives 1, or 0 and a message if there is no such
 input or it may not have these values.

 # Safety
 `instance` and `name` as for [`plc_set_param`]; `values` has `count` numbers; `message` is null or
 may be written.
 */
int32_t plc_set_input(PlcInstance *instance,
                      const char *name,
                      const double *values,
                      size_t count,
                      char **message);

/*
 Reads a state, in values of the rule: writes the first `count` of as many as [`plc_set_input`] says
 of inputs. Gives how many it has, or 0 and a message if there is no such state.

 # Safety
 `instance` and `name` as for [`plc_set_param`]; `values` is null or has room for `count` numbers;
 `message` is null or may be written.
 */
size_t plc_state(const PlcInstance *instance,
                 const char *name,
                 double *values,
                 size_t count,
                 char **message);

/*
 Sets how many samples each record statement keeps from now on; what finds no room is lost. Forgets
 the samples there are.

 # Safety
 `instance` comes from [`plc_instance_new`].
 */
void plc_keep_samples(PlcInstance *instance, size_t samples);

/*
 Number of samples of a record statement, counted from 0, and in `lost`, if it is not null, how many
 found no room.

 # Safety
 `instance` comes from [`plc_instance_new`]; `lost` is null or may be written.
 */
size_t plc_sample_count(const PlcInstance *instance, size_t record, uint32_t *lost);

/*
 Reads a quantity of a sample, in values of the rule, as [`plc_state`] does a state; in `update`, if
 it is not null, the number of updates done when it was taken. Gives how many values it has, or 0 if
 there is no such sample or it has no such quantity.

 # Safety
 `instance` and `name` as for [`plc_set_param`]; `update` is null or may be written; `values` is null
 or has room for `count` numbers.
 */
size_t plc_sample(const PlcInstance *instance,
                  size_t record,
                  size_t index,
                  const char *name,
                  uint32_t *update,
                  double *values,
                  size_t count);

/*
 Runs the rule's `start` blocks. Gives 1, or 0 and a message.

 # Safety
 As for [`plc_update`].
 */
int32_t plc_start(PlcInstance *instance, const PlcArrays *arrays, char **message);

/*
 Runs one update. Gives 1, or 0 and a message.

 # Safety
 `instance` comes from [`plc_instance_new`] and is used by nobody else meanwhile; every array of
 `arrays` has its size and overlaps no other; `message` is null or may be written.
 */
int32_t plc_update(PlcInstance *instance, const PlcArrays *arrays, char **message);

/*
 An event that the last start or update sent, counted from 0, for the caller to deliver. Gives 1,
 or 0 if there is no such event.

 # Safety
 `instance` comes from [`plc_instance_new`]; `event` may be written.
 */
int32_t plc_event(const PlcInstance *instance, size_t index, PlcEvent *event);

/*
 Frees a rule; null is allowed.

 # Safety
 `rule` comes from [`plc_compile`] and is not used afterwards.
 */
void plc_rule_free(PlcRule *rule);

/*
 Frees an instance; null is allowed.

 # Safety
 `instance` comes from [`plc_instance_new`] and is not used afterwards.
 */
void plc_instance_free(PlcInstance *instance);

/*
 Frees a message; null is allowed.

 # Safety
 `text` comes from this interface and is not used afterwards.
 */
void plc_string_free(char *text);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* PLC_H */
