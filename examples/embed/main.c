/* Runs a rule on arrays of this program: one synapse row, sensors 20 codes below their baselines. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plc.h"

static const char *const source =
    "rule hebb {\n"
    "    param gain : real in 0.0 .. 1.0 = 0.5\n"
    "    every 1 ms\n"
    "    control { send(6, 5) }\n"
    "    synapses {\n"
    "        weight += gain * causal\n"
    "        reset causal\n"
    "    }\n"
    "}\n";

static void fail(char *message) {
    fprintf(stderr, "%s\n", message ? message : "failed");
    plc_string_free(message);
    exit(1);
}

int main(void) {
    char *message = NULL;
    PlcRule *rule = plc_compile("hebb.pl", source, &message);
    if (!rule) fail(message);
    for (size_t i = 0; i < plc_param_count(rule); i++) {
        PlcParam param;
        if (plc_param(rule, i, &param))
            printf("%s: %g to %g, default %g\n", param.name, param.low, param.high, param.default_value);
    }

    PlcInstance *instance = plc_instance_new(rule, 0, 1, 7);
    if (!plc_set_param(instance, "gain", 0.25, &message)) fail(message);

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
