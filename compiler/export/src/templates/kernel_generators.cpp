// Random numbers of columns: those of the chip's generators, which show the low byte of 16 bits.
static inline VectorRowMod8 reading() { return parallel_rng_rand<VectorRowMod8>(); }

static inline void seed_columns(uint64_t const key)
{
	Bits seeds(0);
	for (size_t column = 0; column < 256; ++column) {
		uint64_t const word = splitmix64(key ^ splitmix64(column + 1));
		at(seeds, column) = static_cast<uint16_t>(1 + (((word >> 32) * 255) >> 32));
	}
	parallel_rng_seed(narrowed(lanes(seeds)));
	for (size_t i = 0; i < @warm_up@; ++i) {
		reading();
	}
}

// Every reading shifts in one bit: the upper byte is that of half of the readings, the lower the last.
[[maybe_unused]] static inline Lanes draw()
{
	VectorRowMod8 upper(0), lower(0);
	for (size_t i = 0; i < @readings@; ++i) {
		lower = reading();
		if (i == @readings@ / 2 - 1) {
			upper = lower;
		}
	}
	return lanes((static_cast<Bits>(upper) << 8) + static_cast<Bits>(lower));
}

