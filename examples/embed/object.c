/* Runs the library's rule `structural`, compiled ahead of time, on one synapse row of this program. */
#include <stdio.h>

#define STRUCTURAL_ROWS 1
#include "structural.h"

static structural_instance rule;

int main(void) {
    uint8_t rows[1] = {3}, columns[256], weights[256], addresses[256] = {0}, codes[256], baseline[256];
    uint8_t rates[256] = {0}, membranes[256] = {0}, reset[256] = {0}, rate_reset[256] = {0};
    uint8_t membrane_reset[256] = {0};
    int8_t signs[1] = {1};
    plc_arrays arrays = {rows,     signs,    columns, weights,   addresses, codes,      codes,
                         baseline, baseline, rates,   membranes, reset,     rate_reset, membrane_reset};
    memset(columns, 255, 256);
    memset(codes, 100, 256);
    memset(baseline, 120, 256);
    /* Above the threshold, the even columns; the odd ones are below it and are drawn anew. */
    for (int column = 0; column < 256; column++) weights[column] = column % 2 ? 2 : 30;

    structural_params params = structural_defaults();
    params.lambda_stdp = 0.5;
    if (!structural_init(&rule, 1, 0, plc_stream_key(7, 0, 0, 0))) return 1;
    if (!structural_set_params(&rule, &params)) return 1;
    params.lambda_stdp = 2.0;
    if (structural_set_params(&rule, &params)) return 1; /* out of range: refused */

    if (structural_start(&rule, &arrays) != PLC_DONE) return 1;
    if (structural_update(&rule, &arrays) != PLC_DONE) return 1;
    printf("weights %d, %d; every %d ticks\n", weights[0], weights[1], STRUCTURAL_PERIOD_TICKS);
    for (int column = 1; column < 16; column += 2) printf("%d ", addresses[column]);
    printf("drawn\n");
    return 0;
}
