/* Of each column the bits of its generator whose parity is the next bit. */
static const uint16_t @name@_taps[256] = {@taps@};

/* Seeds the chip's generators and reads them, until nothing is left of the form of the seeds. */
static inline void @name@_seed_registers(uint64_t key, uint16_t *registers, uint16_t *seeds) {
    for (uint32_t column = 0; column < 256; column++) {
        uint64_t word = plc_splitmix64(key ^ plc_splitmix64(column + 1));
        uint16_t state = (uint16_t)(1 + (((word >> 32) * 255) >> 32));
        seeds[column] = state;
        for (uint32_t reading = 0; reading < @warm_up@; reading++) {
            uint32_t parity = state & @name@_taps[column];
            for (uint32_t half = 8; half > 0; half /= 2) parity ^= parity >> half;
            state = (uint16_t)((uint32_t)state << 1 | (parity & 1));
        }
        registers[column] = state;
    }
}

