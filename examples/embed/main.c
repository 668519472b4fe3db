/* Runs a rule on arrays of this program: one synapse row, sensors 20 codes below their baselines. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plc.h"

static const char *const source =
    "rule forget {\n"
    "    input loss : int in 0 .. 63 per neuron = 0\n"
    "    every 1 ms\n"
    "    synapses { weight -= loss }\n"
    "}\n"
    "rule hebb {\n"
    "    use forget\n"
    "    param gain : real in 0.0 .. 1.0 = 0.5\n"
    "    state mean : real in 0.0 .. 63.0 per neuron = 0\n"
    "    every 1 ms\n"
    "    control { send(6, 5) }\n"
    "    synapses {\n"
    "        weight += gain * causal\n"
    "        reset causal\n"
    "    }\n"
    "    neurons { mean = mean + 0.25 * (sum of weight over synapses - mean) }\n"
    "    record mean, weight every 1 updates\n"
    "}\n";

static void fail(char *message) {
    fprintf(stderr, "%s\n", message ? message : "failed");
    plc_string_free(message);
    exit(1);
}

int main(void) {
    char *message = NULL;
    PlcRule *rule = plc_compile_rule("hebb.pl", source, "hebb", &message);
    if (!rule) fail(message);
    for (size_t i = 0; i < plc_param_count(rule); i++) {
        PlcParam param;
        if (plc_param(rule, i, &param))
            printf("%s: %g to %g, default %g\n", param.name, param.low, param.high, param.default_value);
    }

    PlcInstance *instance = plc_instance_new(rule, 0, 1, 7);
    if (!plc_set_param(instance, "gain", 0.25, &message)) fail(message);

    double loss[256] = {0, 2, 4};
    if (!plc_set_input(instance, "forget.loss", loss, 256, &message)) fail(message);
    plc_keep_samples(instance, 10);

    uint8_t rows[1] = {3}, columns[256], weights[256], addresses[256] = {0}, codes[256];
    uint8_t baseline[256], rates[256] = {0}, membranes[256] = {0}, reset[256] = {0}, rate_reset[256] = {0};
    uint8_t membrane_reset[256] = {0};
    int8_t signs[1] = {1};
    memset(columns, 255, 256);
    memset(weights, 10, 256);
    memset(codes, 100, 256);
    memset(baseline, 120, 256);
    PlcArrays arrays = {rows,     signs,     columns,  weights, addresses, codes,     codes,
                        baseline, baseline, rates,    membranes, reset,   rate_reset,
                        membrane_reset};
    if (!plc_update(instance, &arrays, &message)) fail(message);
    printf("weight %d, reset %d, every %llu ticks\n", weights[0], reset[0],
           (unsigned long long)plc_period_ticks(rule));

    PlcEvent event;
    for (size_t i = 0; plc_event(instance, i, &event); i++)
        printf("sent address %d by driver %d\n", event.address, event.driver);

    double mean[3], sample[256];
    uint32_t update, lost;
    if (plc_state(instance, "mean", mean, 3, &message) != 256) fail(message);
    printf("means %g, %g, %g\n", mean[0], mean[1], mean[2]);
    for (size_t i = 0; i < plc_sample_count(instance, 0, &lost); i++)
        if (plc_sample(instance, 0, i, "weight", &update, sample, 256))
            printf("after update %u: weights %g, %g, %g; %u samples lost\n", (unsigned)update, sample[0], sample[1],
                   sample[2], (unsigned)lost);

    loss[0] = 64;
    if (plc_set_input(instance, "forget.loss", loss, 256, &message)) return 1;
    printf("refused: %s\n", message);
    plc_string_free(message);
    if (plc_set_input(instance, "loss", loss, 1, &message)) return 1;
    printf("refused: %s\n", message);
    plc_string_free(message);
    if (plc_compile("hebb.pl", source, &message)) return 1;
    printf("refused: %s\n", message);
    plc_string_free(message);

    if (plc_set_param(instance, "gain", 2.0, &message)) return 1;
    printf("refused: %s\n", message);
    plc_string_free(message);
    message = NULL;
    PlcRule *wrong = plc_compile("wrong.pl", "rule w {\n    every 1 ms\n    synapses { weight += x }\n}\n", &message);
    if (wrong || !message || !strstr(message, "E0201")) return 1;
    plc_string_free(message);
    plc_instance_free(instance);
    plc_rule_free(rule);
    return 0;
}
